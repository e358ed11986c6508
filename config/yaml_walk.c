#include "config/yaml_walk.h"

#include <stdlib.h>
#include <string.h>

#include "config/nearest.h"
#include "proto/encoding.h"
#include "proto/text.h"

#define SHOWN_MAX 80 /* bytes of a value or a list of keys inside a fault */

struct walk {
	struct faults *faults;
	enum yaml_extent extent;
	struct buf path; /* a string, made where a fault needs it */
};

static bool walk_value(struct walk *w, const cyaml_schema_value_t *schema, struct yaml_node *n);
static bool walk_mapping(struct walk *w, const cyaml_schema_value_t *schema, struct yaml_node *n);
static void walk_pair(struct walk *w, const cyaml_schema_value_t *schema, struct yaml_node *key,
    struct yaml_node *value, uint64_t *seen);
static bool walk_list(struct walk *w, const cyaml_schema_value_t *schema, struct yaml_node *n);
static bool walk_scalar(
    struct walk *w, const cyaml_schema_value_t *schema, const struct yaml_node *n);
static bool check_string(
    struct walk *w, const cyaml_schema_value_t *schema, const struct yaml_node *n);
static bool check_number(
    struct walk *w, const cyaml_schema_value_t *schema, const struct yaml_node *n);
static bool check_boolean(struct walk *w, const struct yaml_node *n);
static bool check_enumeration(
    struct walk *w, const cyaml_schema_value_t *schema, const struct yaml_node *n);
static void fault_unknown_key(
    struct walk *w, const cyaml_schema_field_t *fields, const struct yaml_node *key);
static void fault_missing_key(struct walk *w, const char *key, const struct yaml_node *n);
static bool fault_type(struct walk *w, const char *expected, const struct yaml_node *n);
static bool fault_mended(
    struct walk *w, const char *expected, const struct yaml_node *n, const char *mend);
static const char *shown(struct view text, struct buf *to);
static const char *path_of(struct walk *w, const struct yaml_node *n);

bool
yaml_walk(struct yaml_node *n, const cyaml_schema_value_t *schema, enum yaml_extent extent,
    struct faults *faults)
{
	struct walk w = {.faults = faults, .extent = extent, .path = BUF_INIT};
	const bool good = walk_value(&w, schema, n);

	buf_free(&w.path);
	return good;
}

/* Returns whether the value can be used. */
static bool
walk_value(struct walk *w, const cyaml_schema_value_t *schema, struct yaml_node *n)
{
	bool good;

	if (n->faulty || n->checked)
		return !n->faulty;
	if (schema->type == CYAML_MAPPING)
		good = n->shape == YAML_SHAPE_MAPPING ? walk_mapping(w, schema, n)
						      : fault_type(w, "a mapping of keys", n);
	else if (schema->type == CYAML_SEQUENCE)
		good = n->shape == YAML_SHAPE_LIST
			   ? walk_list(w, schema, n)
			   : fault_mended(w, "a list", n,
				 n->shape == YAML_SHAPE_SCALAR && n->text.size > 0
				     ? "; of one entry, too: put [ and ] around it"
				     : "");
	else
		good = walk_scalar(w, schema, n);
	n->faulty = !good || n->marked || n->cut;
	n->checked = w->extent == YAML_WHOLE;
	return !n->faulty;
}

static bool
walk_mapping(struct walk *w, const cyaml_schema_value_t *schema, struct yaml_node *n)
{
	const cyaml_schema_field_t *fields = schema->mapping.fields;
	uint64_t seen = 0;

	for (size_t i = 0; i < n->count; i += 2)
		walk_pair(w, schema, n->child[i], n->child[i + 1], &seen);
	if (n->cut || w->extent == YAML_PART)
		return true;
	for (size_t i = 0; fields[i].key != NULL; i++)
		if ((seen & 1ULL << i) == 0 && (fields[i].value.flags & CYAML_FLAG_OPTIONAL) == 0)
			fault_missing_key(w, fields[i].key, n);
	return true;
}

/* One key and its value; a pair with a fault is left out. */
static void
walk_pair(struct walk *w, const cyaml_schema_value_t *schema, struct yaml_node *key,
    struct yaml_node *value, uint64_t *seen)
{
	const cyaml_schema_field_t *fields = schema->mapping.fields;
	size_t i = 0;

