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
	const struct signercert *certificate;
	const char *origin; /* demanded; NULL: the one that the certificate's key signed under */
};

/*
 * Checks the note: its form, a signature line of the certificate's key, that signature, the
 * checkpoint's form, its origin. Lines of other keys are ignored: witnesses add them. `out` is
 * filled where the outcome is good. The verifier is handed out (to be freed) if `verifier` is not
 * NULL.
 */
enum outcome seal_check(const struct seal_wanted *wanted, struct view note,
    const struct findings *f, struct checkpoint *out, struct note_verifier **verifier) MUST_USE;

#endif
