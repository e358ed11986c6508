#include "config/yaml_walk.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "config/nearest.h"
#include "proto/encoding.h"
#include "proto/text.h"

#define SHOWN_MAX 80 /* bytes of a value or a list of keys inside a fault */

struct walk {
	yaml_parser_t parser;
	const char *file;
	struct faults *faults;
	yaml_walk_key *on_key;
	void *context;
	struct buf path;   /* of the key that is being read, a string */
	struct buf *clean; /* JSON of what was good */
	struct view bytes; /* of the file */
	unsigned depth;
	bool lost; /* the parser cannot go on, or is not allowed to */
};

/* libyaml's event with what this walk needs of it; `text` lives until event_done. */
struct event {
	yaml_event_t raw;
	unsigned line;
	struct view text; /* of a scalar */
	bool plain;       /* a scalar without quotes */
	bool bad;         /* had an anchor or a tag: its fault is noted */
};

static bool walk_document(struct walk *w, const cyaml_schema_value_t *schema);
static bool walk_value(struct walk *w, const cyaml_schema_value_t *schema, struct event *e);
static bool walk_mapping(struct walk *w, const cyaml_schema_value_t *schema, unsigned line);
static void walk_pair(
    struct walk *w, const cyaml_schema_value_t *schema, const struct event *key, uint64_t *seen);
static bool walk_sequence(struct walk *w, const cyaml_schema_value_t *schema, unsigned line);
static bool walk_scalar(struct walk *w, const cyaml_schema_value_t *schema, const struct event *e);
static bool take_string(struct walk *w, const cyaml_schema_value_t *schema, const struct event *e);
static bool take_number(struct walk *w, const cyaml_schema_value_t *schema, const struct event *e);
static bool take_boolean(struct walk *w, const struct event *e);
static bool take_enumeration(
    struct walk *w, const cyaml_schema_value_t *schema, const struct event *e);
static bool event_next(struct walk *w, struct event *e);
static unsigned problem_line(const struct walk *w);
static void event_done(struct event *e);
static void skip(struct walk *w, const struct event *begun);
static void fault_unknown_key(
    struct walk *w, const cyaml_schema_field_t *fields, const struct event *key);
static void fault_missing_key(struct walk *w, const char *key, unsigned line);
static bool fault_type(struct walk *w, const char *expected, const struct event *e);
static const char *shown(struct view text, struct buf *to);
static size_t path_push(struct walk *w, const char *key);
static void path_pop(struct walk *w, size_t size);

bool
yaml_walk(const char *file, struct view bytes, const cyaml_schema_value_t *schema,
    struct faults *faults, yaml_walk_key *on_key, void *context, struct buf *clean)
{
	struct walk w = {
	    .file = file,
	    .faults = faults,
	    .on_key = on_key,
	    .context = context,
	    .path = BUF_INIT,
	    .clean = clean,
	    .bytes = bytes,
	};
	bool good;

	if (!yaml_parser_initialize(&w.parser))
		abort(); /* for want of memory, at start */
	yaml_parser_set_encoding(&w.parser, YAML_UTF8_ENCODING);
	/* libyaml asserts that there is an address, also of nothing. */
	yaml_parser_set_input_string(
	    &w.parser, bytes.size > 0 ? bytes.data : (const uint8_t *)"", bytes.size);
	good = walk_document(&w, schema) && !w.lost;
	yaml_parser_delete(&w.parser);
	if (buf_status(&w.path) != ERR_OK || buf_status(clean) != ERR_OK)
		abort();
	buf_free(&w.path);
	return good;
}

