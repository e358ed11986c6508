#include "config/register_config.h"

#include <string.h>

#include "config/form.h"
#include "config/logging.h"
#include "proto/tlog/note_key.h"

#define LOGS_MAX  64 /* a thread and some memory each; a site has as many as it has signers */
#define FILES_MAX 64 /* certificates of a log, CAs, approvers */

struct raw_signer {
	char *address, *server_name, *ca, *certificate, *key;
};

struct raw_log {
	char *name, *tenant, *origin, *directory, *evidence, *url, *evidence_url, *ca;
	char **certificates, **approvers, **collectors_ca, **crls;
	uint32_t certificates_count, approvers_count, collectors_ca_count, crls_count;
	struct raw_signer signer;
};

struct raw_follow {
	uint32_t look_every_ms, grace_s, vouched_within_s, freeze_every_s;
};

struct raw_witness {
	char *name, *key;
};

struct raw_timestamps {
	char *url, *ca, *tls_ca;
	uint32_t every_s;
};

struct raw_limits {
	uint32_t connections;
};

struct raw_discovery {
	char *issuer, *keys;
};

struct raw {
	struct raw_log *logs;
	uint32_t logs_count;
	char *state;
	struct raw_follow follow;
	struct raw_witness witness;
	struct raw_grants grants;
	struct raw_timestamps timestamps;
	struct raw_discovery discovery;
	struct raw_front front;
	struct raw_front_decisions decisions;
	struct raw_limits limits;
	struct raw_teller *tell;
	uint32_t tell_count;
	struct logger_settings logging;
};

#define NUMBER(key, from, to, standard, least, most)                                               \
	{                                                                                          \
		key, offsetof(struct raw, from), offsetof(struct register_config, to), standard,   \
		    least, most                                                                    \
	}

/* Defaults and ranges, each with where it comes from. */
static const struct settings_number numbers[] = {
    /* A look that finds nothing reads one small file; decisions rest on one that is not old. */
    NUMBER("follow.look_every_ms", follow.look_every_ms, follow.look_every_ms, 1000, 50, 3600000),
    /* A copy by rsync takes seconds from the first file to the last. */
    NUMBER("follow.grace_s", follow.grace_s, follow.grace_s, 30, 0, 86400),
    /* Whether collectors sign, and how often, is the policy's to say. */
    NUMBER("follow.vouched_within_s", follow.vouched_within_s, follow.vouched_within_s, 0, 0,
	366 * 86400),
    /* At 50,000 reports/s it is made good within seconds whatever a signer takes in a minute. */
    NUMBER("follow.freeze_every_s", follow.freeze_every_s, follow.freeze_every_s, 60, 1, 86400),
    /* Who asks by when an entry was there is answered to the hour; some authorities count. */
    NUMBER("timestamps.every_s", timestamps.every_s, timestamps.every_s, 3600, 1, 86400),
    /* Longer than a look takes and a copy lags; a relying party waits no longer for a denial. */
    NUMBER("decisions.behind_s", decisions.behind_s, front.behind_s, 10, 1, 3600),
    /* As many as the signer takes: some 600 bytes each while they are idle. */
    NUMBER("limits.connections", limits.connections, front.connections, 20000, 16, 1000000),
};

static const cyaml_schema_value_t file_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, SETTINGS_PATH_MAX),
};

#define SIGNER(key, flags, most) SETTINGS_TEXT(#key, flags, struct raw_signer, key, most)
static const cyaml_schema_field_t signer_fields[] = {
    SIGNER(address, SETTINGS_REQUIRED, SETTINGS_TEXT_MAX),
    SIGNER(server_name, SETTINGS_OPTIONAL, SETTINGS_TEXT_MAX),
    SIGNER(ca, SETTINGS_REQUIRED, SETTINGS_PATH_MAX),
    SIGNER(certificate, SETTINGS_REQUIRED, SETTINGS_PATH_MAX),
    SIGNER(key, SETTINGS_REQUIRED, SETTINGS_PATH_MAX),
    CYAML_FIELD_END,
};
#undef SIGNER

