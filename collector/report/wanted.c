#include "collector/report/wanted.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "collector/ground/interrupt.h"

struct sending {
	struct channel *channel;
	const struct state *state;
	size_t part_max;
	struct buf frame;
	uint64_t began_ms;
	uint64_t sent; /* bytes of components */
	struct trouble *trouble;
};

/* Bytes that stand in a file. */
struct stored {
	int fd;
	uint64_t offset;
	uint64_t size;
};

static enum err check_want(
    const struct bundle *b, const struct message_want *want, struct trouble *t);
static const struct bundle_component *find(const struct bundle *b, const struct digest *digest);
static unsigned count_kinds(const struct bundle *b, const struct digest *digest);
static enum err send_component(struct sending *s, const struct bundle_component *wanted);
static enum err send_segments(struct sending *s, const struct message_segments *wanted);
static enum err read_list(struct sending *s, const struct message_segments *wanted, struct buf *to,
    struct component_list **out);
static enum err send_segment(struct sending *s, const struct component_segment *wanted);
static enum err send_parts(struct sending *s, const struct digest *digest, const struct stored *at);
static enum err send_part(struct sending *s, const struct message_part *part);

enum err
wanted_send(struct channel *channel, uint64_t part_max, const struct bundle *b,
    const struct message_want *want, const struct state *components, struct trouble *t)
{
	struct sending s = {.channel = channel,
	    .state = components,
	    .began_ms = interrupt_clock_ms(),
	    .trouble = t};
	enum err e = check_want(b, want, t);

	s.part_max = part_max < MESSAGE_PART_MAX ? (size_t)part_max : MESSAGE_PART_MAX;
	s.frame = BUF_INIT;
	for (size_t i = 0; e == ERR_OK && i < want->digest_count; i++)
		e = send_component(&s, find(b, &want->digests[i]));
	for (size_t i = 0; e == ERR_OK && i < want->list_count; i++)
		e = send_segments(&s, &want->lists[i]);
	buf_free(&s.frame);
	return e;
}

/* Only what is in the bundle, and nothing more often than it is there. */
static enum err
check_want(const struct bundle *b, const struct message_want *want, struct trouble *t)
{
	for (size_t i = 0; i < want->digest_count; i++) {
		unsigned before = 0;

		for (size_t j = 0; j < i; j++)
			before += digest_equal(&want->digests[j], &want->digests[i]);
		if (before >= count_kinds(b, &want->digests[i]))
			return trouble_set(t, ERR_MSG_ORDER,
			    "the signer wants a component that is not in the bundle, or twice");
	}
	for (size_t i = 0; i < want->list_count; i++) {
		unsigned before = 0;

		for (size_t j = 0; j < i; j++)
			before += digest_equal(&want->lists[j].list, &want->lists[i].list);
		if (before >= count_kinds(b, &want->lists[i].list))
			return trouble_set(t, ERR_MSG_ORDER,
			    "the signer wants segments of a list that is not in the bundle, or "
			    "twice");
	}
	return ERR_OK;
}

static const struct bundle_component *
find(const struct bundle *b, const struct digest *digest)
{
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++)
		if (b->component[kind].present && digest_equal(&b->component[kind].digest, digest))
			return &b->component[kind];
	return NULL;
}

static unsigned
count_kinds(const struct bundle *b, const struct digest *digest)
{
	unsigned count = 0;

	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++)
		count +=
		    b->component[kind].present && digest_equal(&b->component[kind].digest, digest);
	return count;
}

static enum err
send_component(struct sending *s, const struct bundle_component *wanted)
{
	struct stored at = {.offset = 0};
	enum err e = state_open_component(s->state, &wanted->digest, &at.fd, &at.size, s->trouble);

	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_DIGEST : e;
	if (at.size != wanted->size)
		e = trouble_set(s->trouble, ERR_DIGEST,
		    "a stored component has another size than when it was measured");
	else
		e = send_parts(s, &wanted->digest, &at);
	(void)close(at.fd);
	return e;
}

static enum err
send_segments(struct sending *s, const struct message_segments *wanted)
{
	struct component_list *l;
	struct buf bytes = BUF_INIT;
	enum err e = read_list(s, wanted, &bytes, &l);

	for (size_t i = 0; e == ERR_OK && i < l->segment_count; i++)
		if (message_bitmap_has(wanted->bitmap, i))
			e = send_segment(s, &l->segments[i]);
	component_list_free(&l);
	buf_free(&bytes);
	return e;
}

/* The list, if the bitmap is one for it. */
static enum err
read_list(struct sending *s, const struct message_segments *wanted, struct buf *to,
    struct component_list **out)
{
	enum err e = state_read_list(s->state, &wanted->list, to, out, s->trouble);

	if (e == ERR_NOT_FOUND)
		return ERR_DIGEST;
	if (e == ERR_COMPONENT_FORMAT)
		return trouble_set(s->trouble, ERR_MSG_ORDER,
		    "the signer wants segments of a component that is no list");
	if (e == ERR_OK && message_bitmap_check(wanted->bitmap, (*out)->segment_count) != ERR_OK)
		return trouble_set(s->trouble, ERR_MSG_RANGE,
		    "the signer wants segments by a bitmap that is not one for their list");
	return e;
}

static enum err
send_segment(struct sending *s, const struct component_segment *wanted)
{
	struct stored at;
	enum err e =
	    state_open_segment(s->state, &wanted->digest, &at.fd, &at.offset, &at.size, s->trouble);

	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? ERR_DIGEST : e;
	if (at.size != wanted->size)
		e = trouble_set(
		    s->trouble, ERR_DIGEST, "a stored segment has another size than its list says");
	else
		e = send_parts(s, &wanted->digest, &at);
	(void)close(at.fd);
	return e;
}

static enum err
send_parts(struct sending *s, const struct digest *digest, const struct stored *at)
{
	const size_t block_size = at->size < s->part_max ? (size_t)at->size : s->part_max;
	struct message_part part = {.digest = *digest};
	uint8_t *block = malloc(block_size);
	enum err e = block != NULL ? ERR_OK : ERR_MEMORY;

	while (e == ERR_OK && part.offset < at->size) {
		const uint64_t left = at->size - part.offset;
		const ssize_t got =
		    pread(at->fd, block, left < block_size ? (size_t)left : block_size,
			(off_t)(at->offset + part.offset));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			e = trouble_set(
			    s->trouble, ERR_DIGEST, "a stored component cannot be read");
			break;
		}
		part.data = (struct view){block, (size_t)got};
		if ((e = send_part(s, &part)) == ERR_OK)
			part.offset += (uint64_t)got;
	}
	free(block);
	return e;
}

/* Each frame has its time; all of them together have theirs. */
static enum err
send_part(struct sending *s, const struct message_part *part)
{
	const uint64_t allowed_ms = CHANNEL_WRITE_MS + s->sent * 1000 / WANTED_BYTES_PER_S;
	enum err e;

	if (interrupt_clock_ms() - s->began_ms > allowed_ms)
		return trouble_set(s->trouble, ERR_TIMEOUT_FRAME,
		    "sending to the signer: it takes less than %u bytes a second",
		    WANTED_BYTES_PER_S);
	s->sent += part->data.size;
	buf_clear(&s->frame);
	message_write_part(&s->frame, part);
	if ((e = buf_status(&s->frame)) == ERR_OK)
		e = channel_write(s->channel, buf_view(&s->frame), s->trouble);
	return e;
}
