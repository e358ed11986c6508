/*
 * The order of a builder's items: by key, then by all bytes behind it. Paths have long beginnings
 * in common, and lie apart in memory: of each item eight bytes of its key, from where not all have
 * the same, are compared as a number beside it, and the eight behind them only where these are the
 * same.
 */
#include <stdlib.h>

#include "proto/evidence/component_builder.h"

#define WORD_SIZE 8  /* bytes */
#define FEW       16 /* items: these are compared as they are */

static void sort(struct component_entry *entries, size_t count, uint32_t depth);
static uint32_t common_size(const struct component_entry *entries, size_t count, uint32_t depth);
static uint64_t word_at(const struct component_entry *e, uint32_t depth);
static int compare_words(const void *a, const void *b);
static int compare(const void *a, const void *b);
static struct view tail(const struct component_entry *e);

enum err
component_builder_sort(struct component_builder *b)
{
	const bool facts = component_kind_shape(b->kind) == COMPONENT_SHAPE_FACT;
	struct component_entry *entries = b->entries;
	size_t kept = 0;

	sort(entries, b->count, 0);
	for (size_t i = 1; facts && i < b->count; i++)
		if (view_equal(
			component_entry_key(&entries[i - 1]), component_entry_key(&entries[i])))
			return ERR_MSG_DUPLICATE;
	for (size_t i = 0; i < b->count; i++) {
		if (kept > 0 && compare(&entries[kept - 1], &entries[i]) == 0)
			b->size -= entries[i].size;
		else
			entries[kept++] = entries[i];
	}
	b->count = kept;
	return ERR_OK;
}

struct view
component_entry_key(const struct component_entry *e)
{
	return (struct view){e->bytes + e->key_offset, e->key_size};
}

/* All have the first `depth` bytes in common. */
static void
sort(struct component_entry *entries, size_t count, uint32_t depth)
{
	size_t begin = 0, end;

	if (count <= FEW) {
		if (count > 1)
			qsort(entries, count, sizeof(*entries), compare);
		return;
	}
	depth = common_size(entries, count, depth);
	for (size_t i = 0; i < count; i++)
		entries[i].word = word_at(&entries[i], depth);
	qsort(entries, count, sizeof(*entries), compare_words);
	for (; begin < count; begin = end) {
		bool longer = true;

		for (end = begin; end < count && entries[end].word == entries[begin].word; end++)
			longer = longer && entries[end].key_size >= depth + WORD_SIZE;
		/* Where one has ended, the word does not tell it from one that has zeros there. */
		if (longer)
			sort(entries + begin, end - begin, depth + WORD_SIZE);
		else if (end - begin > 1)
			qsort(entries + begin, end - begin, sizeof(*entries), compare);
	}
}

static uint32_t
common_size(const struct component_entry *entries, size_t count, uint32_t depth)
{
	const struct view first = component_entry_key(&entries[0]);
	uint32_t common = entries[0].key_size;

	for (size_t i = 1; i < count && common > depth; i++) {
		const struct view key = component_entry_key(&entries[i]);
		const uint32_t most = common < entries[i].key_size ? common : entries[i].key_size;

		for (common = depth; common < most && key.data[common] == first.data[common];)
			common++;
	}
	return common;
}

/* Numbers are ordered as the bytes are; behind the end of the key there are zeros. */
static uint64_t
word_at(const struct component_entry *e, uint32_t depth)
{
	const struct view key = component_entry_key(e);
	uint64_t word = 0;

	if (key.size >= depth + WORD_SIZE)
		return be64_get(key.data + depth);
	for (size_t i = depth; i < depth + WORD_SIZE; i++)
		word = word << 8 | (i < key.size ? key.data[i] : 0);
	return word;
}

static int
compare_words(const void *a, const void *b)
{
	const struct component_entry *x = a, *y = b;

	return x->word < y->word ? -1 : x->word > y->word;
}

static int
compare(const void *a, const void *b)
{
	const int order = view_compare(component_entry_key(a), component_entry_key(b));

	return order != 0 ? order : view_compare(tail(a), tail(b));
}

/* What stands behind the key. */
static struct view
tail(const struct component_entry *e)
{
	const uint32_t begin = e->key_offset + e->key_size;

	return (struct view){e->bytes + begin, e->size - begin};
}