static bool
walk_document(struct walk *w, const cyaml_schema_value_t *schema)
{
	struct event e;
	bool good = false;

	path_pop(w, 0);
	for (;;) {
		if (!event_next(w, &e))
			return false;
		if (e.raw.type != YAML_STREAM_START_EVENT &&
		    e.raw.type != YAML_DOCUMENT_START_EVENT)
			break;
		event_done(&e);
	}
	if (e.raw.type == YAML_STREAM_END_EVENT)
		faults_add(
		    w->faults, w->file, 0, "the file is empty; the samples show what it needs");
	else
		good = walk_value(w, schema, &e);
	event_done(&e);
	if (!good || w->lost)
		return false;
	if (!event_next(w, &e)) /* end of the document */
		return false;
	event_done(&e);
	if (!event_next(w, &e))
		return false;
	if (e.raw.type != YAML_STREAM_END_EVENT)
		faults_add(w->faults, w->file, e.line,
		    "a second document begins here; a file holds one: take out the \"---\"");
	event_done(&e);
	return true;
}

/* Returns whether `clean` holds the value now. Takes all events of the value, good or not. */
static bool
walk_value(struct walk *w, const cyaml_schema_value_t *schema, struct event *e)
{
	bool good;

	if (schema->type == CYAML_MAPPING) {
		if (e->raw.type != YAML_MAPPING_START_EVENT)
			return fault_type(w, "a mapping of keys", e);
	} else if (schema->type == CYAML_SEQUENCE) {
		if (e->raw.type != YAML_SEQUENCE_START_EVENT)
			return fault_type(w, "a list", e);
	} else {
		return walk_scalar(w, schema, e);
	}
	if (++w->depth > YAML_DEPTH_MAX) {
		faults_add(w->faults, w->file, e->line, "nested more than %d deep", YAML_DEPTH_MAX);
		w->lost = true;
		return false;
	}
	good = schema->type == CYAML_MAPPING ? walk_mapping(w, schema, e->line)
					     : walk_sequence(w, schema, e->line);
	w->depth--;
	return good && !e->bad;
}

static bool
walk_mapping(struct walk *w, const cyaml_schema_value_t *schema, unsigned line)
{
	const cyaml_schema_field_t *fields = schema->mapping.fields;
	uint64_t seen = 0;
	struct event e;

	buf_append_byte(w->clean, '{');
	for (;;) {
		if (!event_next(w, &e))
			return false;
		if (e.raw.type == YAML_MAPPING_END_EVENT)
			break;
		walk_pair(w, schema, &e, &seen);
		event_done(&e);
		if (w->lost)
			return false;
	}
	event_done(&e);
	buf_append_byte(w->clean, '}');
	for (size_t i = 0; fields[i].key != NULL; i++)
		if ((seen & 1ULL << i) == 0 && (fields[i].value.flags & CYAML_FLAG_OPTIONAL) == 0)
			fault_missing_key(w, fields[i].key, line);
	return true;
}

/* One key and its value; a pair with a fault leaves nothing in `clean`. */
static void
walk_pair(
    struct walk *w, const cyaml_schema_value_t *schema, const struct event *key, uint64_t *seen)
{
	const cyaml_schema_field_t *fields = schema->mapping.fields;
	const size_t clean_begun = w->clean->size;
	const size_t path_begun = w->path.size - 1;
	struct event value;
	size_t i = 0;
	bool known = false, good;

	if (key->raw.type == YAML_SCALAR_EVENT) {
		while (
		    fields[i].key != NULL && !view_equal(key->text, view_of_string(fields[i].key)))
			i++;
		known = fields[i].key != NULL;
		if (!known)
			fault_unknown_key(w, fields, key);
	} else {
		(void)fault_type(w, "a key", key);
	}
	if (i >= 64)
		abort(); /* `seen` has no room for the schema */
	if (!event_next(w, &value))
		return;
	if (known && (*seen & 1ULL << i) != 0) {
		faults_add(w->faults, w->file, key->line,
		    "key \"%s\" stands twice; take one of them out", fields[i].key);
		known = false;
	}
	if (known) {
		*seen |= 1ULL << i;
		path_push(w, fields[i].key);
		json_append_string(w->clean, key->text);
		buf_append_byte(w->clean, ':');
		good = walk_value(w, &fields[i].value, &value) && !key->bad;
		w->on_key(w->context, (char *)w->path.data, key->line, good);
		if (good)
			buf_append_byte(w->clean, ',');
		else
			w->clean->size = clean_begun;
		path_pop(w, path_begun);
	} else {
		skip(w, &value);
	}
	event_done(&value);
}

