#include "config/collector/act_config.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/collector/hook_config.h"

#define ACT_VALUE(identifier, word, end, participle) {word, identifier},
static const cyaml_strval_t acts[] = {STATEMENT_ACT_MAP(ACT_VALUE)};
#undef ACT_VALUE

static const cyaml_schema_value_t path_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, SETTINGS_PATH_MAX),
};

const cyaml_schema_field_t acts_fields[] = {
    CYAML_FIELD_SEQUENCE(
	"keys", CYAML_FLAG_POINTER, struct raw_acts, keys, &path_entry, 1, ACT_KEYS_MAX),
    SETTINGS_TEXT("grants", SETTINGS_REQUIRED, struct raw_acts, grants, SETTINGS_PATH_MAX),
    SETTINGS_TEXT("memory", SETTINGS_REQUIRED, struct raw_acts, memory, SETTINGS_PATH_MAX),
    CYAML_FIELD_UINT("limit", SETTINGS_OPTIONAL, struct raw_acts, limit),
    CYAML_FIELD_UINT("interval_s", SETTINGS_OPTIONAL, struct raw_acts, interval_s),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t act_fields[] = {
    CYAML_FIELD_ENUM("act", CYAML_FLAG_STRICT, struct raw_act, act, acts, CYAML_ARRAY_LEN(acts)),
    SETTINGS_TEXT("group", SETTINGS_OPTIONAL, struct raw_act, group, ACT_GROUP_SIZE_MAX),
    SETTINGS_TEXT("unit", SETTINGS_OPTIONAL, struct raw_act, unit, SETTINGS_TEXT_MAX),
    CYAML_FIELD_SEQUENCE("verdicts", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_act,
	verdicts, &hook_verdict_schema, 1, BUNDLE_VERDICT_COUNT),
    CYAML_FIELD_UINT("unknown_after_s", SETTINGS_OPTIONAL, struct raw_act, unknown_after_s),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t act_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_act, act_fields),
};

/* Where in the file something is being taken. */
struct place {
	struct settings *s;
	size_t workload;
	char key[SETTINGS_ENTRY_KEY_MAX];
};

static uint32_t take_number(
    struct settings *s, const char *key, uint32_t raw, uint32_t standard, uint32_t most);
static void take_act(
    struct place *p, const struct raw_act *raw, size_t index, struct collector_act *to);
static void take_target(struct place *p, size_t index, struct collector_act *to);
static void take_on(
    struct place *p, const struct raw_act *raw, size_t index, struct collector_act *to);
static const char *take_key(struct settings *s, const char *key, const char *written);
static bool group_is_good(const char *path);
static bool unit_is_good(const char *name);
static const char *key_of(struct place *p, size_t index, const char *name);

const struct collector_acts *
acts_take(struct settings *s, const struct raw_acts *raw)
{
	struct collector_acts *a;
	const char **keys;
	char key[SETTINGS_ENTRY_KEY_MAX];

	if (!settings_has(s, "acts"))
		return NULL;
	a = settings_new(s, 1, sizeof(*a));
	keys = settings_new(s, raw->keys_count, sizeof(*keys));
	for (size_t i = 0; i < raw->keys_count; i++) {
		(void)snprintf(key, sizeof(key), "acts.keys[%zu]", i);
		keys[i] = take_key(s, key, raw->keys[i]);
	}
	a->keys = keys;
	a->key_count = raw->keys_count;
	a->grant_directory = settings_path(s, raw->grants);
	settings_directory(s, "acts.grants", a->grant_directory);
	a->memory_directory = settings_guarded_directory(s, "acts.memory", raw->memory);
	a->limit = take_number(s, "acts.limit", raw->limit, ACT_LIMIT, ACT_LIMIT_MOST);
	a->interval_s =
	    take_number(s, "acts.interval_s", raw->interval_s, ACT_INTERVAL_S, ACT_INTERVAL_MOST);
	return a;
}

static uint32_t
take_number(struct settings *s, const char *key, uint32_t raw, uint32_t standard, uint32_t most)
{
	if (!settings_has(s, key))
		return standard;
	if (raw >= 1 && raw <= most)
		return raw;
	settings_fault(s, key, "\"%s\" must be 1 to %lu; found %lu", key, (unsigned long)most,
	    (unsigned long)raw);
	return standard;
}

const struct collector_act *
workload_acts_take(struct settings *s, const struct raw_act *raw, size_t count, size_t index)
{
	struct collector_act *to = settings_new(s, count, sizeof(*to));
	struct place p = {.s = s, .workload = index};

	for (size_t i = 0; i < count; i++) {
		take_act(&p, &raw[i], i, &to[i]);
		for (size_t j = 0; j < i; j++)
			if (to[i].act == to[j].act)
				settings_fault(s, key_of(&p, i, ".act"),
				    "\"%s\": %s stands there twice for the workload", p.key,
				    statement_act_word(to[i].act));
	}
	return to;
}

