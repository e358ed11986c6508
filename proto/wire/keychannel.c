#include "proto/wire/keychannel.h"

#include <string.h>

static const char request_magic[4] = {'H', 'K', 'Q', '3'};
static const char answer_magic[4] = {'H', 'K', 'A', '3'};

#define PROOF_SIZE  (MERKLE_CONSISTENCY_MAX * DIGEST_SIZE) /* bytes, unused hashes included */
#define TREE_SIZE   (8 + DIGEST_SIZE)                      /* bytes of size and root */
#define TOKEN_PLACE (8 + 8 + 4 + 4 + 2 + 2)                /* bytes before a token's proof */

/* What is fixed of a request of each type, and where its proof begins; bytes. */
static const struct layout {
	size_t size, proof_at;
} layouts[] = {
    [KEYCHANNEL_CHECKPOINT] = {KEYCHANNEL_CHECKPOINT_SIZE, 16 + TREE_SIZE},
    [KEYCHANNEL_TOKEN] = {KEYCHANNEL_TOKEN_SIZE, 16 + TOKEN_PLACE},
    [KEYCHANNEL_OBSERVE] = {KEYCHANNEL_OBSERVE_SIZE, 16 + TREE_SIZE},
    [KEYCHANNEL_CLOSE] = {KEYCHANNEL_CLOSE_SIZE, 16 + TREE_SIZE},
};

static bool is_request(uint8_t type);
static void write_hashes(uint8_t *room, const struct merkle_proof *proof);
static enum err read_header(const uint8_t *bytes, struct keychannel_request *out);
static enum err read_sizes(const uint8_t *bytes, struct keychannel_request *out);
static enum err read_proof(const uint8_t *hashes, size_t count, struct merkle_proof *out);

