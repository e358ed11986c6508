#include "signer/ledger/store/record.h"

#include <string.h>

#define LENGTH_SIZE 2 /* bytes: be16 before each entry */

static const char magic[4] = {'H', 'M', 'B', '1'};
static const uint8_t end_mark[RECORD_END_SIZE];

void
record_begin(struct buf *record)
{
	if (buf_reserve(record, RECORD_HEADER_SIZE) != NULL) {
		memset(record->data, 0, RECORD_HEADER_SIZE);
		record->size = RECORD_HEADER_SIZE;
	}
}

enum err
record_end(struct buf *record, uint64_t first, size_t count, const struct digest *root)
{
	uint8_t *header = record->data;

	memcpy(header, magic, sizeof(magic));
	be32_put(header + 4, (uint32_t)count);
	be64_put(header + 8, record->size - RECORD_HEADER_SIZE);
	be64_put(header + 16, first);
	buf_append(record, root->bytes, DIGEST_SIZE);
	buf_append(record, end_mark, sizeof(end_mark));
	return buf_status(record);
}

enum err
record_header_parse(struct view header, uint64_t *first, uint32_t *count, uint64_t *size)
{
	static const uint8_t zero[8];

	if (header.size != RECORD_HEADER_SIZE || memcmp(header.data, magic, sizeof(magic)) != 0 ||
	    memcmp(header.data + 24, zero, sizeof(zero)) != 0)
		return ERR_FORMAT;
	*count = be32_get(header.data + 4);
	*size = be64_get(header.data + 8);
	*first = be64_get(header.data + 16);
	if (*count == 0 || *count > RECORD_ENTRIES_MAX || *size > RECORD_SIZE_MAX ||
	    *size < (uint64_t)*count * LENGTH_SIZE)
		return ERR_FORMAT;
	return ERR_OK;
}

bool
record_is_end(struct view rest)
{
	size_t size = rest.size < RECORD_END_SIZE ? rest.size : RECORD_END_SIZE;

	return size == 0 || memcmp(rest.data, end_mark, size) == 0;
}
