#include "config/yaml_relax.h"

#include <stdlib.h>

struct block {
	struct block *next;
};

struct yaml_relaxed {
	cyaml_schema_value_t schema;
	struct block *blocks; /* all that was allocated for the copy */
};

static void relax_value(struct yaml_relaxed *r, cyaml_schema_value_t *value);
static void *block_new(struct yaml_relaxed *r, size_t size);

struct yaml_relaxed *
yaml_relax(const cyaml_schema_value_t *schema)
{
	struct yaml_relaxed *r = calloc(1, sizeof(*r));

	if (r == NULL)
		abort();
	r->schema = *schema;
	relax_value(r, &r->schema);
	return r;
}

const cyaml_schema_value_t *
yaml_relaxed_schema(const struct yaml_relaxed *r)
{
	return &r->schema;
}

void
yaml_relaxed_free(struct yaml_relaxed **r)
{
	if (*r == NULL)
		return;
	for (struct block *b = (*r)->blocks, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(*r);
	*r = NULL;
}

/* `value` is ours; what it points to is not yet. */
static void
relax_value(struct yaml_relaxed *r, cyaml_schema_value_t *value)
{
	if (value->type == CYAML_SEQUENCE) {
		cyaml_schema_value_t *entry = block_new(r, sizeof(*entry));

		*entry = *value->sequence.entry;
		relax_value(r, entry);
		value->sequence.entry = entry;
		value->sequence.min = 0;
	} else if (value->type == CYAML_MAPPING) {
		const cyaml_schema_field_t *fields = value->mapping.fields;
		cyaml_schema_field_t *copy;
		size_t count = 0;

		while (fields[count].key != NULL)
			count++;
		copy = block_new(r, (count + 1) * sizeof(*copy));
		for (size_t i = 0; i < count; i++) {
			copy[i] = fields[i];
			copy[i].value.flags |= CYAML_FLAG_OPTIONAL;
			relax_value(r, &copy[i].value);
		}
		copy[count] = (cyaml_schema_field_t)CYAML_FIELD_END;
		value->mapping.fields = copy;
	}
}

static void *
block_new(struct yaml_relaxed *r, size_t size)
{
	/* The payload behind the link keeps the alignment of the link. */
	struct block *b = calloc(1, sizeof(*b) + size);

	if (b == NULL)
		abort();
	b->next = r->blocks;
	r->blocks = b;
	return b + 1;
}