#define TEXT(key, flags, most) SETTINGS_TEXT(#key, flags, struct raw_log, key, most)
#define FILES(key, flags)                                                                          \
	CYAML_FIELD_SEQUENCE(                                                                      \
	    #key, CYAML_FLAG_POINTER | (flags), struct raw_log, key, &file_entry, 1, FILES_MAX)
static const cyaml_schema_field_t log_fields[] = {
    TEXT(name, SETTINGS_REQUIRED, SETTINGS_TEXT_MAX),
    TEXT(tenant, SETTINGS_OPTIONAL, SETTINGS_TEXT_MAX),
    TEXT(origin, SETTINGS_OPTIONAL, SETTINGS_TEXT_MAX),
    TEXT(directory, SETTINGS_OPTIONAL, SETTINGS_PATH_MAX),
    TEXT(evidence, SETTINGS_OPTIONAL, SETTINGS_PATH_MAX),
    TEXT(url, SETTINGS_OPTIONAL, SETTINGS_TEXT_MAX),
    TEXT(evidence_url, SETTINGS_OPTIONAL, SETTINGS_TEXT_MAX),
    TEXT(ca, SETTINGS_OPTIONAL, SETTINGS_PATH_MAX),
    FILES(certificates, SETTINGS_REQUIRED),
    FILES(approvers, SETTINGS_OPTIONAL),
    FILES(collectors_ca, SETTINGS_OPTIONAL),
    FILES(crls, SETTINGS_OPTIONAL),
    CYAML_FIELD_MAPPING("signer", SETTINGS_OPTIONAL, struct raw_log, signer, signer_fields),
    CYAML_FIELD_END,
};
#undef FILES
#undef TEXT

static const cyaml_schema_value_t log_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_log, log_fields),
};

#define FOLLOW(member) CYAML_FIELD_UINT(#member, SETTINGS_OPTIONAL, struct raw_follow, member)
static const cyaml_schema_field_t follow_fields[] = {
    FOLLOW(look_every_ms),
    FOLLOW(grace_s),
    FOLLOW(vouched_within_s),
    FOLLOW(freeze_every_s),
    CYAML_FIELD_END,
};
#undef FOLLOW

static const cyaml_schema_field_t witness_fields[] = {
    SETTINGS_TEXT("name", SETTINGS_REQUIRED, struct raw_witness, name, SETTINGS_TEXT_MAX),
    SETTINGS_TEXT("key", SETTINGS_REQUIRED, struct raw_witness, key, SETTINGS_PATH_MAX),
    CYAML_FIELD_END,
};

#define TIMESTAMPS(key, flags, most) SETTINGS_TEXT(#key, flags, struct raw_timestamps, key, most)
static const cyaml_schema_field_t timestamps_fields[] = {
    TIMESTAMPS(url, SETTINGS_REQUIRED, SETTINGS_TEXT_MAX),
    TIMESTAMPS(ca, SETTINGS_REQUIRED, SETTINGS_PATH_MAX),
    TIMESTAMPS(tls_ca, SETTINGS_OPTIONAL, SETTINGS_PATH_MAX),
    CYAML_FIELD_UINT("every_s", SETTINGS_OPTIONAL, struct raw_timestamps, every_s),
    CYAML_FIELD_END,
};
#undef TIMESTAMPS

