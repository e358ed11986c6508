#include "config/hsm_config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/form.h"
#include "config/token_profiles.h"
#include "proto/encoding.h"
#include "proto/statement/statement_key.h"
#include "proto/tlog/transition.h"

struct raw {
	char *origin, *module, *uri, *token, *key, *pin_file, *pin_credential, *certificate, *guard;
	char *ed25519_key, *ed25519_verifier, *next;
	enum hsm_algorithm algorithm;
	uint32_t sessions, deadline_ms, keepalive_s;
	struct raw_token_profile *tokens;
	uint32_t tokens_count;
	struct raw_summary_profile *summaries;
	uint32_t summaries_count;
	enum hsm_untold *vouched;
	uint32_t vouched_count;
	char **continuation_operators;
	uint32_t continuation_operators_count, continuation_count;
};

#define OPERATOR_KEY_TEXT_MAX 1500 /* characters of base64, for STATEMENT_KEY_SPKI_MAX */

#define NUMBER(key, standard, least, most)                                                         \
	{                                                                                          \
#key, offsetof(struct raw, key), offsetof(struct hsm_config, key), standard,       \
		    least, most                                                                    \
	}

/* Defaults and ranges, each with where it comes from. */
static const struct settings_number numbers[] = {
    /* A thread each, of which none helps a token that has no more queues; a YubiHSM has 16 in all.
     */
    NUMBER(sessions, 2, 1, 64),
    /* Below the signer's 5,000: the process ends itself before it is taken for dead. */
    NUMBER(deadline_ms, 1500, 100, 600000),
    /* The shortest idle time after which a known token drops a session is 30 s (YubiHSM). */
    NUMBER(keepalive_s, 15, 0, 86400),
};

static const cyaml_strval_t algorithms[] = {{"p256", HSM_P256}, {"p384", HSM_P384},
    {"rsa-3072", HSM_RSA_3072}, {"rsa-4096", HSM_RSA_4096}, {"rsa-3072-pss", HSM_RSA_3072_PSS},
    {"rsa-4096-pss", HSM_RSA_4096_PSS}};

/* By PKCS#11's names, as an auditor looks them up. */
static const cyaml_strval_t untold[] = {{"CKA_ALWAYS_SENSITIVE", HSM_ALWAYS_SENSITIVE},
    {"CKA_NEVER_EXTRACTABLE", HSM_NEVER_EXTRACTABLE}, {"CKA_LOCAL", HSM_LOCAL}};
static const cyaml_schema_value_t untold_entry = {
    CYAML_VALUE_ENUM(CYAML_FLAG_STRICT, enum hsm_untold, untold, CYAML_ARRAY_LEN(untold)),
};

static const cyaml_schema_value_t operator_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, OPERATOR_KEY_TEXT_MAX),
};

