#include "config/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "config/yaml_check.h"
#include "config/yaml_relax.h"
#include "config/yaml_walk.h"
#include "proto/text.h"

struct line {
	UT_hash_handle hh;
	unsigned line;
	bool good;
	char key_path[];
};

struct yaml_file {
	struct buf bytes;
	const cyaml_schema_value_t *schema;
	cyaml_data_t *data;
	struct line *lines; /* by key path */
};

static void note_line(void *context, const char *key_path, unsigned line, bool good);
static const struct line *find_line(const struct yaml_file *f, const char *key_path);
static bool load(struct yaml_file *f, const char *name, struct view bytes,
    const cyaml_schema_value_t *schema, struct faults *faults);

/* libcyaml would write to stderr; its faults are ours by then, and told better. */
static const cyaml_config_t loader = {
    .log_fn = NULL,
    .mem_fn = cyaml_mem,
    .log_level = CYAML_LOG_ERROR,
    .flags = CYAML_CFG_NO_ALIAS,
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
	static const struct view mark =
	    VIEW_LITERAL("\xef\xbb\xbf"); /* U+FEFF, as editors put it */
	struct buf clean = BUF_INIT;
	struct yaml_file *f;
	bool usable;

	*out = NULL;
	if (bytes.size > YAML_FILE_SIZE_MAX) {
		faults_add(faults, name, 0, "the file has %zu bytes; at most %d are allowed",
		    bytes.size, YAML_FILE_SIZE_MAX);
		return ERR_CONFIG;
	}
	if (!text_is_utf8(bytes)) {
		faults_add(faults, name, 0, "the file is not UTF-8; save it in that encoding");
		return ERR_CONFIG;
	}
	if ((f = calloc(1, sizeof(*f))) == NULL)
		abort();
	f->schema = schema;
	f->bytes = BUF_INIT;
	buf_append_view(&f->bytes, bytes);
	if (buf_status(&f->bytes) != ERR_OK)
		abort();
	if (bytes.size >= mark.size && memcmp(bytes.data, mark.data, mark.size) == 0)
		bytes = (struct view){bytes.data + mark.size, bytes.size - mark.size};
	usable = yaml_walk(name, bytes, schema, faults, note_line, f, &clean);
	if (usable && faults->count == faults_before)
		usable = load(f, name, bytes, schema, faults);
	else if (usable)
		usable = load(f, name, buf_view(&clean), NULL, faults);
	buf_free(&clean);
	if (usable)
		*out = f;
	else
		yaml_file_free(&f);
	return faults->count == faults_before ? ERR_OK : ERR_CONFIG;
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
	const struct line *l = find_line(f, key_path);

	return l != NULL ? l->line : 0;
}

bool
yaml_file_has(const struct yaml_file *f, const char *key_path)
{
	const struct line *l = find_line(f, key_path);

	return l != NULL && l->good;
}

void
yaml_file_free(struct yaml_file **f)
{
	struct line *l, *next;

	if (*f == NULL)
		return;
	HASH_ITER (hh, (*f)->lines, l, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL((*f)->lines, l);
		free(l);
	}
	if ((*f)->data != NULL)
		(void)cyaml_free(&loader, (*f)->schema, (*f)->data, 0);
	buf_free(&(*f)->bytes);
	free(*f);
	*f = NULL;
}

static void
note_line(void *context, const char *key_path, unsigned line, bool good)
{
	struct yaml_file *f = context;
	const size_t size = strlen(key_path) + 1;
	struct line *l = malloc(sizeof(*l) + size);

	if (l == NULL)
		abort();
	memcpy(l->key_path, key_path, size);
	l->line = line;
	l->good = good;
	HASH_ADD_STR(f->lines, key_path, l);
}

static const struct line *
find_line(const struct yaml_file *f, const char *key_path)
{
	const struct line *l;

	HASH_FIND_STR(f->lines, key_path, l);
	return l;
}

/*
 * Without a schema: by the file's own, with every key optional, because `bytes` is what the walk
 * left of a faulty file. Adds a fault only if libcyaml refuses what the walk accepted.
 */
static bool
load(struct yaml_file *f, const char *name, struct view bytes, const cyaml_schema_value_t *schema,
    struct faults *faults)
{
	struct yaml_relaxed *relaxed = NULL;
	cyaml_err_t e;

	if (schema == NULL) {
		relaxed = yaml_relax(f->schema);
		schema = yaml_relaxed_schema(relaxed);
	}
	e = cyaml_load_data(bytes.data, bytes.size, &loader, schema, &f->data, NULL);
	yaml_relaxed_free(&relaxed);
	if (e != CYAML_OK)
		faults_add(faults, name, 0, "cannot be loaded: %s", cyaml_strerror(e));
	return e == CYAML_OK && f->data != NULL;
}
