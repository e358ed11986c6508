/*
 * Decoding goes through four gates, in this order: the structure check (mp_check), msgpack-c into
 * a zone that is kept and cleared, the keys of the message's one map against a table, and then the
 * values. Nothing is written to the caller's struct but by the last one, and the caller uses it
 * only after ERR_OK.
 *
 * The peer controls every byte. MESSAGE_ITEMS_MAX bounds what msgpack-c allocates: 64 objects of 24
 * or 48 bytes, which fit into the zone's first chunk, so that a message costs no allocation.
 */
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "proto/mp_check.h"
#include "proto/wire/message_shape.h"

#define REFUSAL_NAME_MAX 64 /* bytes */

struct message_decoder {
	msgpack_zone zone;
};

static message_decode_body decode_hello, decode_welcome, decode_bundle, decode_want, decode_part,
    decode_receipt, decode_refusal;

enum { HELLO_VERSIONS, HELLO_AGENT };
enum {
	WELCOME_VERSION,
	WELCOME_LOG,
	WELCOME_NONCE,
	WELCOME_TIME,
	WELCOME_PART_MAX,
	WELCOME_COMPONENT_MAX,
	WELCOME_IN_FLIGHT_MAX
};
enum { BUNDLE_BUNDLE, BUNDLE_SIGNATURE };
enum { WANT_WORKLOAD, WANT_DIGESTS, WANT_SEGMENTS };
enum { PART_DIGEST, PART_OFFSET, PART_DATA };
enum {
	RECEIPT_WORKLOAD,
	RECEIPT_SEQ,
	RECEIPT_INDEX,
	RECEIPT_REPORT,
	RECEIPT_PROOF,
	RECEIPT_CHECKPOINT,
	RECEIPT_NONCE,
	RECEIPT_TOKENS
};
enum {
	REFUSAL_CODE,
	REFUSAL_NAME,
	REFUSAL_TEXT,
	REFUSAL_WORKLOAD,
	REFUSAL_SEQ,
	REFUSAL_LAST_SEQ,
	REFUSAL_LAST_BUNDLE,
	REFUSAL_NONCE,
	REFUSAL_ID
};

/*
 * The tables of version 1 are closed: a new key, even an optional one, needs a new protocol version
 * (PROTOCOL.md), because every reader of version 1 refuses it.
 */
static const struct message_shape shapes[] = {
    [MESSAGE_HELLO] = {decode_hello,
	{[HELLO_VERSIONS] = {"versions", LIST, false}, [HELLO_AGENT] = {"agent", STR, false}}},
    [MESSAGE_WELCOME] = {decode_welcome,
	{[WELCOME_VERSION] = {"version", UINT, false},
	    [WELCOME_LOG] = {"log", STR, false},
	    [WELCOME_NONCE] = {"nonce", BIN, false},
	    [WELCOME_TIME] = {"time", UINT, false},
	    [WELCOME_PART_MAX] = {"part_max", UINT, false},
	    [WELCOME_COMPONENT_MAX] = {"component_max", UINT, false},
	    [WELCOME_IN_FLIGHT_MAX] = {"in_flight_max", UINT, false}}},
    [MESSAGE_BUNDLE] = {decode_bundle,
	{[BUNDLE_BUNDLE] = {"bundle", BIN, false}, [BUNDLE_SIGNATURE] = {"signature", BIN, true}}},
    [MESSAGE_WANT] = {decode_want, {[WANT_WORKLOAD] = {"workload", STR, false},
				       [WANT_DIGESTS] = {"digests", LIST, true},
				       [WANT_SEGMENTS] = {"segments", LIST, true}}},
    [MESSAGE_PART] = {decode_part, {[PART_DIGEST] = {"digest", BIN, false},
				       [PART_OFFSET] = {"offset", UINT, false},
				       [PART_DATA] = {"data", BIN, false}}},
    [MESSAGE_RECEIPT] = {decode_receipt, {[RECEIPT_WORKLOAD] = {"workload", STR, false},
					     [RECEIPT_SEQ] = {"seq", UINT, false},
					     [RECEIPT_INDEX] = {"index", UINT, false},
					     [RECEIPT_REPORT] = {"report", BIN, false},
					     [RECEIPT_PROOF] = {"proof", BIN, false},
					     [RECEIPT_CHECKPOINT] = {"checkpoint", BIN, false},
					     [RECEIPT_NONCE] = {"nonce", BIN, false},
					     [RECEIPT_TOKENS] = {"tokens", LIST, true}}},
    [MESSAGE_REFUSAL] = {decode_refusal, {[REFUSAL_CODE] = {"code", UINT, false},
					     [REFUSAL_NAME] = {"name", STR, false},
					     [REFUSAL_TEXT] = {"text", STR, false},
					     [REFUSAL_WORKLOAD] = {"workload", STR, true},
					     [REFUSAL_SEQ] = {"seq", UINT, true},
					     [REFUSAL_LAST_SEQ] = {"last_seq", UINT, true},
					     [REFUSAL_LAST_BUNDLE] = {"last_bundle", BIN, true},
					     [REFUSAL_NONCE] = {"nonce", BIN, true},
					     [REFUSAL_ID] = {"id", UINT, true}}},
};

