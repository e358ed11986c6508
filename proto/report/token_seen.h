/*
 * What a key process has seen of the token that holds its key: what the token says of itself, and
 * what of it was another than before.
 *
 *   {"record":hex,"label":,"manufacturer":,"model":,"serial":,"firmware":,"number":,
 *    "changes":[{"number":,"what":,"before":,"after":},...]}
 *
 * One form for the two places where it stands: a line of what the key process tells the signer
 * unasked (proto/wire/keychannel.h), and the subject of a token notice (notice.h), in which only
 * those changes stand that the log does not have yet.
 *
 * `record` names the key process's own record of this token. Changes are numbered in it, over all
 * restarts, and are told for good: so whoever knows the newest number that a log has of a record
 * knows what is new. Of several changes of one kind the newest is told; the others are gaps in the
 * numbers, as are those that matter to nobody but the key process's own log.
 */
#ifndef HALLMARK_PROTO_REPORT_TOKEN_SEEN_H
#define HALLMARK_PROTO_REPORT_TOKEN_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/json/json_read.h"
#include "proto/json/json_write.h"

#define TOKEN_SEEN_TEXT_MAX    32 /* bytes: CK_TOKEN_INFO has no longer ones */
#define TOKEN_SEEN_WORD_MAX    32
#define TOKEN_SEEN_CHANGES_MAX 16 /* one of each kind; there are nine */

/* What `TOKEN_SEEN_CHANGES_MAX` changes and all texts take at most, as written. */
#define TOKEN_SEEN_SIZE_MAX 5120

struct token_change {
	uint64_t number;           /* from 1 */
	struct view what;          /* a-z, 0-9 and '-': "serial", "user-pin-wrong", ... */
	struct view before, after; /* printable, 1 to TOKEN_SEEN_TEXT_MAX bytes */
};

struct token_seen {
	struct digest record;                   /* 32 bytes by chance */
	struct view label, manufacturer, model; /* printable; a token may have none */
	struct view serial, firmware;           /* at least 1 byte */
	uint64_t number;                        /* of the newest change; 0: there was none */
	size_t change_count;
	struct token_change change[TOKEN_SEEN_CHANGES_MAX]; /* numbers rise */
};

bool token_seen_is_good(const struct token_seen *s);

/* One that is good; at most TOKEN_SEEN_SIZE_MAX bytes. */
void token_seen_write(struct json_writer *w, const struct token_seen *s);
bool token_seen_read(struct json_reader *r, struct token_seen *out);

/* The line: the object and a line feed. ERR_FORMAT for one that is not good; ERR_MEMORY. */
enum err token_seen_append(const struct token_seen *s, struct buf *to) MUST_USE;

/*
 * Takes the line off the beginning of `rest`; views point into it and into `strings`. ERR_NOT_FOUND
 * if there is none: it begins with anything but '{'. ERR_FORMAT, behind the line, for another form.
 */
enum err token_seen_take(struct view *rest, struct token_seen *out, struct buf *strings) MUST_USE;

#endif
