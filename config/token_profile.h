/*
 * Token profiles: what a token of this log says, and about which reports one is made; and profiles
 * of summaries, which tell of what is to start. They stand in the key process's configuration, so
 * that no signer chooses what a relying party is told.
 */
#ifndef HALLMARK_CONFIG_TOKEN_PROFILE_H
#define HALLMARK_CONFIG_TOKEN_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/report/report.h"
#include "proto/wire/keychannel.h"

/* One for each kind of relying party: issuer, lifetime, and what it covers. As many of summaries.
 */
#define TOKEN_PROFILES_MAX 64

#define TOKEN_AUDIENCES_MAX 64 /* relying parties of a profile; each token is for one */

/* Patterns of a profile: of collectors, or of workloads. */
#define TOKEN_PATTERNS_MAX 64

#define TOKEN_PATTERN_MAX 512                     /* bytes: as long as an identity may be */
#define TOKEN_PARTY_MAX   KEYCHANNEL_AUDIENCE_MAX /* bytes of iss and of aud */

#define TOKEN_STATUSES_MAX 4 /* those of a report */

/* About whom. */
struct profile_cover {
	const struct view *collectors;          /* glob_match, GLOB_IDENTITY */
	const struct view *workloads;           /* the same, GLOB_TEXT */
	size_t collector_count, workload_count; /* at least 1 each */
};

struct token_profile {
	struct view name;             /* as a workload's, 64 bytes at most */
	struct view issuer;           /* iss */
	const struct view *audiences; /* aud is one of them */
	size_t audience_count;        /* at least 1 */
	uint32_t lifetime_s;          /* at most, from the report's iat */
	struct profile_cover cover;
	enum report_status statuses[TOKEN_STATUSES_MAX]; /* of reports that get one */
	size_t status_count;                             /* at least 1 */
};

/* What a verification summary of this log says (proto/summary/summary.h). */
#define SUMMARY_URI_MAX 512 /* bytes of each of the three */

struct summary_profile {
	struct view name;     /* of no other profile, of tokens or summaries */
	struct view verifier; /* URI: who vouches */
	/* URIs to which the names of the workload, and of the policy, are appended. */
	struct view resources, policies;
	struct profile_cover cover;
};

#endif
