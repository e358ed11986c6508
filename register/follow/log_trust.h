/*
 * By whose word a log is followed, as the configuration names them: keys that seal it, who may
 * approve its policies, who may vouch for its collectors.
 */
#ifndef HALLMARK_REGISTER_FOLLOW_LOG_TRUST_H
#define HALLMARK_REGISTER_FOLLOW_LOG_TRUST_H

#include "config/register_config.h"
#include "log/findings.h"
#include "log/outcome.h"
#include "log/seal.h"
#include "log/walk/vouching_trust.h"
#include "proto/digest.h"

struct log_trust {
	struct seal_wanted seal;
	struct digest *approvers; /* ids of keys */
	size_t approver_count;
	struct vouching_trust *collectors;
};

/* Reads the files; says what is wrong as a step. To be freed whatever comes out. */
enum outcome log_trust_load(
    struct log_trust *t, const struct register_log *log, const struct findings *f) MUST_USE;
void log_trust_free(struct log_trust *t);

/*
 * Of all that what is found of a log depends on, beside the log: who may approve and vouch, as the
 * files are now, and this program's version.
 */
struct digest log_trust_digest(const struct log_trust *t, const struct register_log *log);

#endif
