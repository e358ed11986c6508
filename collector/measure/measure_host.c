#include "collector/measure/measure_host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "collector/ground/rooted.h"
#include "collector/ground/small_file.h"
#include "collector/ground/values.h"
#include "collector/machine/machine.h"
#include "collector/measure/measure_root.h"
#include "collector/subject/procfs.h"
#include "proto/encoding.h"

#define BOOT_ID_PATH    "/proc/sys/kernel/random/boot_id"
#define MODULES_PATH    "/proc/modules"
#define OS_RELEASE_PATH "/etc/os-release"
#define FILE_SIZE_MAX   (1024 * 1024) /* bytes: of each file here; /proc/modules takes 16 KiB */
#define LINES_MAX       8192          /* modules; thousands can be loaded */

static enum err parse_boot_id(struct view text, uint8_t boot_id[BOOT_ID_SIZE]);
static enum err add_uname(struct component_builder *to);
static enum err add_text(
    struct measure_context *m, struct component_builder *to, const char *name, const char *path);
static enum err add_modules(struct measure_context *m, struct component_builder *to);
static enum err add_machine(struct measure_context *m, struct component_builder *to);
static enum err add_os_release(struct measure_context *m, struct component_builder *to);
static enum err sorted_fact(struct component_builder *to, const char *name, struct view text,
    bool (*pick)(struct view line, struct view *value));
static bool pick_os_release(struct view line, struct view *value);
static bool pick_module(struct view line, struct view *value);
static enum err add_fact(struct component_builder *to, const char *name, struct view value);

enum err
measure_host(struct measure_context *m, struct component_builder *to)
{
	enum err e;

	if ((e = add_uname(to)) == ERR_OK &&
	    (e = add_text(m, to, "cmdline", "/proc/cmdline")) == ERR_OK &&
	    (e = add_text(m, to, "boot_id", BOOT_ID_PATH)) == ERR_OK &&
	    (e = add_modules(m, to)) == ERR_OK)
		e = add_os_release(m, to);
	return e == ERR_OK ? add_machine(m, to) : e;
}

enum err
measure_host_boot_id(uint8_t boot_id[BOOT_ID_SIZE])
{
	struct buf text = BUF_INIT;
	enum err e = small_file_read(AT_FDCWD, BOOT_ID_PATH, 64, &text);

	if (e == ERR_OK)
		e = parse_boot_id(procfs_trim(buf_view(&text)), boot_id);
	buf_free(&text);
	return e;
}

/* 8-4-4-4-12 hexadecimal digits. */
static enum err
parse_boot_id(struct view text, uint8_t boot_id[BOOT_ID_SIZE])
{
	struct buf digits = BUF_INIT, bytes = BUF_INIT;
	enum err e = text.size == 36 ? ERR_OK : ERR_FORMAT;

	for (size_t i = 0; e == ERR_OK && i < text.size; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23)
			e = text.data[i] == '-' ? ERR_OK : ERR_FORMAT;
		else
			buf_append_byte(&digits, text.data[i]);
	}
	if (e == ERR_OK && (e = hex_decode(buf_view(&digits), &bytes)) == ERR_OK)
		memcpy(boot_id, bytes.data, BOOT_ID_SIZE);
	buf_free(&digits);
	buf_free(&bytes);
	return e;
}

static enum err
add_uname(struct component_builder *to)
{
	struct utsname u;
	enum err e;

	if (uname(&u) != 0)
		return ERR_IO;
	if ((e = add_fact(to, "kernel_release", view_of_string(u.release))) == ERR_OK &&
	    (e = add_fact(to, "kernel_version", view_of_string(u.version))) == ERR_OK &&
	    (e = add_fact(to, "machine", view_of_string(u.machine))) == ERR_OK)
		e = add_fact(to, "hostname", view_of_string(u.nodename));
	return e;
}

static enum err
add_text(
    struct measure_context *m, struct component_builder *to, const char *name, const char *path)
{
	struct buf text = BUF_INIT;
	enum err e = small_file_read(AT_FDCWD, path, FILE_SIZE_MAX, &text);

	if (e != ERR_OK)
		(void)trouble_set(m->trouble, e, "%s: %s", path, strerror(errno));
	else
		e = add_fact(to, name, procfs_trim(buf_view(&text)));
	buf_free(&text);
	return e;
}

/* A file that is not there gives a fact without values. */
static enum err
add_modules(struct measure_context *m, struct component_builder *to)
{
	struct buf text = BUF_INIT;
	enum err e = small_file_read(AT_FDCWD, MODULES_PATH, FILE_SIZE_MAX, &text);

	if (e == ERR_NOT_FOUND)
		e = ERR_OK;
	if (e != ERR_OK)
		(void)trouble_set(m->trouble, e, MODULES_PATH ": %s", strerror(errno));
	else
		e = sorted_fact(to, "modules", buf_view(&text), pick_module);
	buf_free(&text);
	return e;
}

static enum err
add_machine(struct measure_context *m, struct component_builder *to)
{
	struct machine machine = {
	    .root = openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC), .to = to};
	enum err e;

	if (machine.root < 0)
		return trouble_set(m->trouble, ERR_IO, "/: %s", strerror(errno));
	e = machine_add(&machine);
	(void)close(machine.root);
	return e;
}

/* Of the process's own root, where it has one; no such fact where any user can have made that. */
static enum err
add_os_release(struct measure_context *m, struct component_builder *to)
{
	struct buf text = BUF_INIT;
	const char *option;
	enum err e;
	int root;

	if ((e = measure_root_open(m, &root, &option)) != ERR_OK)
		return e == ERR_MISMATCH ? ERR_OK : e;
	e = measure_root_note(option, to);
	if (e == ERR_OK &&
	    (e = rooted_read(root, OS_RELEASE_PATH, FILE_SIZE_MAX, &text, NULL)) == ERR_NOT_FOUND)
		e = ERR_OK;
	(void)close(root);
	if (e != ERR_OK)
		(void)trouble_set(m->trouble, e, OS_RELEASE_PATH ": %s",
		    e == ERR_IO ? strerror(errno) : err_text(e));
	else
		e = sorted_fact(to, "os_release", buf_view(&text), pick_os_release);
	buf_free(&text);
	return e;
}

/* What is picked of each line; the last one needs no end. */
static enum err
sorted_fact(struct component_builder *to, const char *name, struct view text,
    bool (*pick)(struct view line, struct view *value))
{
	struct values values = VALUES_INIT;
	struct view line, value;
	enum err e = ERR_OK;

	while (e == ERR_OK && text.size > 0) {
		if (line_next(&text, &line) != ERR_OK) {
			line = text;
			text.size = 0;
		}
		if (pick(line, &value))
			values_add(&values, value);
		if (values.count > LINES_MAX)
			e = ERR_FORMAT_SIZE;
	}
	if (e == ERR_OK)
		e = values_finish(&values, VALUES_SORTED, name, to);
	values_free(&values);
	return e;
}

static bool
pick_os_release(struct view line, struct view *value)
{
	static const char *const keys[] = {"ID=", "PRETTY_NAME=", "VERSION_ID="};

	*value = line;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (line.size >= strlen(keys[i]) &&
		    memcmp(line.data, keys[i], strlen(keys[i])) == 0)
			return true;
	return false;
}

static bool
pick_module(struct view line, struct view *value)
{
	return procfs_next_word(&line, value);
}

static enum err
add_fact(struct component_builder *to, const char *name, struct view value)
{
	const struct component_fact fact = {view_of_string(name), 1, &value};

	return component_add_fact(to, &fact);
}
