#include "signer/ledger/batch.h"

#include <stdlib.h>
#include <string.h>

#include "proto/digest_many.h"
#include "proto/tlog/tile.h"

#define LENGTH_SIZE    2  /* bytes: be16 before each entry */
#define FIRST_CAPACITY 64 /* entries; doubles */

/* Allowed next states, as a bit set by state. */
static const unsigned moves[BATCH_STATES] = {
    [BATCH_OPEN] = 1U << BATCH_WRITING,
    /* Straight to PUBLISHED: it held evidence alone, and there is nothing to sign. */
    [BATCH_WRITING] = 1U << BATCH_WRITTEN | 1U << BATCH_PUBLISHED,
    [BATCH_WRITTEN] = 1U << BATCH_SIGNING,
    /* Back to WRITTEN: the key process died, the next one will be asked. */
    [BATCH_SIGNING] = 1U << BATCH_WRITTEN | 1U << BATCH_SEALED,
    [BATCH_SEALED] = 1U << BATCH_PUBLISHED,
    [BATCH_PUBLISHED] = 1U << BATCH_OPEN,
};

static void tell_heads(struct batch *b, size_t count);
static enum err grow(struct batch *b);
static void forget_owned(struct batch *b);

struct batch *
batch_new(uint64_t index)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->tree = merkle_batch_new();
	if (b->tree == NULL || grow(b) != ERR_OK) {
		batch_free(&b);
		return NULL;
	}
	b->state = BATCH_PUBLISHED;
	batch_reset(b, index);
	return b;
}

void
batch_free(struct batch **b)
{
	if (*b == NULL)
		return;
	merkle_batch_free(&(*b)->tree);
	buf_free(&(*b)->bytes);
	buf_free(&(*b)->evidence);
	buf_free(&(*b)->note);
	forget_owned(*b);
	free((*b)->entry);
	free((*b)->leaf);
	free(*b);
	*b = NULL;
}

size_t
batch_bytes(const struct batch *b)
{
	return sizeof(*b) + merkle_batch_bytes(b->tree) +
	       b->capacity * (sizeof(*b->entry) + sizeof(*b->leaf)) + b->bytes.capacity +
	       b->evidence.capacity + b->note.capacity;
}

void
batch_reset(struct batch *b, uint64_t index)
{
	batch_move(b, BATCH_OPEN);
	forget_owned(b);
	b->ends_key = false;
	b->first = index;
	b->count = 0;
	b->hashed = 0;
	b->next = NULL;
	buf_clear(&b->bytes);
	buf_clear(&b->evidence);
	buf_clear(&b->note);
	record_begin(&b->bytes);
}

void
batch_move(struct batch *b, enum batch_state to)
{
	if ((moves[b->state] & 1U << to) == 0)
		abort();
	b->state = to;
}

struct buf *
batch_entry_begin(struct batch *b)
{
	static const uint8_t length[LENGTH_SIZE];

	buf_append(&b->bytes, length, sizeof(length));
	return &b->bytes;
}

enum err
batch_entry_end(struct batch *b, struct batch_entry **out)
{
	struct batch_entry *entry;
	size_t offset, size;
	enum err e;

	*out = NULL;
	offset = RECORD_HEADER_SIZE + LENGTH_SIZE;
	if (b->count > 0)
		offset = b->entry[b->count - 1].offset + b->entry[b->count - 1].size + LENGTH_SIZE;
	if ((e = buf_status(&b->bytes)) != ERR_OK)
		goto fail;
	size = b->bytes.size - offset;
	if (size > ENTRY_SIZE_MAX) {
		e = ERR_FORMAT_SIZE;
		goto fail;
	}
	if (b->count == b->capacity && (e = grow(b)) != ERR_OK)
		goto fail;
	be16_put(b->bytes.data + offset - LENGTH_SIZE, (uint16_t)size);
	entry = &b->entry[b->count++];
	memset(entry, 0, sizeof(*entry));
	entry->offset = offset;
	entry->size = (uint32_t)size;
	*out = entry;
	return ERR_OK;
fail:
	batch_entry_cancel(b);
	return e;
}

