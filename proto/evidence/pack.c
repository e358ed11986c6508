#include "proto/evidence/pack.h"

#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

/* The library's default: components shrink to a third, at some 300 MB/s. */
#define COMPRESSION_LEVEL 3

static const char magic[4] = {'H', 'M', 'P', '1'};

static bool kind_is_known(uint8_t kind);

enum err
pack_append(enum pack_kind kind, struct view content, const struct digest *digest, struct buf *to)
{
	size_t bound = ZSTD_compressBound(content.size), stored;
	uint8_t *room;

	if (content.size == 0 || content.size > PACK_CONTENT_MAX)
		return ERR_FORMAT_SIZE;
	if ((room = buf_reserve(to, PACK_HEADER_SIZE + bound)) == NULL)
		return ERR_MEMORY;
	stored = ZSTD_compress(
	    room + PACK_HEADER_SIZE, bound, content.data, content.size, COMPRESSION_LEVEL);
	if (ZSTD_isError(stored) || stored >= content.size) {
		memcpy(room + PACK_HEADER_SIZE, content.data, content.size);
		stored = content.size;
	}
	memset(room, 0, PACK_HEADER_SIZE);
	memcpy(room, magic, sizeof(magic));
	room[4] = (uint8_t)kind;
	be32_put(room + 8, (uint32_t)content.size);
	be32_put(room + 12, (uint32_t)stored);
	memcpy(room + 16, digest->bytes, DIGEST_SIZE);
	to->size += PACK_HEADER_SIZE + stored;
	return ERR_OK;
}

enum err
pack_header_parse(struct view bytes, struct pack_header *out)
{
	memset(out, 0, sizeof(*out));
	if (bytes.size != PACK_HEADER_SIZE || memcmp(bytes.data, magic, sizeof(magic)) != 0 ||
	    !kind_is_known(bytes.data[4]) || bytes.data[5] != 0 || bytes.data[6] != 0 ||
	    bytes.data[7] != 0)
		return ERR_FORMAT;
	out->kind = (enum pack_kind)bytes.data[4];
	out->size = be32_get(bytes.data + 8);
	out->stored = be32_get(bytes.data + 12);
	memcpy(out->digest.bytes, bytes.data + 16, DIGEST_SIZE);
	if (out->size == 0 || out->size > PACK_CONTENT_MAX || out->stored == 0 ||
	    out->stored > out->size)
		return ERR_FORMAT_SIZE;
	return ERR_OK;
}

enum err
pack_content(const struct pack_header *h, struct view stored, struct buf *to)
{
	size_t before = to->size, size;
	struct digest found;
	uint8_t *room;

	if (stored.size != h->stored)
		return ERR_FORMAT_SIZE;
	if ((room = buf_reserve(to, h->size)) == NULL)
		return ERR_MEMORY;
	if (h->stored == h->size) {
		memcpy(room, stored.data, stored.size);
	} else {
		/* Never more than was declared, whatever the compressed bytes say. */
		size = ZSTD_decompress(room, h->size, stored.data, stored.size);
		if (ZSTD_isError(size) && ZSTD_getErrorCode(size) == ZSTD_error_memory_allocation)
			return ERR_MEMORY;
		if (ZSTD_isError(size) || size != h->size)
			return ERR_DIGEST;
	}
	digest_of(room, h->size, &found);
	if (!digest_equal(&found, &h->digest))
		return ERR_DIGEST;
	to->size = before + h->size;
	return ERR_OK;
}

static bool
kind_is_known(uint8_t kind)
{
	return kind >= PACK_COMPONENT && kind <= PACK_FEED;
}
