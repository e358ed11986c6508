#include "config/grant_config.h"

#include <string.h>

#include "proto/glob.h"
#include "proto/statement/statement.h"
#include "proto/text.h"

#define LASTS_S    600
#define INTERVAL_S 3600
#define MOST       10

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, SETTINGS_TEXT_MAX),
};

static const cyaml_schema_field_t rule_fields[] = {
    SETTINGS_TEXT("act", SETTINGS_REQUIRED, struct raw_grant_rule, act, SETTINGS_TEXT_MAX),
    CYAML_FIELD_SEQUENCE("workloads", CYAML_FLAG_POINTER, struct raw_grant_rule, workloads,
	&text_entry, 1, GRANT_PATTERNS_MAX),
    CYAML_FIELD_UINT("share_percent", CYAML_FLAG_DEFAULT, struct raw_grant_rule, share_percent),
    CYAML_FIELD_UINT("interval_s", SETTINGS_OPTIONAL, struct raw_grant_rule, interval_s),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t rule_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_grant_rule, rule_fields),
};

const cyaml_schema_field_t grant_fields[] = {
    SETTINGS_TEXT("key", SETTINGS_REQUIRED, struct raw_grants, key, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("directory", SETTINGS_REQUIRED, struct raw_grants, directory, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("author", SETTINGS_REQUIRED, struct raw_grants, author, SETTINGS_TEXT_MAX),
    CYAML_FIELD_UINT("lasts_s", SETTINGS_OPTIONAL, struct raw_grants, lasts_s),
    CYAML_FIELD_UINT("most", SETTINGS_OPTIONAL, struct raw_grants, most),
    CYAML_FIELD_SEQUENCE(
	"rules", CYAML_FLAG_POINTER, struct raw_grants, rules, &rule_entry, 1, GRANT_RULES_MAX),
    CYAML_FIELD_END,
};

static void take_rule(
    struct settings *s, const struct raw_grant_rule *raw, size_t index, struct grant_rule *to);
static void check_number(
    struct settings *s, size_t index, const char *name, uint32_t value, uint32_t most);

void
grant_config_take(struct settings *s, const struct raw_grants *raw, struct grant_config *to)
{
	struct grant_rule *rules = settings_new(s, raw->rules_count, sizeof(*rules));

	to->key = settings_secret_file(s, "grants.key", raw->key);
	to->directory = settings_path(s, raw->directory);
	settings_makeable(s, "grants.directory", to->directory);
	to->author = raw->author;
	if (raw->author != NULL && (strlen(raw->author) > STATEMENT_AUTHOR_MAX ||
				       !text_is_printable(view_of_string(raw->author), false)))
		settings_fault(s, "grants.author",
		    "\"grants.author\" must be 1 to %d bytes of printable text without white "
		    "space; found \"%s\"",
		    STATEMENT_AUTHOR_MAX, raw->author);
	to->lasts_s = raw->lasts_s != 0 ? raw->lasts_s : LASTS_S;
	if (to->lasts_s > GRANT_INTERVAL_MOST)
		settings_fault(s, "grants.lasts_s",
		    "\"grants.lasts_s\" must be 1 to %d seconds; found %u", GRANT_INTERVAL_MOST,
		    raw->lasts_s);
	to->most = raw->most != 0 ? raw->most : MOST;
	for (size_t i = 0; i < raw->rules_count; i++)
		take_rule(s, &raw->rules[i], i, &rules[i]);
	to->rules = rules;
	to->rule_count = raw->rules_count;
}

static void
take_rule(struct settings *s, const struct raw_grant_rule *raw, size_t index, struct grant_rule *to)
{
	char key[SETTINGS_ENTRY_KEY_MAX];

	to->act =
	    raw->act != NULL ? statement_act_from_word(view_of_string(raw->act)) : STATEMENT_NO_ACT;
	if (raw->act != NULL && to->act == STATEMENT_NO_ACT)
		settings_fault(s, settings_entry_key(key, "grants.rules", index, ".act"),
		    "\"%s\" must be freeze, stop or isolate; found \"%s\"", key, raw->act);
	to->workloads = (const char *const *)raw->workloads;
	to->workload_count = raw->workloads_count;
	for (size_t i = 0; i < raw->workloads_count; i++)
		if (glob_check(view_of_string(raw->workloads[i])) != ERR_OK)
			settings_fault(s,
			    settings_entry_key(key, "grants.rules", index, ".workloads"),
			    "\"%s\": a backslash must stand before *, ? or \\; found \"%s\"", key,
			    raw->workloads[i]);
	to->share_percent = raw->share_percent;
	check_number(s, index, ".share_percent", raw->share_percent, 100);
	to->interval_s = raw->interval_s != 0 ? raw->interval_s : INTERVAL_S;
	check_number(s, index, ".interval_s", to->interval_s, GRANT_INTERVAL_MOST);
}

static void
check_number(struct settings *s, size_t index, const char *name, uint32_t value, uint32_t most)
{
	char key[SETTINGS_ENTRY_KEY_MAX];

	if (value == 0 || value > most)
		settings_fault(s, settings_entry_key(key, "grants.rules", index, name),
		    "\"%s\" must be 1 to %u; found %u", key, most, value);
}
