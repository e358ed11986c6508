/*
 * A statement act-grant (PROTOCOL.md, "On hosts"), signed: that a host may do something to a
 * workload of its own, once, for the fall that a report is of.
 */
#ifndef HALLMARK_REGISTER_GRANT_GRANT_STATEMENT_H
#define HALLMARK_REGISTER_GRANT_GRANT_STATEMENT_H

#include <openssl/evp.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/statement/statement_act.h"

/* Views are borrowed. Hosts' clocks may be so far behind: it counts that much earlier. */
#define GRANT_STATEMENT_SKEW_S 60

struct grant_statement {
	enum statement_act act;
	struct view origin, collector, workload;
	const struct digest *report; /* leaf hash */
	uint64_t number, time_s, lasts_s;
	struct view author, reason;
};

/* Appends its envelope. `key`: of Ed25519. ERR_STATEMENT_FORMAT, ERR_CRYPTO, ERR_MEMORY. */
enum err grant_statement_write(
    const struct grant_statement *g, EVP_PKEY *key, struct buf *to) MUST_USE;

#endif
