#include "signer/cases/evidence_file.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "log/inputfile.h"
#include "proto/encoding.h"
#include "proto/evidence/component_list.h"
#include "proto/evidence/fact_names.h"
#include "signer/cases/evidence_item.h"

#define FILE_SIZE_MAX (256UL * 1024 * 1024) /* bytes */

static json_t *load(const char *path, struct faults *faults);
static bool change(json_t *components, const struct case_change *c);
static bool change_item(json_t *items, const struct case_change *c);
static bool can_be_added(const struct case_change *c);
static json_t *new_item(const struct case_change *c);
static bool set_item(json_t *item, const struct case_change *c);
static const char *build(json_t *from, enum component_kind kind, struct evidence_components *out);
static const char *gather(json_t *from, enum component_kind kind, struct component_builder *b);
static const char *decode(enum component_kind kind, struct evidence_components *out);
static enum err take_segment(void *context, struct view bytes, const struct digest *digest);

bool
evidence_file_read(const char *path, const struct case_entry *of, struct faults *faults,
    struct evidence_components *out)
{
	const size_t before = faults->count;
	json_t *json = load(path, faults), *components = json_object_get(json, "components");
	const char *name;
	json_t *from;

	memset(out, 0, sizeof(*out));
	if (json != NULL && !json_is_object(components))
		faults_add(faults, path, 0, "expected an object with \"components\"");
	for (size_t i = 0; i < of->change_count && faults->count == before; i++)
		if (!change(components, &of->change[i]))
			faults_add(faults, path, 0,
			    "there is no %s %s to change or remove, which the case \"%s\" does",
			    of->change[i].component,
			    of->change[i].path != NULL   ? of->change[i].path
			    : of->change[i].fact != NULL ? of->change[i].fact
							 : "",
			    of->name);
	json_object_foreach(components, name, from)
	{
		enum component_kind kind;
		const char *wrong = "is no kind of component";

		if (faults->count == before &&
		    component_kind_from_name(view_of_string(name), &kind) == ERR_OK)
			wrong = build(from, kind, out);
		if (faults->count == before && wrong != NULL)
			faults_add(faults, path, 0, "components.%s: %s", name, wrong);
	}
	json_decref(json);
	return faults->count == before;
}

void
evidence_components_free(struct evidence_components *e)
{
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		component_free(&e->component[k]);
		buf_free(&e->bytes[k]);
		buf_free(&e->segments[k]);
	}
}

static json_t *
load(const char *path, struct faults *faults)
{
	struct buf text = BUF_INIT;
	enum err e = inputfile_read(AT_FDCWD, path, FILE_SIZE_MAX, &text);
	json_error_t error;
	json_t *json = NULL;

	if (e != ERR_OK) {
		faults_add(faults, path, 0, "%s", inputfile_reason(e));
	} else {
		json =
		    json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
		if (json == NULL)
			faults_add(faults, path, error.line > 0 ? (unsigned)error.line : 0,
			    "expected JSON: %s", error.text);
	}
	buf_free(&text);
	return json;
}

static bool
change(json_t *components, const struct case_change *c)
{
	json_t *of = json_object_get(components, c->component);

	if (c->remove && c->path == NULL && c->fact == NULL)
		return json_object_del(components, c->component) == 0;
	return change_item(json_object_get(of, "items"), c);
}

/* The first item of that name; what is not there is added, unless it is to be removed. */
static bool
change_item(json_t *items, const struct case_change *c)
{
	const char *key = c->path != NULL ? "path" : "name";
	const char *wanted = c->path != NULL ? c->path : c->fact;

	if (!json_is_array(items))
		return false;
	for (size_t i = 0; i < json_array_size(items); i++) {
		json_t *item = json_array_get(items, i);
		const char *name = json_string_value(json_object_get(item, key));

		if (name == NULL || strcmp(name, wanted) != 0)
			continue;
		return c->remove ? json_array_remove(items, i) == 0 : set_item(item, c);
	}
	return !c->remove && can_be_added(c) && json_array_append_new(items, new_item(c)) == 0;
}

