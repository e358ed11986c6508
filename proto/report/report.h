/*
 * The report: an EAT Attestation Result claims-set (draft-ietf-rats-ear) in JSON of one spelling
 * (proto/json/json_write.h). Its bytes are the log's leaf. Names from outside go through
 * text_append_printable first.
 *
 * In the deployed dialect:
 *
 *   eat_profile, iat, exp, iss, sub, jti, eat_nonce?, ear.verifier-id {developer, build},
 *   submods {<workload>: {ear.status, ear.trustworthiness-vector? {..}, ear.appraisal-policy-id,
 *       hallmark.references [hex], hallmark.findings [{kind, code, subject, detail}],
 *       hallmark.finding-count, hallmark.group?, hallmark.rollout? {enforce, decided, status,
 *       finding-count}, hallmark.not-checked [kind], hallmark.accepted? [{kind, code}],
 *       hallmark.exceptions? [{kind, subject, until, why}]}},
 *   hallmark.form, hallmark.bundle {seq, prev, boot, time, next, offline, nonce?,
 *       components {kind: {sha256, count, size}}, extensions?}, hallmark.notice {index, leaf},
 *   hallmark.previous-report?, hallmark.signature? {certificate, value}, hallmark.last-signed?,
 *   hallmark.extensions? {..}
 *
 * Section 7 of PROTOCOL.md has the draft dialect beside it; `profile` chooses.
 */
#ifndef HALLMARK_PROTO_REPORT_REPORT_H
#define HALLMARK_PROTO_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/bundle.h"
#include "proto/evidence/component.h"
#include "proto/evidence/extension_map.h"
#include "proto/report/entry.h"
#include "proto/text.h"

#define REPORT_SIZE_MAX       ENTRY_SIZE_MAX
#define REPORT_FINDINGS_MAX   16   /* written out; the count says how many there were */
#define REPORT_CODE_MAX       64   /* bytes of a finding's code: a-z, 0-9 and '-' */
#define REPORT_SIGNATURE_MAX  1024 /* bytes: as in a bundle message */
#define REPORT_REFERENCES_MAX 16
#define REPORT_ACCEPTED_MAX   64 /* of each kind some, and there are few such findings */
#define REPORT_EXCEPTIONS_MAX 16
#define REPORT_FEEDS_MAX      8
#define REPORT_SUBJECT_MAX    256 /* bytes of a finding's subject or detail, after escaping */

/* EAR trustworthiness tiers. */
enum report_status {
	REPORT_NONE = 0,
	REPORT_AFFIRMING = 2,
	REPORT_WARNING = 32,
	REPORT_CONTRAINDICATED = 96,
};

/* "none", "affirming", "warning", "contraindicated" */
const char *report_status_name(enum report_status s);

/* The tier of a trustworthiness claim's value (-128..127). */
enum report_status report_claim_status(int value);

/* How bad: affirming < none < warning < contraindicated. */
int report_status_rank(enum report_status s);

/* X(identifier, name): the claims of the trustworthiness vector, in the draft's order. */
#define REPORT_CLAIM_MAP(X)                                                                        \
	X(REPORT_INSTANCE_IDENTITY, "instance-identity")                                           \
	X(REPORT_CONFIGURATION, "configuration")                                                   \
	X(REPORT_EXECUTABLES, "executables")                                                       \
	X(REPORT_FILE_SYSTEM, "file-system")                                                       \
	X(REPORT_HARDWARE, "hardware")                                                             \
	X(REPORT_RUNTIME_OPAQUE, "runtime-opaque")                                                 \
	X(REPORT_STORAGE_OPAQUE, "storage-opaque")                                                 \
	X(REPORT_SOURCED_DATA, "sourced-data")

#define REPORT_CLAIM_ENUM(identifier, name) identifier,
enum report_claim { REPORT_CLAIM_MAP(REPORT_CLAIM_ENUM) REPORT_CLAIM_COUNT };
#undef REPORT_CLAIM_ENUM

const char *report_claim_name(enum report_claim c);

enum report_profile {
	REPORT_PROFILE_DEPLOYED, /* tag:github.com,2023:veraison/ear */
	REPORT_PROFILE_DRAFT,    /* tag:ietf.org,2026:rats/ear#04 */
};

/* One thing that was found. Views are UTF-8 without control characters. */
struct report_finding {
	struct view kind;    /* component kind, or "bundle" */
	struct view code;    /* stable, such as "unknown-file"; PROTOCOL.md lists them */
	struct view subject; /* path or fact name; may be empty */
	struct view detail;  /* expected and found, in words; may be empty */
};

/* What would have been a finding, had the policy not accepted it. */
struct report_accepted {
	struct view kind; /* component kind */
	struct view code; /* of that finding */
};

/* A file that stands for one of the sets' until a time: the policy says why. */
struct report_exception {
	struct view kind;    /* component kind */
	struct view subject; /* its path, as in a finding */
	uint64_t until_s;    /* from then on it does not, seconds since 1970 */
	struct view why;     /* at most REPORT_SUBJECT_MAX bytes; not empty */
};

