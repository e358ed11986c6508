#include "policy/sources/envelope.h"

#include "policy/sources/json_text.h"
#include "proto/encoding.h"
#include "proto/statement/dsse.h"
#include "proto/statement/statement_key.h"

static bool is_signed(
    const json_t *signatures, struct view signed_bytes, const struct source_keys *k);
static bool decode(const json_t *object, const char *name, struct buf *to);
static enum err fail(const char *file, struct faults *faults, const char *what);

enum err
envelope_open(const char *file, const json_t *envelope, const char *payload_type,
    const struct source_options *o, struct faults *faults, struct buf *payload)
{
	const json_t *signatures = json_object_get(envelope, "signatures");
	struct buf signed_bytes = BUF_INIT, content = BUF_INIT;
	struct view type;
	enum err e;

	if (!json_text_member(envelope, "payloadType", &type) || !json_is_array(signatures) ||
	    json_array_size(signatures) > ENVELOPE_SIGNATURES_MAX ||
	    !decode(envelope, "payload", &content)) {
		e = fail(file, faults,
		    "is no DSSE envelope: expected payloadType, payload in base64 and at most 16 "
		    "signatures");
	} else if (!view_equal(type, view_of_string(payload_type))) {
		e = fail(file, faults,
		    "has a payload of another type than application/vnd.in-toto+json");
	} else if (o->keys.count == 0) {
		e = fail(file, faults, "is signed: say by keys (--key) whose signatures count");
	} else {
		dsse_signed_bytes(type, buf_view(&content), &signed_bytes);
		e = is_signed(signatures, buf_view(&signed_bytes), &o->keys)
			? ERR_OK
			: fail(file, faults,
			      "has no good signature of any of the keys: nothing of it counts");
	}
	if (e == ERR_OK)
		buf_append_view(payload, buf_view(&content));
	buf_free(&signed_bytes);
	buf_free(&content);
	return e;
}

static bool
is_signed(const json_t *signatures, struct view signed_bytes, const struct source_keys *k)
{
	struct buf signature = BUF_INIT;
	bool good = false;

	for (size_t i = 0; i < json_array_size(signatures) && !good; i++) {
		buf_clear(&signature);
		if (!decode(json_array_get(signatures, i), "sig", &signature))
			continue;
		for (size_t j = 0; j < k->count && !good; j++)
			good = statement_key_verify(
				   k->key[j], signed_bytes, buf_view(&signature)) == ERR_OK;
	}
	buf_free(&signature);
	return good;
}

/* Either alphabet; "=" at the end only in the first. */
static bool
decode(const json_t *object, const char *name, struct buf *to)
{
	struct view text;

	return json_text_member(object, name, &text) && text.size > 0 &&
	       (base64_decode(text, to) == ERR_OK || base64url_decode(text, to) == ERR_OK) &&
	       buf_status(to) == ERR_OK;
}

static enum err
fail(const char *file, struct faults *faults, const char *what)
{
	return source_fail(file, faults, what, (struct view){NULL, 0});
}
