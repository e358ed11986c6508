/*
 * The policies of a log, one after the other as its notices put them in force: what each rests on,
 * how many reports were judged by it, and whether it is one of those that the auditor was told to
 * expect.
 *
 * A signer chooses its policy: one that lets anything pass gives affirming reports that replay as
 * well as any. Only somebody who knows the organisation's policies, or its approvers, can tell.
 */
#ifndef HALLMARK_LOG_WALK_MANIFESTS_H
#define HALLMARK_LOG_WALK_MANIFESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/reason.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/report/entry.h"

/*
 * Terms that are told apart: a signer has a new one with each change of policy, so these are years
 * of weekly ones. Of more, the first and the newest are kept.
 */
#define MANIFESTS_MAX 512

/* What stands behind the policy's name in every report: the digest of its manifest. */
struct manifests_expected {
	const struct digest *digest;
	size_t count; /* 0: whatever there is */
};

bool manifests_expects(const struct manifests_expected *expected, const struct digest *manifest);

/* From one notice of a manifest to the next. */
struct manifest_term {
	struct digest manifest;
	uint64_t index;   /* of the notice */
	uint64_t from_s;  /* its iat */
	size_t approvals; /* that it rests on */
	bool expected;
	bool need_is_known; /* of approvals for the next; not without evidence */
	uint32_t needed;
	uint64_t reports;
	char name[ENTRY_STRING_MAX + 1]; /* as its reports have it; empty: there were none */
};

/* The expected ones are set, the rest is zero. */
struct manifests {
	struct manifests_expected expected;
	size_t count;
	struct manifest_term *term; /* in order; NULL before the first */
	uint64_t others;            /* terms that had no place */
};

void manifests_free(struct manifests *m);

/* A term begins; its name and its reports come. ERR_MEMORY. */
enum err manifests_add(struct manifests *m, const struct manifest_term *term) MUST_USE;

/*
 * Counts a report under the newest term. Bad if it was judged by another policy, or there is none.
 * `id` as policy_id has it.
 */
void manifests_take_report(struct manifests *m, struct view id, struct reason *reason);

#endif