static const struct message_shape *find_shape(uint64_t type);
static enum err read_digests(const msgpack_object_array *list, struct message_want *m);
static enum err read_tokens(const msgpack_object_array *list, struct message_receipt *m);
static enum err read_lists(const msgpack_object_array *list, struct message_want *m);
static enum err read_segments(const msgpack_object *pair, struct message_segments *out);
static enum err read_code(const struct message_values *v, struct message_refusal *m);

struct message_decoder *
message_decoder_new(void)
{
	struct message_decoder *d = malloc(sizeof(*d));

	if (d != NULL && !msgpack_zone_init(&d->zone, MSGPACK_ZONE_CHUNK_SIZE)) {
		free(d);
		d = NULL;
	}
	return d;
}

void
message_decoder_free(struct message_decoder **d)
{
	if (*d == NULL)
		return;
	msgpack_zone_destroy(&(*d)->zone);
	free(*d);
	*d = NULL;
}

enum err
message_decode(struct message_decoder *d, struct view payload, struct message *out)
{
	const struct message_shape *shape;
	const msgpack_object *pair;
	struct message_values values;
	msgpack_object root;
	size_t used = 0;
	enum err e;

	if ((e = mp_check(payload, MESSAGE_DEPTH_MAX, MESSAGE_ITEMS_MAX)) != ERR_OK)
		return e;
	msgpack_zone_clear(&d->zone);
	switch (msgpack_unpack((const char *)payload.data, payload.size, &used, &d->zone, &root)) {
	case MSGPACK_UNPACK_SUCCESS:
		break;
	case MSGPACK_UNPACK_NOMEM_ERROR:
		return ERR_MEMORY;
	default: /* the two readers disagree: believe the stricter one */
		return ERR_MSG_SYNTAX;
	}
	if (root.type != LIST)
		return ERR_MSG_TYPE;
	if (root.via.array.size != 2)
		return ERR_MSG_RANGE;
	pair = root.via.array.ptr;
	if (pair[0].type != UINT || pair[1].type != MSGPACK_OBJECT_MAP)
		return ERR_MSG_TYPE;
	if ((shape = find_shape(pair[0].via.u64)) == NULL)
		return ERR_MSG_UNKNOWN;
	if ((e = message_take_values(&pair[1], shape, &values)) != ERR_OK)
		return e;
	out->type = (enum message_type)pair[0].via.u64;
	return shape->decode(&values, out);
}

enum err
message_bitmap_check(struct view bitmap, size_t count)
{
	if (bitmap.size != (count + 7) / 8)
		return ERR_MSG_RANGE;
	if (count % 8 != 0 && (bitmap.data[bitmap.size - 1] & 0xff >> count % 8) != 0)
		return ERR_MSG_RANGE;
	return ERR_OK;
}

