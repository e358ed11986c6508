#include "auditor/transcript.h"

#include <fcntl.h>

#include "log/inputfile.h"
#include "proto/statement/transcript_document.h"

static enum outcome check(const struct transcript_document *t, const struct log_reader *log,
    const struct walk *w, const struct display *d);
static void show_present(const struct transcript_document *t, const struct display *d);

enum outcome
transcript_check(
    const char *path, const struct log_reader *log, const struct walk *w, const struct display *d)
{
	struct transcript_document t = {.count = 0};
	struct buf file = BUF_INIT;
	enum err e = inputfile_read(AT_FDCWD, path, TRANSCRIPT_SIZE_MAX, &file);
	enum outcome o;

	if (e != ERR_OK) {
		o = display_step(d, "transcript", OUTCOME_UNKNOWN, "%s cannot be read: %s", path,
		    inputfile_reason(e));
	} else if ((e = transcript_parse(buf_view(&file), &t)) != ERR_OK) {
		o = display_step(d, "transcript", outcome_of_error(e),
		    "expected %s to be a ceremony's transcript that those present have signed, in "
		    "its one valid form: %s",
		    path, err_text(e));
	} else {
		o = check(&t, log, w, d);
		show_present(&t, d);
	}
	transcript_document_free(&t);
	buf_free(&file);
	return o;
}

static enum outcome
check(const struct transcript_document *t, const struct log_reader *log, const struct walk *w,
    const struct display *d)
{
	const struct digest *named = walk_transcript(w);
	const struct log_keys *keys = walk_keys(w);
	const struct digest *first = keys->count > 0 ? &keys->change[0].from : &log->signer;
	char wanted[DIGEST_HEX_SIZE + 1], found[DIGEST_HEX_SIZE + 1];

	if (named == NULL)
		return display_step(
		    d, "transcript", OUTCOME_BAD, "the log's first notice names no transcript");
	digest_to_hex(named, wanted);
	digest_to_hex(&t->digest, found);
	if (!digest_equal(named, &t->digest))
		return display_step(d, "transcript", OUTCOME_BAD,
		    "the log's first notice names the file with SHA-256 %s, found %s", wanted,
		    found);
	if (!view_equal(t->origin, view_of_string(log->checkpoint.origin)))
		return display_step(d, "transcript", OUTCOME_BAD,
		    "expected one of the log %s, found one of %.*s", log->checkpoint.origin,
		    view_precision(t->origin), (const char *)t->origin.data);
	digest_to_hex(first, wanted);
	if (!transcript_has_key(t, first))
		return display_step(d, "transcript", OUTCOME_BAD,
		    "the log's first key, %s, is none of those that it is the record of", wanted);
	if (transcript_missing(t) > 0)
		return display_step(d, "transcript", OUTCOME_BAD,
		    "%zu of the %zu who were present have not signed it", transcript_missing(t),
		    t->count);
	return display_step(d, "transcript", OUTCOME_GOOD,
	    "it is the one that the log's first notice names, of its first key, signed by all "
	    "%zu who were present",
	    t->count);
}

/* Whether they are who they say, only those know who have their keys from elsewhere. */
static void
show_present(const struct transcript_document *t, const struct display *d)
{
	char id[DIGEST_HEX_SIZE + 1];

	for (size_t i = 0; i < t->count; i++) {
		digest_to_hex(statement_key_id(t->signer[i].key), id);
		display_field(d, i == 0 ? "present" : "", "%.*s by key %s%s",
		    view_precision(t->signer[i].name), (const char *)t->signer[i].name.data, id,
		    t->signer[i].signature.size > 0 ? "" : ", without a signature");
	}
}
