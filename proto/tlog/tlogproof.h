/*
 * Receipt as one text (C2SP tlog-proof, file suffix .tlog-proof):
 *
 *   c2sp.org/tlog-proof@v1
 *   extra <base64 of the report>     the line may be left out
 *   index <decimal>
 *   <base64 hash>              one line each, from leaf to root
 *   <empty line>
 *   <checkpoint as a signed note, verbatim>
 *
 * `extra` is not authenticated by the format: a verifier hashes it as the leaf and proves that.
 * Where it is left out, the verifier has the report from elsewhere. Every byte counts: a text that
 * differs from what tlogproof_write makes of its content is refused. Only the note may have further
 * signature lines, by other keys (proto/tlog/note.h).
 */
#ifndef HALLMARK_PROTO_TLOG_TLOGPROOF_H
#define HALLMARK_PROTO_TLOG_TLOGPROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/merkle.h"
#include "proto/tlog/note.h"

#define TLOGPROOF_SIZE_MAX (192 * 1024) /* bytes: base64 of 65,535, 64 hashes, a note of 64 KiB */

struct tlogproof {
	bool has_extra;
	struct view extra; /* decoded; empty without the line */
	uint64_t index;
	struct merkle_proof proof;
	struct view note; /* the signed checkpoint, verbatim */
};

void tlogproof_write(const struct tlogproof *p, struct buf *to);

/*
 * Parses the whole of `text`. `extra` is decoded into `storage`, which must stay alive as long as
 * `out` and is empty without the line; `note` points into `text`. The note's own form is checked
 * too (note_parse, and its errors). ERR_UNSUPPORTED for another first line; ERR_FORMAT,
 * ERR_FORMAT_NUMBER (the index), ERR_FORMAT_BASE64, ERR_FORMAT_SIZE, ERR_MEMORY.
 */
enum err tlogproof_parse(struct view text, struct buf *storage, struct tlogproof *out) MUST_USE;

/*
 * The whole verification: signature of the checkpoint by `v`, origin equal to the verifier's name,
 * `entry` (which is `extra`, or comes from elsewhere) as leaf `index` under its root. Fills
 * `checkpoint` as soon as it is authentic. The errors of note_verify and checkpoint_parse;
 * ERR_MISMATCH for another origin; ERR_PROOF.
 */
enum err tlogproof_verify(const struct tlogproof *p, struct view entry,
    const struct note_verifier *v, struct checkpoint *checkpoint) MUST_USE;

#endif