/* What a policy that is rolled out does in a group of workloads. */
enum report_enforce {
	REPORT_ENFORCE_ON,   /* it decides */
	REPORT_ENFORCE_WARN, /* the one before it decides, and it lowers that to `warning` at most
			      */
	REPORT_ENFORCE_OFF,  /* the one before it decides */
};

/* "on", "warn", "off" */
const char *report_enforce_name(enum report_enforce e);

/* That the policy in force did not decide, and what it said. */
struct report_rollout {
	enum report_enforce enforce; /* REPORT_ENFORCE_ON: it did, and nothing is written */
	struct view decided;         /* id of the policy that did */
	enum report_status status;   /* what the policy in force gives */
	uint64_t finding_total;      /* and how much it finds */
};

struct report {
	enum report_profile profile;
	uint64_t issued_s;     /* iat, seconds since 1970 */
	uint64_t expires_s;    /* exp */
	struct view issuer;    /* iss: the log's origin */
	struct view collector; /* sub: identity from the collector's certificate */
	struct view developer; /* ear.verifier-id */
	struct view build;

	/* the verdict */
	enum report_status status;
	int8_t claim[REPORT_CLAIM_COUNT]; /* 0: no claim, not written */
	struct view policy_id;            /* "<policy name>@sha256:<hex of the policy manifest>" */
	size_t reference_count;
	struct digest reference[REPORT_REFERENCES_MAX]; /* reference sets that were used */
	size_t finding_count;   /* in `finding`: at most REPORT_FINDINGS_MAX */
	uint64_t finding_total; /* found in all */
	struct report_finding finding[REPORT_FINDINGS_MAX];
	struct view group; /* that the policy in force has it in; size 0: none */
	struct report_rollout rollout;
	bool not_checked[COMPONENT_KIND_COUNT]; /* measured, and no rule looked at it */
	size_t accepted_count;
	struct report_accepted accepted[REPORT_ACCEPTED_MAX]; /* by kind, then code; none twice */
	size_t exception_count;
	struct report_exception exception[REPORT_EXCEPTIONS_MAX]; /* by kind */
	size_t feed_count;
	struct digest
	    feed[REPORT_FEEDS_MAX]; /* advisories that were looked into, by their feed's name */

	/* the evidence: jti is the SHA-256 of the canonical bytes, which can be made again from
	 * this */
	struct bundle bundle;
	struct digest bundle_digest;

	/* its place in the log */
	struct entry_place notice; /* the newest before it */
	bool has_previous;
	struct digest previous; /* leaf hash of the chain's previous entry, report or absence */
	bool has_signature;
	/* SHA-256 of the collector's certificates in DER one behind the other, its own first:
	 * PACK_CERTIFICATE */
	struct digest certificate;
	struct view signature;  /* as in the bundle message */
	uint64_t last_signed_s; /* iat of the last report with a signature, this one included; 0:
				   never */
	struct view extensions; /* as they stand in the entry (json_extensions.h); size 0: none */
};

/*
 * ERR_FORMAT unless the report may stand in a log: every value within its limits, strings
 * printable, expiry after issue, a status that is not better than the worst claim, no affirming one
 * with findings or of evidence gathered offline, findings not left out while there is room,
 * `not_checked` and `accepted` only for what the bundle holds, not both for one kind, exceptions
 * likewise, of files, and not past their time, a roll-out only in a group, by another policy, and
 * the status not better than its warning, a signature counted as the last one. ERR_MEMORY.
 */
enum err report_check(const struct report *r) MUST_USE;

/*
 * Appends the report; nothing on an error. ERR_FORMAT as report_check says; ERR_FORMAT_SIZE if it
 * came out over REPORT_SIZE_MAX; ERR_MEMORY. `bundle_digest` is taken as given, and so is that the
 * bundle's extensions are what their bytes say.
 */
enum err report_write(const struct report *r, struct buf *to) MUST_USE;

/*
 * What was read, and the memory for it, which a next reading uses again: whoever reads many keeps
 * one, and nothing is allocated for most of them. Some 6 KB.
 */
struct report_document {
	struct report report;
	struct buf strings; /* those that stand in the report with an escape */
	struct buf bundle;  /* its canonical bytes, of which jti is the digest */
	uint8_t signature[REPORT_SIGNATURE_MAX];
	uint8_t extensions[EXTENSION_MAP_SIZE_MAX]; /* the bundle's */
};

#define REPORT_DOCUMENT_INIT                                                                       \
	{                                                                                          \
		.strings = {NULL, 0, 0, false}, .bundle = { NULL, 0, 0, false }                    \
	}

/*
 * Reads a report in its one spelling. The views of d->report point into `json` and into `d`; after
 * an error they mean nothing. ERR_FORMAT for any other spelling and what report_check refuses;
 * ERR_MISMATCH if jti is not the digest of the bundle that the claims make again; ERR_UNSUPPORTED
 * for an unknown profile or form; ERR_FORMAT_SIZE; ERR_MEMORY.
 */
enum err report_parse(struct view json, struct report_document *d) MUST_USE;

/* Whether it is what a challenge asked for: about this workload, with the nonce in it. */
bool report_answers_challenge(
    const struct report *r, struct view collector, struct view workload, struct view nonce);
void report_document_free(struct report_document *d);

#endif