	if (key->faulty)
		return;
	if (key->shape == YAML_SHAPE_SCALAR)
		while (
		    fields[i].key != NULL && !view_equal(key->text, view_of_string(fields[i].key)))
			i++;
	if (i >= 64)
		abort(); /* `seen` has no room for the schema */
	if (key->shape != YAML_SHAPE_SCALAR) {
		(void)fault_type(w, "a key", key);
	} else if (fields[i].key == NULL) {
		fault_unknown_key(w, fields, key);
	} else if ((*seen & 1ULL << i) != 0) {
		faults_add(w->faults, key->file, key->line,
		    "key \"%s\" stands twice; take one of them out", fields[i].key);
	} else {
		*seen |= 1ULL << i;
		(void)walk_value(w, &fields[i].value, value);
		value->faulty = value->faulty || key->marked;
		return;
	}
	key->faulty = value->faulty = true;
}

/* A list with a faulty entry is left out whole, so that the places of the others do not move. */
static bool
walk_list(struct walk *w, const cyaml_schema_value_t *schema, struct yaml_node *n)
{
	bool all_good = true;

	for (size_t i = 0; i < n->count; i++)
		all_good = walk_value(w, schema->sequence.entry, n->child[i]) && all_good;
	if (n->cut || (n->count >= schema->sequence.min && n->count <= schema->sequence.max))
		return all_good;
	faults_add(w->faults, n->file, n->line, "\"%s\" must have %u to %u entries, found %zu",
	    path_of(w, n), schema->sequence.min, schema->sequence.max, n->count);
	return false;
}

static bool
walk_scalar(struct walk *w, const cyaml_schema_value_t *schema, const struct yaml_node *n)
{
	switch (schema->type) {
	case CYAML_STRING:
		return check_string(w, schema, n);
	case CYAML_UINT:
		return check_number(w, schema, n);
	case CYAML_BOOL:
		return check_boolean(w, n);
	case CYAML_ENUM:
		return check_enumeration(w, schema, n);
	default:
		abort(); /* one of our schemas uses a type that is not known here */
	}
}

static bool
check_string(struct walk *w, const cyaml_schema_value_t *schema, const struct yaml_node *n)
{
	static const char *const nothing[] = {"", "~", "null", "Null", "NULL"};
	bool good = n->shape == YAML_SHAPE_SCALAR;

	for (size_t i = 0; good && n->plain && i < sizeof(nothing) / sizeof(nothing[0]); i++)
		good = !view_equal(n->text, view_of_string(nothing[i]));
	if (!good)
		return fault_type(w, "text", n);
	if (n->text.size < schema->string.min || n->text.size > schema->string.max) {
		faults_add(w->faults, n->file, n->line,
		    "\"%s\" must be text of %u to %u bytes, found %zu", path_of(w, n),
		    schema->string.min, schema->string.max, n->text.size);
		return false;
	}
	if (!text_is_printable(n->text, true)) {
		struct buf found = BUF_INIT;

		faults_add(w->faults, n->file, n->line,
		    "\"%s\" must be text without control or invisible characters, found \"%s\"",
		    path_of(w, n), shown(n->text, &found));
		buf_free(&found);
		return false;
	}
	return true;
}

static bool
check_number(struct walk *w, const cyaml_schema_value_t *schema, const struct yaml_node *n)
{
	const uint64_t most = UINT64_MAX >> (64 - 8 * schema->data_size);
	uint64_t number;

	if (n->shape != YAML_SHAPE_SCALAR || !n->plain ||
	    decimal_decode(n->text, &number) != ERR_OK)
		return fault_type(w, "a whole number in decimal", n);
	if (number <= most)
		return true;
	faults_add(w->faults, n->file, n->line, "\"%s\" must be at most %llu, found %llu",
	    path_of(w, n), (unsigned long long)most, (unsigned long long)number);
	return false;
}

static bool
check_boolean(struct walk *w, const struct yaml_node *n)
{
	return (n->shape == YAML_SHAPE_SCALAR && n->plain &&
		   (view_equal(n->text, VIEW_LITERAL("true")) ||
		       view_equal(n->text, VIEW_LITERAL("false")))) ||
	       fault_type(w, "true or false", n);
}

