/*
 * The tokens that a policy wants of a workload's reports, as text: so they go from the policy to
 * whoever asks the key process for them, one line each,
 *
 *   <profile> SP <audience> SP <lifetime, seconds> LF
 *
 * The audience is empty where the policy names none (the profile's only one is meant), the lifetime
 * 0 where the profile's is. Neither a profile's name nor an audience has white space.
 */
#ifndef HALLMARK_PROTO_WIRE_TOKEN_WANTS_H
#define HALLMARK_PROTO_WIRE_TOKEN_WANTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"

struct token_want {
	struct view profile;  /* 1 to KEYCHANNEL_PROFILE_MAX bytes */
	struct view audience; /* KEYCHANNEL_AUDIENCE_MAX bytes at most */
	uint32_t lifetime_s;  /* KEYCHANNEL_LIFETIME_MAX_S at most */
};

void token_wants_append(struct buf *to, const struct token_want *want);

/* Takes the first off `rest`, which was written by token_wants_append. False: there is none. */
bool token_wants_next(struct view *rest, struct token_want *out);

#endif