static const cyaml_schema_field_t limits_fields[] = {
    CYAML_FIELD_UINT("connections", SETTINGS_OPTIONAL, struct raw_limits, connections),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t discovery_fields[] = {
    SETTINGS_TEXT("issuer", SETTINGS_REQUIRED, struct raw_discovery, issuer, SETTINGS_TEXT_MAX),
    SETTINGS_TEXT("keys", SETTINGS_REQUIRED, struct raw_discovery, keys, SETTINGS_PATH_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_SEQUENCE("logs", CYAML_FLAG_POINTER, struct raw, logs, &log_entry, 1, LOGS_MAX),
    SETTINGS_TEXT("state", SETTINGS_REQUIRED, struct raw, state, SETTINGS_PATH_MAX),
    CYAML_FIELD_MAPPING("follow", SETTINGS_OPTIONAL, struct raw, follow, follow_fields),
    CYAML_FIELD_MAPPING("discovery", SETTINGS_OPTIONAL, struct raw, discovery, discovery_fields),
    CYAML_FIELD_MAPPING("witness", SETTINGS_OPTIONAL, struct raw, witness, witness_fields),
    CYAML_FIELD_MAPPING("grants", SETTINGS_OPTIONAL, struct raw, grants, grant_fields),
    CYAML_FIELD_MAPPING("timestamps", SETTINGS_OPTIONAL, struct raw, timestamps, timestamps_fields),
    CYAML_FIELD_SEQUENCE("listen", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw,
	front.listen, &front_listen_schema, 1, FRONT_LISTENERS_MAX),
    CYAML_FIELD_SEQUENCE("roles", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw, front.roles,
	&front_grant_schema, 1, FRONT_GRANTS_MAX),
    CYAML_FIELD_MAPPING(
	"decisions", SETTINGS_OPTIONAL, struct raw, decisions, front_decisions_fields),
    CYAML_FIELD_MAPPING("limits", SETTINGS_OPTIONAL, struct raw, limits, limits_fields),
    CYAML_FIELD_SEQUENCE("tell", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw, tell,
	&teller_schema, 1, TELLERS_MAX),
    CYAML_FIELD_MAPPING("logging", SETTINGS_OPTIONAL, struct raw, logging, logging_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw, fields),
};

static void take(struct settings *s, const void *loaded, void *config);
static void take_front(struct settings *s, const struct raw *raw, struct register_config *to);
static void take_log(
    struct settings *s, const struct raw *all, size_t index, struct register_log *to);
static void take_directory(
    struct settings *s, const struct raw_log *raw, size_t index, struct register_log *to);
static void take_url(
    struct settings *s, const struct raw *all, size_t index, struct register_log *to);
static const char *joined(
    struct settings *s, const char *state, const char *name, const char *below);
static const char *url_of(struct settings *s, const char *key, const char *url, const char *more);
static bool is_of_loopback(const char *url);
static void take_signer(
    struct settings *s, const struct raw_signer *raw, size_t index, struct register_signer *to);
static void take_discovery(
    struct settings *s, const struct raw_discovery *raw, struct register_config *to);
static void take_witness(
    struct settings *s, const struct raw_witness *raw, struct register_config *to);
static void take_timestamps(
    struct settings *s, const struct raw_timestamps *raw, struct register_config *to);
static void check_name(struct settings *s, const struct raw *raw, size_t index);
static struct register_names take_files(
    struct settings *s, const char *key, char *const *files, size_t count);
static struct register_names take_approvers(
    struct settings *s, const char *key, char *const *named, size_t count);

static const struct form form = {
    .schema = &schema,
    .numbers = numbers,
    .number_count = sizeof(numbers) / sizeof(numbers[0]),
    .size = sizeof(struct register_config),
    .take = take,
};

enum err
register_config_load(const char *path, struct faults *faults, struct register_config **out)
{
	*out = form_load(&form, path, faults);
	return *out != NULL ? ERR_OK : ERR_CONFIG;
}

void
register_config_free(struct register_config **c)
{
	form_free(*c);
	*c = NULL;
}

static void
take(struct settings *s, const void *loaded, void *config)
{
	const struct raw *raw = loaded;
	struct register_config *c = config;
	struct register_log *logs = settings_new(s, raw->logs_count, sizeof(*logs));

	for (size_t i = 0; i < raw->logs_count; i++) {
		check_name(s, raw, i);
		take_log(s, raw, i, &logs[i]);
	}
	c->logs = logs;
	c->log_count = raw->logs_count;
	c->state_directory = settings_path(s, raw->state);
	settings_makeable(s, "state", c->state_directory);
	if (settings_has(s, "discovery"))
		take_discovery(s, &raw->discovery, c);
	if (settings_has(s, "witness"))
		take_witness(s, &raw->witness, c);
	if (settings_has(s, "grants"))
		grant_config_take(s, &raw->grants, &c->grants);
	if (settings_has(s, "timestamps"))
		take_timestamps(s, &raw->timestamps, c);
	take_front(s, raw, c);
	c->tellers = tellers_take(s, raw->tell, raw->tell_count);
	c->teller_count = raw->tell_count;
	c->logging = logging_take(s, raw->logging);
}

static void
take_front(struct settings *s, const struct raw *raw, struct register_config *to)
{
	const char **logs = settings_new(s, raw->logs_count, sizeof(*logs));

	for (size_t i = 0; i < raw->logs_count; i++)
		logs[i] = raw->logs[i].name;
	front_take(s, &raw->front, &raw->decisions, (struct front_names){logs, raw->logs_count},
	    &to->front);
}

/* Whoever looks for the keys appends to it: with a slash at its end nothing would be found. */
static void
take_discovery(struct settings *s, const struct raw_discovery *raw, struct register_config *to)
{
	const char *issuer = raw->issuer;

	to->discovery.issuer = issuer;
	to->discovery.keys = settings_file(s, "discovery.keys", raw->keys);
	if (issuer != NULL && (strncmp(issuer, "https://", 8) != 0 || strlen(issuer) == 8 ||
				  issuer[strlen(issuer) - 1] == '/'))
		settings_fault(s, "discovery.issuer",
		    "\"discovery.issuer\" must be the \"iss\" of the tokens to the byte: an https "
		    "URL "
		    "without a slash at its end; found \"%s\"",
		    issuer);
}

static void
take_witness(struct settings *s, const struct raw_witness *raw, struct register_config *to)
{
	to->witness.name = raw->name;
	to->witness.key = settings_secret_file(s, "witness.key", raw->key);
	if (raw->name != NULL && note_name_check(view_of_string(raw->name)) != ERR_OK)
		settings_fault(s, "witness.name",
		    "\"witness.name\" must be a key name of signed notes, without spaces and "
		    "\"+\", "
		    "such as register.bank.example/witness; found \"%s\"",
		    raw->name);
}

static void
take_timestamps(struct settings *s, const struct raw_timestamps *raw, struct register_config *to)
{
	if (raw->url != NULL)
		to->timestamps.url = url_of(s, "timestamps.url", raw->url, "");
	to->timestamps.ca = settings_file(s, "timestamps.ca", raw->ca);
	if (raw->tls_ca != NULL)
		to->timestamps.tls_ca = settings_file(s, "timestamps.tls_ca", raw->tls_ca);
}

static void
take_log(struct settings *s, const struct raw *all, size_t index, struct register_log *to)
{
	const struct raw_log *raw = &all->logs[index];
	char key[SETTINGS_ENTRY_KEY_MAX];

	to->name = raw->name;
	to->tenant = raw->tenant != NULL ? raw->tenant : raw->name;
	if (raw->origin != NULL &&
	    settings_origin(s, settings_entry_key(key, "logs", index, ".origin"), raw->origin))
		to->origin = raw->origin;
	if (raw->url != NULL)
		take_url(s, all, index, to);
	else
		take_directory(s, raw, index, to);
	to->certificates = take_files(s, settings_entry_key(key, "logs", index, ".certificates"),
	    raw->certificates, raw->certificates_count);
	to->approvers = take_approvers(s, settings_entry_key(key, "logs", index, ".approvers"),
	    raw->approvers, raw->approvers_count);
	to->collectors_ca = take_files(s, settings_entry_key(key, "logs", index, ".collectors_ca"),
	    raw->collectors_ca, raw->collectors_ca_count);
	to->crls = take_files(
	    s, settings_entry_key(key, "logs", index, ".crls"), raw->crls, raw->crls_count);
	if (raw->signer.address != NULL)
		take_signer(s, &raw->signer, index, &to->signer);
}

static void
take_signer(
    struct settings *s, const struct raw_signer *raw, size_t index, struct register_signer *to)
{
	char key[SETTINGS_ENTRY_KEY_MAX];

	(void)settings_address(s, settings_entry_key(key, "logs", index, ".signer.address"),
	    raw->address, false, &to->host, &to->port);
	to->server_name = raw->server_name != NULL ? raw->server_name : to->host;
	to->ca = settings_file(s, settings_entry_key(key, "logs", index, ".signer.ca"), raw->ca);
	to->certificate = settings_file(
	    s, settings_entry_key(key, "logs", index, ".signer.certificate"), raw->certificate);
	to->key = settings_secret_file(
	    s, settings_entry_key(key, "logs", index, ".signer.key"), raw->key);
}

static void
take_directory(struct settings *s, const struct raw_log *raw, size_t index, struct register_log *to)
{
	char key[SETTINGS_ENTRY_KEY_MAX];

	if (raw->directory == NULL || raw->evidence == NULL)
		settings_fault(s, settings_entry_key(key, "logs", index, ".directory"),
		    "expected where the log is: \"directory\" and \"evidence\", or \"url\"");
	if (raw->evidence_url != NULL || raw->ca != NULL)
		settings_fault(s,
		    settings_entry_key(
			key, "logs", index, raw->ca != NULL ? ".ca" : ".evidence_url"),
		    "\"evidence_url\" and \"ca\" are for a log with \"url\"");
	if (raw->directory != NULL)
		to->directory = settings_path(s, raw->directory);
	if (raw->evidence != NULL)
		to->evidence = settings_path(s, raw->evidence);
}

/* It is fetched into the log's state directory. */
static void
take_url(struct settings *s, const struct raw *all, size_t index, struct register_log *to)
{
	const struct raw_log *raw = &all->logs[index];
	const char *state = settings_path(s, all->state);
	char key[SETTINGS_ENTRY_KEY_MAX];

	if (raw->directory != NULL || raw->evidence != NULL)
		settings_fault(s, settings_entry_key(key, "logs", index, ".directory"),
		    "the log is at \"url\": expected no \"directory\" and no \"evidence\"");
	to->url = url_of(s, settings_entry_key(key, "logs", index, ".url"), raw->url, "");
	to->evidence_url = raw->evidence_url != NULL
			       ? url_of(s, settings_entry_key(key, "logs", index, ".evidence_url"),
				     raw->evidence_url, "")
			       : url_of(s, NULL, raw->url, "/evidence");
	if (raw->ca != NULL)
		to->ca = settings_file(s, settings_entry_key(key, "logs", index, ".ca"), raw->ca);
	if (state == NULL || raw->name == NULL)
		return;
	to->directory = joined(s, state, raw->name, "/mirror/log");
	to->evidence = joined(s, state, raw->name, "/mirror/evidence");
}

static const char *
joined(struct settings *s, const char *state, const char *name, const char *below)
{
	const size_t size = strlen(state) + strlen(name) + strlen(below) + 2;
	char *path = settings_new(s, size, 1);

	(void)snprintf(path, size, "%s/%s%s", state, name, below);
	return path;
}

/* Without slashes at its end, and with `more` behind it. `key` NULL: it was looked at before. */
static const char *
url_of(struct settings *s, const char *key, const char *url, const char *more)
{
	const size_t size = strlen(url) + strlen(more) + 1;
	size_t length = strlen(url);
	char *own = settings_new(s, size, 1);

	while (length > 0 && url[length - 1] == '/')
		length--;
	(void)snprintf(own, size, "%.*s%s", (int)length, url, more);
	if (key != NULL && strncmp(url, "https://", 8) != 0 && !is_of_loopback(url))
		settings_fault(s, key,
		    "\"%s\" must begin with https:// (http:// does from an address of the "
		    "loopback); found \"%s\"",
		    key, url);
	return own;
}

static bool
is_of_loopback(const char *url)
{
	static const char *const hosts[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		const size_t size = strlen(hosts[i]);

		if (strncmp(url, hosts[i], size) != 0)
			continue;
		url += size;
		if (*url == ':')
			url += 1 + strspn(url + 1, "0123456789");
		return *url == '\0' || *url == '/';
	}
	return false;
}

static void
check_name(struct settings *s, const struct raw *raw, size_t index)
{
	const char *name = raw->logs[index].name;
	char key[SETTINGS_ENTRY_KEY_MAX];

	if (name == NULL)
		return;
	(void)settings_entry_key(key, "logs", index, ".name");
	if (strlen(name) > REGISTER_LOG_NAME_MAX ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name))
		settings_fault(s, key,
		    "\"%s\" must be 1 to %d of a to z, 0 to 9 and \"-\"; found \"%s\"", key,
		    REGISTER_LOG_NAME_MAX, name);
	for (size_t i = 0; i < index; i++)
		if (raw->logs[i].name != NULL && strcmp(raw->logs[i].name, name) == 0)
			settings_fault(s, key,
			    "\"%s\": two logs are called \"%s\"; names must differ", key, name);
}

static struct register_names
take_files(struct settings *s, const char *key, char *const *files, size_t count)
{
	const char **names = settings_new(s, count, sizeof(*names));

	for (size_t i = 0; i < count; i++)
		names[i] = settings_file(s, key, files[i]);
	return (struct register_names){names, count};
}

/* An id of a key is no file. */
static struct register_names
take_approvers(struct settings *s, const char *key, char *const *named, size_t count)
{
	const char **names = settings_new(s, count, sizeof(*names));

	for (size_t i = 0; i < count; i++)
		names[i] =
		    strlen(named[i]) == 64 && strspn(named[i], "0123456789abcdefABCDEF") == 64
			? named[i]
			: settings_file(s, key, named[i]);
	return (struct register_names){names, count};
}
