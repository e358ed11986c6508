#include "collector/machine/modules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "collector/ground/small_file.h"
#include "proto/digest.h"
#include "proto/encoding.h"

#define MODULE_PATH  "sys/module"
#define LIBRARY_PATH "lib/modules"
#define PATH_SIZE    1024 /* bytes */

struct search {
	struct values *to;
	struct view dep;
	char directory[PATH_SIZE]; /* of modules.dep */
};

static machine_name take_module;
static enum err append_attribute(
    const struct machine *m, const char *module, const char *attribute, struct buf *to);
static enum err append_digest(
    const struct machine *m, const struct search *s, const char *module, struct buf *to);
static bool is_of(struct view path, const char *module);

enum err
modules_add(const struct machine *m)
{
	struct values values = VALUES_INIT;
	struct search search = {.to = &values};
	struct buf dep = BUF_INIT;
	char path[PATH_SIZE + sizeof("/modules.dep")];
	struct utsname kernel;
	enum err e;

	if (uname(&kernel) != 0)
		return ERR_IO;
	snprintf(search.directory, sizeof(search.directory), LIBRARY_PATH "/%s", kernel.release);
	snprintf(path, sizeof(path), "%s/modules.dep", search.directory);
	e = small_file_read(m->root, path, MODULES_DEP_MAX, &dep);
	search.dep = buf_view(&dep);
	if (e == ERR_OK || e == ERR_NOT_FOUND)
		e = machine_each(m, MODULE_PATH, take_module, &search);
	buf_free(&dep);
	return machine_finish(m, e, &values, VALUES_SORTED, "module_files");
}

bool
modules_find(struct view dep, const char *module, struct view *path)
{
	struct view line;

	while (line_next(&dep, &line) == ERR_OK) {
		const uint8_t *colon = line.size > 0 ? memchr(line.data, ':', line.size) : NULL;

		if (colon == NULL)
			continue;
		*path = (struct view){line.data, (size_t)(colon - line.data)};
		if (is_of(*path, module))
			return true;
	}
	return false;
}

/* "name live OE 5A1E... sha256:HEX"; what is built in has no state. */
static enum err
take_module(const struct machine *m, const char *name, void *context)
{
	const struct search *s = context;
	struct buf value = BUF_INIT;
	char path[PATH_SIZE];
	enum err e;

	snprintf(path, sizeof(path), MODULE_PATH "/%s/initstate", name);
	buf_append_format(&value, "%s ", name);
	e = machine_read(m, path, &value);
	if (e == ERR_OK && (e = append_attribute(m, name, "taint", &value)) == ERR_OK &&
	    (e = append_attribute(m, name, "srcversion", &value)) == ERR_OK &&
	    (e = append_digest(m, s, name, &value)) == ERR_OK)
		values_add(s->to, buf_view(&value));
	buf_free(&value);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err
append_attribute(const struct machine *m, const char *module, const char *attribute, struct buf *to)
{
	char path[PATH_SIZE];
	size_t begun;
	enum err e;

	snprintf(path, sizeof(path), MODULE_PATH "/%s/%s", module, attribute);
	buf_append_byte(to, ' ');
	begun = to->size;
	e = machine_read(m, path, to);
	if (e != ERR_MEMORY && to->size == begun)
		buf_append_byte(to, '-');
	return e == ERR_MEMORY ? e : ERR_OK;
}

static enum err
append_digest(const struct machine *m, const struct search *s, const char *module, struct buf *to)
{
	struct buf content = BUF_INIT;
	char path[2 * PATH_SIZE];
	struct digest digest;
	struct view file;
	enum err e = ERR_NOT_FOUND;

	if (modules_find(s->dep, module, &file) && file.size < PATH_SIZE) {
		snprintf(path, sizeof(path), "%s/%.*s", file.data[0] == '/' ? "." : s->directory,
		    view_precision(file), (const char *)file.data);
		e = small_file_read(m->root, path, MODULE_SIZE_MAX, &content);
	}
	if (e == ERR_OK) {
		digest_of(content.data, content.size, &digest);
		buf_append_string(to, " sha256:");
		hex_append(to, (struct view){digest.bytes, DIGEST_SIZE});
	} else {
		buf_append_string(to, " -");
	}
	buf_free(&content);
	return e == ERR_MEMORY ? e : ERR_OK;
}

/* "kernel/net/nf-tables.ko.xz" is of nf_tables. */
static bool
is_of(struct view path, const char *module)
{
	const uint8_t *slash = path.size > 0 ? memrchr(path.data, '/', path.size) : NULL;
	const uint8_t *name = slash != NULL ? slash + 1 : path.data;
	const size_t size = path.size - (size_t)(name - path.data), wanted = strlen(module);

	if (size < wanted + 3 || memcmp(name + wanted, ".ko", 3) != 0)
		return false;
	for (size_t i = 0; i < wanted; i++)
		if ((name[i] == '-' ? '_' : name[i]) != (uint8_t)module[i])
			return false;
	return true;
}