#define TEXT(key, flags, most) SETTINGS_TEXT(#key, flags, struct raw, key, most)
static const cyaml_schema_field_t fields[] = {
    TEXT(origin, SETTINGS_REQUIRED, SETTINGS_TEXT_MAX),
    TEXT(module, SETTINGS_REQUIRED, SETTINGS_PATH_MAX),
    TEXT(uri, SETTINGS_OPTIONAL, SETTINGS_TEXT_MAX),
    TEXT(token, SETTINGS_OPTIONAL, 32), /* bytes of a label in CK_TOKEN_INFO */
    TEXT(key, SETTINGS_OPTIONAL, 128),  /* of a label that people read */
    CYAML_FIELD_ENUM("algorithm", SETTINGS_OPTIONAL | CYAML_FLAG_STRICT, struct raw, algorithm,
	algorithms, CYAML_ARRAY_LEN(algorithms)),
    TEXT(ed25519_key, SETTINGS_OPTIONAL, 128),
    TEXT(ed25519_verifier, SETTINGS_OPTIONAL, SETTINGS_PATH_MAX),
    TEXT(pin_file, SETTINGS_OPTIONAL, SETTINGS_PATH_MAX),
    TEXT(pin_credential, SETTINGS_OPTIONAL, 255), /* NAME_MAX */
    TEXT(certificate, SETTINGS_REQUIRED, SETTINGS_PATH_MAX),
    TEXT(guard, SETTINGS_REQUIRED, SETTINGS_PATH_MAX),
    TEXT(next, SETTINGS_OPTIONAL, SETTINGS_PATH_MAX),
    CYAML_FIELD_UINT("sessions", SETTINGS_OPTIONAL, struct raw, sessions),
    CYAML_FIELD_UINT("deadline_ms", SETTINGS_OPTIONAL, struct raw, deadline_ms),
    CYAML_FIELD_UINT("keepalive_s", SETTINGS_OPTIONAL, struct raw, keepalive_s),
    CYAML_FIELD_SEQUENCE("vouched", CYAML_FLAG_POINTER | SETTINGS_OPTIONAL, struct raw, vouched,
	&untold_entry, 1, CYAML_ARRAY_LEN(untold)),
    CYAML_FIELD_SEQUENCE("continuation_operators", CYAML_FLAG_POINTER | SETTINGS_OPTIONAL,
	struct raw, continuation_operators, &operator_entry, 1, TRANSITION_STATEMENTS_MAX),
    CYAML_FIELD_UINT("continuation_count", SETTINGS_OPTIONAL, struct raw, continuation_count),
    CYAML_FIELD_SEQUENCE("tokens", CYAML_FLAG_POINTER | SETTINGS_OPTIONAL, struct raw, tokens,
	&token_profile_schema, 1, TOKEN_PROFILES_MAX),
    CYAML_FIELD_SEQUENCE("summaries", CYAML_FLAG_POINTER | SETTINGS_OPTIONAL, struct raw, summaries,
	&summary_profile_schema, 1, TOKEN_PROFILES_MAX),
    CYAML_FIELD_END,
};
#undef TEXT

static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw, fields),
};

static void take(struct settings *s, const void *loaded, void *config);
static void take_key(struct settings *s, const struct raw *raw, struct hsm_config *c);
static const char *take_pin(struct settings *s, const struct raw *raw);
static const char *take_credential(struct settings *s, const char *name);
static const char *take_made(struct settings *s, const char *key, const char *path);
static void take_ed25519(struct settings *s, const struct raw *raw, struct hsm_config *c);
static void take_continuation(struct settings *s, const struct raw *raw, struct hsm_config *c);
static bool is_operator_key(const char *text);

static const struct form form = {
    .schema = &schema,
    .numbers = numbers,
    .number_count = sizeof(numbers) / sizeof(numbers[0]),
    .size = sizeof(struct hsm_config),
    .guarded = true, /* it names the module that gets the PIN, and the guard */
    .take = take,
};

enum err
hsm_config_load(const char *path, struct faults *faults, struct hsm_config **out)
{
	*out = form_load(&form, path, faults);
	return *out != NULL ? ERR_OK : ERR_CONFIG;
}

enum err
hsm_config_inspect(const char *path, struct faults *faults, struct hsm_config **out)
{
	enum err e;

	*out = form_inspect(&form, path, faults, &e);
	return e;
}

void
hsm_config_free(struct hsm_config **c)
{
	form_free(*c);
	*c = NULL;
}

