#include "policy/compile/policy_outcomes.h"

#include <stdio.h>
#include <string.h>

#include "policy/compile/policy_schema.h"

static bool find(const struct yaml_file *f, const cyaml_schema_value_t *schema, char *key);
static bool find_in_mapping(
    const struct yaml_file *f, const cyaml_schema_value_t *schema, char *key);
static bool find_in_list(const struct yaml_file *f, const cyaml_schema_value_t *schema, char *key);

void
policy_outcomes_explain(struct draft *d)
{
	char key[DRAFT_KEY_MAX] = "";

	/* Whoever has written a good policy is not to wait for this. */
	if (d->faults->count == 0 || !find(d->policy->yaml, policy_form.whole, key))
		return;
	draft_fault(d, key,
	    "\"%s\": no outcome overlooks what was found, and with \"none\" the report is not "
	    "affirming either. Name what is to be accepted: a file under \"except\", a value under "
	    "\"allow\" of its fact, what is not looked at under \"excludes\" or \"options\"; what "
	    "is "
	    "only to be kept stands in \"recorded\", without a rule",
	    key);
}

/* `key` is where the value stands; it becomes where the outcome does. */
static bool
find(const struct yaml_file *f, const cyaml_schema_value_t *schema, char *key)
{
	switch (schema->type) {
	case CYAML_MAPPING:
		return find_in_mapping(f, schema, key);
	case CYAML_SEQUENCE:
		return find_in_list(f, schema, key);
	case CYAML_ENUM:
		return policy_schema_is_outcome(schema) && !yaml_file_has(f, key);
	default:
		return false;
	}
}

static bool
find_in_mapping(const struct yaml_file *f, const cyaml_schema_value_t *schema, char *key)
{
	const size_t size = strlen(key);

	for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key != NULL;
	     field++) {
		(void)snprintf(
		    key + size, DRAFT_KEY_MAX - size, "%s%s", size > 0 ? "." : "", field->key);
		if (yaml_file_line(f, key) > 0 && find(f, &field->value, key))
			return true;
	}
	key[size] = '\0';
	return false;
}

static bool
find_in_list(const struct yaml_file *f, const cyaml_schema_value_t *schema, char *key)
{
	const size_t size = strlen(key);

	for (size_t i = 0;; i++) {
		(void)snprintf(key + size, DRAFT_KEY_MAX - size, "[%zu]", i);
		if (yaml_file_line(f, key) == 0)
			break;
		if (find(f, schema->sequence.entry, key))
			return true;
	}
	key[size] = '\0';
	return false;
}
