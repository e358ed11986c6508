#include "signer/ledger/heads/workload.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "proto/evidence/bundle.h"
#include "proto/evidence/identity.h"
#include "proto/siphash.h"

/*
 * How often a walk in pieces begins again: a table grows seldom, and whoever has workloads
 * forgotten all the time, by what is refused, is not to keep it from its end.
 */
#define BEGUN_MAX 16

/* Bytes of a collector before its identity. */
#define COLLECTOR_SIZE offsetof(struct collector, identity)

struct workload_table {
	struct siphash_key key;
	struct record_table collectors, workloads;
	size_t bytes; /* of all records */
	size_t class_count[WORKLOAD_CLASSES];
	struct judged judged;
};

static struct collector *find_collector(const struct workload_table *t, struct view identity);
static struct collector *add_collector(struct workload_table *t, struct view identity);
static void forget_if_unused(struct workload_table *t, struct collector *c);
static uint32_t hash_of(const struct workload_table *t, uint32_t of, struct view name);
static void *record_new(struct workload_table *t, size_t size, struct view name);
static void record_free(struct workload_table *t, void *record, size_t size, size_t name_size);

struct workload_table *
workload_table_new(void)
{
	struct workload_table *t = calloc(1, sizeof(*t));

	if (t != NULL && RAND_priv_bytes((uint8_t *)&t->key, sizeof(t->key)) != 1) {
		free(t);
		t = NULL;
	}
	return t;
}

void
workload_table_free(struct workload_table **tp)
{
	struct workload_table *t = *tp;
	struct record_hash *r;

	*tp = NULL;
	if (t == NULL)
		return;
	for (size_t at = 0; (r = record_table_each(&t->workloads, &at)) != NULL;)
		free(r);
	for (size_t at = 0; (r = record_table_each(&t->collectors, &at)) != NULL;)
		free(r);
	record_table_free(&t->workloads);
	record_table_free(&t->collectors);
	free(t);
}

struct collector *
collector_hold(struct workload_table *t, struct view identity)
{
	struct collector *c = find_collector(t, identity);

	if (c == NULL && (c = add_collector(t, identity)) == NULL)
		return NULL;
	c->holder_count++;
	return c;
}

void
collector_release(struct workload_table *t, struct collector *c)
{
	c->holder_count--;
	forget_if_unused(t, c);
}

struct workload *
workload_find(const struct workload_table *t, struct view collector, struct view name)
{
	const struct collector *c = find_collector(t, collector);

	return c != NULL ? workload_find_of(t, c, name) : NULL;
}

struct workload *
workload_get(struct workload_table *t, struct view collector, struct view name)
{
	struct collector *c = collector_hold(t, collector);
	struct workload *w;

	if (c == NULL)
		return NULL;
	w = workload_get_of(t, c, name);
	collector_release(t, c);
	return w;
}

struct workload *
workload_find_of(
    const struct workload_table *t, const struct collector *collector, struct view name)
{
	const uint32_t hash = hash_of(t, collector->hash.hash, name);
	struct record_hash *r;

	for (size_t at = record_table_first(&t->workloads, hash);
	     (r = record_table_next(&t->workloads, hash, &at)) != NULL;) {
		struct workload *w = (struct workload *)(void *)r;

		if (w->collector == collector && view_equal(workload_name(w), name))
			return w;
	}
	return NULL;
}

struct workload *
workload_get_of(struct workload_table *t, struct collector *collector, struct view name)
{
	struct workload *w = workload_find_of(t, collector, name);

	if (w != NULL || name.size > BUNDLE_CHAIN_MAX ||
	    (w = record_new(t, sizeof(*w), name)) == NULL)
		return w;
	w->hash.hash = hash_of(t, collector->hash.hash, name);
	w->collector = collector;
	w->name_size = (uint8_t)name.size;
	if (record_table_add(&t->workloads, &w->hash) != ERR_OK) {
		record_free(t, w, sizeof(*w), name.size);
		return NULL;
	}
	collector->workload_count++;
	return w;
}

void
workload_forget(struct workload_table *t, struct workload *w)
{
	struct collector *c = w->collector;

	if (w->has_head || w->busy)
		return;
	record_table_remove(&t->workloads, &w->hash);
	record_free(t, w, sizeof(*w), w->name_size);
	c->workload_count--;
	forget_if_unused(t, c);
}