static void
take(struct settings *s, const void *loaded, void *config)
{
	const struct raw *raw = loaded;
	struct hsm_config *c = config;

	if (settings_origin(s, "origin", raw->origin))
		c->origin = raw->origin;
	c->module = settings_guarded_code(s, "module", raw->module);
	take_key(s, raw, c);
	c->algorithm = raw->algorithm;
	for (uint32_t i = 0; i < raw->vouched_count; i++)
		c->vouched |= (unsigned)raw->vouched[i];
	c->pin_file = take_pin(s, raw);
	c->pin_credential = raw->pin_credential;
	c->certificate = take_made(s, "certificate", raw->certificate);
	take_ed25519(s, raw, c);
	c->guard_directory = settings_guarded_directory(s, "guard", raw->guard);
	c->next = settings_file(s, "next", raw->next);
	take_continuation(s, raw, c);
	c->tokens = token_profiles_take(s, raw->tokens, raw->tokens_count);
	c->token_count = raw->tokens_count;
	c->summaries = summary_profiles_take(
	    s, raw->summaries, raw->summaries_count, c->tokens, c->token_count);
	c->summary_count = raw->summaries_count;
}

/* What a URI says is looked at where the token is. */
static void
take_key(struct settings *s, const struct raw *raw, struct hsm_config *c)
{
	const bool uri = settings_has(s, "uri"), token = settings_has(s, "token"),
		   key = settings_has(s, "key");

	if (uri && (token || key))
		settings_fault(s, "uri",
		    "token and key must be named by either \"uri\" or \"token\" and \"key\", found "
		    "both");
	else if (!uri && !(token && key))
		settings_fault(s,
		    token ? "token"
		    : key ? "key"
			  : "origin",
		    "token and key must be named by \"token\" and \"key\", or by \"uri\", found %s",
		    token ? "\"token\" alone"
		    : key ? "\"key\" alone"
			  : "neither");
	else if (raw->uri != NULL && strncmp(raw->uri, "pkcs11:", strlen("pkcs11:")) != 0)
		settings_fault(s, "uri",
		    "\"uri\" must be a PKCS#11 URI (RFC 7512), which begins with \"pkcs11:\", "
		    "found "
		    "\"%.*s\"",
		    (int)strcspn(raw->uri, "?"), raw->uri);
	else if (uri)
		c->token_uri = c->token_label = raw->uri;
	else
		c->token_label = raw->token;
	c->key_uri = c->token_uri;
	/* By another algorithm than the one that is meant the key would look wrong. */
	if (settings_has(s, "algorithm") == yaml_file_has(s->yaml, "algorithm"))
		c->key_label = uri ? c->token_uri : raw->key;
}

/* NULL at any fault. */
static const char *
take_pin(struct settings *s, const struct raw *raw)
{
	const size_t faults_before = s->faults->count;
	const char *path = NULL;
	const bool file = settings_has(s, "pin_file");

	if (file == settings_has(s, "pin_credential")) {
		settings_fault(s, file ? "pin_file" : "origin",
		    "the PIN must come from either \"pin_file\" or \"pin_credential\", found %s",
		    file ? "both" : "neither");
		return NULL;
	}
	if (raw->pin_file != NULL)
		path = settings_secret_file(s, "pin_file", raw->pin_file);
	if (raw->pin_credential != NULL)
		path = take_credential(s, raw->pin_credential);
	return s->faults->count == faults_before ? path : NULL;
}

/*
 * systemd gives a credential to its user by owner, or by an access list, which shows as a group
 * bit: group bits say nothing here. The directory itself is closed to all others.
 */
static const char *
take_credential(struct settings *s, const char *name)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	struct stat st;
	char *path;

	if (strchr(name, '/') != NULL || name[0] == '.') {
		settings_fault(s, "pin_credential",
		    "\"pin_credential\" must be the name of a systemd credential without \"/\", "
		    "found \"%s\"",
		    name);
		return NULL;
	}
	if (directory == NULL || directory[0] != '/') {
		settings_fault(s, "pin_credential",
		    "\"pin_credential\": no credentials were given to this process; start it by "
		    "its "
		    "systemd unit with LoadCredential=%s:..., or use \"pin_file\"",
		    name);
		return NULL;
	}
	if (asprintf(&path, "%s/%s", directory, name) < 0)
		abort();
	settings_own(s, path);
	settings_readable(s, "pin_credential", path);
	if (stat(path, &st) == 0 && (st.st_mode & S_IRWXO) != 0)
		settings_fault(s, "pin_credential",
		    "\"pin_credential\" is a secret; %s has mode %04o and is open to others", path,
		    (unsigned)(st.st_mode & 07777));
	return path;
}