static bool
check_enumeration(struct walk *w, const cyaml_schema_value_t *schema, const struct yaml_node *n)
{
	char question[NEAREST_QUESTION_SIZE];
	struct buf expected = BUF_INIT;
	struct nearest nearest;

	for (uint32_t i = 0; i < schema->enumeration.count; i++)
		if (n->shape == YAML_SHAPE_SCALAR &&
		    view_equal(n->text, view_of_string(schema->enumeration.strings[i].str)))
			return true;
	nearest_begin(&nearest, n->shape == YAML_SHAPE_SCALAR ? n->text : (struct view){NULL, 0});
	for (uint32_t i = 0; i < schema->enumeration.count; i++) {
		nearest_offer(&nearest, schema->enumeration.strings[i].str);
		buf_append_format(&expected, "%s%s", i == 0 ? "one of " : ", ",
		    schema->enumeration.strings[i].str);
	}
	buf_append_byte(&expected, 0);
	if (buf_status(&expected) != ERR_OK)
		abort();
	(void)fault_mended(w, (char *)expected.data, n,
	    n->shape == YAML_SHAPE_SCALAR ? nearest_question(&nearest, question) : "");
	buf_free(&expected);
	return false;
}

static void
fault_unknown_key(struct walk *w, const cyaml_schema_field_t *fields, const struct yaml_node *key)
{
	const char *path = path_of(w, key);
	const bool top = path[0] == '\0';
	const char *near = NULL;
	struct nearest nearest;
	struct buf found = BUF_INIT;

	nearest_begin(&nearest, key->text);
	for (size_t i = 0; fields[i].key != NULL; i++)
		nearest_offer(&nearest, fields[i].key);
	near = nearest_found(&nearest);
	faults_add(w->faults, key->file, key->line, "unknown key \"%s\"%s%s%s; %s%s%s",
	    shown(key->text, &found), top ? "" : " in \"", top ? "" : path, top ? "" : "\"",
	    near != NULL ? "did you mean \"" : "the sample file lists all keys",
	    near != NULL ? near : "", near != NULL ? "\"?" : "");
	buf_free(&found);
}

static void
fault_missing_key(struct walk *w, const char *key, const struct yaml_node *n)
{
	const char *path = path_of(w, n);

	faults_add(w->faults, n->file, n->line, "key \"%s%s%s\" is missing; it has no default",
	    path, path[0] != '\0' ? "." : "", key);
}

/* Always false. */
static bool
fault_type(struct walk *w, const char *expected, const struct yaml_node *n)
{
	return fault_mended(w, expected, n, "");
}

/* The same, with what may have been meant behind it. */
static bool
fault_mended(struct walk *w, const char *expected, const struct yaml_node *n, const char *mend)
{
	const char *path = path_of(w, n);
	const bool top = path[0] == '\0';
	struct buf found = BUF_INIT;
	const char *what = "a list";

	if (n->shape == YAML_SHAPE_MAPPING)
		what = "a mapping";
	else if (n->shape == YAML_SHAPE_ALIAS)
		what = "an alias, which is not allowed";
	else if (n->shape == YAML_SHAPE_SCALAR && n->text.size == 0 && n->plain)
		what = "nothing";
	else if (n->shape == YAML_SHAPE_SCALAR && top)
		what =
		    "text"; /* somebody may have named a PIN's or a key's file: it is not quoted */
	else if (n->shape == YAML_SHAPE_SCALAR)
		what = NULL;
	faults_add(w->faults, n->file, n->line, "%s%s%s must be %s, found %s%s%s%s",
	    top ? "" : "\"", top ? "the file" : path, top ? "" : "\"", expected,
	    what == NULL ? "\"" : "", what == NULL ? shown(n->text, &found) : what,
	    what == NULL ? "\"" : "", mend);
	buf_free(&found);
	return false;
}

static const char *
shown(struct view text, struct buf *to)
{
	text_append_printable(to, text, SHOWN_MAX);
	buf_append_byte(to, 0);
	if (buf_status(to) != ERR_OK)
		abort();
	return (char *)to->data;
}

/* Such as "tls.key" or "workloads[2].match"; empty for all of a file. */
static const char *
path_of(struct walk *w, const struct yaml_node *n)
{
	buf_clear(&w->path);
	yaml_node_path(n, &w->path);
	buf_append_byte(&w->path, 0);
	if (buf_status(&w->path) != ERR_OK)
		abort();
	return (char *)w->path.data;
}
