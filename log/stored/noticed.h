/*
 * What was in force beside a report's policy: its notice is an entry of the log, whose list and
 * statements are in the evidence (policy/standing.h).
 */
#ifndef HALLMARK_LOG_STORED_NOTICED_H
#define HALLMARK_LOG_STORED_NOTICED_H

#include "log/evidence_reader.h"
#include "log/log_reader.h"
#include "policy/standing.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/report/report.h"

/*
 * Appends the notice that a report names, which is the one by its leaf hash. ERR_DIGEST if another
 * entry is there; the errors of log_prove_entry.
 */
enum err noticed_entry(const struct log_reader *l, const struct report *r, struct buf *to) MUST_USE;

/* The same, of the log in this directory, which is opened for that. */
enum err noticed_entry_in(const char *log, const struct report *r, struct buf *to) MUST_USE;

/*
 * What that notice says, with the feeds of advisories that it names. The errors of notice_parse,
 * evidence_reader_get, standing_load and standing_fetch_feeds; sets *out to NULL first.
 */
enum err noticed_standing(
    struct view notice, struct evidence_reader *evidence, struct standing **out) MUST_USE;

/* The same; NULL where it is not known, for want of the notice (size 0) or of what it says. */
struct standing *noticed_standing_or_null(struct view notice, struct evidence_reader *evidence);

#endif
