#include "config/front_config.h"

#include <string.h>

#include "proto/evidence/identity.h"
#include "proto/glob.h"

#define ROLE_VALUE(identifier, word) {word, identifier},
static const cyaml_strval_t roles[] = {FRONT_ROLE_MAP(ROLE_VALUE)};
#undef ROLE_VALUE

static const cyaml_strval_t warnings[] = {
    {"deny", FRONT_WARNING_DENY}, {"allow", FRONT_WARNING_ALLOW}};

static const cyaml_schema_value_t name_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, SETTINGS_TEXT_MAX),
};

#define TEXT(key, flags, most) SETTINGS_TEXT(#key, flags, struct raw_front_tls, key, most)
static const cyaml_schema_field_t tls_fields[] = {
    TEXT(certificate, SETTINGS_REQUIRED, SETTINGS_PATH_MAX),
    TEXT(key, SETTINGS_REQUIRED, SETTINGS_PATH_MAX),
    TEXT(client_ca, SETTINGS_OPTIONAL, SETTINGS_PATH_MAX),
    TEXT(client_crl, SETTINGS_OPTIONAL, SETTINGS_PATH_MAX),
    CYAML_FIELD_END,
};
#undef TEXT

#define TEXT(key, most) SETTINGS_TEXT(#key, SETTINGS_OPTIONAL, struct raw_front_listen, key, most)
static const cyaml_schema_field_t listen_fields[] = {
    TEXT(address, SETTINGS_TEXT_MAX),
    TEXT(socket, SETTINGS_SOCKET_MAX),
    TEXT(group, SETTINGS_TEXT_MAX),
    CYAML_FIELD_ENUM("role", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct raw_front_listen, role,
	roles, CYAML_ARRAY_LEN(roles)),
    CYAML_FIELD_MAPPING("tls", SETTINGS_OPTIONAL, struct raw_front_listen, tls, tls_fields),
    CYAML_FIELD_END,
};
#undef TEXT

#define NAMES(key, structure, most)                                                                \
	CYAML_FIELD_SEQUENCE(                                                                      \
	    #key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, structure, key, &name_entry, 1, most)
static const cyaml_schema_field_t grant_fields[] = {
    SETTINGS_TEXT("name", SETTINGS_REQUIRED, struct raw_front_grant, name, SETTINGS_TEXT_MAX),
    CYAML_FIELD_ENUM(
	"role", CYAML_FLAG_STRICT, struct raw_front_grant, role, roles, CYAML_ARRAY_LEN(roles)),
    NAMES(workloads, struct raw_front_grant, FRONT_MEMBERS_MAX),
    NAMES(logs, struct raw_front_grant, FRONT_MEMBERS_MAX),
    CYAML_FIELD_END,
};

#define TEXT(key)                                                                                  \
	SETTINGS_TEXT(#key, SETTINGS_REQUIRED, struct raw_front_member, key, SETTINGS_TEXT_MAX)
static const cyaml_schema_field_t member_fields[] = {
    TEXT(log),
    TEXT(collector),
    TEXT(workload),
    CYAML_FIELD_END,
};
#undef TEXT

static const cyaml_schema_value_t member_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_front_member, member_fields),
};

static const cyaml_schema_field_t alias_fields[] = {
    SETTINGS_TEXT("name", SETTINGS_REQUIRED, struct raw_front_alias, name, SETTINGS_TEXT_MAX),
    SETTINGS_TEXT("group", SETTINGS_OPTIONAL, struct raw_front_alias, group, SETTINGS_TEXT_MAX),
    CYAML_FIELD_SEQUENCE("members", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
	struct raw_front_alias, members, &member_entry, 1, FRONT_MEMBERS_MAX),
    NAMES(logs, struct raw_front_alias, FRONT_MEMBERS_MAX),
    CYAML_FIELD_UINT("share_percent", SETTINGS_OPTIONAL, struct raw_front_alias, share_percent),
    CYAML_FIELD_ENUM("warning", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct raw_front_alias,
	warning, warnings, CYAML_ARRAY_LEN(warnings)),
    CYAML_FIELD_END,
};
#undef NAMES

static const cyaml_schema_value_t alias_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_front_alias, alias_fields),
};

const cyaml_schema_field_t front_decisions_fields[] = {
    CYAML_FIELD_UINT("behind_s", SETTINGS_OPTIONAL, struct raw_front_decisions, behind_s),
    CYAML_FIELD_ENUM("warning", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct raw_front_decisions,
	warning, warnings, CYAML_ARRAY_LEN(warnings)),
    CYAML_FIELD_SEQUENCE("aliases", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
	struct raw_front_decisions, aliases, &alias_entry, 1, FRONT_ALIASES_MAX),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t front_listen_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_front_listen, listen_fields),
};