void
acts_check(struct settings *s, const struct collector_workload *workloads, size_t count,
    bool pinned, bool granted, uint64_t round_s)
{
	struct place p = {.s = s};

	for (size_t i = 0; i < count; i++) {
		const struct collector_workload *w = &workloads[i];

		p.workload = i;
		if (w->act_count > 0 && !pinned)
			settings_fault(s, settings_entry_key(p.key, "workloads", i, ".acts"),
			    "\"%s\": each of the signers must have its \"log_certificate\": "
			    "nothing is done for a verdict that cannot be verified",
			    p.key);
		if (w->act_count > 0 && !granted)
			settings_fault(s, settings_entry_key(p.key, "workloads", i, ".acts"),
			    "\"%s\": nobody can grant it: \"acts\" at the top of the file has to "
			    "say by whose \"keys\"",
			    p.key);
		for (size_t j = 0; j < w->act_count; j++)
			if (w->acts[j].on[BUNDLE_VERDICT_UNKNOWN] &&
			    w->acts[j].unknown_after_s <= round_s)
				settings_fault(s, key_of(&p, j, ".unknown_after_s"),
				    "\"%s\" must be more than the %llu s from one report to the "
				    "next (interval_s, jitter_percent); found %lu",
				    p.key, (unsigned long long)round_s,
				    (unsigned long)w->acts[j].unknown_after_s);
	}
}

static void
take_act(struct place *p, const struct raw_act *raw, size_t index, struct collector_act *to)
{
	to->act = raw->act;
	to->group = raw->group;
	to->unit = raw->unit;
	if (to->group != NULL && !group_is_good(to->group))
		settings_fault(p->s, key_of(p, index, ".group"),
		    "\"%s\" must be the absolute path of one control group, such as "
		    "/system.slice/app.service, without \".\", \"..\" and quotation marks; found "
		    "\"%s\"",
		    p->key, to->group);
	if (to->unit != NULL && !unit_is_good(to->unit))
		settings_fault(p->s, key_of(p, index, ".unit"),
		    "\"%s\" must be the full name of one unit, such as app.service; found \"%s\"",
		    p->key, to->unit);
	take_target(p, index, to);
	take_on(p, raw, index, to);
}

/* A unit is stopped by the service manager, and else it is a control group that is acted on. */
static void
take_target(struct place *p, size_t index, struct collector_act *to)
{
	if (to->act == STATEMENT_STOP && (to->group != NULL) == (to->unit != NULL))
		settings_fault(p->s, key_of(p, index, ""),
		    "\"%s\" must have either the \"unit\" that is to be stopped by systemd, or the "
		    "\"group\" whose processes are to be killed",
		    p->key);
	else if (to->act != STATEMENT_STOP && (to->group == NULL || to->unit != NULL))
		settings_fault(p->s, key_of(p, index, ""),
		    "\"%s\" must have the \"group\" that it is done to, and no \"unit\"", p->key);
}

/* Without `verdicts` it is for a contraindicated one alone. */
static void
take_on(struct place *p, const struct raw_act *raw, size_t index, struct collector_act *to)
{
	const bool is_said = settings_has(p->s, key_of(p, index, ".unknown_after_s"));

	to->on[BUNDLE_VERDICT_CONTRAINDICATED] = raw->verdicts_count == 0;
	for (size_t i = 0; i < raw->verdicts_count; i++)
		to->on[raw->verdicts[i]] = true;
	to->unknown_after_s = raw->unknown_after_s;
	if (to->on[BUNDLE_VERDICT_AFFIRMING])
		settings_fault(p->s, key_of(p, index, ".verdicts"),
		    "\"%s\": nothing is done for a verdict that is affirming, which ends it",
		    p->key);
	if (is_said != to->on[BUNDLE_VERDICT_UNKNOWN])
		settings_fault(p->s, key_of(p, index, is_said ? ".unknown_after_s" : ".verdicts"),
		    "\"unknown_after_s\" and `unknown` in \"verdicts\" stand together or not at "
		    "all: after how many seconds without a receipt the verdict is unknown");
	else if (is_said &&
		 (raw->unknown_after_s < 1 || raw->unknown_after_s > HOOK_UNKNOWN_MOST_S))
		settings_fault(p->s, key_of(p, index, ".unknown_after_s"),
		    "\"%s\" must be 1 to %d; found %lu", p->key, HOOK_UNKNOWN_MOST_S,
		    (unsigned long)raw->unknown_after_s);
}

/* Whoever can write to it can have workloads stopped. */
static const char *
take_key(struct settings *s, const char *key, const char *written)
{
	const char *path = settings_file(s, key, written);
	struct stat st;

	if (path != NULL && stat(path, &st) == 0 &&
	    ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0))
		settings_fault(s, key,
		    "\"%s\" names who may have workloads frozen, stopped or cut off: expected a "
		    "file "
		    "of root's or of this user (%u) that group and others cannot write, found %s "
		    "of "
		    "user %u with mode %04o",
		    key, (unsigned)geteuid(), path, (unsigned)st.st_uid,
		    (unsigned)(st.st_mode & 07777));
	return path;
}

/* One below the root, by names that lead down; it is given to nft in quotation marks. */
static bool
group_is_good(const char *path)
{
	const char *name = path;

	if (path[0] != '/')
		return false;
	for (const char *c = path; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == '"' || *c == 0x7f)
			return false;
	while (*name == '/') {
		const size_t size = strcspn(++name, "/");

		if (size == 0 || (size == 1 && name[0] == '.') ||
		    (size == 2 && name[0] == '.' && name[1] == '.'))
			return false;
		name += size;
	}
	return true;
}

static bool
unit_is_good(const char *name)
{
	return name[0] != '-' && name[0] != '.' && strchr(name, '.') != NULL &&
	       strpbrk(name, "/*?[] ") == NULL;
}

static const char *
key_of(struct place *p, size_t index, const char *name)
{
	char rest[48];

	(void)snprintf(rest, sizeof(rest), ".acts[%zu]%s", index, name);
	return settings_entry_key(p->key, "workloads", p->workload, rest);
}
