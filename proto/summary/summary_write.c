/*
 * A summary's payload and its envelope, written (summary.h).
 */
#include <string.h>

#include "proto/encoding.h"
#include "proto/json/json_write.h"
#include "proto/statement/dsse.h"
#include "proto/summary/summary.h"
#include "proto/summary/summary_format.h"
#include "proto/utc.h"

/* All but strings: keys and punctuation (900 bytes), four digests, numbers, a time, words. */
#define FIXED_SIZE_MAX 1536

enum err
summary_write_payload(const struct summary *s, struct buf *to)
{
	const size_t strings = s->workload.size + s->collector.size + s->log.size +
			       s->verifier.size + s->developer.size + s->build.size +
			       s->resource.size + s->policy.size;
	char time[UTC_TEXT_SIZE];
	struct json_writer w;
	enum err e;

	if (s->artifact.form == BUNDLE_ARTIFACT_NONE)
		return ERR_FORMAT;
	if ((e = json_write_begin(&w, to, FIXED_SIZE_MAX + JSON_STRING_SIZE_MAX(strings))) !=
	    ERR_OK)
		return e;
	json_write_text(&w, TO_WORKLOAD);
	json_write_string(&w, s->workload);
	json_write_text(&w, TO_ARTIFACT);
	json_write_digest(&w, &s->artifact.digest);
	json_write_text(&w, TO_FORM);
	json_write_string(&w, view_of_string(bundle_artifact_word(s->artifact.form)));
	json_write_text(&w, TO_COLLECTOR);
	json_write_string(&w, s->collector);
	json_write_text(&w, TO_LOG);
	json_write_string(&w, s->log);
	json_write_text(&w, TO_INDEX);
	json_write_number(&w, s->index);
	json_write_text(&w, TO_LEAF);
	json_write_digest(&w, &s->leaf);
	json_write_text(&w, TO_STATUS);
	json_write_string(&w, view_of_string(report_status_name(s->status)));
	json_write_text(&w, TO_VERIFIER);
	json_write_string(&w, s->verifier);
	json_write_text(&w, TO_DEVELOPER);
	json_write_string(&w, s->developer);
	json_write_text(&w, TO_BUILD);
	json_write_string(&w, s->build);
	json_write_text(&w, TO_TIME);
	json_write_string(&w, view_of_string(utc_text(s->verified_s, time)));
	json_write_text(&w, TO_RESOURCE);
	json_write_string(&w, s->resource);
	json_write_text(&w, TO_POLICY);
	json_write_string(&w, s->policy);
	json_write_text(&w, TO_POLICY_DIGEST);
	json_write_digest(&w, &s->policy_digest);
	json_write_text(&w, TO_REPORT);
	json_write_digest(&w, &s->report);
	json_write_text(&w, TO_RESULT);
	json_write_text(&w, s->status == REPORT_AFFIRMING ? RESULT_PASSED : RESULT_FAILED);
	json_write_end(&w);
	return ERR_OK;
}

void
summary_signed_bytes(struct view payload, struct buf *to)
{
	dsse_signed_bytes(VIEW_LITERAL(PAYLOAD_TYPE), payload, to);
}

enum err
summary_write_envelope(
    struct view payload, const struct digest *key_id, struct view signature, struct buf *to)
{
	return dsse_write(
	    VIEW_LITERAL(PAYLOAD_TYPE), payload, key_id, signature, SUMMARY_SIZE_MAX, to);
}