enum err
workload_each(
    struct workload_table *t, enum err (*visit)(void *context, struct workload *w), void *context)
{
	struct record_hash *r;
	enum err e = ERR_OK;

	for (size_t at = 0; (r = record_table_each(&t->workloads, &at)) != NULL && e == ERR_OK;)
		e = visit(context, (struct workload *)(void *)r);
	return e;
}

bool
workload_walk_on(struct workload_table *t, struct workload_walk *walk, size_t most,
    void (*visit)(void *context, struct workload *w), void *context)
{
	struct record_hash *r;

	if (walk->begun == 0 || walk->moves != t->workloads.moves) {
		walk->at = 0;
		walk->moves = t->workloads.moves;
		walk->begun++;
	}
	if (walk->begun > BEGUN_MAX)
		most = SIZE_MAX;
	while (most-- > 0) {
		if ((r = record_table_each(&t->workloads, &walk->at)) == NULL)
			return true;
		visit(context, (struct workload *)(void *)r);
	}
	return false;
}

size_t
workload_count(const struct workload_table *t)
{
	return t->workloads.count;
}

unsigned
workload_count_as(struct workload_table *t, struct workload *w, unsigned class)
{
	const unsigned was = w->class;

	if (was != 0)
		t->class_count[was]--;
	if (class != 0)
		t->class_count[class]++;
	w->class = (uint8_t)(class & (WORKLOAD_CLASSES - 1));
	return was;
}

size_t
workload_class_count(const struct workload_table *t, unsigned class)
{
	return t->class_count[class];
}

struct judged *
workload_judged(struct workload_table *t)
{
	return &t->judged;
}

struct workload *
workload_next(const struct workload_table *t, size_t *at)
{
	return (struct workload *)(void *)record_table_each(&t->workloads, at);
}

size_t
workload_places(const struct workload_table *t)
{
	return t->workloads.place != NULL ? t->workloads.mask + 1 : 0;
}

size_t
workload_table_bytes(const struct workload_table *t)
{
	return sizeof(*t) + t->bytes + record_table_bytes(&t->workloads) +
	       record_table_bytes(&t->collectors);
}

static struct collector *
find_collector(const struct workload_table *t, struct view identity)
{
	const uint32_t hash = hash_of(t, 0, identity);
	struct record_hash *r;

	for (size_t at = record_table_first(&t->collectors, hash);
	     (r = record_table_next(&t->collectors, hash, &at)) != NULL;) {
		struct collector *c = (struct collector *)(void *)r;

		if (view_equal(collector_identity(c), identity))
			return c;
	}
	return NULL;
}

static struct collector *
add_collector(struct workload_table *t, struct view identity)
{
	struct collector *c;

	if (identity.size > IDENTITY_SIZE_MAX ||
	    (c = record_new(t, COLLECTOR_SIZE, identity)) == NULL)
		return NULL;
	c->hash.hash = hash_of(t, 0, identity);
	c->identity_size = (uint16_t)identity.size;
	if (record_table_add(&t->collectors, &c->hash) != ERR_OK) {
		record_free(t, c, COLLECTOR_SIZE, identity.size);
		return NULL;
	}
	return c;
}

static void
forget_if_unused(struct workload_table *t, struct collector *c)
{
	if (c->holder_count > 0 || c->workload_count > 0)
		return;
	record_table_remove(&t->collectors, &c->hash);
	record_free(t, c, COLLECTOR_SIZE, c->identity_size);
}

/* Of a collector's name, or of a workload's under the hash of its collector. */
static uint32_t
hash_of(const struct workload_table *t, uint32_t of, struct view name)
{
	const struct siphash_key key = {{t->key.word[0], t->key.word[1] ^ of}};

	return (uint32_t)siphash(&key, name);
}

/* With the name and a NUL behind it. */
static void *
record_new(struct workload_table *t, size_t size, struct view name)
{
	char *record = calloc(1, size + name.size + 1);

	if (record == NULL)
		return NULL;
	memcpy(record + size, name.data, name.size);
	t->bytes += size + name.size + 1;
	return record;
}

static void
record_free(struct workload_table *t, void *record, size_t size, size_t name_size)
{
	t->bytes -= size + name_size + 1;
	free(record);
}