void
keychannel_write_request(struct buf *to, const struct keychannel_request *r)
{
	const struct layout *layout = &layouts[r->type];
	uint8_t *room = buf_reserve(to, layout->size);

	if (room == NULL)
		return;
	memset(room, 0, layout->size);
	memcpy(room, request_magic, sizeof(request_magic));
	room[4] = (uint8_t)r->type;
	room[5] = (uint8_t)r->proof.count;
	room[6] = (uint8_t)(r->type == KEYCHANNEL_CLOSE ? r->inclusion.count : r->profile.size);
	be64_put(room + 8, r->id);
	if (r->type == KEYCHANNEL_TOKEN) {
		be64_put(room + 16, r->index);
		be64_put(room + 24, r->size);
		be32_put(room + 32, (uint32_t)r->report.size);
		be32_put(room + 36, r->lifetime_s);
		be16_put(room + 40, (uint16_t)r->audience.size);
	} else {
		be64_put(room + 16, r->size);
		memcpy(room + 24, r->root.bytes, DIGEST_SIZE);
	}
	write_hashes(room + layout->proof_at, &r->proof);
	if (r->type == KEYCHANNEL_OBSERVE)
		be32_put(room + layout->proof_at + PROOF_SIZE, (uint32_t)r->note.size);
	if (r->type == KEYCHANNEL_CLOSE) {
		be32_put(room + layout->proof_at + PROOF_SIZE, (uint32_t)r->report.size);
		write_hashes(room + layout->size - PROOF_SIZE, &r->inclusion);
	}
	to->size += layout->size;
	buf_append_view(to, r->profile);
	buf_append_view(to, r->audience);
	buf_append_view(to, r->report);
	buf_append_view(to, r->note);
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
	const struct layout *layout;
	const uint8_t *behind;
	size_t size;

	*used = 0;
	memset(out, 0, sizeof(*out));
	if (input.size < KEYCHANNEL_REQUEST_HEADER_SIZE)
		return ERR_OK;
	if (read_header(input.data, out) != ERR_OK)
		return ERR_FORMAT;
	layout = &layouts[out->type];
	if (input.size < layout->size)
		return ERR_OK;
	if (read_sizes(input.data, out) != ERR_OK)
		return ERR_FORMAT;
	size = layout->size + out->profile.size + out->audience.size + out->report.size +
	       out->note.size;
	if (input.size < size)
		return ERR_OK;
	if (read_proof(input.data + layout->proof_at, out->proof.count, &out->proof) != ERR_OK ||
	    (out->type == KEYCHANNEL_CLOSE && read_proof(input.data + layout->size - PROOF_SIZE,
						  out->inclusion.count, &out->inclusion) != ERR_OK))
		return ERR_FORMAT;
	behind = input.data + layout->size;
	out->profile.data = behind;
	out->audience.data = behind + out->profile.size;
	out->report.data = out->audience.data + out->audience.size;
	out->note.data = behind;
	*used = size;
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
	if (memcmp(bytes, answer_magic, sizeof(answer_magic)) != 0 ||
	    (bytes[4] != KEYCHANNEL_STATE && !is_request(bytes[4])) || bytes[5] != 0 ||
	    size > KEYCHANNEL_BODY_MAX)
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

bool
keychannel_is_decision(enum keychannel_type type, enum err e)
{
	switch (type) {
	case KEYCHANNEL_CHECKPOINT:
		return e == ERR_OK || e == ERR_GUARD_ROLLBACK || e == ERR_GUARD_FORK ||
		       e == ERR_GUARD_GROWTH || e == ERR_GUARD_KEY;
	case KEYCHANNEL_TOKEN:
		return e == ERR_OK || e == ERR_GUARD_UNLOGGED || e == ERR_TOKEN_PROFILE;
	case KEYCHANNEL_OBSERVE:
		return e == ERR_OK || e == ERR_GUARD_ROLLBACK || e == ERR_GUARD_FORK ||
		       e == ERR_SIGNATURE || e == ERR_MISMATCH || err_class(e) == ERR_CLASS_FORMAT;
	case KEYCHANNEL_CLOSE:
		return e == ERR_OK || e == ERR_GUARD_ROLLBACK || e == ERR_GUARD_FORK ||
		       e == ERR_GUARD_GROWTH || e == ERR_GUARD_UNLOGGED || e == ERR_GUARD_KEY;
	case KEYCHANNEL_STATE:
		break;
	}
	return false;
}

static bool
is_request(uint8_t type)
{
	return type < sizeof(layouts) / sizeof(layouts[0]) && layouts[type].size > 0;
}

static void
write_hashes(uint8_t *room, const struct merkle_proof *proof)
{
	for (size_t i = 0; i < proof->count; i++)
		memcpy(room + i * DIGEST_SIZE, proof->hash[i].bytes, DIGEST_SIZE);
}

/* What the first 16 bytes say. */
static enum err
read_header(const uint8_t *bytes, struct keychannel_request *out)
{
	if (memcmp(bytes, request_magic, sizeof(request_magic)) != 0 || !is_request(bytes[4]) ||
	    bytes[5] > MERKLE_CONSISTENCY_MAX || bytes[6] > KEYCHANNEL_PROFILE_MAX || bytes[7] != 0)
		return ERR_FORMAT;
	out->type = (enum keychannel_type)bytes[4];
	out->proof.count = bytes[5];
	out->id = be64_get(bytes + 8);
	if (out->type == KEYCHANNEL_CLOSE)
		out->inclusion.count = bytes[6];
	else
		out->profile.size = bytes[6];
	return (out->profile.size > 0) == (out->type == KEYCHANNEL_TOKEN) ? ERR_OK : ERR_FORMAT;
}

/* The numbers and the root of what is fixed. */
static enum err
read_sizes(const uint8_t *bytes, struct keychannel_request *out)
{
	if (out->type == KEYCHANNEL_TOKEN) {
		out->index = be64_get(bytes + 16);
		out->size = be64_get(bytes + 24);
		out->report.size = be32_get(bytes + 32);
		out->lifetime_s = be32_get(bytes + 36);
		out->audience.size = be16_get(bytes + 40);
		return out->report.size > 0 && out->report.size <= KEYCHANNEL_REPORT_MAX &&
			       out->lifetime_s <= KEYCHANNEL_LIFETIME_MAX_S &&
			       out->audience.size <= KEYCHANNEL_AUDIENCE_MAX &&
			       be16_get(bytes + 42) == 0
			   ? ERR_OK
			   : ERR_FORMAT;
	}
	out->size = be64_get(bytes + 16);
	memcpy(out->root.bytes, bytes + 24, DIGEST_SIZE);
	if (out->type == KEYCHANNEL_CHECKPOINT)
		return ERR_OK;
	if (out->type == KEYCHANNEL_CLOSE) {
		out->report.size = be32_get(bytes + KEYCHANNEL_OBSERVE_SIZE - 4);
		return out->report.size > 0 && out->report.size <= KEYCHANNEL_REPORT_MAX
			   ? ERR_OK
			   : ERR_FORMAT;
	}
	out->note.size = be32_get(bytes + KEYCHANNEL_OBSERVE_SIZE - 4);
	return out->note.size > 0 && out->note.size <= KEYCHANNEL_NOTE_MAX ? ERR_OK : ERR_FORMAT;
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
