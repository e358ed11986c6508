/*
 * A set that was made of a source is read again as the same.
 */
#ifndef HALLMARK_TESTS_FUZZ_DRAFTED_SET_H
#define HALLMARK_TESTS_FUZZ_DRAFTED_SET_H

#include <stdlib.h>

#include "policy/sources/reference.h"
#include "policy/sources/set_draft.h"

/* Nothing that fits into an input is too large for a set. */
static inline void
drafted_set_read_again(struct set_draft *draft)
{
	struct faults faults = FAULTS_INIT;
	struct buf set = BUF_INIT, again = BUF_INIT;
	struct reference_set *s = NULL;
	size_t count;

	if (set_draft_write(draft, "fuzz", &faults, &set, &count) != ERR_OK ||
	    reference_parse("fuzz", buf_view(&set), &faults, &s) != ERR_OK)
		abort();
	for (size_t i = 0; i < reference_count(s); i++)
		reference_entry_append(reference_at(s, i), &again);
	if (reference_count(s) != count || !view_equal(buf_view(&set), buf_view(&again)) ||
	    faults.count > 0)
		abort();
	reference_free(&s);
	faults_free(&faults);
	buf_free(&set);
	buf_free(&again);
}

#endif
