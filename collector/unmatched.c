#include "collector/unmatched.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "collector/files/pattern.h"
#include "proto/evidence/redacted.h"
#include "proto/glob.h"

struct telling {
	const struct collector_workload *workload;
	const struct component *const *component;
	unmatched_line *line;
	const void *context;
};

static void tell_files(const struct telling *t);
static void tell_links(const struct telling *t);
static void tell_root(const struct telling *t);
static bool has_option(const struct component *c, const char *option);
static void tell_keys(const struct telling *t, const struct collector_keys *keys);
static void tell_redact(const struct telling *t, const struct collector_redact *rule);
static bool has_hidden_path(const struct component *c);
static bool has_path(const struct component *c, const char *text);
static bool has_key(const struct component *c, const struct collector_keys *keys, const char *text);
static bool hides(const struct component *c, const struct collector_redact *rule);
static struct view whole_name(const struct component *c, const struct component_fact *f);

void
unmatched_tell(const struct collector_workload *w, const struct component *const *component,
    unmatched_line *line, const void *context)
{
	const struct telling t = {w, component, line, context};

	if (component[COMPONENT_FILES] != NULL)
		tell_files(&t);
	if (component[COMPONENT_FILES] != NULL && !w->follow)
		tell_links(&t);
	if (component[COMPONENT_FILES] != NULL)
		tell_root(&t);
	for (size_t i = 0; component[COMPONENT_CONFIG] != NULL && i < w->keys_count; i++)
		tell_keys(&t, &w->keys[i]);
	for (size_t i = 0; i < w->redact_count; i++)
		tell_redact(&t, &w->redact[i]);
}

/* Of a path that is hidden nobody can tell which pattern found it. */
static void
tell_files(const struct telling *t)
{
	const struct collector_workload *w = t->workload;
	const struct component *c = t->component[COMPONENT_FILES];
	struct trouble told = TROUBLE_INIT;

	for (size_t i = 0; !has_hidden_path(c) && i < w->file_count; i++) {
		if (has_path(c, w->files[i]))
			continue;
		(void)trouble_set(&told, ERR_NOT_FOUND,
		    "note: no file matches %s of \"files\"; if there should be one, look for a "
		    "slip in it, a link on the way, or a directory, which is no file",
		    w->files[i]);
		t->line(t->context, &told);
	}
}

/* A policy may accept a link by its text; what it leads to is altered without a trace then. */
static void
tell_links(const struct telling *t)
{
	const struct component *c = t->component[COMPONENT_FILES];
	const struct component_file *first = NULL;
	struct trouble told = TROUBLE_INIT;
	size_t count = 0;

	for (size_t i = 0; i < c->item_count; i++) {
		if ((c->items.files[i].flags & COMPONENT_FILE_SYMLINK) == 0)
			continue;
		if (count++ == 0)
			first = &c->items.files[i];
	}
	if (count == 0)
		return;
	(void)trouble_set(&told, ERR_NOT_FOUND,
	    "note: %zu symbolic link%s told by text alone, such as %.*s: what is behind %s is not "
	    "measured; \"follow: true\" measures it",
	    count, count == 1 ? " is" : "s are", view_precision(first->path),
	    (const char *)first->path.data, count == 1 ? "it" : "them");
	t->line(t->context, &told);
}

/* Packages and configurations are the process's by themselves, and files only as configured. */
static void
tell_root(const struct telling *t)
{
	static const enum component_kind beside[] = {
	    COMPONENT_PACKAGES, COMPONENT_CONFIG, COMPONENT_HOST};
	const struct component *files = t->component[COMPONENT_FILES];
	struct trouble told = TROUBLE_INIT;

	if (has_option(files, "root=process") || has_option(files, "root=container"))
		return;
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		const struct component *c = t->component[beside[i]];

		if (c == NULL || !has_option(c, "root=process"))
			continue;
		(void)trouble_set(&told, ERR_NOT_FOUND,
		    "note: the process has a root directory of its own, and component %s is of it; "
		    "\"files\" are the host's: \"view: process\" measures the process's",
		    component_kind_name(beside[i]));
		t->line(t->context, &told);
		return;
	}
}

