#include "proto/evidence/redacted.h"

#include <string.h>

#include "proto/encoding.h"

#define PREFIX_SIZE (sizeof(REDACTED_PREFIX) - 1)

static bool is_hex(const uint8_t *p, size_t size);

bool
redacted_is(struct view v)
{
	const size_t colon = PREFIX_SIZE + REDACTED_KEY_ID_SIZE;

	return v.size == REDACTED_SIZE && redacted_is_alike(v) &&
	       is_hex(v.data + PREFIX_SIZE, REDACTED_KEY_ID_SIZE) && v.data[colon] == ':' &&
	       is_hex(v.data + colon + 1, DIGEST_HEX_SIZE);
}

struct view
redacted_key_id(struct view v)
{
	return (struct view){v.data + PREFIX_SIZE, REDACTED_KEY_ID_SIZE};
}

bool
redacted_is_alike(struct view v)
{
	return v.size >= PREFIX_SIZE && memcmp(v.data, REDACTED_PREFIX, PREFIX_SIZE) == 0;
}

void
redacted_append(struct buf *to, struct view key_id, const struct digest *mac)
{
	buf_append_string(to, REDACTED_PREFIX);
	buf_append_view(to, key_id);
	buf_append_byte(to, ':');
	hex_append(to, (struct view){mac->bytes, DIGEST_SIZE});
}

void
redacted_append_honest(struct buf *to, struct view v)
{
	if (redacted_is_alike(v)) {
		buf_append_string(to, REDACTED_PREFIX ":");
		v = (struct view){v.data + PREFIX_SIZE, v.size - PREFIX_SIZE};
	}
	buf_append_view(to, v);
}

static bool
is_hex(const uint8_t *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((p[i] < '0' || p[i] > '9') && (p[i] < 'a' || p[i] > 'f'))
			return false;
	return true;
}
