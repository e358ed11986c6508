/*
 * When each workload of a log has to be heard of again, and whether an absence stands where it was
 * not: policy/due.h has the arithmetic, this follows the log with it.
 *
 * It says nothing about a workload whose rule is not there to be read, nor about any while it is
 * not known what is in force, until its next report: a window may have moved its due.
 */
#ifndef HALLMARK_LOG_WALK_SILENCE_H
#define HALLMARK_LOG_WALK_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "log/reason.h"
#include "log/walk/chains.h"
#include "log/walk/dues.h"
#include "policy/due.h"

/* Zero-initialised. */
struct silence {
	struct dues dues;
	const struct due_window *windows; /* the operators', in force; borrowed */
	size_t window_count;
	bool lost; /* what is in force is not known */
};

void silence_free(struct silence *s);

/*
 * The workload reported at `iat_s`; `rule` judges it, NULL if that is not known. All that move a
 * due: ERR_MEMORY.
 */
enum err silence_take_report(struct silence *s, struct chain *c, const struct report *r,
    const struct policy_rule *rule) MUST_USE;

/* It was called absent at `iat_s`: checks that it was, and that this is the due that it had. */
enum err silence_take_absence(struct silence *s, struct chain *c, uint64_t iat_s,
    const struct absence_workload *a, struct reason *reason) MUST_USE;

/* The signer took no bundles from `from_s` to `to_s`. */
enum err silence_take_start(
    struct silence *s, struct chains *all, uint64_t from_s, uint64_t to_s) MUST_USE;

/* The log was set back to `iat_s`. */
enum err silence_take_clock(struct silence *s, struct chains *all, uint64_t iat_s) MUST_USE;

/* Those that are in force from here on, which is known; there are new ones if `more`. */
enum err silence_take_windows(struct silence *s, struct chains *all,
    const struct due_window *windows, size_t count, bool more) MUST_USE;

/* What is in force cannot be told behind this entry. */
enum err silence_lose(struct silence *s, struct chains *all) MUST_USE;

/* An operator retired it. */
enum err silence_retire(struct silence *s, struct chain *c) MUST_USE;

/*
 * A workload that has to stand in an absence before an entry of `iat_s`, and does not; NULL if
 * there is none. It is given once for each due.
 */
struct chain *silence_left_out(struct silence *s, uint64_t iat_s);

#endif
