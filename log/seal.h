/*
 * A log's seal: the signed checkpoint, checked step by step and told.
 */
#ifndef HALLMARK_LOG_SEAL_H
#define HALLMARK_LOG_SEAL_H

#include "log/findings.h"
#include "log/outcome.h"
#include "log/signercert.h"
#include "proto/tlog/checkpoint.h"
#include "proto/tlog/note.h"

struct seal_wanted {
	struct signercerts certificates; /* borrowed; one of them has to have signed */
	const char *origin; /* demanded; NULL: the one that the certificate's key signed under */
};

/* What was proved. */
struct seal {
	struct checkpoint checkpoint;
	const struct signercert *by;    /* of those wanted */
	struct note_verifier *verifier; /* of its key under this origin */
};

/*
 * Checks the note: its form, a signature line of a certificate's key, that signature, those by the
 * keys of the other certificates where there are any, the checkpoint's form, its origin. One
 * signature by a key that is wanted is enough; a wrong one by any of them is bad. Lines of other
 * keys are ignored: witnesses add them. `out` is filled, and to be freed, where the outcome is
 * good; else it is zero.
 */
enum outcome seal_check(const struct seal_wanted *wanted, struct view note,
    const struct findings *f, struct seal *out) MUST_USE;
void seal_free(struct seal *s);

/*
 * Of certificates of several logs the key of one is not to speak for another: which names this log
 * where `by`, whose key has signed, does not. NULL: none, or a key alone has signed, which has no
 * name.
 */
const struct signercert *seal_named(
    const struct signercerts *all, const struct signercert *by, const char *origin);

#endif