/* A fact whose name is misspelt is judged by no rule: its case would show nothing. */
static bool
can_be_added(const struct case_change *c)
{
	const enum component_kind kind =
	    c->fact != NULL ? fact_name_kind(view_of_string(c->fact)) : COMPONENT_KIND_COUNT;

	return c->fact == NULL ||
	       strcmp(c->component, component_kind_name(COMPONENT_CONFIG)) == 0 ||
	       (kind != COMPONENT_KIND_COUNT &&
		   strcmp(c->component, component_kind_name(kind)) == 0);
}

static json_t *
new_item(const struct case_change *c)
{
	json_t *item = c->path != NULL
			   ? json_pack("{s:s,s:i,s:s,s:i,s:i,s:[],s:[]}", "path", c->path, "size",
				 0, "mode", "0100755", "uid", 0, "gid", 0, "flags", "details")
			   : json_pack("{s:s}", "name", c->fact);

	if (item != NULL && !set_item(item, c)) {
		json_decref(item);
		item = NULL;
	}
	return item;
}

static bool
set_item(json_t *item, const struct case_change *c)
{
	json_t *values;

	if (c->path != NULL)
		return json_object_set_new(item, "sha256", json_pack("s", c->sha256)) == 0;
	values = json_array();
	for (size_t i = 0; i < c->values_count; i++)
		if (json_array_append_new(values, json_pack("s", c->values[i])) != 0) {
			json_decref(values);
			return false;
		}
	return json_object_set_new(item, "values", values) == 0;
}

/* NULL, or what is wrong. */
static const char *
build(json_t *from, enum component_kind kind, struct evidence_components *out)
{
	struct component_builder *b = component_builder_new(kind);
	const char *wrong = b != NULL ? gather(from, kind, b) : err_text(ERR_MEMORY);
	size_t count;
	enum err e;

	if (wrong == NULL) {
		e = component_finish_listed(
		    b, take_segment, &out->segments[kind], &out->bytes[kind], &count);
		wrong = e == ERR_OK ? decode(kind, out) : err_text(e);
	}
	component_builder_free(&b);
	return wrong;
}

static const char *
gather(json_t *from, enum component_kind kind, struct component_builder *b)
{
	const bool files = component_kind_shape(kind) == COMPONENT_SHAPE_FILE;
	json_t *made = json_object_get(from, "made"), *items = json_object_get(from, "items");
	const char *wrong = NULL;

	if (!json_is_array(items) || (made != NULL && !json_is_array(made)))
		return "expected \"items\", and perhaps \"made\"";
	for (size_t i = 0; wrong == NULL && i < json_array_size(made); i++)
		wrong = evidence_item_fact(json_array_get(made, i), true, b);
	for (size_t i = 0; wrong == NULL && i < json_array_size(items); i++)
		wrong = files ? evidence_item_file(json_array_get(items, i), b)
			      : evidence_item_fact(json_array_get(items, i), false, b);
	return wrong;
}

static const char *
decode(enum component_kind kind, struct evidence_components *out)
{
	const struct view bytes = buf_view(&out->bytes[kind]);
	struct component_list *l = NULL;
	enum component_kind same;
	enum component_form form;
	enum err e = component_form_of(bytes, &same, &form);

	if (e == ERR_OK && form == COMPONENT_FORM_PLAIN)
		e = component_decode(bytes, &out->component[kind]);
	else if (e == ERR_OK && (e = component_list_decode(bytes, &l)) == ERR_OK)
		e = component_list_join(l, buf_view(&out->segments[kind]), &out->component[kind]);
	component_list_free(&l);
	return e == ERR_OK ? NULL : err_text(e);
}

static enum err
take_segment(void *context, struct view bytes, const struct digest *digest)
{
	struct buf *to = context;

	(void)digest;
	buf_append_view(to, bytes);
	return buf_status(to);
}
