#include "config/yaml.h"

#include <stdlib.h>
#include <string.h>

#include "config/yaml_check.h"
#include "config/yaml_fill.h"
#include "config/yaml_print.h"
#include "config/yaml_walk.h"
#include "proto/text.h"

struct yaml_file {
	struct buf bytes;
	struct yaml_tree *tree;
	struct yaml_node *top;
	void *data;
};

enum err
yaml_load_file(const char *path, const cyaml_schema_value_t *schema, struct faults *faults,
    struct yaml_file **out)
{
	struct buf bytes = BUF_INIT;
	enum err e;

	*out = NULL;
	e = yaml_read_file(path, 0, NULL, path, YAML_FILE_SIZE_MAX, faults, &bytes);
	if (e == ERR_OK)
		e = yaml_load_bytes(path, buf_view(&bytes), schema, faults, out);
	buf_free(&bytes);
	return e;
}

enum err
yaml_load_bytes(const char *name, struct view bytes, const cyaml_schema_value_t *schema,
    struct faults *faults, struct yaml_file **out)
{
	const size_t faults_before = faults->count;
	struct yaml_tree *tree = yaml_tree_new();
	bool sound;
	struct yaml_node *top = yaml_read(tree, name, bytes, faults, &sound);

	if (top != NULL && !sound) {
		(void)yaml_walk(top, schema, YAML_WHOLE, faults); /* for its faults */
		top = NULL;
	}
	yaml_file_make(tree, top, bytes, schema, faults, out);
	return faults->count == faults_before ? ERR_OK : ERR_CONFIG;
}

void
yaml_file_make(struct yaml_tree *tree, struct yaml_node *top, struct view bytes,
    const cyaml_schema_value_t *schema, struct faults *faults, struct yaml_file **out)
{
	struct yaml_file *f;

	*out = NULL;
	if (top == NULL || !yaml_walk(top, schema, YAML_WHOLE, faults)) {
		yaml_tree_free(&tree);
		return;
	}
	if ((f = calloc(1, sizeof(*f))) == NULL)
		abort();
	*f = (struct yaml_file){BUF_INIT, tree, top, yaml_fill(tree, schema, top)};
	buf_append_view(&f->bytes, bytes);
	if (buf_status(&f->bytes) != ERR_OK)
		abort();
	*out = f;
}

struct yaml_node *
yaml_read(
    struct yaml_tree *t, const char *name, struct view bytes, struct faults *faults, bool *sound)
{
	static const struct view mark =
	    VIEW_LITERAL("\xef\xbb\xbf"); /* U+FEFF, as editors put it */

	*sound = false;
	if (bytes.size > YAML_FILE_SIZE_MAX) {
		faults_add(faults, name, 0, "the file has %zu bytes; at most %d are allowed",
		    bytes.size, YAML_FILE_SIZE_MAX);
		return NULL;
	}
	if (!text_is_utf8(bytes)) {
		faults_add(faults, name, 0, "the file is not UTF-8; save it in that encoding");
		return NULL;
	}
	if (bytes.size >= mark.size && memcmp(bytes.data, mark.data, mark.size) == 0)
		bytes = (struct view){bytes.data + mark.size, bytes.size - mark.size};
	return yaml_tree_read(t, name, bytes, faults, sound);
}

const void *
yaml_file_data(const struct yaml_file *f)
{
	return f->data;
}

struct view
yaml_file_bytes(const struct yaml_file *f)
{
	return buf_view(&f->bytes);
}

unsigned
yaml_file_line(const struct yaml_file *f, const char *key_path)
{
	return yaml_file_spot(f, key_path, NULL).line;
}

struct yaml_spot
yaml_file_spot(const struct yaml_file *f, const char *key_path, struct buf *path)
{
	const struct yaml_place at = yaml_node_find(f->top, key_path);
	const struct yaml_node *n = at.key != NULL ? at.key : at.value;

	if (n == NULL)
		return (struct yaml_spot){NULL, 0};
	if (path != NULL) {
		yaml_node_path(n, path);
		if (at.key != NULL && path->size > 0)
			buf_append_byte(path, '.');
		if (at.key != NULL)
			buf_append_view(path, at.key->text);
	}
	return (struct yaml_spot){n->file, n->line};
}

void
yaml_file_print(const struct yaml_file *f, const char *key_path, struct buf *to)
{
	const struct yaml_place at = yaml_node_find(f->top, key_path);

	if (at.value != NULL)
		yaml_print(at.value, to);
}

bool
yaml_file_has(const struct yaml_file *f, const char *key_path)
{
	const struct yaml_place at = yaml_node_find(f->top, key_path);

	return at.value != NULL && !at.value->faulty;
}

void
yaml_file_free(struct yaml_file **f)
{
	if (*f == NULL)
		return;
	yaml_tree_free(&(*f)->tree);
	buf_free(&(*f)->bytes);
	free(*f);
	*f = NULL;
}
