#include "proto/wire/keychannel.h"

#include <string.h>

static const char request_magic[4] = {'H', 'K', 'Q', '2'};
static const char answer_magic[4] = {'H', 'K', 'A', '2'};

#define PROOF_SIZE (MERKLE_CONSISTENCY_MAX * DIGEST_SIZE) /* bytes, unused hashes included */

static enum err read_proof(const uint8_t *hashes, size_t count, struct merkle_proof *out);

void
keychannel_write_request(struct buf *to, const struct keychannel_request *r)
{
	bool token = r->type == KEYCHANNEL_TOKEN;
	size_t size = token ? KEYCHANNEL_TOKEN_SIZE + r->report.size : KEYCHANNEL_CHECKPOINT_SIZE;
	uint8_t *room = buf_reserve(to, size), *proof;

	if (room == NULL)
		return;
	memset(room, 0, size - (token ? r->report.size : 0));
	memcpy(room, request_magic, sizeof(request_magic));
	room[4] = (uint8_t)r->type;
	room[5] = (uint8_t)r->proof.count;
	be64_put(room + 8, r->id);
	if (token) {
		be64_put(room + 16, r->index);
		be64_put(room + 24, r->size);
		be32_put(room + 32, (uint32_t)r->report.size);
		proof = room + 36;
		if (r->report.size > 0)
			memcpy(proof + PROOF_SIZE, r->report.data, r->report.size);
	} else {
		be64_put(room + 16, r->size);
		memcpy(room + 24, r->root.bytes, DIGEST_SIZE);
		proof = room + 24 + DIGEST_SIZE;
	}
	for (size_t i = 0; i < r->proof.count; i++)
		memcpy(proof + i * DIGEST_SIZE, r->proof.hash[i].bytes, DIGEST_SIZE);
	to->size += size;
}

void
keychannel_write_answer(struct buf *to, const struct keychannel_answer *a)
{
	uint8_t header[KEYCHANNEL_ANSWER_HEADER_SIZE] = {0};

	memcpy(header, answer_magic, sizeof(answer_magic));
	header[4] = (uint8_t)a->type;
	be16_put(header + 6, (uint16_t)a->result);
	be64_put(header + 8, a->id);
	be64_put(header + 16, a->size);
	memcpy(header + 24, a->root.bytes, DIGEST_SIZE);
	be32_put(header + 56, (uint32_t)a->body.size);
	buf_append(to, header, sizeof(header));
	buf_append_view(to, a->body);
}

enum err
keychannel_next_request(struct view input, struct keychannel_request *out, size_t *used)
{
	const uint8_t *bytes = input.data;
	size_t size;

	*used = 0;
	memset(out, 0, sizeof(*out));
	if (input.size < KEYCHANNEL_REQUEST_HEADER_SIZE)
		return ERR_OK;
	if (memcmp(bytes, request_magic, sizeof(request_magic)) != 0 ||
	    bytes[5] > MERKLE_CONSISTENCY_MAX || bytes[6] != 0 || bytes[7] != 0)
		return ERR_FORMAT;
	out->id = be64_get(bytes + 8);
	if (bytes[4] == KEYCHANNEL_CHECKPOINT) {
		out->type = KEYCHANNEL_CHECKPOINT;
		if (input.size < KEYCHANNEL_CHECKPOINT_SIZE)
			return ERR_OK;
		out->size = be64_get(bytes + 16);
		memcpy(out->root.bytes, bytes + 24, DIGEST_SIZE);
		if (read_proof(bytes + 24 + DIGEST_SIZE, bytes[5], &out->proof) != ERR_OK)
			return ERR_FORMAT;
		*used = KEYCHANNEL_CHECKPOINT_SIZE;
		return ERR_OK;
	}
	if (bytes[4] != KEYCHANNEL_TOKEN)
		return ERR_FORMAT;
	out->type = KEYCHANNEL_TOKEN;
	if (input.size < KEYCHANNEL_TOKEN_SIZE)
		return ERR_OK;
	size = be32_get(bytes + 32);
	if (size == 0 || size > KEYCHANNEL_REPORT_MAX)
		return ERR_FORMAT;
	if (input.size < KEYCHANNEL_TOKEN_SIZE + size)
		return ERR_OK;
	out->index = be64_get(bytes + 16);
	out->size = be64_get(bytes + 24);
	out->report = (struct view){bytes + KEYCHANNEL_TOKEN_SIZE, size};
	if (read_proof(bytes + 36, bytes[5], &out->proof) != ERR_OK)
		return ERR_FORMAT;
	*used = KEYCHANNEL_TOKEN_SIZE + size;
	return ERR_OK;
}

enum err
keychannel_next_answer(struct view input, struct keychannel_answer *out, size_t *used)
{
	const uint8_t *bytes = input.data;
	size_t size;

	*used = 0;
	memset(out, 0, sizeof(*out));
	if (input.size < KEYCHANNEL_ANSWER_HEADER_SIZE)
		return ERR_OK;
	size = be32_get(bytes + 56);
	if (memcmp(bytes, answer_magic, sizeof(answer_magic)) != 0 || bytes[4] > KEYCHANNEL_TOKEN ||
	    bytes[5] != 0 || size > KEYCHANNEL_BODY_MAX)
		return ERR_FORMAT;
	out->type = (enum keychannel_type)bytes[4];
	out->result = err_from_number(be16_get(bytes + 6));
	if (out->result == ERR_INVARIANT)
		return ERR_FORMAT;
	out->id = be64_get(bytes + 8);
	out->size = be64_get(bytes + 16);
	memcpy(out->root.bytes, bytes + 24, DIGEST_SIZE);
	if (input.size - KEYCHANNEL_ANSWER_HEADER_SIZE < size)
		return ERR_OK;
	out->body = (struct view){bytes + KEYCHANNEL_ANSWER_HEADER_SIZE, size};
	*used = KEYCHANNEL_ANSWER_HEADER_SIZE + size;
	return ERR_OK;
}

/* `count` is checked already. Hashes behind it must be zero: a request has one spelling. */
static enum err
read_proof(const uint8_t *hashes, size_t count, struct merkle_proof *out)
{
	static const struct digest zero;

	for (size_t i = count; i < MERKLE_CONSISTENCY_MAX; i++)
		if (memcmp(hashes + i * DIGEST_SIZE, zero.bytes, DIGEST_SIZE) != 0)
			return ERR_FORMAT;
	out->count = count;
	for (size_t i = 0; i < count; i++)
		memcpy(out->hash[i].bytes, hashes + i * DIGEST_SIZE, DIGEST_SIZE);
	return ERR_OK;
}
