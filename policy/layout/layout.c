#include "policy/layout/layout.h"

#include <stdlib.h>
#include <string.h>

#include "config/yaml_walk.h"
#include "policy/layout/join.h"

/* A text that the policy includes. */
struct text {
	char *name, *file; /* as the policy has them */
	char *shown;       /* in faults, and in spots; NULL: it could not be read */
	struct buf content;
};

struct layout {
	struct yaml_file *yaml; /* its memory has the names of `joining`, too */
	struct joining joining;
	size_t text_count;
	struct text text[LAYOUT_INCLUDES_MAX];
};

struct loading {
	struct layout *layout;
	const struct layout_form *form;
	layout_read *read;
	void *context;
	struct faults *faults;
	size_t bytes; /* of all texts so far */
};

static bool read_tree(
    struct loading *l, const char *name, struct view bytes, const cyaml_schema_value_t *schema);
static enum err read_includes(struct loading *l);
static enum err read_include(struct loading *l, const struct layout_include *include);

enum err
layout_load(const struct layout_form *form, const char *name, struct view policy, layout_read *read,
    void *context, struct faults *faults, struct layout **out)
{
	struct layout *made = calloc(1, sizeof(*made));
	struct loading l = {made, form, read, context, faults, policy.size};
	const size_t faults_before = faults->count;
	struct joining *j;
	enum err e = ERR_CONFIG;

	*out = NULL;
	if (made == NULL)
		abort();
	j = &made->joining;
	j->tree = yaml_tree_new();
	j->faults = faults;
	if (read_tree(&l, name, policy, form->policy))
		e = read_includes(&l);
	if (e == ERR_OK) {
		struct yaml_node *top = join_files(j);

		yaml_file_make(j->tree, top, policy, form->whole, faults, &made->yaml);
		j->tree = NULL; /* moved */
	}
	if (faults->count != faults_before)
		e = ERR_CONFIG;
	if (made->yaml != NULL)
		*out = made;
	else
		layout_free(&made);
	return e;
}

void
layout_free(struct layout **l)
{
	if (*l == NULL)
		return;
	for (size_t i = 0; i < (*l)->text_count; i++) {
		free((*l)->text[i].name);
		free((*l)->text[i].file);
		free((*l)->text[i].shown);
		buf_free(&(*l)->text[i].content);
	}
	yaml_tree_free(&(*l)->joining.tree);
	yaml_file_free(&(*l)->yaml);
	free(*l);
	*l = NULL;
}

struct yaml_file *
layout_yaml(const struct layout *l)
{
	return l->yaml;
}

size_t
layout_text_count(const struct layout *l)
{
	return l->text_count;
}

const char *
layout_text_name(const struct layout *l, size_t index)
{
	return l->text[index].name;
}

const char *
layout_text_file(const struct layout *l, size_t index)
{
	return l->text[index].file;
}

const char *
layout_directory(const struct layout *l, const struct yaml_spot *spot, size_t *size)
{
	*size = 0;
	for (size_t i = 0; i < l->text_count && spot->file != NULL; i++)
		if (l->text[i].shown != NULL && strcmp(l->text[i].shown, spot->file) == 0) {
			const char *slash = strrchr(l->text[i].file, '/');

			*size = slash != NULL ? (size_t)(slash - l->text[i].file) + 1 : 0;
			return l->text[i].file;
		}
	return "";
}

struct view
layout_text(const struct layout *l, size_t index)
{
	return buf_view(&l->text[index].content);
}

size_t
layout_unused_count(const struct layout *l)
{
	return l->joining.unused_count;
}

struct layout_unused
layout_unused_at(const struct layout *l, size_t index)
{
	const struct yaml_node *name = l->joining.unused[index];

	return (struct layout_unused){(const char *)name->text.data, {name->file, name->line}};
}

size_t
layout_softened_count(const struct layout *l)
{
	return l->joining.softened.count;
}

struct layout_softened
layout_softened_at(const struct layout *l, size_t index)
{
	const struct softened *s = &l->joining.softened.at[index];
	const bool use = s->what == SOFTENED_USE;

	return (struct layout_softened){s->what, use ? NULL : (const char *)s->key->text.data,
	    use ? NULL : (const char *)s->value->text.data, {s->value->file, s->value->line},
	    {s->before->file, s->before->line}};
}

/* False where nothing can be made of it, which is a fault. */
static bool
read_tree(
    struct loading *l, const char *name, struct view bytes, const cyaml_schema_value_t *schema)
{
	struct joining *j = &l->layout->joining;
	bool sound;
	struct yaml_node *top = yaml_read(j->tree, name, bytes, l->faults, &sound);

	if (top == NULL || !yaml_walk(top, schema, YAML_PART, l->faults) || !sound)
		return false;
	j->file[j->file_count++] = top;
	return true;
}

/*
 * All of them, to find their faults too. Where one cannot be had nothing more is said: what it has
 * would seem to be missing.
 */
static enum err
read_includes(struct loading *l)
{
	struct layout_include include[LAYOUT_INCLUDES_MAX];
	const size_t faults_before = l->faults->count;
	const size_t count = include_entries(l->layout->joining.file[0], l->faults, include);
	enum err e = l->faults->count == faults_before ? ERR_OK : ERR_CONFIG;

	for (size_t i = 0; i < count; i++) {
		const enum err one = read_include(l, &include[i]);

		e = e == ERR_OK ? one : e;
	}
	return e;
}

static enum err
read_include(struct loading *l, const struct layout_include *include)
{
	struct text *to = &l->layout->text[l->layout->text_count++];
	enum err e;

	*to = (struct text){strdup(include->name), strdup(include->file), NULL, BUF_INIT};
	if (to->name == NULL || to->file == NULL)
		abort();
	e = l->read(l->context, include, l->faults, &to->content, &to->shown);
	l->bytes += to->content.size;
	if (e == ERR_OK && l->bytes > LAYOUT_BYTES_MAX) {
		faults_add(l->faults, include->spot.file, include->spot.line,
		    "\"include[%u].file\": up to this one the policy and what it includes have %zu "
		    "bytes; at most %d are allowed for all",
		    include->index, l->bytes, LAYOUT_BYTES_MAX);
		e = ERR_CONFIG;
	}
	if (e == ERR_OK && !read_tree(l, to->shown, buf_view(&to->content), l->form->included))
		e = ERR_CONFIG;
	return e;
}
