#include "config/yaml_fill.h"

#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"

static void fill_mapping(
    struct yaml_tree *t, const cyaml_schema_value_t *schema, struct yaml_node *n, uint8_t *to);
static void fill_list(
    struct yaml_tree *t, const cyaml_schema_field_t *field, struct yaml_node *n, uint8_t *to);
static void fill_value(
    struct yaml_tree *t, const cyaml_schema_value_t *schema, struct yaml_node *n, uint8_t *to);
static void put_number(uint8_t *to, size_t size, uint64_t number);
static uint64_t number_of(const cyaml_schema_value_t *schema, const struct yaml_node *n);

void *
yaml_fill(struct yaml_tree *t, const cyaml_schema_value_t *schema, struct yaml_node *n)
{
	if (n->filled == NULL) {
		n->filled = yaml_tree_memory(t, 1, schema->data_size);
		fill_mapping(t, schema, n, n->filled);
	}
	return n->filled;
}

/* By its keys: schemas have more than most mappings say. */
static void
fill_mapping(
    struct yaml_tree *t, const cyaml_schema_value_t *schema, struct yaml_node *n, uint8_t *to)
{
	for (size_t i = 0; i < n->count; i += 2) {
		const cyaml_schema_field_t *field = schema->mapping.fields;
		struct yaml_node *value = n->child[i + 1];

		if (value->faulty)
			continue;
		while (!view_equal(n->child[i]->text, view_of_string(field->key)))
			field++; /* the walk let none through that is not there */
		if (field->value.type == CYAML_SEQUENCE)
			fill_list(t, field, value, to);
		else
			fill_value(t, &field->value, value, to + field->data_offset);
	}
}

/* `to` is the struct that has the field. */
static void
fill_list(struct yaml_tree *t, const cyaml_schema_field_t *field, struct yaml_node *n, uint8_t *to)
{
	const cyaml_schema_value_t *entry = field->value.sequence.entry;
	const size_t size =
	    (entry->flags & CYAML_FLAG_POINTER) != 0 ? sizeof(void *) : entry->data_size;
	uint8_t *list = yaml_tree_memory(t, n->count, size);

	for (size_t i = 0; i < n->count; i++)
		fill_value(t, entry, n->child[i], list + i * size);
	memcpy(to + field->data_offset, &list, sizeof(list));
	put_number(to + field->count_offset, field->count_size, n->count);
}

static void
fill_value(
    struct yaml_tree *t, const cyaml_schema_value_t *schema, struct yaml_node *n, uint8_t *to)
{
	void *pointer;

	switch (schema->type) {
	case CYAML_MAPPING:
		if ((schema->flags & CYAML_FLAG_POINTER) == 0) {
			fill_mapping(t, schema, n, to);
			return;
		}
		pointer = yaml_fill(t, schema, n);
		memcpy(to, &pointer, sizeof(pointer));
		return;
	case CYAML_STRING:
		memcpy(to, &n->text.data, sizeof(n->text.data));
		return;
	default:
		put_number(to, schema->data_size, number_of(schema, n));
	}
}

static uint64_t
number_of(const cyaml_schema_value_t *schema, const struct yaml_node *n)
{
	uint64_t number = 0;
	uint32_t i = 0;

	switch (schema->type) {
	case CYAML_UINT:
		if (decimal_decode(n->text, &number) != ERR_OK)
			abort(); /* the walk let it through */
		return number;
	case CYAML_BOOL:
		return view_equal(n->text, VIEW_LITERAL("true"));
	case CYAML_ENUM:
		while (i < schema->enumeration.count &&
		       !view_equal(n->text, view_of_string(schema->enumeration.strings[i].str)))
			i++;
		if (i == schema->enumeration.count)
			abort(); /* the same */
		return (uint64_t)schema->enumeration.strings[i].val;
	default:
		abort(); /* the walk knows no other */
	}
}

/* Into a member of that many bytes, which a number of the schema fits in. */
static void
put_number(uint8_t *to, size_t size, uint64_t number)
{
	const uint8_t u8 = (uint8_t)number;
	const uint16_t u16 = (uint16_t)number;
	const uint32_t u32 = (uint32_t)number;

	switch (size) {
	case sizeof(u8):
		memcpy(to, &u8, sizeof(u8));
		return;
	case sizeof(u16):
		memcpy(to, &u16, sizeof(u16));
		return;
	case sizeof(u32):
		memcpy(to, &u32, sizeof(u32));
		return;
	case sizeof(number):
		memcpy(to, &number, sizeof(number));
		return;
	default:
		abort();
	}
}