/* A list with a faulty entry is left out whole, so that the places of the others do not move. */
static bool
walk_sequence(struct walk *w, const cyaml_schema_value_t *schema, unsigned line)
{
	const size_t path_begun = w->path.size - 1;
	struct event e;
	char place[24];
	bool all_good = true, good;
	size_t count;

	buf_append_byte(w->clean, '[');
	for (count = 0;; count++) {
		if (!event_next(w, &e))
			return false;
		if (e.raw.type == YAML_SEQUENCE_END_EVENT)
			break;
		snprintf(place, sizeof(place), "[%zu]", count);
		path_push(w, place);
		good = walk_value(w, schema->sequence.entry, &e);
		w->on_key(w->context, (char *)w->path.data, e.line, good);
		all_good = all_good && good;
		buf_append_byte(w->clean, ',');
		path_pop(w, path_begun);
		event_done(&e);
		if (w->lost)
			return false;
	}
	event_done(&e);
	buf_append_byte(w->clean, ']');
	if (count < schema->sequence.min || count > schema->sequence.max) {
		faults_add(w->faults, w->file, line, "\"%s\" must have %u to %u entries, found %zu",
		    (char *)w->path.data, schema->sequence.min, schema->sequence.max, count);
		return false;
	}
	return all_good;
}

static bool
walk_scalar(struct walk *w, const cyaml_schema_value_t *schema, const struct event *e)
{
	switch (schema->type) {
	case CYAML_STRING:
		return take_string(w, schema, e);
	case CYAML_UINT:
		return take_number(w, schema, e);
	case CYAML_BOOL:
		return take_boolean(w, e);
	case CYAML_ENUM:
		return take_enumeration(w, schema, e);
	default:
		abort(); /* one of our schemas uses a type that is not known here */
	}
}

static bool
take_string(struct walk *w, const cyaml_schema_value_t *schema, const struct event *e)
{
	static const char *const nothing[] = {"", "~", "null", "Null", "NULL"};
	bool good = e->raw.type == YAML_SCALAR_EVENT;

	for (size_t i = 0; good && e->plain && i < sizeof(nothing) / sizeof(nothing[0]); i++)
		good = !view_equal(e->text, view_of_string(nothing[i]));
	if (!good)
		return fault_type(w, "text", e);
	if (e->text.size < schema->string.min || e->text.size > schema->string.max) {
		faults_add(w->faults, w->file, e->line,
		    "\"%s\" must be text of %u to %u bytes, found %zu", (char *)w->path.data,
		    schema->string.min, schema->string.max, e->text.size);
		return false;
	}
	if (!text_is_printable(e->text, true)) {
		struct buf found = BUF_INIT;

		faults_add(w->faults, w->file, e->line,
		    "\"%s\" must be text without control or invisible characters, found \"%s\"",
		    (char *)w->path.data, shown(e->text, &found));
		buf_free(&found);
		return false;
	}
	json_append_string(w->clean, e->text);
	return !e->bad;
}

static bool
take_number(struct walk *w, const cyaml_schema_value_t *schema, const struct event *e)
{
	const uint64_t most = UINT64_MAX >> (64 - 8 * schema->data_size);
	uint64_t number;

	if (e->raw.type != YAML_SCALAR_EVENT || !e->plain ||
	    decimal_decode(e->text, &number) != ERR_OK)
		return fault_type(w, "a whole number in decimal", e);
	if (number > most) {
		faults_add(w->faults, w->file, e->line, "\"%s\" must be at most %llu, found %llu",
		    (char *)w->path.data, (unsigned long long)most, (unsigned long long)number);
		return false;
	}
	buf_append_decimal(w->clean, number);
	return !e->bad;
}

