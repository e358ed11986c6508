/*
 * One line of a reference set: which content a path may have, and whose it has to be. Three forms:
 *
 *   <64 hex> ' ' (' ' | '*') <path>                         a file, as coreutils' sha256sum writes
 * it
 *   '\' <64 hex> ' ' (' ' | '*') <path>                     the same, its path with \\, \n and \r
 *   'file' <64 hex> <path> [uid=N] [gid=N] [mode=OOOO]      a file, and whose it has to be
 *   'link' <target> <path> [uid=N] [gid=N]                  a symbolic link, by its target's text
 *
 * The words of the last two have one space between. In a target and a path \\, \n, \r and \s stand
 * for a backslash, a line feed, a carriage return and a space, none of which is there otherwise.
 * Numbers are decimal, a mode is four octal digits: st_mode's lowest twelve bits.
 *
 * Strict: lower-case hex, an escape exactly where the name needs it, absolute paths as the kernel
 * has them (no "//", "/./", "/../", no slash at the end). In place of a path one may be hidden
 * (proto/evidence/redacted.h), with the digest that belongs to it, in a `link` in place of the
 * target.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_REFERENCE_ENTRY_H
#define HALLMARK_PROTO_EVIDENCE_REFERENCE_ENTRY_H

#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"

#define REFERENCE_MODE_MASK  07777
#define REFERENCE_TARGET_MAX 4096 /* bytes: PATH_MAX of Linux */

enum reference_kind { REFERENCE_FILE, REFERENCE_LINK };

/* What is given besides the content. */
enum reference_given {
	REFERENCE_UID = 1,
	REFERENCE_GID = 2,
	REFERENCE_MODE = 4,
};

struct reference_entry {
	struct view path;
	struct view target;   /* of a link whose path is not hidden; else size 0 */
	struct digest digest; /* of the content, or of the target's text */
	uint32_t uid, gid;    /* 0 where they are not given */
	uint16_t mode;        /* as above */
	uint8_t kind;         /* enum reference_kind */
	uint8_t given;        /* enum reference_given */
};

/*
 * NULL, or what is wrong with the line, which is without its line feed. The entry's views point
 * into it; names that stand in it with a backslash are appended to `names` as they are meant, where
 * room for `line.size` bytes has to be reserved.
 */
const char *reference_entry_parse(
    struct view line, struct buf *names, struct reference_entry *out) MUST_USE;

/*
 * Whether a path may stand in an entry that is made elsewhere: NULL, or what is wrong with it.
 */
const char *reference_path_check(struct view path) MUST_USE;

/* Appends the line and its line feed, in the first form where nothing but the digest is given. */
void reference_entry_append(const struct reference_entry *e, struct buf *to);

/* By path, files before links, by digest, then by what is given, where nothing comes first. */
int reference_entry_compare(const struct reference_entry *a, const struct reference_entry *b);

#endif
