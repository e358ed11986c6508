#include "proto/statement/dsse.h"

#include "proto/encoding.h"
#include "proto/json/json_read.h"

#define TO_TYPE      "{\"payloadType\":"
#define TO_PAYLOAD   ",\"payload\":"
#define TO_KEY_ID    ",\"signatures\":[{\"keyid\":"
#define TO_SIGNATURE ",\"sig\":"
#define TO_END       "}]}"

static bool read_type(struct json_reader *r, struct view type);
static bool read_base64(struct json_reader *r, struct buf *to);

void
dsse_signed_bytes(struct view type, struct view payload, struct buf *to)
{
	buf_append_string(to, "DSSEv1 ");
	buf_append_decimal(to, type.size);
	buf_append_byte(to, ' ');
	buf_append_view(to, type);
	buf_append_byte(to, ' ');
	buf_append_decimal(to, payload.size);
	buf_append_byte(to, ' ');
	buf_append_view(to, payload);
}

enum err
dsse_write(struct view type, struct view payload, const struct digest *key_id,
    struct view signature, size_t size_max, struct buf *to)
{
	const size_t begun = to->size;

	buf_append_string(to, TO_TYPE "\"");
	buf_append_view(to, type);
	buf_append_string(to, "\"" TO_PAYLOAD "\"");
	base64_append(to, payload);
	buf_append_string(to, "\"" TO_KEY_ID "\"");
	hex_append(to, (struct view){key_id->bytes, DIGEST_SIZE});
	buf_append_string(to, "\"" TO_SIGNATURE "\"");
	base64_append(to, signature);
	buf_append_string(to, "\"" TO_END);
	if (buf_status(to) != ERR_OK)
		return ERR_MEMORY;
	if (to->size - begun <= size_max)
		return ERR_OK;
	to->size = begun;
	return ERR_FORMAT_SIZE;
}

enum err
dsse_read(struct view type, struct view envelope, struct buf *strings, struct buf *payload,
    struct digest *key_id, struct buf *signature)
{
	struct json_reader r;
	bool good;

	json_read_begin(&r, envelope, strings);
	good = read_type(&r, type) && read_base64(&r, payload) && json_read_text(&r, TO_KEY_ID) &&
	       json_read_digest(&r, key_id) && json_read_text(&r, TO_SIGNATURE) &&
	       read_base64(&r, signature) && json_read_text(&r, TO_END);
	return payload->failed || signature->failed ? ERR_MEMORY : json_read_end(&r, good);
}

static bool
read_type(struct json_reader *r, struct view type)
{
	struct view found;

	return json_read_text(r, TO_TYPE) && json_read_string(r, &found) &&
	       view_equal(found, type) && json_read_text(r, TO_PAYLOAD);
}

static bool
read_base64(struct json_reader *r, struct buf *to)
{
	struct view text;

	return json_read_string(r, &text) && text.size > 0 && base64_decode(text, to) == ERR_OK;
}
