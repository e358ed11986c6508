/*
 * What is in force in a log behind one of its notices. A text, stored as evidence; its SHA-256 is
 * the notice's hallmark.in-force. Lines behind the first are sorted bytewise, each ends in a line
 * feed:
 *
 *   hallmark in force v1
 *   feed <name> <sha256> <decimal>  advisories, the newest of this name, and when they were written
 *   manifest <sha256>             once one is
 *   number <key id> <decimal>     the largest number used, for each key of a statement in this log
 *   statement <sha256> <kind>     taken, its time not over, not revoked
 *
 * enforce is reserved. Lines of other kinds, `<kind> <printable text>`, are left to later
 * versions.
 */
#ifndef HALLMARK_PROTO_REPORT_INFORCE_H
#define HALLMARK_PROTO_REPORT_INFORCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define INFORCE_SIZE_MAX 1048576 /* bytes: some 10,000 statements, which no site has at once */

#define INFORCE_FEEDS_MAX 64 /* names that a log has ever had: none goes */

struct inforce_feed {
	struct view name;
	struct digest sha256; /* of its text */
	uint64_t written_s;   /* seconds since 1970: its file, as its notice says */
};

struct inforce_number {
	struct digest key; /* SHA-256 of the key's SubjectPublicKeyInfo */
	uint64_t number;   /* 1 to 2^53 - 1 */
};

struct inforce_statement {
	struct digest sha256; /* of its envelope */
	struct view kind;     /* a-z, 0-9 and '-' */
};

struct inforce {
	size_t feed_count;
	struct inforce_feed feeds[INFORCE_FEEDS_MAX]; /* by name, each once */
	bool has_manifest;
	struct digest manifest;
	size_t number_count;
	struct inforce_number *numbers; /* by key, each once */
	size_t statement_count;
	struct inforce_statement *statements; /* by digest, each once */
	size_t unknown_count;                 /* lines of other kinds; inforce_write writes none */
	struct view unknown_kind;             /* of the first of them */
};

/*
 * Sorts the arrays, then appends the text; nothing on an error: ERR_FORMAT for a value out of
 * range, a key or a statement twice; ERR_FORMAT_SIZE; ERR_MEMORY.
 */
enum err inforce_write(struct inforce *f, struct buf *to) MUST_USE;

/*
 * ERR_FORMAT for every other spelling; ERR_FORMAT_SIZE; ERR_MEMORY; ERR_UNSUPPORTED for another
 * version in the first line. Sets *out to NULL first. `text` must outlive it.
 */
enum err inforce_parse(struct view text, struct inforce **out) MUST_USE;
void inforce_free(struct inforce **f);

#endif
