#include "collector/content/growing.h"

#include <stdatomic.h>

static struct growing_entry *look_up(struct growing *g, struct view path, struct digest *key);
static struct growing_entry *find_room(struct growing *g);
static void tell(const struct growing *g, const struct growing_entry *e, struct grown *out);

void
growing_begin(struct growing *g)
{
	g->round++;
}

void
growing_end(struct growing *g)
{
	g->told = g->round;
}

bool
growing_was_told(const struct growing *g)
{
	return g->told != 0 && g->told + 1 == g->round;
}

bool
growing_find(struct growing *g, struct view path, struct grown *out)
{
	struct digest key;
	struct growing_entry *e = look_up(g, path, &key);

	if (e == NULL)
		return false;
	e->seen = g->round;
	tell(g, e, out);
	return true;
}

bool
growing_keep(struct growing *g, struct view path, uint64_t size, const struct digest *content,
    bool anew, struct grown *out)
{
	struct digest key;
	struct growing_entry *e = look_up(g, path, &key);
	const bool is_new = e == NULL;

	if (is_new && (e = find_room(g)) == NULL)
		return false;
	if (is_new) {
		*(volatile uint32_t *)&e->begun = 0;
		atomic_signal_fence(memory_order_seq_cst);
		e->path = key;
		e->changed = 0;
	} else if (anew) {
		e->changed = g->round;
		e->begun++;
	}
	*(volatile uint32_t *)&e->whole = 0;
	atomic_signal_fence(memory_order_seq_cst);
	e->content = *content;
	e->size = size;
	e->seen = g->round;
	atomic_signal_fence(memory_order_seq_cst);
	*(volatile uint32_t *)&e->whole = 1;
	if (is_new)
		*(volatile uint32_t *)&e->begun = 1;
	tell(g, e, out);
	return true;
}

/* Where it is not, there is still its key. */
static struct growing_entry *
look_up(struct growing *g, struct view path, struct digest *key)
{
	digest_of(path.data, path.size, key);
	for (size_t i = 0; i < GROWING_MAX; i++)
		if (g->entries[i].begun != 0 && digest_equal(&g->entries[i].path, key))
			return &g->entries[i];
	return NULL;
}

/* A path that is gone is known as long as there is room: it may come again. */
static struct growing_entry *
find_room(struct growing *g)
{
	struct growing_entry *oldest = NULL;

	for (size_t i = 0; i < GROWING_MAX; i++) {
		struct growing_entry *e = &g->entries[i];

		if (e->begun == 0)
			return e;
		if (e->seen < g->told && (oldest == NULL || e->seen < oldest->seen))
			oldest = e;
	}
	return oldest;
}

static void
tell(const struct growing *g, const struct growing_entry *e, struct grown *out)
{
	*out = (struct grown){
	    .size = e->whole != 0 ? e->size : UINT64_MAX,
	    .content = e->content,
	    .begun = e->begun,
	    .changed = e->changed > g->told,
	};
}