static bool
has_option(const struct component *c, const char *option)
{
	for (size_t i = 0; i < c->made_count; i++)
		for (size_t v = 0; v < c->made[i].value_count; v++)
			if (view_equal(c->made[i].name, VIEW_LITERAL("options")) &&
			    view_equal(c->made[i].values[v], view_of_string(option)))
				return true;
	return false;
}

static void
tell_keys(const struct telling *t, const struct collector_keys *keys)
{
	struct trouble told = TROUBLE_INIT;

	for (size_t i = 0; i < keys->pattern_count; i++) {
		if (has_key(t->component[COMPONENT_CONFIG], keys, keys->patterns[i]))
			continue;
		(void)trouble_set(&told, ERR_NOT_FOUND,
		    "note: no key of %s matches %s of \"config\"; without \"keys\" all that there "
		    "are would be shown",
		    keys->file, keys->patterns[i]);
		t->line(t->context, &told);
	}
}

static void
tell_redact(const struct telling *t, const struct collector_redact *rule)
{
	const struct component *c = t->component[rule->kind];
	struct trouble told = TROUBLE_INIT;

	if (c != NULL && hides(c, rule))
		return;
	(void)trouble_set(&told, ERR_NOT_FOUND, "note: \"redact\" of %s %s hides nothing: %s",
	    component_kind_name(rule->kind), rule->path != NULL ? rule->path : rule->fact,
	    c == NULL            ? "that was not measured"
	    : rule->path != NULL ? "no file has such a path"
				 : "no value of such a name is like that");
	t->line(t->context, &told);
}

static bool
has_hidden_path(const struct component *c)
{
	for (size_t i = 0; i < c->item_count; i++)
		if (redacted_is(c->items.files[i].path))
			return true;
	return false;
}

static bool
has_path(const struct component *c, const char *text)
{
	struct trouble t = TROUBLE_INIT;
	struct pattern pattern;
	bool found = false;

	if (pattern_parse(text, &pattern, &t) != ERR_OK)
		return true;
	for (size_t i = 0; !found && i < c->item_count; i++) {
		char *name = view_to_string(c->items.files[i].path);

		found = name == NULL || pattern_matches(&pattern, name);
		free(name);
	}
	pattern_free(&pattern);
	return found;
}

static bool
has_key(const struct component *c, const struct collector_keys *keys, const char *text)
{
	const size_t before = strlen(keys->name) + 1;
	bool found = false;

	for (size_t i = 0; !found && i < c->item_count; i++) {
		const struct view name = whole_name(c, &c->items.facts[i]);
		char *key;

		if (redacted_is(name))
			return true; /* nobody can tell */
		if (name.size < before || memcmp(name.data, keys->name, before - 1) != 0 ||
		    name.data[before - 1] != ':')
			continue;
		key = view_to_string((struct view){name.data + before, name.size - before});
		found = key == NULL || fnmatch(text, key, 0) == 0;
		free(key);
	}
	return found;
}

static bool
hides(const struct component *c, const struct collector_redact *rule)
{
	if (rule->path != NULL)
		return has_hidden_path(c);
	for (size_t i = 0; i < c->item_count; i++) {
		const struct component_fact *f = &c->items.facts[i];

		const struct view name = whole_name(c, f);

		if (!redacted_is(name) && !glob_match(view_of_string(rule->fact), name, GLOB_TEXT))
			continue;
		for (size_t j = 0; j < f->value_count; j++)
			if (redacted_is(f->values[j]))
				return true;
	}
	return false;
}

/* Of a key of a configuration that is too long to be a fact's name, it is the first value. */
static struct view
whole_name(const struct component *c, const struct component_fact *f)
{
	const uint8_t *colon = memchr(f->name.data, ':', f->name.size);
	const struct view mark = VIEW_LITERAL(":sha256:");

	if (c->kind == COMPONENT_CONFIG && colon != NULL && f->value_count > 0 &&
	    f->name.size - (size_t)(colon - f->name.data) > mark.size &&
	    memcmp(colon, mark.data, mark.size) == 0)
		return f->values[0];
	return f->name;
}
