/*
 * What is different between two states of a reference set.
 */
#ifndef HALLMARK_POLICY_WORDS_SET_DIFFERENCE_H
#define HALLMARK_POLICY_WORDS_SET_DIFFERENCE_H

#include <stddef.h>

#include "policy/sources/reference.h"
#include "proto/bytes.h"

/* Of a path: whether it came, went, or has other contents or another owner than before. */
enum set_change { SET_ADDED, SET_REMOVED, SET_CHANGED, SET_CHANGES };

struct set_difference {
	size_t count[SET_CHANGES];
	size_t path_count; /* the sum of them */
	struct set_path {
		struct view path; /* of the set that has it */
		enum set_change change;
	} * path; /* sorted */
};

/* To be freed; aborts for want of memory. */
void set_difference_find(
    const struct reference_set *was, const struct reference_set *is, struct set_difference *out);
void set_difference_free(struct set_difference *d);

#endif
