/*
 * Verification summaries: the input as an envelope, and as the payload in a good one, which an
 * input that is changed byte by byte would hardly become. What is read is spelled as it is written,
 * and says what Jansson finds in it.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "proto/summary/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_envelope(struct view envelope);
static void check(const struct summary_document *d, struct view envelope);
static void check_payload(const struct summary *s, struct view payload);
static bool says(const json_t *o, const char *key, struct view expected);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view input = {data, size};
	struct buf envelope = BUF_INIT;
	struct digest key;

	try_envelope(input);
	digest_of("key", 3, &key);
	if (summary_write_envelope(input, &key, VIEW_LITERAL("signature"), &envelope) == ERR_OK)
		try_envelope(buf_view(&envelope));
	buf_free(&envelope);
	return 0;
}

static void
try_envelope(struct view envelope)
{
	/* Kept from one to the next: what is left of the last one is nowhere read. */
	static struct summary_document d = SUMMARY_DOCUMENT_INIT;
	const enum err e = summary_parse(envelope, &d);

	if (e == ERR_OK)
		check(&d, envelope);
	else if (e != ERR_FORMAT && e != ERR_FORMAT_SIZE)
		abort();
}

static void
check(const struct summary_document *d, struct view envelope)
{
	struct buf payload = BUF_INIT, again = BUF_INIT;

	if (summary_write_payload(&d->summary, &payload) != ERR_OK ||
	    !view_equal(buf_view(&payload), buf_view(&d->payload)) ||
	    summary_write_envelope(
		buf_view(&payload), &d->key_id, buf_view(&d->signature), &again) != ERR_OK ||
	    !view_equal(buf_view(&again), envelope))
		abort();
	check_payload(&d->summary, buf_view(&payload));
	buf_free(&payload);
	buf_free(&again);
}

static void
check_payload(const struct summary *s, struct view payload)
{
	json_t *root =
	    json_loadb((const char *)payload.data, payload.size, JSON_REJECT_DUPLICATES, NULL);
	const json_t *predicate = json_object_get(root, "predicate");
	const json_t *subject = json_array_get(json_object_get(root, "subject"), 0);
	const bool passed = s->status == REPORT_AFFIRMING;

	if (!says(subject, "name", s->workload) ||
	    !says(json_object_get(predicate, "verifier"), "id", s->verifier) ||
	    !says(predicate, "resourceUri", s->resource) ||
	    !says(json_object_get(predicate, "policy"), "uri", s->policy) ||
	    !says(predicate, "verificationResult", view_of_string(passed ? "PASSED" : "FAILED")))
		abort();
	json_decref(root);
}

static bool
says(const json_t *o, const char *key, struct view expected)
{
	const json_t *found = json_object_get(o, key);

	return json_is_string(found) && json_string_length(found) == expected.size &&
	       memcmp(json_string_value(found), expected.data, expected.size) == 0;
}
