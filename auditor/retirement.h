/*
 * Keys of a log that others may have had, as the command line says: by which statements, whom the
 * auditor believes to have seen checkpoints before, and what is held against that.
 */
#ifndef HALLMARK_AUDITOR_RETIREMENT_H
#define HALLMARK_AUDITOR_RETIREMENT_H

#include <stdbool.h>

#include "auditor/arguments.h"
#include "auditor/kept.h"
#include "auditor/tell/display.h"
#include "auditor/tell/json.h"
#include "log/anchor.h"
#include "log/log_reader.h"
#include "log/retired_check.h"
#include "log/walk/walk.h"

struct retirement_options {
	const struct argument_list *statements; /* files */
	const struct argument_list *by;         /* files of keys whose statements count */
	const struct argument_list *witnesses;  /* verifier keys, or files with one */
	const char *cosigned; /* NULL: the checkpoint of the copy, if there is one */
	const char *log;      /* NULL: no copy */
};

/* In place, since it points into itself. */
struct retirement {
	struct retired_wanted wanted;
	struct log_reader log;
	struct anchor *cosigned;
};

/*
 * Reads all of it; says what is wrong. Whoever asks with a statement that cannot be read has asked
 * about another world than the one that is looked at: unknown. To be closed whatever comes out.
 */
enum outcome retirement_open(struct retirement *r, const struct retirement_options *options,
    const struct seal_wanted *seal, const struct findings *f) MUST_USE;
void retirement_close(struct retirement *r);

/* A line on whom the answer about one receipt rests; nothing if no retired key is in it. */
void retirement_show(const struct display *d, const struct retired_found *found);

/* Member "retired" of an open object: null if no retired key is in it. */
void retirement_write(struct json *j, const struct retired_found *found);

/*
 * Of a log that was checked: which of its keys others may have had, by what was named and by the
 * statements in the log (`walk`; NULL: nobody read them), and which entries rest on them. A witness
 * may have seen the log's own checkpoint, or one that was kept, from which the log has grown.
 * Unknown where the log's checkpoint itself rests on such a key, and nobody saw it before. Member
 * "retired" of an open object.
 *
 * What was kept and is not in the log (`found`) may be such a key's as well: who has it makes
 * receipts of anything. That is said of each, in the member "kept_retired"; a fork stays one, since
 * nothing tells who signed, but where all of it is such keys' the verdict says so.
 */
enum outcome retirement_tell_log(struct retirement *r, const struct log_reader *l,
    const struct walk *walk, const struct kept_options *kept, struct kept *found,
    const struct display *d, struct json *j) MUST_USE;

#endif
