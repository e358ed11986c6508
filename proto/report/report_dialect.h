/*
 * What stands between the values of a report, in either dialect of EAR: the writer puts these
 * pieces and the reader demands them, so that neither can have another spelling than the other.
 */
#ifndef HALLMARK_PROTO_REPORT_REPORT_DIALECT_H
#define HALLMARK_PROTO_REPORT_REPORT_DIALECT_H

#include <stdbool.h>

#include "proto/report/report.h"

struct report_dialect {
	struct view begin;       /* with the profile */
	struct view verifier;    /* to developer */
	struct view status;      /* from the workload's name to the status */
	struct view vector;      /* to the first claim; left out with all claims */
	struct view policy;      /* to the policy id */
	struct view policy_end;  /* behind it */
	struct view references;  /* to the first digest */
	struct view findings;    /* to the first finding */
	struct view count;       /* to the number of findings */
	struct view group;       /* to its name; left out where there is none */
	struct view rollout;     /* to what is done there; left out where the policy decides */
	struct view not_checked; /* to the first kind */
	struct view accepted;    /* to the first that was accepted; left out with all of them */
	struct view exceptions;  /* to the first; left out with all of them */
	struct view feeds;       /* to the first digest; left out with all of them */
	struct view form;        /* to the form, out of the submodule */
	struct view bundle;      /* to its sequence number */
	struct view notice;      /* the rest of them: behind the one before, to their value */
	struct view previous;
	struct view signature; /* to the certificate's digest */
	struct view last_signed;
	struct view extensions;
	struct view end;
	bool nonce_is_claim; /* eat_nonce stands behind jti; else in the submodule, behind the
				policy */
};

const struct report_dialect *report_dialect(enum report_profile profile);

/* Names of ours with their quotes: of a status as a value, of claims and kinds as keys. */
extern const struct view report_status_piece[4];                       /* by report_status_rank */
extern const struct view report_enforce_piece[3];                      /* as a value */
extern const struct view report_claim_piece[REPORT_CLAIM_COUNT];       /* to the value */
extern const struct view report_component_piece[COMPONENT_KIND_COUNT]; /* to the digest */
extern const struct view report_kind_piece[COMPONENT_KIND_COUNT];      /* as a value */

/* To what both dialects have in the same spelling. */
#define REPORT_TO_ISSUE     ",\"iat\":"
#define REPORT_TO_EXPIRY    ",\"exp\":"
#define REPORT_TO_ISSUER    ",\"iss\":"
#define REPORT_TO_COLLECTOR ",\"sub\":"
#define REPORT_TO_JTI       ",\"jti\":"
#define REPORT_TO_NONCE     ",\"eat_nonce\":"
#define REPORT_TO_BUILD     ",\"build\":"
#define REPORT_TO_WORKLOAD  "},\"submods\":{"

#define REPORT_TO_FINDING_KIND    "{\"kind\":"
#define REPORT_TO_FINDING_CODE    ",\"code\":"
#define REPORT_TO_FINDING_SUBJECT ",\"subject\":"
#define REPORT_TO_FINDING_DETAIL  ",\"detail\":"

#define REPORT_TO_ROLLOUT_DECIDED ",\"decided\":"
#define REPORT_TO_ROLLOUT_STATUS  ",\"status\":"
#define REPORT_TO_ROLLOUT_COUNT   ",\"finding-count\":"

#define REPORT_TO_EXCEPTION_UNTIL ",\"until\":"
#define REPORT_TO_EXCEPTION_WHY   ",\"why\":"

#define REPORT_TO_PREV              ",\"prev\":"
#define REPORT_TO_BOOT              ",\"boot\":"
#define REPORT_TO_TIME              ",\"time\":"
#define REPORT_TO_NEXT              ",\"next\":"
#define REPORT_TO_OFFLINE           ",\"offline\":"
#define REPORT_TO_BUNDLE_NONCE      ",\"nonce\":"
#define REPORT_TO_COMPONENTS        ",\"components\":{"
#define REPORT_TO_COMPONENT_COUNT   ",\"count\":"
#define REPORT_TO_COMPONENT_SIZE    ",\"size\":"
#define REPORT_TO_BUNDLE_EXTENSIONS ",\"extensions\":"

#define REPORT_TO_SIGNATURE_VALUE ",\"value\":"

#endif
