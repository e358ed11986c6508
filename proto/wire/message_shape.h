/*
 * What a message's body may hold, as data, and how one value is read: shared by message_decode.c
 * and message_decode_relay.c. Nobody else includes this.
 */
#ifndef HALLMARK_PROTO_WIRE_MESSAGE_SHAPE_H
#define HALLMARK_PROTO_WIRE_MESSAGE_SHAPE_H

#include <msgpack.h>
#include <stdbool.h>

#include "proto/wire/message.h"

#define MESSAGE_KEYS_MAX 9 /* a refusal's */

/* Types of values, in the tables. */
#define UINT MSGPACK_OBJECT_POSITIVE_INTEGER
#define STR  MSGPACK_OBJECT_STR
#define BIN  MSGPACK_OBJECT_BIN
#define LIST MSGPACK_OBJECT_ARRAY

/* The values of one message's map, by index into its table of keys; NULL: absent. */
struct message_values {
	const msgpack_object *at[MESSAGE_KEYS_MAX];
};

typedef enum err message_decode_body(const struct message_values *v, struct message *out);

struct message_key {
	const char *name;
	msgpack_object_type type;
	bool optional;
};

struct message_shape {
	message_decode_body *decode;
	struct message_key keys[MESSAGE_KEYS_MAX];
};

/* Of MESSAGE_MEASURE and those behind it. */
#define MESSAGE_RELAY_COUNT (MESSAGE_NOTED - MESSAGE_MEASURE + 1)
extern const struct message_shape message_relay_shapes[MESSAGE_RELAY_COUNT];

/*
 * Takes the values out of the map: every key is of the shape, stands once and has its type; none is
 * missing.
 */
enum err message_take_values(const msgpack_object *map, const struct message_shape *shape,
    struct message_values *v) MUST_USE;

/* One value, of the type that its table demands: ERR_MSG_RANGE for what is not allowed in it. */
enum err message_read_uint(
    const msgpack_object *o, uint64_t least, uint64_t most, uint64_t *out) MUST_USE;
enum err message_read_size(
    const msgpack_object *o, size_t least, size_t most, struct view *out) MUST_USE;
enum err message_read_exact(const msgpack_object *o, void *out, size_t size) MUST_USE;
enum err message_read_text(
    const msgpack_object *o, size_t least, size_t most, struct view *out) MUST_USE;
enum err message_read_workload(const msgpack_object *o, struct view *out) MUST_USE;
enum err message_read_chain(const msgpack_object *o, struct view *out) MUST_USE;
enum err message_read_identity(const msgpack_object *o, struct view *out) MUST_USE;
enum err message_read_log(const msgpack_object *o, struct view *out) MUST_USE;
enum err message_read_proof(const msgpack_object *o, struct merkle_proof *out) MUST_USE;

#endif