bool
message_bitmap_has(struct view bitmap, size_t index)
{
	return (bitmap.data[index / 8] & 0x80 >> index % 8) != 0;
}

static enum err
decode_hello(const struct message_values *v, struct message *out)
{
	const msgpack_object_array *list = &v->at[HELLO_VERSIONS]->via.array;
	struct message_hello *m = &out->body.hello;
	uint64_t least = 1;
	enum err e;

	if (list->size == 0 || list->size > MESSAGE_VERSIONS_MAX)
		return ERR_MSG_RANGE;
	m->version_count = list->size;
	for (size_t i = 0; i < list->size; i++) {
		if (list->ptr[i].type != UINT)
			return ERR_MSG_TYPE;
		if ((e = message_read_uint(
			 &list->ptr[i], least, MESSAGE_VERSION_MAX, &m->versions[i])) != ERR_OK)
			return e;
		least = m->versions[i] + 1;
	}
	return message_read_text(v->at[HELLO_AGENT], 1, MESSAGE_AGENT_MAX, &m->agent);
}

static enum err
decode_welcome(const struct message_values *v, struct message *out)
{
	struct message_welcome *m = &out->body.welcome;
	enum err e;

	if ((e = message_read_uint(v->at[WELCOME_VERSION], 1, MESSAGE_VERSION_MAX, &m->version)) !=
		ERR_OK ||
	    (e = message_read_log(v->at[WELCOME_LOG], &m->log)) != ERR_OK ||
	    (e = message_read_exact(v->at[WELCOME_NONCE], m->nonce, NONCE_SIZE)) != ERR_OK ||
	    (e = message_read_uint(v->at[WELCOME_TIME], 0, BUNDLE_TIME_MS_MAX, &m->time_ms)) !=
		ERR_OK ||
	    (e = message_read_uint(v->at[WELCOME_PART_MAX], 1, MESSAGE_PART_MAX, &m->part_max)) !=
		ERR_OK ||
	    (e = message_read_uint(v->at[WELCOME_COMPONENT_MAX], 1, COMPONENT_SIZE_MAX,
		 &m->component_max)) != ERR_OK ||
	    (e = message_read_uint(v->at[WELCOME_IN_FLIGHT_MAX], 1, MESSAGE_IN_FLIGHT_MAX,
		 &m->in_flight_max)) != ERR_OK)
		return e;
	return ERR_OK;
}

static enum err
decode_bundle(const struct message_values *v, struct message *out)
{
	struct message_bundle *m = &out->body.bundle;
	enum err e;

	if ((e = message_read_size(v->at[BUNDLE_BUNDLE], 1, BUNDLE_SIZE_MAX, &m->bundle)) != ERR_OK)
		return e;
	m->signature = (struct view){NULL, 0};
	if (v->at[BUNDLE_SIGNATURE] == NULL)
		return ERR_OK;
	return message_read_size(v->at[BUNDLE_SIGNATURE], 1, MESSAGE_SIGNATURE_MAX, &m->signature);
}

static enum err
decode_want(const struct message_values *v, struct message *out)
{
	struct message_want *m = &out->body.want;
	enum err e;

	if ((e = message_read_chain(v->at[WANT_WORKLOAD], &m->workload)) != ERR_OK)
		return e;
	if (v->at[WANT_DIGESTS] == NULL && v->at[WANT_SEGMENTS] == NULL)
		return ERR_MSG_MISSING;
	m->digest_count = m->list_count = 0;
	if (v->at[WANT_DIGESTS] != NULL &&
	    (e = read_digests(&v->at[WANT_DIGESTS]->via.array, m)) != ERR_OK)
		return e;
	return v->at[WANT_SEGMENTS] == NULL ? ERR_OK
					    : read_lists(&v->at[WANT_SEGMENTS]->via.array, m);
}

