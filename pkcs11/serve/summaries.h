/*
 * Verification summaries (proto/summary/summary.h): derived from a logged report of what is to
 * start, by a profile of the configuration. Nothing of one comes from the signer, which only says
 * which report, and which profile: the subject is the artifact that the report names; the time, the
 * status, the policy, the collector are the report's; the URIs are the profile's, with the names of
 * the workload and the policy in the report behind them, what is not unreserved of these escaped
 * (RFC 3986, 2.3).
 *
 * A summary has no end: it says when it was verified, and who demands one how old it may be. The
 * same report and profile give the same bytes whenever they are asked for.
 */
#ifndef HALLMARK_PKCS11_SERVE_SUMMARIES_H
#define HALLMARK_PKCS11_SERVE_SUMMARIES_H

#include "config/hsm_config.h"
#include "pkcs11/serve/claims.h"

/* The profile of that name; NULL: there is none, and what is asked for may be a token. */
const struct summary_profile *summaries_find(const struct hsm_config *config, struct view name);

/*
 * Appends the payload. ERR_TOKEN_PROFILE, with the reason appended to `why` as a sentence, where an
 * audience or a lifetime was asked for, which no summary has; where what was logged is no report of
 * what is to start, or one of another log; where the profile does not cover its collector or
 * workload; and where it is ahead of its time. ERR_MEMORY. After an error `payload` is as it was.
 */
enum err summaries_derive(const struct hsm_config *config, const struct summary_profile *profile,
    const struct claims_source *source, struct report_document *document, struct buf *payload,
    struct buf *why) MUST_USE;

#endif
