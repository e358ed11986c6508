/*
 * Lines of /proc/PID/maps (proc(5)):
 *
 *   559d3c0b3000-559d3c0b5000 r-xp 00002000 fe:00 1234      /usr/bin/cat
 *
 * The kernel writes '\n' inside a path as "\012" and leaves every other byte alone, so a path that
 * really holds "\012" looks the same: a text here is a hint, and the link in /proc/PID/map_files
 * has the true bytes.
 */
#ifndef HALLMARK_COLLECTOR_MEMORY_MAPS_H
#define HALLMARK_COLLECTOR_MEMORY_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define MAPS_RANGE_SIZE 36 /* bytes with NUL: two 64-bit addresses and a hyphen */

struct maps_entry {
	uint64_t start;
	uint64_t end; /* first address behind */
	bool writable;
	bool executable;
	bool shared;
	uint32_t device_major;
	uint32_t device_minor;
	uint64_t offset;  /* bytes into the file at which it starts */
	uint64_t inode;   /* 0: no file */
	struct view path; /* as written; may be empty; points into the line */
};

/* `line` is without its '\n'. ERR_FORMAT if it is not one. */
enum err maps_parse(struct view line, struct maps_entry *out) MUST_USE;

/* The name of the mapping in /proc/PID/map_files. */
void maps_range(const struct maps_entry *entry, char name[MAPS_RANGE_SIZE]);

/* Appends `path` with every "\012" as '\n'. */
void maps_unescape(struct view path, struct buf *to);

/* Calls back for every line of the open file `fd`, which is closed. An error ends the walk. */
typedef enum err maps_visit(void *context, const struct maps_entry *entry);
enum err maps_each(int fd, maps_visit *visit, void *context) MUST_USE;

#endif