void
batch_entry_cancel(struct batch *b)
{
	bool failed = b->bytes.failed;

	b->bytes.size = RECORD_HEADER_SIZE;
	if (b->count > 0)
		b->bytes.size = b->entry[b->count - 1].offset + b->entry[b->count - 1].size;
	/* A failed append left the bytes before it as they were: the batch is whole again. */
	if (failed)
		b->bytes.failed = false;
}

void
batch_entry_own(
    struct batch *b, struct batch_entry *entry, char *tokens, struct batch_changes *changes)
{
	entry->tokens = tokens;
	entry->changes = changes;
	b->token_count += tokens != NULL;
	b->owner_count += tokens != NULL || changes != NULL;
}

struct view
batch_entry_view(const struct batch *b, size_t entry)
{
	return (struct view){b->bytes.data + b->entry[entry].offset, b->entry[entry].size};
}

struct view
batch_run(const struct batch *b, size_t first, size_t count)
{
	const struct batch_entry *last = &b->entry[first + count - 1];
	size_t begin = b->entry[first].offset - LENGTH_SIZE;

	return (struct view){b->bytes.data + begin, last->offset + last->size - begin};
}

void
batch_hash(struct batch *b)
{
	struct view entry[DIGEST_LANES];
	size_t count;

	for (; b->hashed < b->count; b->hashed += count) {
		count = b->count - b->hashed;
		count = count < DIGEST_LANES ? count : DIGEST_LANES;
		for (size_t i = 0; i < count; i++)
			entry[i] = batch_entry_view(b, b->hashed + i);
		merkle_leaves(entry, count, b->leaf + b->hashed);
		tell_heads(b, count);
	}
}

enum err
batch_seal(struct batch *b, const struct merkle_frontier *old, struct merkle_frontier *new_frontier)
{
	enum err e = ERR_OK;

	if (old->size < b->first || old->size > b->first + b->count)
		abort(); /* a tree that does not meet the batch */
	batch_hash(b);
	merkle_batch_begin(b->tree, old);
	for (size_t i = (size_t)(old->size - b->first); i < b->count && e == ERR_OK; i++)
		e = merkle_batch_add(b->tree, &b->leaf[i]);
	if (e != ERR_OK)
		return e;
	merkle_batch_root(b->tree, &b->root);
	merkle_batch_frontier(b->tree, new_frontier);
	if ((e = record_end(&b->bytes, b->first, b->count, &b->root)) == ERR_OK)
		batch_move(b, BATCH_WRITING);
	return e;
}

/* Gives the next `count` entries' leaf hashes to their heads; a workload may be further already. */
static void
tell_heads(struct batch *b, size_t count)
{
	for (size_t i = b->hashed; i < b->hashed + count; i++) {
		struct workload_update *u = &b->entry[i].update;

		u->head.entry_leaf = b->leaf[i];
		if (u->workload != NULL && u->workload->head.entry_index == u->head.entry_index)
			u->workload->head.entry_leaf = b->leaf[i];
	}
}

static enum err
grow(struct batch *b)
{
	size_t capacity = b->capacity == 0 ? FIRST_CAPACITY : b->capacity * 2;
	struct batch_entry *entry;
	struct digest *leaf;

	if ((entry = realloc(b->entry, capacity * sizeof(*entry))) == NULL)
		return ERR_MEMORY;
	b->entry = entry;
	if ((leaf = realloc(b->leaf, capacity * sizeof(*leaf))) == NULL)
		return ERR_MEMORY;
	b->leaf = leaf;
	b->capacity = capacity;
	return ERR_OK;
}

/* What the entries own: few have anything. */
static void
forget_owned(struct batch *b)
{
	for (size_t i = 0; i < b->count && b->owner_count > 0; i++) {
		free(b->entry[i].tokens);
		free(b->entry[i].changes);
	}
	b->token_count = 0;
	b->owner_count = 0;
}
