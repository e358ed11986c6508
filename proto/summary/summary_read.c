/*
 * A summary's envelope, read (summary.h): the pieces are taken off in their one order, so that what
 * is written of them again is what was read.
 */
#include "proto/encoding.h"
#include "proto/json/json_read.h"
#include "proto/statement/dsse.h"
#include "proto/summary/summary.h"
#include "proto/summary/summary_format.h"
#include "proto/utc.h"

#define WORD_MAX 32 /* bytes; the longest is "contraindicated" */

static enum err read_envelope(struct summary_document *d, struct view envelope);
static enum err read_payload(struct summary_document *d);
static bool read_subject(struct json_reader *r, struct summary *s);
static bool read_predicate(struct json_reader *r, struct summary *s);
static bool read_form(struct json_reader *r, enum bundle_artifact_form *out);
static bool read_status(struct json_reader *r, enum report_status *out);
static bool read_time(struct json_reader *r, uint64_t *out);
static bool read_named(struct json_reader *r, struct view *out);

enum err
summary_parse(struct view envelope, struct summary_document *d)
{
	enum err e;

	buf_clear(&d->payload);
	buf_clear(&d->signature);
	if (envelope.size > SUMMARY_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	if ((e = read_envelope(d, envelope)) != ERR_OK)
		return e;
	return read_payload(d);
}

void
summary_document_free(struct summary_document *d)
{
	buf_free(&d->payload);
	buf_free(&d->signature);
	buf_free(&d->strings);
}

static enum err
read_envelope(struct summary_document *d, struct view envelope)
{
	enum err e = dsse_read(VIEW_LITERAL(PAYLOAD_TYPE), envelope, &d->strings, &d->payload,
	    &d->key_id, &d->signature);

	return e == ERR_OK && d->signature.size > SUMMARY_SIGNATURE_MAX ? ERR_FORMAT : e;
}

static enum err
read_payload(struct summary_document *d)
{
	struct summary *s = &d->summary;
	struct json_reader r;
	bool good;

	json_read_begin(&r, buf_view(&d->payload), &d->strings);
	good = read_subject(&r, s) && read_predicate(&r, s) &&
	       json_read_text(&r, s->status == REPORT_AFFIRMING ? RESULT_PASSED : RESULT_FAILED);
	return json_read_end(&r, good);
}

static bool
read_subject(struct json_reader *r, struct summary *s)
{
	return json_read_text(r, TO_WORKLOAD) && read_named(r, &s->workload) &&
	       json_read_text(r, TO_ARTIFACT) && json_read_digest(r, &s->artifact.digest) &&
	       json_read_text(r, TO_FORM) && read_form(r, &s->artifact.form) &&
	       json_read_text(r, TO_COLLECTOR) && read_named(r, &s->collector) &&
	       json_read_text(r, TO_LOG) && read_named(r, &s->log) && json_read_text(r, TO_INDEX) &&
	       json_read_number(r, &s->index) && json_read_text(r, TO_LEAF) &&
	       json_read_digest(r, &s->leaf) && json_read_text(r, TO_STATUS) &&
	       read_status(r, &s->status);
}

/* Up to the result. */
static bool
read_predicate(struct json_reader *r, struct summary *s)
{
	return json_read_text(r, TO_VERIFIER) && read_named(r, &s->verifier) &&
	       json_read_text(r, TO_DEVELOPER) && read_named(r, &s->developer) &&
	       json_read_text(r, TO_BUILD) && read_named(r, &s->build) &&
	       json_read_text(r, TO_TIME) && read_time(r, &s->verified_s) &&
	       json_read_text(r, TO_RESOURCE) && read_named(r, &s->resource) &&
	       json_read_text(r, TO_POLICY) && read_named(r, &s->policy) &&
	       json_read_text(r, TO_POLICY_DIGEST) && json_read_digest(r, &s->policy_digest) &&
	       json_read_text(r, TO_REPORT) && json_read_digest(r, &s->report) &&
	       json_read_text(r, TO_RESULT);
}

static bool
read_form(struct json_reader *r, enum bundle_artifact_form *out)
{
	struct view word;

	if (!json_read_word(r, WORD_MAX, &word))
		return false;
	*out = BUNDLE_ARTIFACT_NONE;
	for (unsigned f = BUNDLE_ARTIFACT_NONE + 1; f < BUNDLE_ARTIFACT_COUNT; f++)
		if (view_equal(word, view_of_string(bundle_artifact_word(f))))
			*out = f;
	return *out != BUNDLE_ARTIFACT_NONE;
}

static bool
read_status(struct json_reader *r, enum report_status *out)
{
	static const enum report_status known[] = {
	    REPORT_NONE, REPORT_AFFIRMING, REPORT_WARNING, REPORT_CONTRAINDICATED};
	struct view word;

	if (!json_read_word(r, WORD_MAX, &word))
		return false;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (view_equal(word, view_of_string(report_status_name(known[i])))) {
			*out = known[i];
			return true;
		}
	return false;
}

static bool
read_time(struct json_reader *r, uint64_t *out)
{
	struct view text;

	return json_read_string(r, &text) && utc_parse(text, out) == ERR_OK;
}

static bool
read_named(struct json_reader *r, struct view *out)
{
	return json_read_string(r, out) && out->size > 0;
}
