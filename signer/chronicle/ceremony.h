/*
 * The record of the ceremony in which the log's key was made: the log's first notice names it
 * (PROTOCOL.md, section 13). So it is read before the log begins, and must be whole by then.
 */
#ifndef HALLMARK_SIGNER_CHRONICLE_CEREMONY_H
#define HALLMARK_SIGNER_CHRONICLE_CEREMONY_H

#include <stdbool.h>

#include "config/faults.h"
#include "config/signer_config.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/statement/transcript_document.h"
#include "signer/chronicle/chronicle.h"
#include "signer/ledger/ledger.h"

struct ceremony {
	bool is_named;            /* the configuration has one */
	struct digest transcript; /* of the file */
	size_t key_count;         /* ids of the keys that it is of */
	struct digest key[TRANSCRIPT_KEYS_MAX];
};

/*
 * Reads the file, if the configuration has one. ERR_CONFIG, with a fault, unless it is a transcript
 * of this log that all who were present have signed.
 */
enum err ceremony_read(
    const struct signer_config *c, struct ceremony *out, struct faults *faults) MUST_USE;

/*
 * The ledger is ready: begins the chronicle. A new log begins with a notice that names the
 * transcript; where it is of another key than the log's, nothing is begun: ERR_CONFIG, which was
 * logged. A log that has begun names what it names: where that is something else, a warning says
 * so.
 */
enum err ceremony_begin(const struct ceremony *c, struct chronicle *chronicle,
    struct ledger *ledger, uint64_t iat_s) MUST_USE;

#endif
