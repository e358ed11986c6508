/*
 * The policies that a log's reports were judged by, with how many reports each has; and whether
 * they are those that the auditor was told to expect.
 *
 * A signer chooses its policy: one that lets anything pass gives affirming reports that replay as
 * well as any. Only somebody who knows the organisation's policies can tell.
 */
#ifndef HALLMARK_LOG_POLICIES_H
#define HALLMARK_LOG_POLICIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/outcome.h"
#include "proto/bytes.h"
#include "proto/digest.h"

/*
 * Policies that are told apart; a signer has a new one with each change, so these are years of
 * weekly ones. Reports under more are counted together.
 */
#define POLICIES_MAX 512

/* What stands behind the policy's name in every report: the digest of its manifest. */
struct policies_expected {
	const struct digest *digest;
	size_t count; /* 0: whatever there is */
};

struct policies;

/* `expected` must outlive it. NULL for want of memory. */
struct policies *policies_new(const struct policies_expected *expected);
void policies_free(struct policies **p);

/*
 * Counts a report under its policy ("name@sha256:hex"). Bad for one that is not expected, the first
 * time that it is seen; `what` then says so, until the next call.
 */
enum outcome policies_check(struct policies *p, struct view id, const char **what) MUST_USE;

/* One policy that was seen. */
struct policies_seen {
	struct view id; /* valid until the next policies_check */
	uint64_t reports;
	bool expected;
};

/* Those seen, in the order in which they were first seen. */
size_t policies_count(const struct policies *p);
struct policies_seen policies_get(const struct policies *p, size_t i);

/* Reports under policies beyond POLICIES_MAX. */
uint64_t policies_others(const struct policies *p);

#endif
