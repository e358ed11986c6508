#include "tests/bench/load/chain.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/bench/load/fail.h"

static const struct chain_evidence *evidence_of(const struct chain *c);
static uint64_t wall_ms(void);

const struct chain_evidence *
chain_known_evidence(void)
{
	static struct chain_evidence known;
	struct component_builder *b;
	struct component_file f = {
	    .path = VIEW_LITERAL("/usr/bin/app"), .size = 3, .mode = 0100755};
	const uint8_t *found;
	size_t count;

	if (known.bytes.size > 0)
		return &known;
	digest_of("app", 3, &f.digest);
	b = component_builder_new(COMPONENT_EXECUTABLE);
	if (b == NULL || component_add_file(b, &f) != ERR_OK ||
	    component_finish(b, &known.bytes, &count) != ERR_OK)
		fail("a component");
	component_builder_free(&b);
	digest_of(known.bytes.data, known.bytes.size, &known.digest);
	found = memmem(known.bytes.data, known.bytes.size, f.digest.bytes, DIGEST_SIZE);
	if (found == NULL)
		fail("a component without its digest");
	known.content_offset = (size_t)(found - known.bytes.data);
	return &known;
}

void
chain_change(struct chain *c)
{
	struct chain_evidence *e = &c->own;
	struct digest content;
	char text[CHAIN_NAME_MAX + 32];
	int size = snprintf(text, sizeof(text), "%s %llu", c->name, (unsigned long long)c->seq + 1);

	if (e->bytes.size == 0) {
		buf_append_view(&e->bytes, buf_view(&chain_known_evidence()->bytes));
		if (buf_status(&e->bytes) != ERR_OK)
			fail("memory");
		e->content_offset = chain_known_evidence()->content_offset;
	}
	digest_of(text, (size_t)size, &content);
	memcpy(e->bytes.data + e->content_offset, content.bytes, DIGEST_SIZE);
	digest_of(e->bytes.data, e->bytes.size, &e->digest);
}

void
chain_bundle(struct chain *c, const uint8_t nonce[NONCE_SIZE], struct buf *to)
{
	static struct buf bytes, extensions;
	const struct chain_evidence *e = evidence_of(c);
	struct message_bundle m = {.signature = {NULL, 0}};
	struct bundle b;

	memset(&b, 0, sizeof(b));
	b.workload = view_of_string(c->name);
	b.seq = ++c->seq;
	b.prev = c->prev;
	memcpy(b.nonce, nonce, NONCE_SIZE);
	b.time_ms = wall_ms();
	/* As the supplied collector has them: a minute and a tenth, two digests. */
	b.next_s = 66;
	b.extensions.has_program = b.extensions.has_configuration = true;
	buf_clear(&extensions);
	bundle_extensions_write(&b.extensions, &extensions);
	b.extensions.bytes = buf_view(&extensions);
	b.component[COMPONENT_EXECUTABLE] = (struct bundle_component){
	    .present = true, .count = 1, .size = e->bytes.size, .digest = e->digest};
	buf_clear(&bytes);
	bundle_encode(&b, &bytes);
	digest_of(bytes.data, bytes.size, &c->prev);
	m.bundle = buf_view(&bytes);
	message_write_bundle(to, &m);
}

void
chain_part(const struct chain *c, struct buf *to)
{
	const struct chain_evidence *e = evidence_of(c);
	struct message_part part = {.digest = e->digest, .data = buf_view(&e->bytes)};

	message_write_part(to, &part);
}

static const struct chain_evidence *
evidence_of(const struct chain *c)
{
	return c->own.bytes.size > 0 ? &c->own : chain_known_evidence();
}

static uint64_t
wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
