/*
 * What the guard knows of one key.
 *
 * A log goes from one key to the next by a transition that both have signed
 * (proto/tlog/transition.h), and so does the guard: the old key's is closed behind its last
 * checkpoint, and the new key's begins there. What may be is in succession.h.
 */
#ifndef HALLMARK_PKCS11_SERVE_GUARD_STATE_H
#define HALLMARK_PKCS11_SERVE_GUARD_STATE_H

#include <stdint.h>

#include "proto/digest.h"

enum guard_phase {
	GUARD_OPEN,    /* the key signs */
	GUARD_WAITING, /* for its transition: the key signs nothing yet */
	GUARD_CLOSED,  /* by a transition: the key signs nothing any more */
	GUARD_RETIRED, /* by operators, since others may have it: nothing any more, and for good */
};

struct guard_state {
	uint64_t size; /* leaves */
	struct digest root;
	enum guard_phase phase;
	struct digest transition;  /* by which it was closed, waits or began; of a retired one
				      the statement; zero: none */
	uint64_t closed_s;         /* when it was closed, seconds since 1970; else 0 */
	uint32_t token_lifetime_s; /* the longest that any profile ever gave the key's tokens */
};

#endif
