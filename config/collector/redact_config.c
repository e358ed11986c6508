#include "config/collector/redact_config.h"

#include <stdio.h>
#include <string.h>

#include "proto/glob.h"

#define RULE_FIXED_SIZE 32 /* bytes: header, "fact ", " value " */

#define TEXT(key, flags) SETTINGS_TEXT(#key, flags, struct raw_redact, key, REDACT_PATTERN_MAX)
static const cyaml_schema_field_t redact_fields[] = {
    TEXT(kind, SETTINGS_REQUIRED),
    TEXT(path, SETTINGS_OPTIONAL),
    TEXT(fact, SETTINGS_OPTIONAL),
    TEXT(value, SETTINGS_OPTIONAL),
    TEXT(after, SETTINGS_OPTIONAL),
    CYAML_FIELD_END,
};
#undef TEXT

const cyaml_schema_value_t redact_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_redact, redact_fields),
};

static const char *fault_of(const struct raw_redact *raw, enum component_kind *kind);
static bool is_pattern(const char *text);
static size_t size_of(const char *text);

void
redact_take(struct settings *s, const struct raw_redact *raw, size_t count, size_t index,
    struct collector_workload *w)
{
	struct collector_redact *list = settings_new(s, count, sizeof(*list));
	char key[SETTINGS_ENTRY_KEY_MAX], rest[32];
	const char *wrong;
	size_t size = 0;

	for (size_t i = 0; i < count; i++) {
		list[i] = (struct collector_redact){.path = raw[i].path,
		    .fact = raw[i].fact,
		    .value = raw[i].value,
		    .after = raw[i].after};
		size += RULE_FIXED_SIZE + size_of(raw[i].path) + size_of(raw[i].fact) +
			size_of(raw[i].value) + size_of(raw[i].after);
		if (raw[i].kind == NULL)
			continue;
		(void)snprintf(rest, sizeof(rest), ".redact[%zu]", i);
		if ((wrong = fault_of(&raw[i], &list[i].kind)) != NULL)
			settings_fault(s, settings_entry_key(key, "workloads", index, rest),
			    "\"%s\" %s", key, wrong);
	}
	(void)settings_entry_key(key, "workloads", index, ".redact");
	if (size > REDACT_MADE_SIZE_MAX)
		settings_fault(s, key,
		    "\"%s\" must not take more than %d bytes together, each rule with its patterns "
		    "and %d more; found %zu",
		    key, REDACT_MADE_SIZE_MAX, RULE_FIXED_SIZE, size);
	if (count > 0 && w->redaction_key == NULL)
		settings_fault(s, key,
		    "\"%s\" needs a key under which values are hidden: name its file under "
		    "\"redaction_key\"",
		    key);
	w->redact = list;
	w->redact_count = count;
}

/* NULL: none. */
static const char *
fault_of(const struct raw_redact *raw, enum component_kind *kind)
{
	bool files;

	if (component_kind_from_name(view_of_string(raw->kind), kind) != ERR_OK ||
	    *kind == COMPONENT_UNMEASURED)
		return "has a \"kind\" that is none of those under \"measure\"";
	files = component_kind_shape(*kind) == COMPONENT_SHAPE_FILE;
	if (files &&
	    (raw->path == NULL || raw->fact != NULL || raw->value != NULL || raw->after != NULL))
		return "is about files: it needs \"path\", and nothing else beside \"kind\"";
	if (!files && (raw->fact == NULL || raw->path != NULL))
		return "is about facts: it needs \"fact\", and no \"path\"";
	if (raw->value != NULL && raw->after != NULL)
		return "must have one of \"value\" and \"after\"; write two rules";
	if (raw->fact != NULL && strchr(raw->fact, ' ') != NULL)
		return "has a space in \"fact\", and no fact's name has";
	if (!is_pattern(raw->path) || !is_pattern(raw->fact) || !is_pattern(raw->value) ||
	    !is_pattern(raw->after))
		return "has a pattern with a \"\\\" that is not before \"*\", \"?\" or \"\\\"";
	return NULL;
}

static bool
is_pattern(const char *text)
{
	return text == NULL || glob_check(view_of_string(text)) == ERR_OK;
}

static size_t
size_of(const char *text)
{
	return text != NULL ? strlen(text) : 0;
}
