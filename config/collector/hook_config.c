#include "config/collector/hook_config.h"

#include <stdio.h>
#include <string.h>

#define VERDICT_VALUE(identifier, word) {word, identifier},
static const cyaml_strval_t verdicts[] = {BUNDLE_VERDICT_MAP(VERDICT_VALUE)};
#undef VERDICT_VALUE

const cyaml_schema_value_t hook_verdict_schema = {
    CYAML_VALUE_ENUM(CYAML_FLAG_STRICT, enum bundle_verdict, verdicts, CYAML_ARRAY_LEN(verdicts)),
};

static const cyaml_schema_value_t argument_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, SETTINGS_PATH_MAX),
};

static const cyaml_schema_field_t hook_fields[] = {
    SETTINGS_TEXT("name", SETTINGS_REQUIRED, struct raw_hook, name, BUNDLE_ACTION_NAME_MAX),
    CYAML_FIELD_SEQUENCE(
	"run", CYAML_FLAG_POINTER, struct raw_hook, run, &argument_entry, 1, HOOK_ARGUMENTS_MAX),
    CYAML_FIELD_SEQUENCE("verdicts", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_hook,
	verdicts, &hook_verdict_schema, 1, BUNDLE_VERDICT_COUNT),
    CYAML_FIELD_UINT("timeout_s", SETTINGS_OPTIONAL, struct raw_hook, timeout_s),
    CYAML_FIELD_UINT("unknown_after_s", SETTINGS_OPTIONAL, struct raw_hook, unknown_after_s),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t hook_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_hook, hook_fields),
};

/* Where in the file something is being taken. */
struct place {
	struct settings *s;
	size_t workload;
	char key[SETTINGS_ENTRY_KEY_MAX];
};

static void take_hook(
    struct place *p, const struct raw_hook *raw, size_t index, struct collector_hook *to);
static void take_on(
    struct place *p, const struct raw_hook *raw, size_t index, struct collector_hook *to);
static const char *key_of(struct place *p, size_t index, const char *name);

const struct collector_hook *
hooks_take(struct settings *s, const struct raw_hook *raw, size_t count, size_t index)
{
	struct collector_hook *hooks = settings_new(s, count, sizeof(*hooks));
	struct place p = {.s = s, .workload = index};

	for (size_t i = 0; i < count; i++) {
		take_hook(&p, &raw[i], i, &hooks[i]);
		for (size_t j = 0; j < i && hooks[i].name != NULL; j++)
			if (hooks[j].name != NULL && strcmp(hooks[i].name, hooks[j].name) == 0)
				settings_fault(s, key_of(&p, i, ".name"),
				    "\"%s\": two hooks of the workload are called \"%s\"", p.key,
				    hooks[i].name);
	}
	return hooks;
}

void
hooks_check(struct settings *s, const struct collector_workload *workloads, size_t count,
    bool pinned, uint64_t round_s)
{
	struct place p = {.s = s};

	for (size_t i = 0; i < count; i++) {
		p.workload = i;
		if (workloads[i].hook_count > 0 && !pinned)
			settings_fault(s, settings_entry_key(p.key, "workloads", i, ".hooks"),
			    "\"%s\": each of the signers must have its \"log_certificate\": "
			    "nothing is done for a verdict that cannot be verified",
			    p.key);
		for (size_t j = 0; j < workloads[i].hook_count; j++)
			if (workloads[i].hooks[j].on[BUNDLE_VERDICT_UNKNOWN] &&
			    workloads[i].hooks[j].unknown_after_s <= round_s)
				settings_fault(s, key_of(&p, j, ".unknown_after_s"),
				    "\"%s\" must be more than the %llu s from one report to the "
				    "next (interval_s, jitter_percent); found %lu",
				    p.key, (unsigned long long)round_s,
				    (unsigned long)workloads[i].hooks[j].unknown_after_s);
	}
}

static void
take_hook(struct place *p, const struct raw_hook *raw, size_t index, struct collector_hook *to)
{
	if (raw->name != NULL && bundle_action_name_is_good(view_of_string(raw->name)))
		to->name = raw->name;
	else if (raw->name != NULL)
		settings_fault(p->s, key_of(p, index, ".name"),
		    "\"%s\" must be 1 to %d of a-z, 0-9, \"-\" and \"_\"; found \"%s\"", p->key,
		    BUNDLE_ACTION_NAME_MAX, raw->name);
	if (raw->run_count > 0 && raw->run[0][0] != '/')
		settings_fault(p->s, key_of(p, index, ".run"),
		    "\"%s\" must begin with the absolute path of a program; found \"%s\"", p->key,
		    raw->run[0]);
	to->arguments = (const char *const *)raw->run;
	to->argument_count = raw->run_count;
	to->timeout_s = HOOK_TIMEOUT_S;
	if (settings_has(p->s, key_of(p, index, ".timeout_s"))) {
		to->timeout_s = raw->timeout_s;
		if (raw->timeout_s < 1 || raw->timeout_s > HOOK_TIMEOUT_MOST)
			settings_fault(p->s, p->key, "\"%s\" must be 1 to %d; found %lu", p->key,
			    HOOK_TIMEOUT_MOST, (unsigned long)raw->timeout_s);
	}
	take_on(p, raw, index, to);
}

/* Without `verdicts` it is told of each verdict, and not that there is none. */
static void
take_on(struct place *p, const struct raw_hook *raw, size_t index, struct collector_hook *to)
{
	const bool is_said = settings_has(p->s, key_of(p, index, ".unknown_after_s"));

	for (unsigned v = 0; raw->verdicts_count == 0 && v < BUNDLE_VERDICT_UNKNOWN; v++)
		to->on[v] = true;
	for (size_t i = 0; i < raw->verdicts_count; i++)
		to->on[raw->verdicts[i]] = true;
	to->unknown_after_s = raw->unknown_after_s;
	if (is_said != to->on[BUNDLE_VERDICT_UNKNOWN])
		settings_fault(p->s, is_said ? p->key : key_of(p, index, ".verdicts"),
		    "\"unknown_after_s\" and `unknown` in \"verdicts\" stand together or not at "
		    "all: "
		    "after how many seconds without a receipt the verdict is unknown");
	else if (is_said &&
		 (raw->unknown_after_s < 1 || raw->unknown_after_s > HOOK_UNKNOWN_MOST_S))
		settings_fault(p->s, p->key, "\"%s\" must be 1 to %d; found %lu", p->key,
		    HOOK_UNKNOWN_MOST_S, (unsigned long)raw->unknown_after_s);
}

static const char *
key_of(struct place *p, size_t index, const char *name)
{
	char rest[48];

	(void)snprintf(rest, sizeof(rest), ".hooks[%zu]%s", index, name);
	return settings_entry_key(p->key, "workloads", p->workload, rest);
}
