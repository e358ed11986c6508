#include "proto/wire/message_shape.h"

#include <string.h>

#include "proto/evidence/identity.h"
#include "proto/text.h"
#include "proto/tlog/checkpoint.h"

enum err
message_take_values(
    const msgpack_object *map, const struct message_shape *shape, struct message_values *v)
{
	const struct message_key *keys = shape->keys;
	const msgpack_object_map *body = &map->via.map;

	memset(v, 0, sizeof(*v));
	for (uint32_t i = 0; i < body->size; i++) {
		const msgpack_object *key = &body->ptr[i].key, *value = &body->ptr[i].val;
		unsigned k = 0;

		if (key->type != STR)
			return ERR_MSG_TYPE;
		while (k < MESSAGE_KEYS_MAX && keys[k].name != NULL &&
		       (strlen(keys[k].name) != key->via.str.size ||
			   memcmp(keys[k].name, key->via.str.ptr, key->via.str.size) != 0))
			k++;
		if (k == MESSAGE_KEYS_MAX || keys[k].name == NULL)
			return ERR_MSG_KEY;
		if (v->at[k] != NULL)
			return ERR_MSG_DUPLICATE;
		if (value->type != keys[k].type)
			return ERR_MSG_TYPE;
		v->at[k] = value;
	}
	for (unsigned k = 0; k < MESSAGE_KEYS_MAX && keys[k].name != NULL; k++)
		if (v->at[k] == NULL && !keys[k].optional)
			return ERR_MSG_MISSING;
	return ERR_OK;
}

enum err
message_read_uint(const msgpack_object *o, uint64_t least, uint64_t most, uint64_t *out)
{
	*out = o->via.u64;
	return *out >= least && *out <= most ? ERR_OK : ERR_MSG_RANGE;
}

/* A str or a bin: msgpack-c keeps them in the same form. */
enum err
message_read_size(const msgpack_object *o, size_t least, size_t most, struct view *out)
{
	if (o->type == STR)
		*out = (struct view){(const uint8_t *)o->via.str.ptr, o->via.str.size};
	else
		*out = (struct view){(const uint8_t *)o->via.bin.ptr, o->via.bin.size};
	return out->size >= least && out->size <= most ? ERR_OK : ERR_MSG_RANGE;
}

enum err
message_read_exact(const msgpack_object *o, void *out, size_t size)
{
	struct view bytes;
	enum err e = message_read_size(o, size, size, &bytes);

	if (e == ERR_OK)
		memcpy(out, bytes.data, size);
	return e;
}

enum err
message_read_text(const msgpack_object *o, size_t least, size_t most, struct view *out)
{
	enum err e = message_read_size(o, least, most, out);

	if (e == ERR_OK && !text_is_printable(*out, true))
		e = ERR_MSG_RANGE;
	return e;
}

enum err
message_read_workload(const msgpack_object *o, struct view *out)
{
	enum err e = message_read_size(o, 1, BUNDLE_WORKLOAD_MAX, out);

	return e == ERR_OK ? bundle_workload_check(*out) : e;
}

enum err
message_read_chain(const msgpack_object *o, struct view *out)
{
	enum err e = message_read_size(o, 1, BUNDLE_CHAIN_MAX, out);

	return e == ERR_OK ? bundle_chain_check(*out) : e;
}

enum err
message_read_identity(const msgpack_object *o, struct view *out)
{
	enum err e = message_read_size(o, 1, IDENTITY_SIZE_MAX, out);

	return e != ERR_OK || identity_is_valid(*out) ? e : ERR_MSG_RANGE;
}

enum err
message_read_log(const msgpack_object *o, struct view *out)
{
	enum err e = message_read_size(o, 1, CHECKPOINT_ORIGIN_MAX, out);

	if (e == ERR_OK && checkpoint_origin_check(*out) != ERR_OK)
		e = ERR_MSG_RANGE;
	return e;
}

enum err
message_read_proof(const msgpack_object *o, struct merkle_proof *out)
{
	struct view bytes;
	enum err e = message_read_size(o, 0, MERKLE_PROOF_MAX * DIGEST_SIZE, &bytes);

	if (e != ERR_OK)
		return e;
	if (bytes.size % DIGEST_SIZE != 0)
		return ERR_MSG_RANGE;
	out->count = bytes.size / DIGEST_SIZE;
	if (bytes.size > 0)
		memcpy(out->hash, bytes.data, bytes.size);
	return ERR_OK;
}
