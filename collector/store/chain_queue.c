#include "collector/store/chain_queue.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "proto/wire/message.h"

#define HEADER_SIZE 12
#define RECORD_MAX  (HEADER_SIZE + BUNDLE_SIZE_MAX + MESSAGE_SIGNATURE_MAX)

static const uint8_t magic[4] = {'H', 'M', 'Q', '1'};

static enum err read_at(int fd, uint64_t offset, struct buf *to);
static bool all_zero(int fd, uint64_t offset);

void
chain_record_write(struct view bundle, struct view signature, struct buf *to)
{
	uint8_t header[HEADER_SIZE];

	memcpy(header, magic, sizeof(magic));
	be32_put(header + 4, (uint32_t)bundle.size);
	be32_put(header + 8, (uint32_t)signature.size);
	buf_append(to, header, sizeof(header));
	buf_append_view(to, bundle);
	buf_append_view(to, signature);
}

enum err
chain_record_read(int fd, uint64_t offset, struct buf *storage, struct chain_record *out)
{
	uint32_t bundle_size, signature_size;
	enum err e;

	buf_clear(storage);
	if ((e = read_at(fd, offset, storage)) != ERR_OK)
		return e;
	if (storage->size < HEADER_SIZE)
		return ERR_NOT_FOUND;
	if (memcmp(storage->data, magic, sizeof(magic)) != 0)
		return all_zero(fd, offset) ? ERR_NOT_FOUND : ERR_FORMAT;
	bundle_size = be32_get(storage->data + 4);
	signature_size = be32_get(storage->data + 8);
	if (bundle_size > BUNDLE_SIZE_MAX || signature_size > MESSAGE_SIGNATURE_MAX)
		return ERR_FORMAT;
	out->size = HEADER_SIZE + (uint64_t)bundle_size + signature_size;
	if (storage->size < out->size)
		return ERR_NOT_FOUND;
	out->bundle = (struct view){storage->data + HEADER_SIZE, bundle_size};
	out->signature = (struct view){storage->data + HEADER_SIZE + bundle_size, signature_size};
	return bundle_decode(out->bundle, &out->content) == ERR_OK ? ERR_OK : ERR_FORMAT;
}

/* As much as a record can take. */
static enum err
read_at(int fd, uint64_t offset, struct buf *to)
{
	uint8_t *p = buf_reserve(to, RECORD_MAX);
	ssize_t got;

	if (p == NULL)
		return ERR_MEMORY;
	while (to->size < RECORD_MAX) {
		got = pread(fd, p + to->size, RECORD_MAX - to->size, (off_t)(offset + to->size));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_IO;
		if (got == 0)
			break;
		to->size += (size_t)got;
	}
	return ERR_OK;
}

/* A power failure can leave a file longer than what was written to it. */
static bool
all_zero(int fd, uint64_t offset)
{
	uint8_t block[4096];
	ssize_t got;

	while ((got = pread(fd, block, sizeof(block), (off_t)offset)) > 0) {
		for (ssize_t i = 0; i < got; i++)
			if (block[i] != 0)
				return false;
		offset += (uint64_t)got;
	}
	return got == 0;
}
