#include "collector/tokens/token_peek.h"

#include <string.h>

#include "proto/encoding.h"
#include "proto/json/json_read.h"

static bool take_payload(struct view jws, struct view *out);
static bool read_claims(struct json_reader *r, struct token_peek *out);
static bool read_confirmation(struct json_reader *r, struct token_peek *out);

enum err
token_peek(struct view jws, struct token_peek *out)
{
	struct json_reader r;
	struct view payload;
	enum err e;

	buf_clear(&out->claims);
	if (!take_payload(jws, &payload))
		return ERR_FORMAT;
	if ((e = base64url_decode(payload, &out->claims)) != ERR_OK)
		return e;
	json_read_begin(&r, buf_view(&out->claims), &out->strings);
	return read_claims(&r, out) ? ERR_OK : ERR_FORMAT;
}

void
token_peek_free(struct token_peek *p)
{
	buf_free(&p->claims);
	buf_free(&p->strings);
}

/* Compact form: three parts in the alphabet of base64url. */
static bool
take_payload(struct view jws, struct view *out)
{
	const uint8_t *first = memchr(jws.data, '.', jws.size);
	const uint8_t *second =
	    first == NULL ? NULL
			  : memchr(first + 1, '.', jws.size - (size_t)(first + 1 - jws.data));
	size_t points = 0;

	for (size_t i = 0; i < jws.size; i++) {
		const uint8_t c = jws.data[i];

		points += c == '.';
		if (c != '.' && c != '-' && c != '_' && !(c >= '0' && c <= '9') &&
		    !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z'))
			return false;
	}
	if (second == NULL || points != 2)
		return false;
	*out = (struct view){first + 1, (size_t)(second - first - 1)};
	return true;
}

/* The first ones, in their one order. */
static bool
read_claims(struct json_reader *r, struct token_peek *out)
{
	struct view skipped;

	return json_read_text(r, "{\"iss\":") && json_read_string(r, &skipped) &&
	       json_read_text(r, ",\"sub\":") && json_read_string(r, &skipped) &&
	       json_read_text(r, ",\"aud\":") && json_read_string(r, &out->audience) &&
	       json_read_text(r, ",\"iat\":") && json_read_number(r, &out->issued_s) &&
	       json_read_text(r, ",\"exp\":") && json_read_number(r, &out->expires_s) &&
	       json_read_text(r, ",\"jti\":") && json_read_digest(r, &out->leaf) &&
	       read_confirmation(r, out);
}

/* Where there is one it stands there. */
static bool
read_confirmation(struct json_reader *r, struct token_peek *out)
{
	size_t size;

	out->is_bound = json_read_text(r, ",\"cnf\":{\"jkt\":");
	return !out->is_bound || (json_read_base64url(r, out->key.bytes, DIGEST_SIZE, &size) &&
				     size == DIGEST_SIZE && json_read_text(r, "}"));
}