/*
 * The ceremony writes it, so it may not be there yet. Afterwards its directory is read only to the
 * process, so writing is not asked for. NULL at any fault.
 */
static const char *
take_made(struct settings *s, const char *key, const char *path)
{
	const size_t faults_before = s->faults->count;
	const char *resolved = settings_path(s, path);
	struct stat st;
	char *directory;

	if (resolved == NULL)
		return NULL;
	if (stat(resolved, &st) == 0)
		return settings_file(s, key, path);
	directory = settings_parent(resolved);
	if (stat(directory, &st) != 0 || !S_ISDIR(st.st_mode))
		settings_fault(s, key, "\"%s\": there is no directory %s for it; make it first",
		    key, directory);
	free(directory);
	return s->faults->count == faults_before ? resolved : NULL;
}

/* All of them have to agree where no count is given. */
static void
take_continuation(struct settings *s, const struct raw *raw, struct hsm_config *c)
{
	const uint32_t count = raw->continuation_operators_count;

	for (uint32_t i = 0; i < count; i++) {
		if (!is_operator_key(raw->continuation_operators[i]))
			settings_fault(s, "continuation_operators",
			    "\"continuation_operators\" must be public keys as hallmark-hsm "
			    "statement "
			    "key prints them behind \"key\", found \"%s\"",
			    raw->continuation_operators[i]);
		for (uint32_t j = 0; j < i; j++)
			if (strcmp(raw->continuation_operators[i],
				raw->continuation_operators[j]) == 0)
				settings_fault(s, "continuation_operators",
				    "\"continuation_operators\" must be different people's keys, "
				    "found \"%s\" twice",
				    raw->continuation_operators[i]);
	}
	if (settings_has(s, "continuation_count") &&
	    (raw->continuation_count == 0 || raw->continuation_count > count))
		settings_fault(s, "continuation_count",
		    "\"continuation_count\" must be from 1 to the count of "
		    "\"continuation_operators\", %" PRIu32 ", found %" PRIu32,
		    count, raw->continuation_count);
	c->continuation_operators = raw->continuation_operators;
	c->continuation_operator_count = count;
	c->continuation_count = raw->continuation_count > 0 ? raw->continuation_count : count;
}

static bool
is_operator_key(const char *text)
{
	struct statement_key *key = NULL;
	struct buf spki = BUF_INIT;
	const bool good = base64_decode(view_of_string(text), &spki) == ERR_OK &&
			  statement_key_from_spki(buf_view(&spki), &key) == ERR_OK;

	statement_key_free(&key);
	buf_free(&spki);
	return good;
}

/* Both or none; and not two keys under one label, by which each is found. */
static void
take_ed25519(struct settings *s, const struct raw *raw, struct hsm_config *c)
{
	const bool key = settings_has(s, "ed25519_key");

	if (key != settings_has(s, "ed25519_verifier")) {
		settings_fault(s, key ? "ed25519_key" : "ed25519_verifier",
		    "\"ed25519_key\" and \"ed25519_verifier\" belong together, found the %s alone",
		    key ? "first" : "second");
		return;
	}
	if (raw->ed25519_key == NULL || raw->ed25519_verifier == NULL)
		return;
	if (raw->key != NULL && strcmp(raw->ed25519_key, raw->key) == 0)
		settings_fault(s, "ed25519_key",
		    "\"ed25519_key\" must be another label than \"key\", found \"%s\" twice",
		    raw->key);
	c->ed25519_label = raw->ed25519_key;
	c->ed25519_verifier = take_made(s, "ed25519_verifier", raw->ed25519_verifier);
}
