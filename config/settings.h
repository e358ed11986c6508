/*
 * What the three configurations share when they check the meaning of a loaded file: lines of keys,
 * defaults and ranges of numbers, paths, addresses. Every check adds its fault and goes on.
 *
 * A check of a key that is missing or was faulty does nothing: its fault is noted already.
 */
#ifndef HALLMARK_CONFIG_SETTINGS_H
#define HALLMARK_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/faults.h"
#include "config/yaml.h"

#define SETTINGS_TEXT_MAX   1024 /* bytes of a name or other text, unless something is stricter */
#define SETTINGS_PATH_MAX   4095 /* bytes: PATH_MAX of Linux without its NUL */
#define SETTINGS_SOCKET_MAX 107  /* bytes: sun_path of a Unix socket's address, without its NUL */

/* A schema's row for text of 1 to `size_max` bytes. */
#define SETTINGS_TEXT(key, flags, structure, member, size_max)                                     \
	CYAML_FIELD_STRING_PTR(key, flags, structure, member, 1, size_max)
#define SETTINGS_OPTIONAL CYAML_FLAG_OPTIONAL
#define SETTINGS_REQUIRED CYAML_FLAG_DEFAULT

struct settings {
	char *file; /* path of the configuration */
	struct yaml_file *yaml;
	struct faults *faults;
	void *
	    *owned; /* what the finished configuration points to, besides the YAML's own strings */
	size_t owned_count;
};

/*
 * Loads the file; `s->yaml` is NULL if there is nothing to check. Otherwise check on, whatever
 * faults were added. End with settings_free.
 */
void settings_load(struct settings *s, const char *path, const cyaml_schema_value_t *schema,
    struct faults *faults);
void settings_free(struct settings *s);

/* Takes over memory from malloc, to be freed with the settings. Returns it. */
void *settings_own(struct settings *s, void *memory);

/* Zeroed memory owned by the settings; aborts for want of it. */
void *settings_new(struct settings *s, size_t count, size_t size);

/* The key is in the file, with a good value or a faulty one. */
bool settings_has(const struct settings *s, const char *key);

/* A fault at the line of the key. The text should begin with the key's name in quotes. */
void settings_fault(struct settings *s, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One number (uint32_t) that may be left out: where it was loaded to, and where it belongs. */
struct settings_number {
	const char *key;
	size_t from;       /* offset in the loaded struct */
	size_t to;         /* offset in the configuration */
	uint32_t standard; /* what stands where the file says nothing */
	uint32_t least;
	uint32_t most;
};

/* Copies each number; its default where it is not said, or is a fault: out of its range. */
void settings_numbers(struct settings *s, const struct settings_number *numbers, size_t count,
    const void *loaded, void *config);

/* The absolute form, owned by the settings; NULL for NULL. */
const char *settings_path(struct settings *s, const char *path);

/*
 * The absolute form of a file that must be readable; NULL where it is not, which is a fault: nobody
 * needs to try again. A secret that can be read is given in spite of its other faults.
 */
const char *settings_file(struct settings *s, const char *key, const char *path);
const char *settings_secret_file(struct settings *s, const char *key, const char *path);

/*
 * The absolute form of a directory that nobody but this user and root can write to: one that a
 * promise rests on. NULL at any fault.
 */
const char *settings_guarded_directory(struct settings *s, const char *key, const char *path);

/*
 * A readable file of code that this process will run, by the path that no link is part of: nobody
 * but this user and root can write to it, nor put another one in its place, in whichever directory
 * above it; and who can turn a link that led there turns it too late. NULL at any fault.
 */
const char *settings_guarded_code(struct settings *s, const char *key, const char *path);

/* These take resolved paths; NULL passes. */
void settings_readable(struct settings *s, const char *key, const char *path);
void settings_directory(struct settings *s, const char *key, const char *path);

/* The configuration itself, where whoever can write it could take the program over. */
void settings_guarded_file(struct settings *s);

void settings_program(struct settings *s, const char *key, const char *path);
void settings_socket(struct settings *s, const char *key, const char *path);

/* A directory that the program makes itself if it is not there: it must be able to. */
void settings_makeable(struct settings *s, const char *key, const char *path);

/* A file that the program makes itself: its directory must be makeable. */
void settings_new_file(struct settings *s, const char *key, const char *path);

/* An origin as C2SP's signed notes allow it in a key's name; false for a fault, and for NULL. */
bool settings_origin(struct settings *s, const char *key, const char *origin);

/*
 * Splits "host:port" or "[host]:port"; both parts are owned by the settings. `literal`: the host
 * must be an IP address. False with a fault if it is neither.
 */
bool settings_address(struct settings *s, const char *key, const char *text, bool literal,
    const char **host, uint16_t *port);

/* "list[index]rest": the name of a key of an entry, for faults. Returns `key`. */
#define SETTINGS_ENTRY_KEY_MAX 64 /* bytes of "workloads[1023].environment[255]" and room */
const char *settings_entry_key(
    char key[SETTINGS_ENTRY_KEY_MAX], const char *list, size_t index, const char *rest);

/* The directory of a file, as a new string. */
char *settings_parent(const char *path);

#endif