static bool
take_boolean(struct walk *w, const struct event *e)
{
	if (e->raw.type != YAML_SCALAR_EVENT || !e->plain ||
	    (!view_equal(e->text, VIEW_LITERAL("true")) &&
		!view_equal(e->text, VIEW_LITERAL("false"))))
		return fault_type(w, "true or false", e);
	buf_append_view(w->clean, e->text);
	return !e->bad;
}

static bool
take_enumeration(struct walk *w, const cyaml_schema_value_t *schema, const struct event *e)
{
	struct buf expected = BUF_INIT;

	for (uint32_t i = 0; i < schema->enumeration.count; i++) {
		const char *name = schema->enumeration.strings[i].str;

		if (e->raw.type == YAML_SCALAR_EVENT && view_equal(e->text, view_of_string(name))) {
			buf_free(&expected);
			json_append_string(w->clean, e->text);
			return !e->bad;
		}
		buf_append_format(&expected, "%s%s", i == 0 ? "one of " : ", ", name);
	}
	buf_append_byte(&expected, 0);
	if (buf_status(&expected) != ERR_OK)
		abort();
	(void)fault_type(w, (char *)expected.data, e);
	buf_free(&expected);
	return false;
}

/* False at a fault of syntax: then the parser cannot go on, and `lost` is set. */
static bool
event_next(struct walk *w, struct event *e)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;
	struct buf found = BUF_INIT;

	if (w->lost)
		return false;
	*e = (struct event){0};
	if (!yaml_parser_parse(&w->parser, &e->raw)) {
		faults_add(w->faults, w->file, problem_line(w), "not valid YAML: %s%s%s",
		    w->parser.problem != NULL ? w->parser.problem : "no memory",
		    w->parser.context != NULL ? ", " : "",
		    w->parser.context != NULL ? w->parser.context : "");
		w->lost = true;
		return false;
	}
	e->line = (unsigned)e->raw.start_mark.line + 1;
	switch (e->raw.type) {
	case YAML_SCALAR_EVENT:
		anchor = e->raw.data.scalar.anchor;
		tag = e->raw.data.scalar.tag;
		e->text = (struct view){e->raw.data.scalar.value, e->raw.data.scalar.length};
		e->plain = e->raw.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = e->raw.data.sequence_start.anchor;
		tag = e->raw.data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = e->raw.data.mapping_start.anchor;
		tag = e->raw.data.mapping_start.tag;
		break;
	default:
		break;
	}
	if (anchor != NULL)
		faults_add(w->faults, w->file, e->line,
		    "anchor \"&%s\" is not allowed; write the value out where it is used",
		    shown(view_of_string((const char *)anchor), &found));
	buf_clear(&found);
	if (tag != NULL)
		faults_add(w->faults, w->file, e->line, "tag \"%s\" is not allowed; take it out",
		    shown(view_of_string((const char *)tag), &found));
	e->bad = anchor != NULL || tag != NULL;
	buf_free(&found);
	return true;
}

/* A byte that no YAML may have is met before lines are counted: libyaml knows its place only. */
static unsigned
problem_line(const struct walk *w)
{
	size_t line = w->parser.problem_mark.line;

	if (w->parser.error == YAML_READER_ERROR && w->parser.problem_offset <= w->bytes.size) {
		line = 0;
		for (size_t i = 0; i < w->parser.problem_offset; i++)
			line += w->bytes.data[i] == '\n';
	}
	return line >= UINT_MAX ? 0 : (unsigned)line + 1;
}

static void
event_done(struct event *e)
{
	yaml_event_delete(&e->raw);
	e->text = (struct view){NULL, 0};
}

