#include "policy/sources/provenance.h"

#include <string.h>

#include "policy/sources/envelope.h"
#include "policy/sources/json_text.h"
#include "proto/encoding.h"

#define PAYLOAD_TYPE   "application/vnd.in-toto+json"
#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define SLSA_TYPE      "https://slsa.dev/provenance/v1"

static const char nameless[] = "subjects without a name";
static const char weak[] = "subjects without a SHA-256";

struct place {
	const char *file;
	const struct source_options *options;
	struct faults *faults;
	struct set_draft *to;
};

static enum err check_slsa(const struct place *p, const json_t *predicate);
static enum err check_named(const struct place *p, const json_t *object, const char *name,
    const struct source_texts *named, const char *option);
static enum err check_parameters(const struct place *p, const json_t *parameters);
static enum err check_parameter(const struct place *p, const char *name, const json_t *value);
static bool is_value(const json_t *value, const char *expected);
static enum err take_subjects(const struct place *p, const json_t *subjects);
static enum err take_subject(const struct place *p, const json_t *subject);
static enum err fail(const struct place *p, const char *what, struct view shown);

enum err
provenance_read(const char *file, const json_t *envelope, const struct source_options *o,
    struct faults *faults, struct set_draft *to)
{
	struct buf payload = BUF_INIT;
	json_t *statement = NULL;
	enum err e = envelope_open(file, envelope, PAYLOAD_TYPE, o, faults, &payload);

	if (e == ERR_OK)
		e = json_text_parse(file, buf_view(&payload), faults, &statement);
	if (e == ERR_OK)
		e = provenance_read_statement(file, statement, o, faults, to);
	json_decref(statement);
	buf_free(&payload);
	return e;
}

enum err
provenance_read_statement(const char *file, const json_t *statement, const struct source_options *o,
    struct faults *faults, struct set_draft *to)
{
	const struct place place = {file, o, faults, to}, *p = &place;
	struct view type, predicate;
	enum err e = ERR_OK;

	if (!json_text_member(statement, "_type", &type) ||
	    !view_equal(type, VIEW_LITERAL(STATEMENT_TYPE)))
		return fail(p, "is no in-toto statement of version 1", (struct view){NULL, 0});
	if (!json_text_member(statement, "predicateType", &predicate))
		return fail(p, "has no predicateType", (struct view){NULL, 0});
	if (view_equal(predicate, VIEW_LITERAL(SLSA_TYPE)))
		e = check_slsa(p, json_object_get(statement, "predicate"));
	else if (!source_texts_have(&p->options->predicate_types, predicate))
		e = fail(p,
		    "says something that is not looked into; say by predicate_types "
		    "(--predicate-type) that its "
		    "subjects count all the same",
		    predicate);
	return e == ERR_OK ? take_subjects(p, json_object_get(statement, "subject")) : e;
}

static enum err
check_slsa(const struct place *p, const json_t *predicate)
{
	const json_t *definition = json_object_get(predicate, "buildDefinition");
	const json_t *builder =
	    json_object_get(json_object_get(predicate, "runDetails"), "builder");
	enum err e;

	if ((e = check_named(p, builder, "id", &p->options->builders, "builders (--builder)")) ==
		ERR_OK &&
	    (e = check_named(p, definition, "buildType", &p->options->build_types,
		 "build_types (--build-type)")) == ERR_OK)
		e = check_parameters(p, json_object_get(definition, "externalParameters"));
	return e;
}

static enum err
check_named(const struct place *p, const json_t *object, const char *name,
    const struct source_texts *named, const char *option)
{
	struct buf what = BUF_INIT;
	struct view found = {NULL, 0};
	enum err e = ERR_OK;

	if (!json_text_member(object, name, &found) || !source_texts_have(named, found)) {
		buf_append_format(&what, "has another \"%s\" than %s names", name, option);
		buf_append_byte(&what, 0);
		e = fail(p, (const char *)what.data, found);
	}
	buf_free(&what);
	return e;
}

/* Each that is there is named, and each that is named is there. */
static enum err
check_parameters(const struct place *p, const json_t *parameters)
{
	const struct source_texts *named = &p->options->parameters;
	const char *name;
	json_t *value;
	enum err e = ERR_OK;

	if (!json_is_object(parameters))
		return fail(p, "has no externalParameters", (struct view){NULL, 0});
	json_object_foreach((json_t *)(uintptr_t)parameters, name,
	    value) if (check_parameter(p, name, value) != ERR_OK) e = ERR_CONFIG;
	for (size_t i = 0; i < named->count; i++) {
		const char *end = strchr(named->text[i], '=');
		const struct view wanted = {
		    (const uint8_t *)named->text[i], (size_t)(end - named->text[i])};

		if (json_object_getn(parameters, (const char *)wanted.data, wanted.size) == NULL)
			e = fail(p,
			    "lacks an external parameter that parameters (--parameter) names",
			    wanted);
	}
	return e;
}

static enum err
check_parameter(const struct place *p, const char *name, const json_t *value)
{
	const struct source_texts *named = &p->options->parameters;
	const size_t size = strlen(name);
	bool known = false;

	for (size_t i = 0; i < named->count; i++) {
		/* What is named ends at the first mark: no name with one in it is. */
		if (strcspn(named->text[i], "=") != size || memcmp(named->text[i], name, size) != 0)
			continue;
		if (is_value(value, named->text[i] + size + 1))
			return ERR_OK;
		known = true;
	}
	return fail(p,
	    known ? "has another value of an external parameter than parameters (--parameter) says"
		  : "has an external parameter that parameters (--parameter) does not name",
	    view_of_string(name));
}

/* A text as it is; else the same JSON. */
static bool
is_value(const json_t *value, const char *expected)
{
	json_t *wanted;
	bool same;

	if (json_is_string(value))
		return strcmp(json_string_value(value), expected) == 0;
	wanted = json_loads(expected, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	same = wanted != NULL && json_equal(wanted, value);
	json_decref(wanted);
	return same;
}

static enum err
take_subjects(const struct place *p, const json_t *subjects)
{
	const size_t from = set_draft_count(p->to);
	enum err e = ERR_OK;

	for (size_t i = 0; i < json_array_size(subjects) && e == ERR_OK; i++)
		e = take_subject(p, json_array_get(subjects, i));
	if (e == ERR_OK)
		e = set_draft_settle(p->to, from, p->file, p->faults);
	if (e == ERR_OK && set_draft_count(p->to) == from)
		e = fail(p, "has no subject with a name and a SHA-256", (struct view){NULL, 0});
	return e;
}

static enum err
take_subject(const struct place *p, const json_t *subject)
{
	struct reference_entry entry = {.kind = REFERENCE_FILE};
	struct buf path = BUF_INIT;
	struct view name, hex;
	enum err e;

	if (!json_text_member(subject, "name", &name) || name.size == 0) {
		set_draft_leave_out(p->to, (struct view){NULL, 0}, nameless);
		return ERR_OK;
	}
	if (!json_text_member(json_object_get(subject, "digest"), "sha256", &hex)) {
		set_draft_leave_out(p->to, name, weak);
		return ERR_OK;
	}
	if (digest_from_hex(hex, &entry.digest) != ERR_OK)
		return fail(p, "has a SHA-256 that is none", hex);
	if ((e = source_path(p->options, name, p->file, p->faults, &path)) == ERR_OK) {
		entry.path = buf_view(&path);
		e = set_draft_add(p->to, &entry, p->file, p->faults);
	}
	buf_free(&path);
	return e;
}

static enum err
fail(const struct place *p, const char *what, struct view shown)
{
	return source_fail(p->file, p->faults, what, shown);
}