static enum err
read_digests(const msgpack_object_array *list, struct message_want *m)
{
	enum err e;

	if (list->size == 0 || list->size > COMPONENT_KIND_COUNT)
		return ERR_MSG_RANGE;
	m->digest_count = list->size;
	for (size_t i = 0; i < list->size; i++) {
		if (list->ptr[i].type != BIN)
			return ERR_MSG_TYPE;
		if ((e = message_read_exact(&list->ptr[i], m->digests[i].bytes, DIGEST_SIZE)) !=
		    ERR_OK)
			return e;
	}
	return ERR_OK;
}

static enum err
read_lists(const msgpack_object_array *list, struct message_want *m)
{
	enum err e;

	if (list->size == 0 || list->size > COMPONENT_KIND_COUNT)
		return ERR_MSG_RANGE;
	m->list_count = list->size;
	for (size_t i = 0; i < list->size; i++)
		if ((e = read_segments(&list->ptr[i], &m->lists[i])) != ERR_OK)
			return e;
	return ERR_OK;
}

static enum err
read_segments(const msgpack_object *pair, struct message_segments *out)
{
	const msgpack_object *value = pair->via.array.ptr;
	size_t zeros = 0;
	enum err e;

	if (pair->type != LIST)
		return ERR_MSG_TYPE;
	if (pair->via.array.size != 2)
		return ERR_MSG_RANGE;
	if (value[0].type != BIN || value[1].type != BIN)
		return ERR_MSG_TYPE;
	if ((e = message_read_exact(&value[0], out->list.bytes, DIGEST_SIZE)) != ERR_OK ||
	    (e = message_read_size(&value[1], 1, MESSAGE_BITMAP_MAX, &out->bitmap)) != ERR_OK)
		return e;
	while (zeros < out->bitmap.size && out->bitmap.data[zeros] == 0)
		zeros++;
	return zeros < out->bitmap.size ? ERR_OK : ERR_MSG_RANGE;
}

static enum err
decode_part(const struct message_values *v, struct message *out)
{
	struct message_part *m = &out->body.part;
	enum err e;

	if ((e = message_read_exact(v->at[PART_DIGEST], m->digest.bytes, DIGEST_SIZE)) != ERR_OK ||
	    (e = message_read_uint(v->at[PART_OFFSET], 0, COMPONENT_SIZE_MAX, &m->offset)) !=
		ERR_OK ||
	    (e = message_read_size(v->at[PART_DATA], 1, MESSAGE_PART_MAX, &m->data)) != ERR_OK)
		return e;
	return m->data.size <= COMPONENT_SIZE_MAX - m->offset ? ERR_OK : ERR_MSG_RANGE;
}

static enum err
decode_receipt(const struct message_values *v, struct message *out)
{
	struct message_receipt *m = &out->body.receipt;
	enum err e;

	if ((e = message_read_chain(v->at[RECEIPT_WORKLOAD], &m->workload)) != ERR_OK ||
	    (e = message_read_uint(v->at[RECEIPT_SEQ], 1, BUNDLE_SEQ_MAX, &m->seq)) != ERR_OK ||
	    (e = message_read_uint(v->at[RECEIPT_INDEX], 0, INT64_MAX, &m->index)) != ERR_OK ||
	    (e = message_read_size(v->at[RECEIPT_REPORT], 1, MESSAGE_REPORT_MAX, &m->report)) !=
		ERR_OK ||
	    (e = message_read_proof(v->at[RECEIPT_PROOF], &m->proof)) != ERR_OK ||
	    (e = message_read_size(
		 v->at[RECEIPT_CHECKPOINT], 1, MESSAGE_CHECKPOINT_MAX, &m->checkpoint)) != ERR_OK ||
	    (e = message_read_exact(v->at[RECEIPT_NONCE], m->nonce, NONCE_SIZE)) != ERR_OK)
		return e;
	m->token_count = 0;
	return v->at[RECEIPT_TOKENS] == NULL ? ERR_OK
					     : read_tokens(&v->at[RECEIPT_TOKENS]->via.array, m);
}

