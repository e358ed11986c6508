/*
 * Checkpoint (C2SP tlog-checkpoint): the three lines that name one state of one log.
 *
 *   origin '\n' size in decimal '\n' base64(root) '\n'
 *
 * Extension lines are not written and are refused on reading.
 */
#ifndef HALLMARK_PROTO_TLOG_CHECKPOINT_H
#define HALLMARK_PROTO_TLOG_CHECKPOINT_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define CHECKPOINT_ORIGIN_MAX 200 /* bytes: an origin is a short schema-less URL */

struct checkpoint {
	char origin[CHECKPOINT_ORIGIN_MAX + 1];
	uint64_t size; /* leaves */
	struct digest root;
};

/* ERR_FORMAT unless 1 to 200 bytes of printable ASCII without space and '+' (signed-note). */
enum err checkpoint_origin_check(struct view origin) MUST_USE;

void checkpoint_write(const struct checkpoint *c, struct buf *to);

/*
 * The whole of `text` must be one checkpoint: ERR_FORMAT, ERR_FORMAT_NUMBER (the size),
 * ERR_FORMAT_BASE64 (the root).
 */
enum err checkpoint_parse(struct view text, struct checkpoint *out) MUST_USE;

#endif
