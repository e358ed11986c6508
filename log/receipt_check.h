/*
 * One receipt (.tlog-proof) against a certificate: every step is done, told, and explained. It may
 * be the receipt of any entry: of a report, of an absence, of a notice.
 */
#ifndef HALLMARK_LOG_RECEIPT_CHECK_H
#define HALLMARK_LOG_RECEIPT_CHECK_H

#include "log/findings.h"
#include "log/outcome.h"
#include "log/seal.h"
#include "proto/bytes.h"
#include "proto/report/absence.h"
#include "proto/report/entry.h"
#include "proto/report/notice.h"
#include "proto/report/report.h"
#include "proto/tlog/tlogproof.h"

/* What was proved; views into the receipt's bytes, `storage`, and the report that was given. */
struct receipt_check {
	struct buf storage;
	struct tlogproof proof;
	struct view entry; /* its bytes: `extra` of the proof, or what was given beside it */
	size_t
	    line; /* the log's among the note's signature lines; 0 where none is by a wanted key */
	const struct signercert *by; /* by whose key that line is; NULL where none is; of several
					with this key one that was valid when the entry was made */
	enum note_scheme scheme;     /* how that line is signed */
	struct checkpoint checkpoint;
	struct digest leaf;
	enum entry_kind kind; /* of `entry`; and what it says, in one of these */
	struct report_document report;
	struct absence_document absence;
	struct notice_document notice;
	uint64_t issued_s; /* what the entry says; seconds since 1970 */
	bool parsed;       /* `proof`, `entry`, `line`, `by` and `scheme` are filled */
	bool sealed;       /* `checkpoint` and `by` are authentic */
	bool included;     /* the log has `leaf` at the proof's index, whatever it says */
	bool doubted; /* but for that its key may have been another's when it signed: by whoever
			 holds the receipt against such statements */
	bool read;    /* `kind`, `issued_s` and one of the documents are filled: all is good */
};

/*
 * `report` is what stands beside the receipt, or NULL. Unknown if neither has a report, and if the
 * entry is of a kind or form that this version does not know; bad if both have one and they differ.
 * `out` is to be freed by receipt_check_free, whatever the outcome.
 */
enum outcome receipt_check_run(const struct seal_wanted *wanted, struct view bytes,
    const struct view *report, const struct findings *f, struct receipt_check *out) MUST_USE;

/* Which report a proof is about, as above; tells only what is wrong. */
enum outcome receipt_check_entry(const struct tlogproof *p, const struct view *report,
    const struct findings *f, struct view *entry) MUST_USE;

/*
 * tlogproof_parse, but ERR_UNSUPPORTED only for what names another version in the form of this one:
 * ERR_FORMAT for all else that does not begin like a receipt.
 */
enum err receipt_check_parse(
    struct view bytes, struct buf *storage, struct tlogproof *out) MUST_USE;

void receipt_check_free(struct receipt_check *c);

#endif
