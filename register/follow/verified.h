/*
 * The newest checkpoint of a log that was accepted, durable: the file `verified` of its state
 * directory, a signed note. It never goes back, and whatever the log shows later has to begin with
 * its tree.
 */
#ifndef HALLMARK_REGISTER_FOLLOW_VERIFIED_H
#define HALLMARK_REGISTER_FOLLOW_VERIFIED_H

#include "log/findings.h"
#include "log/log_reader.h"
#include "log/outcome.h"
#include "log/seal.h"
#include "proto/bytes.h"

struct verified {
	int dir;       /* of the log's state; borrowed */
	bool is_there; /* a checkpoint was accepted before */
	struct buf note;
	struct checkpoint checkpoint;
};

/*
 * Reads it. Not good if it cannot be read, or is not signed by a key of the log's: what the log
 * showed before is not known then, and must not be taken for nothing. To be freed whatever comes
 * out.
 */
enum outcome verified_open(struct verified *v, int dir, const struct seal_wanted *wanted,
    const struct findings *f) MUST_USE;
void verified_free(struct verified *v);

enum verified_next {
	VERIFIED_SAME,    /* the tree that was accepted before */
	VERIFIED_GROWN,   /* it is how this one began */
	VERIFIED_SMALLER, /* fewer entries than were accepted */
	VERIFIED_FORKED,  /* both are signed, and cannot both be true */
	VERIFIED_OTHER,   /* of another log */
	VERIFIED_UNTOLD,  /* the tiles could not be read, or are not those of the checkpoint */
};

/*
 * What the log shows now, authentic, against what was accepted. Of a fork `words` says what it is,
 * and a fork proof is kept as the file `fork-proof`, if there is none yet; of what could not be
 * told why, with `e` for inputfile_reason.
 */
enum verified_next verified_compare(
    const struct verified *v, const struct log_reader *l, struct buf *words, enum err *e) MUST_USE;

/* From here on this one is. ERR_IO: it could not be made durable, and is not accepted. */
enum err verified_accept(struct verified *v, const struct log_reader *l) MUST_USE;

#endif
