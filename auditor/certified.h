/*
 * By whose word a log's key is its own: CAs that whoever audits has named, as of the time of the
 * entry that a receipt is of. A certificate that is over since then proves what it did.
 *
 * The time is the entry's own (`iat`), in what the key has signed. So this says nothing of a key
 * that was stolen: with one, entries of any time can be made. Where a revocation list says that
 * others may have it, `taken` of what was found says so, whatever the time: log/retired_check.h.
 */
#ifndef HALLMARK_AUDITOR_CERTIFIED_H
#define HALLMARK_AUDITOR_CERTIFIED_H

#include "log/findings.h"
#include "log/outcome.h"
#include "log/receipt_check.h"
#include "log/walk/vouching_trust.h"

/*
 * For a receipt that is good but for this, of a log that one of `certificates` is of; where several
 * have its key, the best of them counts and is `receipt->by` then. Told as the step "ca". Good:
 * `out` says who. Bad: it was revoked then. Unknown: no CA that was named stood behind it then, or
 * it does not name the log.
 */
enum outcome certified_check(const struct vouching_trust *t, const struct signercerts *certificates,
    struct receipt_check *receipt, const struct findings *f, struct vouching_found *out) MUST_USE;

#endif
