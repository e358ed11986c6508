/*
 * A fork, proved: two checkpoints that one log has signed and that no log that only grows can have.
 * Whoever has the log's certificate can check it with nothing else. In one of two forms:
 *
 *   hallmark fork proof v1            the older checkpoint's tree is not what the newer one began
 *   prefix <size of the older>        with: that has another root
 *   <empty line>
 *   <older checkpoint as a signed note, verbatim>
 *   <empty line>
 *   root <base64>                     of the newer tree when it had this size
 *   <base64 hash>                     one line each: the consistency proof from there (RFC 6962)
 *   <empty line>
 *   <newer checkpoint, verbatim>
 *
 *   hallmark fork proof v1            both trees have this complete subtree, of 2^level leaves,
 *   subtree <level> <index>           with another root: at level 0 a leaf
 *   <empty line>
 *   root <base64>                     of the subtree in the first tree
 *   <base64 hash>                     one line each: its inclusion proof there
 *   <empty line>
 *   <checkpoint, verbatim>
 *   <empty line>
 *   root ...                          and the same of the second
 *
 * Every byte counts, as in a receipt (proto/tlog/tlogproof.h).
 */
#ifndef HALLMARK_PROTO_TLOG_FORKPROOF_H
#define HALLMARK_PROTO_TLOG_FORKPROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/merkle.h"
#include "proto/tlog/note.h"

#define FORKPROOF_SIZE_MAX (144 * 1024) /* bytes: two notes of 64 KiB, 130 hashes of 45 */

struct forkproof_side {
	struct digest root; /* not of the older checkpoint of a prefix, and then zero */
	struct merkle_proof proof;
	struct view note; /* the signed checkpoint, verbatim */
};

struct forkproof {
	bool is_prefix;
	uint64_t size;  /* of a prefix */
	unsigned level; /* of a subtree, as is `index` */
	uint64_t index;
	struct forkproof_side side[2];
};

void forkproof_write(const struct forkproof *p, struct buf *to);

/* The text begins as one does, of whichever version. */
bool forkproof_begins(struct view text);

/*
 * Parses the whole of `text`; the notes point into it, and their own form is checked too.
 * ERR_UNSUPPORTED for another first line; ERR_FORMAT, ERR_FORMAT_NUMBER, ERR_FORMAT_BASE64,
 * ERR_FORMAT_SIZE.
 */
enum err forkproof_parse(struct view text, struct forkproof *out) MUST_USE;

/*
 * Whether it is one, given what its checkpoints say: whoever calls has verified their signatures.
 * ERR_MISMATCH for checkpoints of two logs; ERR_PROOF where nothing follows.
 */
enum err forkproof_verify(const struct forkproof *p, const struct checkpoint *first,
    const struct checkpoint *second) MUST_USE;

#endif
