/*
 * A file that a process runs or has mapped, and what stands under its name now.
 *
 * The kernel tells a name as text, with " (deleted)" behind it when the file has left its
 * directory; a file may also really be called so. And the name may lead to another file by now. So
 * the name is looked up again, in the process's root directory and in ours, without following any
 * link, and what is found is compared with what is held.
 */
#ifndef HALLMARK_COLLECTOR_MEMORY_MAPPED_FILE_H
#define HALLMARK_COLLECTOR_MEMORY_MAPPED_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "collector/memory/maps.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

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

/* Where names are looked up. */
struct mapped_roots {
	int process;      /* the process's root directory; -1 if it may not be looked at */
	const char *host; /* as host_root_open has it */
};

/* Judges the kernel's text. ERR_FORMAT if it is no name of a file. Close `out->fd`. */
enum err mapped_file_resolve(const struct mapped_roots *roots, struct view text,
    const struct mapped_file *held, struct mapped_name *out) MUST_USE;

/*
 * The text of the mapping's link in map_files of the process `dir`, which has the true bytes and
 * may be read without the right to follow it; else that of its line. Appends; look at `to->failed`.
 */
void mapped_file_text(int dir, const struct maps_entry *entry, struct buf *to);

/*
 * O_PATH of the mapped file, by its link in map_files of the process `dir`, with its stat; -1 if
 * that is not permitted, or the address is another file's by now.
 */
int mapped_file_open(int dir, const struct maps_entry *entry, struct stat *s);

/*
 * The open file `fd` is the one of the mapping. Where the filesystem shows other device numbers to
 * stat than to maps (overlayfs, btrfs) the inode alone decides.
 */
bool mapped_file_is(int fd, const struct stat *s, const struct maps_entry *entry);

/* Opens the file behind an O_PATH descriptor for reading; -1 with errno. */
int mapped_file_reopen(int fd);

#endif