const cyaml_schema_value_t front_grant_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_front_grant, grant_fields),
};

static void take_listen(
    struct settings *s, const struct raw_front_listen *raw, size_t index, struct front_listen *to);
static void take_grant(struct settings *s, const struct raw_front_grant *raw, size_t index,
    struct front_names logs, struct front_grant *to);
static void take_alias(struct settings *s, const struct raw_front_decisions *raw, size_t index,
    struct front_names logs, struct front_alias *to);
static void take_members(struct settings *s, const struct raw_front_alias *raw, const char *key,
    struct front_names logs, struct front_alias *to);
static void check_alias(struct settings *s, const struct raw_front_decisions *raw, size_t index);
static void check_logs(
    struct settings *s, const char *key, struct front_names named, struct front_names logs);
static size_t find(struct front_names among, const char *name);

void
front_take(struct settings *s, const struct raw_front *raw,
    const struct raw_front_decisions *decisions, struct front_names logs, struct front_config *to)
{
	struct front_listen *listen = settings_new(s, raw->listen_count, sizeof(*listen));
	struct front_grant *grant = settings_new(s, raw->roles_count, sizeof(*grant));
	struct front_alias *alias = settings_new(s, decisions->aliases_count, sizeof(*alias));

	for (size_t i = 0; i < raw->listen_count; i++)
		take_listen(s, &raw->listen[i], i, &listen[i]);
	for (size_t i = 0; i < raw->roles_count; i++)
		take_grant(s, &raw->roles[i], i, logs, &grant[i]);
	for (size_t i = 0; i < decisions->aliases_count; i++)
		take_alias(s, decisions, i, logs, &alias[i]);
	to->listen = listen;
	to->listens = raw->listen_count;
	to->grant = grant;
	to->grants = raw->roles_count;
	to->alias = alias;
	to->aliases = decisions->aliases_count;
	to->warning_allowed = decisions->warning == FRONT_WARNING_ALLOW;
}

static void
take_listen(
    struct settings *s, const struct raw_front_listen *raw, size_t index, struct front_listen *to)
{
	char key[SETTINGS_ENTRY_KEY_MAX];
	const char *host;
	uint16_t port;

	(void)settings_entry_key(key, "listen", index, "");
	if ((raw->address == NULL) == (raw->socket == NULL))
		settings_fault(s, key, "\"%s\" must have one of \"address\" and \"socket\"", key);
	if (raw->group != NULL && raw->socket == NULL)
		settings_fault(s, key, "\"%s\": \"group\" is of a \"socket\" alone", key);
	if (raw->address != NULL &&
	    settings_address(s, settings_entry_key(key, "listen", index, ".address"), raw->address,
		true, &host, &port))
		to->address = raw->address;
	to->socket = settings_path(s, raw->socket);
	settings_socket(s, settings_entry_key(key, "listen", index, ".socket"), to->socket);
	to->group = raw->group;
	to->has_role = settings_has(s, settings_entry_key(key, "listen", index, ".role"));
	to->role = raw->role;
	to->certificate = settings_file(
	    s, settings_entry_key(key, "listen", index, ".tls.certificate"), raw->tls.certificate);
	to->key = settings_secret_file(
	    s, settings_entry_key(key, "listen", index, ".tls.key"), raw->tls.key);
	to->client_ca = settings_file(
	    s, settings_entry_key(key, "listen", index, ".tls.client_ca"), raw->tls.client_ca);
	to->client_crl = settings_file(
	    s, settings_entry_key(key, "listen", index, ".tls.client_crl"), raw->tls.client_crl);
	if (raw->tls.client_crl != NULL && raw->tls.client_ca == NULL)
		settings_fault(s, key, "\"%s\": there is no \"client_ca\" that it is of", key);
}

static void
take_grant(struct settings *s, const struct raw_front_grant *raw, size_t index,
    struct front_names logs, struct front_grant *to)
{
	char key[SETTINGS_ENTRY_KEY_MAX];

	to->name = raw->name;
	to->role = raw->role;
	to->workloads =
	    (struct front_names){(const char *const *)raw->workloads, raw->workloads_count};
	to->logs = (struct front_names){(const char *const *)raw->logs, raw->logs_count};
	(void)settings_entry_key(key, "roles", index, ".name");
	if (raw->name != NULL && glob_check(view_of_string(raw->name)) != ERR_OK)
		settings_fault(s, key, "\"%s\" must be a pattern; found \"%s\"", key, raw->name);
	(void)settings_entry_key(key, "roles", index, ".workloads");
	for (size_t i = 0; i < to->workloads.count; i++)
		if (glob_check(view_of_string(raw->workloads[i])) != ERR_OK)
			settings_fault(s, key, "\"%s\" must be patterns; found \"%s\"", key,
			    raw->workloads[i]);
	if (raw->role == FRONT_RELYING_PARTY && raw->workloads_count == 0)
		settings_fault(s, settings_entry_key(key, "roles", index, ".role"),
		    "\"%s\": a relying party needs \"workloads\": patterns of those that are its "
		    "own",
		    key);
	check_logs(s, settings_entry_key(key, "roles", index, ".logs"), to->logs, logs);
}

