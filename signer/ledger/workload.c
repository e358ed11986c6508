#include "signer/ledger/workload.h"

#include <stdlib.h>
#include <string.h>

/* A table that cannot grow is as good as no memory at all: end, recover from disk. */
#define uthash_fatal(message) abort()
#include <uthash.h>

struct slot {
	struct workload workload;
	UT_hash_handle hh;
	char key[];
};

struct workload_table {
	struct slot *slots;
};

/* Bytes: an identity of 512, a name of 128, two NULs, and room. */
#define KEY_SIZE_MAX 1024

static size_t key_make(char key[KEY_SIZE_MAX], const char *collector, struct view name);
static struct slot *slot_new(const char *key, size_t key_size);

struct workload_table *
workload_table_new(void)
{
	return calloc(1, sizeof(struct workload_table));
}

void
workload_table_free(struct workload_table **t)
{
	struct slot *slot, *next;

	if (*t == NULL)
		return;
	HASH_ITER (hh, (*t)->slots, slot, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL((*t)->slots, slot);
		free(slot);
	}
	free(*t);
	*t = NULL;
}

struct workload *
workload_find(struct workload_table *t, const char *collector, struct view name)
{
	char key[KEY_SIZE_MAX];
	size_t key_size = key_make(key, collector, name);
	struct slot *slot = NULL;

	if (key_size > 0)
		HASH_FIND(hh, t->slots, key, key_size, slot);
	return slot != NULL ? &slot->workload : NULL;
}

struct workload *
workload_get(struct workload_table *t, const char *collector, struct view name)
{
	struct workload *found = workload_find(t, collector, name);
	char key[KEY_SIZE_MAX];
	size_t key_size;
	struct slot *slot;

	if (found != NULL || (key_size = key_make(key, collector, name)) == 0)
		return found;
	if ((slot = slot_new(key, key_size)) == NULL)
		return NULL;
	slot->workload.collector_size = (uint16_t)(key_size - name.size - 2);
	slot->workload.name_size = (uint8_t)name.size;
	HASH_ADD_KEYPTR(hh, t->slots, slot->key, key_size, slot);
	return &slot->workload;
}

void
workload_forget(struct workload_table *t, struct workload *w)
{
	struct slot *slot = (struct slot *)(void *)w; /* its first member */

	if (w->has_head || w->busy)
		return;
	HASH_DEL(t->slots, slot);
	free(slot);
}

enum err
workload_each(
    struct workload_table *t, enum err (*visit)(void *context, struct workload *w), void *context)
{
	struct slot *slot, *next;
	enum err e = ERR_OK;

	HASH_ITER (hh, t->slots, slot, next) {
		if ((e = visit(context, &slot->workload)) != ERR_OK)
			break;
	}
	return e;
}

size_t
workload_count(const struct workload_table *t)
{
	return HASH_COUNT(t->slots);
}

/* The key's size; 0 if the names are too long to be any workload's. */
static size_t
key_make(char key[KEY_SIZE_MAX], const char *collector, struct view name)
{
	size_t collector_size = strlen(collector) + 1;
	size_t key_size = collector_size + name.size + 1;

	if (key_size > KEY_SIZE_MAX || name.size > UINT8_MAX)
		return 0;
	memcpy(key, collector, collector_size);
	memcpy(key + collector_size, name.data, name.size);
	key[key_size - 1] = '\0';
	return key_size;
}

static struct slot *
slot_new(const char *key, size_t key_size)
{
	struct slot *slot = calloc(1, sizeof(*slot) + key_size);

	if (slot == NULL)
		return NULL;
	memcpy(slot->key, key, key_size);
	slot->workload.collector = slot->key;
	return slot;
}
