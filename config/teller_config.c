#include "config/teller_config.h"

#include <stdio.h>
#include <string.h>

#include "proto/glob.h"

#define NAME_MAX_BYTES 64 /* as names of logs */

#define KIND_VALUE(identifier, word) {word, identifier},
static const cyaml_strval_t kinds[] = {EVENT_KIND_MAP(KIND_VALUE)};
#undef KIND_VALUE

static const cyaml_schema_value_t kind_entry = {
    CYAML_VALUE_ENUM(CYAML_FLAG_STRICT, enum event_kind, kinds, CYAML_ARRAY_LEN(kinds)),
};

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, SETTINGS_PATH_MAX),
};

#define TEXT(key, flags, most) SETTINGS_TEXT(#key, flags, struct raw_teller, key, most)
static const cyaml_schema_field_t fields[] = {
    TEXT(name, SETTINGS_REQUIRED, SETTINGS_TEXT_MAX),
    TEXT(webhook, SETTINGS_OPTIONAL, SETTINGS_PATH_MAX),
    TEXT(secret, SETTINGS_OPTIONAL, SETTINGS_PATH_MAX),
    TEXT(ca, SETTINGS_OPTIONAL, SETTINGS_PATH_MAX),
    TEXT(syslog, SETTINGS_OPTIONAL, SETTINGS_PATH_MAX),
    CYAML_FIELD_SEQUENCE("command", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_teller,
	command, &text_entry, 1, TELLER_ARGUMENTS_MAX),
    CYAML_FIELD_SEQUENCE("events", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_teller,
	events, &kind_entry, 1, EVENT_KINDS),
    CYAML_FIELD_SEQUENCE("workloads", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct raw_teller,
	workloads, &text_entry, 1, TELLER_PATTERNS_MAX),
    CYAML_FIELD_UINT("timeout_s", SETTINGS_OPTIONAL, struct raw_teller, timeout_s),
    CYAML_FIELD_END,
};
#undef TEXT

const cyaml_schema_value_t teller_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_teller, fields),
};

/* Where in the file something is being taken. */
struct place {
	struct settings *s;
	size_t index;
	char key[SETTINGS_ENTRY_KEY_MAX];
};

static void take_teller(struct place *p, const struct raw_teller *raw, struct teller *to);
static void take_form(struct place *p, const struct raw_teller *raw, struct teller *to);
static void take_webhook(struct place *p, const struct raw_teller *raw, struct teller *to);
static void take_wanted(struct place *p, const struct raw_teller *raw, struct teller *to);
static const char *key_of(struct place *p, const char *name);

const struct teller *
tellers_take(struct settings *s, const struct raw_teller *raw, size_t count)
{
	struct teller *all = settings_new(s, count, sizeof(*all));
	struct place p = {.s = s};

	for (size_t i = 0; i < count; i++) {
		p.index = i;
		take_teller(&p, &raw[i], &all[i]);
		for (size_t j = 0; j < i && all[i].name != NULL; j++)
			if (all[j].name != NULL && strcmp(all[i].name, all[j].name) == 0)
				settings_fault(s, key_of(&p, ".name"),
				    "\"%s\": two are called \"%s\"; names must differ, as what was "
				    "delivered is kept by them",
				    p.key, all[i].name);
	}
	return all;
}

static void
take_teller(struct place *p, const struct raw_teller *raw, struct teller *to)
{
	to->name = raw->name;
	if (raw->name != NULL &&
	    (strlen(raw->name) > NAME_MAX_BYTES ||
		strspn(raw->name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(raw->name)))
		settings_fault(p->s, key_of(p, ".name"),
		    "\"%s\" must be 1 to %d of a to z, 0 to 9 and \"-\"; found \"%s\"", p->key,
		    NAME_MAX_BYTES, raw->name);
	take_form(p, raw, to);
	take_wanted(p, raw, to);
	to->timeout_s = TELLER_TIMEOUT_S;
	if (settings_has(p->s, key_of(p, ".timeout_s"))) {
		to->timeout_s = raw->timeout_s;
		if (raw->timeout_s < 1 || raw->timeout_s > TELLER_TIMEOUT_MOST)
			settings_fault(p->s, p->key, "\"%s\" must be 1 to %d; found %lu", p->key,
			    TELLER_TIMEOUT_MOST, (unsigned long)raw->timeout_s);
	}
}

static void
take_form(struct place *p, const struct raw_teller *raw, struct teller *to)
{
	const int forms = (raw->webhook != NULL) + (raw->command_count > 0) + (raw->syslog != NULL);

	if (forms != 1)
		settings_fault(p->s, key_of(p, ""),
		    "\"%s\" must have one of \"webhook\", \"command\" and \"syslog\"; found %s",
		    p->key, forms == 0 ? "none" : "several");
	else if (raw->webhook != NULL)
		to->form = TELLER_WEBHOOK;
	else
		to->form = raw->syslog != NULL ? TELLER_SYSLOG : TELLER_COMMAND;
	if (raw->webhook == NULL && (raw->secret != NULL || raw->ca != NULL))
		settings_fault(p->s, key_of(p, raw->secret != NULL ? ".secret" : ".ca"),
		    "\"%s\" is of a webhook, and this is none", p->key);
	take_webhook(p, raw, to);
	to->arguments = (const char *const *)raw->command;
	to->argument_count = raw->command_count;
	if (raw->command_count > 0)
		settings_program(p->s, key_of(p, ".command"), raw->command[0]);
	if (raw->syslog != NULL && raw->syslog[0] == '/')
		to->socket = raw->syslog;
	else if (raw->syslog != NULL)
		(void)settings_address(
		    p->s, key_of(p, ".syslog"), raw->syslog, true, &to->address, &to->port);
}

static void
take_webhook(struct place *p, const struct raw_teller *raw, struct teller *to)
{
	to->url = raw->webhook;
	if (raw->webhook == NULL)
		return;
	if (strncmp(raw->webhook, "https://", 8) != 0 && strncmp(raw->webhook, "http://", 7) != 0)
		settings_fault(p->s, key_of(p, ".webhook"),
		    "\"%s\" must begin with https:// (or http://, in the clear); found \"%s\"",
		    p->key, raw->webhook);
	if (raw->secret != NULL)
		to->secret = settings_secret_file(p->s, key_of(p, ".secret"), raw->secret);
	if (raw->ca != NULL)
		to->ca = settings_file(p->s, key_of(p, ".ca"), raw->ca);
}

/* Without `events` all are told. */
static void
take_wanted(struct place *p, const struct raw_teller *raw, struct teller *to)
{
	for (unsigned k = 0; raw->events_count == 0 && k < EVENT_KINDS; k++)
		to->wants[k] = true;
	for (size_t i = 0; i < raw->events_count; i++)
		to->wants[raw->events[i]] = true;
	to->workloads = (const char *const *)raw->workloads;
	to->workload_count = raw->workloads_count;
	for (size_t i = 0; i < raw->workloads_count; i++)
		if (glob_check(view_of_string(raw->workloads[i])) != ERR_OK)
			settings_fault(p->s, key_of(p, ".workloads"),
			    "\"%s\": a backslash must stand before *, ? or \\; found \"%s\"",
			    p->key, raw->workloads[i]);
}

static const char *
key_of(struct place *p, const char *name)
{
	return settings_entry_key(p->key, "tell", p->index, name);
}