static void
take_alias(struct settings *s, const struct raw_front_decisions *raw, size_t index,
    struct front_names logs, struct front_alias *to)
{
	const struct raw_front_alias *alias = &raw->aliases[index];
	char key[SETTINGS_ENTRY_KEY_MAX];

	check_alias(s, raw, index);
	to->name = alias->name;
	to->group = alias->group;
	to->logs = (struct front_names){(const char *const *)alias->logs, alias->logs_count};
	check_logs(s, settings_entry_key(key, "decisions.aliases", index, ".logs"), to->logs, logs);
	to->warning_allowed =
	    (settings_has(s, settings_entry_key(key, "decisions.aliases", index, ".warning"))
		    ? alias->warning
		    : raw->warning) == FRONT_WARNING_ALLOW;
	to->share_percent = 100;
	if (settings_has(
		s, settings_entry_key(key, "decisions.aliases", index, ".share_percent"))) {
		to->share_percent = alias->share_percent;
		if (alias->share_percent < 1 || alias->share_percent > 100)
			settings_fault(s, key, "\"%s\" must be 1 to 100; found %lu", key,
			    (unsigned long)alias->share_percent);
	}
	take_members(
	    s, alias, settings_entry_key(key, "decisions.aliases", index, ".members"), logs, to);
}

static void
take_members(struct settings *s, const struct raw_front_alias *raw, const char *key,
    struct front_names logs, struct front_alias *to)
{
	struct front_member *members = settings_new(s, raw->members_count, sizeof(*members));

	for (size_t i = 0; i < raw->members_count; i++) {
		const struct raw_front_member *m = &raw->members[i];
		const struct front_names one = {(const char *const *)&m->log, 1};

		if (m->log == NULL || m->collector == NULL || m->workload == NULL)
			continue; /* a fault already */
		check_logs(s, key, one, logs);
		if (!identity_is_valid(view_of_string(m->collector)))
			settings_fault(s, key,
			    "\"%s\": a collector must be an identity, as certificates have it; "
			    "found \"%s\"",
			    key, m->collector);
		members[i] = (struct front_member){find(logs, m->log), m->collector, m->workload};
	}
	to->member = members;
	to->members = raw->members_count;
}

static void
check_alias(struct settings *s, const struct raw_front_decisions *raw, size_t index)
{
	const struct raw_front_alias *alias = &raw->aliases[index];
	char key[SETTINGS_ENTRY_KEY_MAX];

	(void)settings_entry_key(key, "decisions.aliases", index, "");
	if ((alias->group == NULL) == (alias->members_count == 0))
		settings_fault(s, key, "\"%s\" must have one of \"members\" and \"group\"", key);
	if (alias->group == NULL &&
	    (alias->logs_count > 0 || settings_has(s, settings_entry_key(key, "decisions.aliases",
							  index, ".share_percent"))))
		settings_fault(s, settings_entry_key(key, "decisions.aliases", index, ""),
		    "\"%s\": \"logs\" and \"share_percent\" are of a \"group\" alone", key);
	if (alias->name == NULL)
		return;
	(void)settings_entry_key(key, "decisions.aliases", index, ".name");
	if (strlen(alias->name) > FRONT_ALIAS_NAME_MAX ||
	    strspn(alias->name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(alias->name))
		settings_fault(s, key,
		    "\"%s\" must be 1 to %d of a to z, 0 to 9 and \"-\"; found \"%s\"", key,
		    FRONT_ALIAS_NAME_MAX, alias->name);
	for (size_t i = 0; i < index; i++)
		if (raw->aliases[i].name != NULL && strcmp(raw->aliases[i].name, alias->name) == 0)
			settings_fault(s, key,
			    "\"%s\": two aliases are called \"%s\"; names must differ", key,
			    alias->name);
}

static void
check_logs(struct settings *s, const char *key, struct front_names named, struct front_names logs)
{
	for (size_t i = 0; i < named.count; i++)
		if (named.name[i] != NULL && find(logs, named.name[i]) == logs.count)
			settings_fault(s, key,
			    "\"%s\": no log of \"logs\" is called \"%s\"; those names are to be "
			    "given",
			    key, named.name[i]);
}

static size_t
find(struct front_names among, const char *name)
{
	size_t i = 0;

	while (i < among.count && (among.name[i] == NULL || strcmp(among.name[i], name) != 0))
		i++;
	return i;
}
