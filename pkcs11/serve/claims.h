/*
 * The claims of a token: derived from a logged report, by a profile of the configuration. What a
 * relying party reads is either in the log or in the key process's own configuration; nothing of it
 * comes from the signer, which only says which report, which profile and which of its audiences.
 *
 *   {"iss":<profile>,"sub":"<collector>/<workload>","aud":<of the profile's>,"iat":<report>,"exp":,
 *    "jti":"<hex of the report's leaf hash>","cnf":{"jkt":<report>}?,"eat_profile":<report>,
 *    "eat_nonce":<report>?,
 *    "ear.verifier-id":{"developer":,"build":},
 *    "submods":{<workload>:{"ear.status":,"ear.trustworthiness-vector":{}?,
 *        "ear.appraisal-policy-id":}},
 *    "hallmark.log":<origin>,"hallmark.index":}
 *
 * with the names of the report's dialect; section 10 of PROTOCOL.md has the other. `exp` is that of
 * the report, or iat and the lifetime if that is earlier: the profile's, or the shorter one that
 * was asked for. The same report and profile give the same bytes, whenever they are asked for; but
 * not before iat, which the signer has chosen: it would put off the end of a token for as long as
 * it likes.
 */
#ifndef HALLMARK_PKCS11_SERVE_CLAIMS_H
#define HALLMARK_PKCS11_SERVE_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "config/hsm_config.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/report/report.h"

/* Bytes that claims have at most: all strings as long as they may be, each byte with an escape. */
#define CLAIMS_SIZE_MAX (13 * 1024)

/* How far ahead of our clock a report may be issued: of the same machine's, which may be set. */
#define CLAIMS_AHEAD_S 60

/* A report whose place in the log was verified, and what is asked for. */
struct claims_source {
	struct view profile;  /* its name */
	struct view audience; /* one of the profile's; size 0: its only one */
	uint32_t lifetime_s;  /* at most; 0: the profile's */
	struct view report;
	struct digest leaf; /* of the report */
	uint64_t index;     /* of the report */
	uint64_t now_s;     /* our clock, seconds since 1970 */
};

/*
 * Appends the claims. ERR_TOKEN_PROFILE, with the reason appended to `why` as a sentence, where
 * there is no such profile, or it does not list the audience; where what was logged is no report
 * (but an absence or a notice, or nothing that this version reads), or one of another log; where
 * the profile does not cover its collector, workload or status; and where it is ahead of its time,
 * or the token would be over. ERR_MEMORY. After an error `claims` is as it was. The report is read
 * into `document`, which the next call uses again.
 */
enum err claims_derive(const struct hsm_config *config, const struct claims_source *source,
    struct report_document *document, struct buf *claims, struct buf *why) MUST_USE;

/*
 * Reads the entry as a report of what is now; ERR_TOKEN_PROFILE with the reason, ERR_MEMORY. And
 * whether it is one of this log, and of a collector and a workload that the profile of this name
 * covers; else the reason is in `why`. Summaries are held to both, too.
 */
enum err claims_read_report(
    struct view report, struct report_document *document, struct buf *why) MUST_USE;
bool claims_is_covered(const struct hsm_config *config, struct view profile,
    const struct profile_cover *cover, const struct report *r, struct buf *why);

#endif
