/*
 * What can be said about a receipt, a log or a verdict; also the exit status of hallmark-audit.
 */
#ifndef HALLMARK_LOG_OUTCOME_H
#define HALLMARK_LOG_OUTCOME_H

#include "proto/err.h"

enum outcome {
	OUTCOME_GOOD = 0,
	OUTCOME_BAD = 1, /* proved: no honest signer and no healthy log gives this */
	OUTCOME_UNKNOWN =
	    2, /* nothing is proved: unreadable, absent, another key, another version */
};

/* Bad outweighs unknown, unknown outweighs good. */
enum outcome outcome_worse(enum outcome a, enum outcome b);

/*
 * What an error proves. Documents have one valid form, so one that is malformed was changed or was
 * never ours: bad, like a wrong proof. Unknown: the environment failed; the document is of a
 * version or profile, or by a key, that is not known here.
 */
enum outcome outcome_of_error(enum err e);

#endif