static enum err
read_tokens(const msgpack_object_array *list, struct message_receipt *m)
{
	enum err e;

	if (list->size == 0 || list->size > MESSAGE_TOKENS_MAX)
		return ERR_MSG_RANGE;
	m->token_count = list->size;
	for (size_t i = 0; i < list->size; i++) {
		if (list->ptr[i].type != STR)
			return ERR_MSG_TYPE;
		if ((e = message_read_text(&list->ptr[i], 1, MESSAGE_JWS_MAX, &m->token[i])) !=
		    ERR_OK)
			return e;
	}
	return ERR_OK;
}

/*
 * What belongs together comes together: workload and seq; last_seq, last_bundle and a workload. A
 * refusal is about one thing: a bundle, a request, or the connection.
 */
static enum err
decode_refusal(const struct message_values *v, struct message *out)
{
	struct message_refusal *m = &out->body.refusal;
	enum err e;

	memset(m, 0, sizeof(*m));
	if ((e = read_code(v, m)) != ERR_OK ||
	    (e = message_read_text(v->at[REFUSAL_TEXT], 0, MESSAGE_TEXT_MAX, &m->text)) != ERR_OK)
		return e;
	if ((v->at[REFUSAL_WORKLOAD] == NULL) != (v->at[REFUSAL_SEQ] == NULL) ||
	    (v->at[REFUSAL_LAST_SEQ] == NULL) != (v->at[REFUSAL_LAST_BUNDLE] == NULL) ||
	    (v->at[REFUSAL_LAST_SEQ] != NULL && v->at[REFUSAL_WORKLOAD] == NULL))
		return ERR_MSG_MISSING;
	m->has_id = v->at[REFUSAL_ID] != NULL;
	if (m->has_id && v->at[REFUSAL_WORKLOAD] != NULL)
		return ERR_MSG_RANGE;
	if (m->has_id &&
	    (e = message_read_uint(v->at[REFUSAL_ID], 0, MESSAGE_ID_MAX, &m->id)) != ERR_OK)
		return e;
	if (v->at[REFUSAL_WORKLOAD] != NULL &&
	    ((e = message_read_chain(v->at[REFUSAL_WORKLOAD], &m->workload)) != ERR_OK ||
		(e = message_read_uint(v->at[REFUSAL_SEQ], 1, BUNDLE_SEQ_MAX, &m->seq)) != ERR_OK))
		return e;
	m->has_last = v->at[REFUSAL_LAST_SEQ] != NULL;
	if (m->has_last && ((e = message_read_uint(v->at[REFUSAL_LAST_SEQ], 1, BUNDLE_SEQ_MAX,
				 &m->last_seq)) != ERR_OK ||
			       (e = message_read_exact(v->at[REFUSAL_LAST_BUNDLE],
				    m->last_bundle.bytes, DIGEST_SIZE)) != ERR_OK))
		return e;
	m->has_nonce = v->at[REFUSAL_NONCE] != NULL;
	if (m->has_nonce)
		return message_read_exact(v->at[REFUSAL_NONCE], m->nonce, NONCE_SIZE);
	return ERR_OK;
}

/* Number and name go together; a later signer may refuse with a code that is not in our map. */
static enum err
read_code(const struct message_values *v, struct message_refusal *m)
{
	uint64_t number;
	enum err e;

	if ((e = message_read_uint(v->at[REFUSAL_CODE], 1, UINT16_MAX, &number)) != ERR_OK ||
	    (e = message_read_text(v->at[REFUSAL_NAME], 1, REFUSAL_NAME_MAX, &m->name)) != ERR_OK)
		return e;
	m->code = err_from_number((unsigned long)number);
	if ((uint64_t)m->code == number && !view_equal(m->name, view_of_string(err_name(m->code))))
		return ERR_MSG_RANGE;
	return ERR_OK;
}

static const struct message_shape *
find_shape(uint64_t type)
{
	if (type < sizeof(shapes) / sizeof(shapes[0]) && shapes[type].decode != NULL)
		return &shapes[type];
	if (type >= MESSAGE_MEASURE && type - MESSAGE_MEASURE < MESSAGE_RELAY_COUNT)
		return &message_relay_shapes[type - MESSAGE_MEASURE];
	return NULL;
}
