/*
 * What a source had and its import could not take, told by reasons.
 */
#ifndef HALLMARK_POLICY_SOURCES_LEFT_OUT_H
#define HALLMARK_POLICY_SOURCES_LEFT_OUT_H

#include <stddef.h>
#include <stdio.h>

#include "proto/bytes.h"

#define LEFT_OUT_REASONS_MAX 24 /* as many literals as all sources of one import have */

/* Zero-initialised. */
struct left_out {
	size_t count;
	struct left_out_reason {
		const char *why;
		size_t count;
		struct buf names; /* printable, of the first */
	} reason[LEFT_OUT_REASONS_MAX];
};

/* `why` is a literal: what is left out is told by it. `name` may be empty. */
void left_out_add(struct left_out *l, struct view name, const char *why);

/* A line for each reason: how many, why, and the names of some. */
void left_out_tell(const struct left_out *l, FILE *to);

void left_out_free(struct left_out *l);

#endif