/* Takes the rest of the value that `begun` begins. */
static void
skip(struct walk *w, const struct event *begun)
{
	unsigned open = begun->raw.type == YAML_MAPPING_START_EVENT ||
			begun->raw.type == YAML_SEQUENCE_START_EVENT;
	struct event e;

	while (open > 0) {
		if (!event_next(w, &e))
			return;
		if (e.raw.type == YAML_MAPPING_START_EVENT ||
		    e.raw.type == YAML_SEQUENCE_START_EVENT)
			open++;
		else if (e.raw.type == YAML_MAPPING_END_EVENT ||
			 e.raw.type == YAML_SEQUENCE_END_EVENT)
			open--;
		if (w->depth + open > YAML_DEPTH_MAX) {
			faults_add(
			    w->faults, w->file, e.line, "nested more than %d deep", YAML_DEPTH_MAX);
			w->lost = true;
		}
		event_done(&e);
	}
}

static void
fault_unknown_key(struct walk *w, const cyaml_schema_field_t *fields, const struct event *key)
{
	const bool top = w->path.size == 1;
	const char *near = NULL;
	struct nearest nearest;
	struct buf found = BUF_INIT;

	nearest_begin(&nearest, key->text);
	for (size_t i = 0; fields[i].key != NULL; i++)
		nearest_offer(&nearest, fields[i].key);
	near = nearest_found(&nearest);
	faults_add(w->faults, w->file, key->line, "unknown key \"%s\"%s%s%s; %s%s%s",
	    shown(key->text, &found), top ? "" : " in \"", top ? "" : (char *)w->path.data,
	    top ? "" : "\"", near != NULL ? "did you mean \"" : "the sample file lists all keys",
	    near != NULL ? near : "", near != NULL ? "\"?" : "");
	buf_free(&found);
}

static void
fault_missing_key(struct walk *w, const char *key, unsigned line)
{
	const size_t begun = path_push(w, key);

	faults_add(w->faults, w->file, line, "key \"%s\" is missing; it has no default",
	    (char *)w->path.data);
	path_pop(w, begun);
}

/* Always false. Takes the whole value. */
static bool
fault_type(struct walk *w, const char *expected, const struct event *e)
{
	struct buf found = BUF_INIT;
	const char *what = "a list";

	if (e->raw.type == YAML_MAPPING_START_EVENT)
		what = "a mapping";
	else if (e->raw.type == YAML_ALIAS_EVENT)
		what = "an alias, which is not allowed";
	else if (e->raw.type == YAML_SCALAR_EVENT && e->text.size == 0 && e->plain)
		what = "nothing";
	else if (e->raw.type == YAML_SCALAR_EVENT && w->path.size <= 1)
		what =
		    "text"; /* somebody may have named a PIN's or a key's file: it is not quoted */
	else if (e->raw.type == YAML_SCALAR_EVENT)
		what = NULL;
	faults_add(w->faults, w->file, e->line, "%s%s%s must be %s, found %s%s%s",
	    w->path.size > 1 ? "\"" : "", w->path.size > 1 ? (char *)w->path.data : "the file",
	    w->path.size > 1 ? "\"" : "", expected, what == NULL ? "\"" : "",
	    what == NULL ? shown(e->text, &found) : what, what == NULL ? "\"" : "");
	buf_free(&found);
	skip(w, e);
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

/* Returns the size to give to path_pop: that of the path before, without its NUL. */
static size_t
path_push(struct walk *w, const char *key)
{
	const size_t begun = w->path.size - 1;

	w->path.size = begun;
	if (begun > 0 && key[0] != '[')
		buf_append_byte(&w->path, '.');
	buf_append_string(&w->path, key);
	buf_append_byte(&w->path, 0);
	if (buf_status(&w->path) != ERR_OK)
		abort();
	return begun;
}

static void
path_pop(struct walk *w, size_t size)
{
	w->path.size = size;
	buf_append_byte(&w->path, 0);
	if (buf_status(&w->path) != ERR_OK)
		abort();
}
