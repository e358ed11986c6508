/*
 * A file that a process runs or has mapped, and what stands under its name now.
 *
 * The kernel tells a name as text, with " (deleted)" behind it when the file has left its
 * directory; a file may also really be called so. And the name may lead to another file by now. So
 * the name is looked up again, in the process's root directory and in ours, without following any
 * link, and what is found is compared with what is held.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MAPPED_FILE_H
#define HALLMARK_COLLECTOR_MEASURE_MAPPED_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "collector/measure/maps.h"
#include "collector/measure/measure_context.h"
#include "proto/bytes.h"
#include "proto/err.h"

/* The file that is held: by its stat, or only by what a line of maps says. */
struct mapped_file {
	const struct stat *stat;        /* NULL: compare with the mapping */
	const struct maps_entry *entry; /* used where stat is NULL */
};

struct mapped_name {
	struct view path; /* into the kernel's text, without its mark */
	uint32_t flags;   /* COMPONENT_FILE_DELETED, _REPLACED, _MEMFD */
	int fd;           /* O_PATH of the file itself, where it was found by its name; or -1 */
};

/* Judges the kernel's text. ERR_FORMAT if it is no name of a file. Close `out->fd`. */
enum err mapped_file_resolve(const struct measure_context *m, struct view text,
    const struct mapped_file *held, struct mapped_name *out) MUST_USE;

/*
 * The open file `fd` is the one of the mapping. Where the filesystem shows other device numbers to
 * stat than to maps (overlayfs, btrfs) the inode alone decides.
 */
bool mapped_file_is(int fd, const struct stat *s, const struct maps_entry *entry);

/* Opens the file behind an O_PATH descriptor for reading; -1 with errno. */
int mapped_file_reopen(int fd);

#endif
