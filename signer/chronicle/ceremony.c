#include "signer/chronicle/ceremony.h"

#include <string.h>

#include "config/yaml_check.h"
#include "journal/logger.h"
#include "signer/ledger/ledger_stage.h"

static enum err check(
    const struct signer_config *c, const struct transcript_document *t, struct faults *faults);

enum err
ceremony_read(const struct signer_config *c, struct ceremony *out, struct faults *faults)
{
	struct transcript_document t = {.count = 0};
	struct buf file = BUF_INIT;
	enum err e;

	*out = (struct ceremony){.is_named = c->log_transcript != NULL};
	if (!out->is_named)
		return ERR_OK;
	e = yaml_read_file(
	    c->log_transcript, 0, NULL, c->log_transcript, TRANSCRIPT_SIZE_MAX, faults, &file);
	if (e == ERR_OK && (e = transcript_parse(buf_view(&file), &t)) != ERR_OK)
		faults_add(faults, c->log_transcript, 0,
		    "log.transcript: expected the transcript of a ceremony: %s", err_text(e));
	else if (e == ERR_OK)
		e = check(c, &t, faults);
	if (e == ERR_OK) {
		out->transcript = t.digest;
		out->key_count = t.key_count;
		memcpy(out->key, t.key, sizeof(out->key));
	}
	transcript_document_free(&t);
	buf_free(&file);
	return e == ERR_OK ? ERR_OK : ERR_CONFIG;
}

static enum err
check(const struct signer_config *c, const struct transcript_document *t, struct faults *faults)
{
	const size_t count = faults->count;

	if (transcript_missing(t) > 0)
		faults_add(faults, c->log_transcript, 0,
		    "log.transcript: expected the signatures of all %zu who were present, found "
		    "%zu; they sign with hallmark-hsm transcript sign",
		    t->count, t->count - transcript_missing(t));
	if (c->log_origin != NULL && !view_equal(t->origin, view_of_string(c->log_origin)))
		faults_add(faults, c->log_transcript, 0,
		    "log.transcript: expected one of the log %s, found one of %.*s", c->log_origin,
		    view_precision(t->origin), (const char *)t->origin.data);
	return faults->count == count ? ERR_OK : ERR_CONFIG;
}

enum err
ceremony_begin(
    const struct ceremony *c, struct chronicle *chronicle, struct ledger *ledger, uint64_t iat_s)
{
	const struct digest *named = chronicle_transcript(chronicle);
	const bool is_new = !chronicle->notices.has_newest;
	bool is_its = false;

	for (size_t i = 0; i < c->key_count; i++)
		is_its = is_its || ledger_key_is(ledger, &c->key[i]);
	if (is_new && c->is_named && !is_its) {
		logger_say(LOGGER_ERROR, "transcript-of-another-key",
		    "log.transcript is the record of other keys than the one that the key process "
		    "has; give it the transcript of that key, or none");
		return ERR_CONFIG;
	}
	if (!is_new && c->is_named && (named == NULL || !digest_equal(named, &c->transcript)))
		logger_say(LOGGER_WARNING, "transcript-not-named",
		    "%s; what a log's first notice names stays, so take log.transcript out of the "
		    "configuration or give it the file that is named",
		    named == NULL ? "this log's first notice names no transcript"
				  : "this log's first notice names another transcript than the "
				    "one that log.transcript is");
	chronicle_begin(chronicle, ledger, iat_s, c->is_named ? &c->transcript : NULL);
	return ERR_OK;
}
