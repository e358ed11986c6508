#include "log/stored/verdict_cache.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "proto/siphash.h"

#define uthash_fatal(message) abort()
#include <uthash.h>

#include "log/stored/fetched_component.h"

struct key {
	struct digest component;
	const struct policy_rule *rule;
	uint64_t policy;
	struct digest amended; /* amendments_of_components */
};

struct kept {
	struct key key;
	enum component_kind kind;
	uint64_t count, size;     /* as a bundle has to name it */
	uint64_t from_s, until_s; /* holds from the one up to the other, not included */
	struct component_verdict *verdict;
	UT_hash_handle hh;
};

/*
 * What is used goes into `young`. When that is half of what may be kept, `old` is given up and
 * `young` becomes it: so what was not used for that long goes, without a list to be kept in order.
 */
struct verdict_cache {
	struct evidence_reader *evidence;
	struct kept *young, *old;
	size_t young_bytes, bytes_max;
	struct siphash_key hash_key; /* of both tables: what is in a log chooses its digests */
};

static struct kept *find(struct verdict_cache *c, const struct key *key);
static void keep(struct verdict_cache *c, struct kept *k);
static uint32_t hash_of(const struct verdict_cache *c, const struct key *key);
static void drop_all(struct kept **table);
static void drop(struct kept *k);
static size_t bytes_of(const struct kept *k);
static enum err judge(struct verdict_cache *c, const struct key *key,
    const struct amendments *amendments, enum component_kind kind, uint64_t received_s,
    struct kept **out);

struct verdict_cache *
verdict_cache_new(struct evidence_reader *evidence, size_t bytes_max)
{
	struct verdict_cache *c = calloc(1, sizeof(*c));

	if (c == NULL || RAND_priv_bytes((uint8_t *)&c->hash_key, sizeof(c->hash_key)) != 1) {
		free(c);
		return NULL;
	}
	c->evidence = evidence;
	c->bytes_max = bytes_max;
	return c;
}

void
verdict_cache_free(struct verdict_cache **c)
{
	if (*c == NULL)
		return;
	drop_all(&(*c)->young);
	drop_all(&(*c)->old);
	free(*c);
	*c = NULL;
}

enum err
verdict_cache_judge(struct verdict_cache *c, uint64_t policy, const struct policy_rule *rule,
    const struct amendments *amendments, enum component_kind kind,
    const struct bundle_component *named, uint64_t received_s, const struct component_verdict **out)
{
	const struct key key = {named->digest, rule, policy, amendments_of_components(amendments)};
	struct kept *k = find(c, &key);
	enum err e;

	*out = NULL;
	if (k != NULL && (received_s < k->from_s || received_s >= k->until_s)) {
		c->young_bytes -= bytes_of(k);
		HASH_DEL(c->young, k);
		drop(k);
		k = NULL;
	}
	if (k == NULL) {
		if ((e = judge(c, &key, amendments, kind, received_s, &k)) != ERR_OK)
			return e;
		keep(c, k);
	}
	if (k->kind != kind || k->count != named->count || k->size != named->size)
		return ERR_MISMATCH;
	*out = k->verdict;
	return ERR_OK;
}

/* What is found is young. */
static struct kept *
find(struct verdict_cache *c, const struct key *key)
{
	const uint32_t hash = hash_of(c, key);
	struct kept *k;

	HASH_FIND_BYHASHVALUE(hh, c->young, key, sizeof(*key), hash, k);
	if (k != NULL)
		return k;
	HASH_FIND_BYHASHVALUE(hh, c->old, key, sizeof(*key), hash, k);
	if (k != NULL) {
		HASH_DEL(c->old, k);
		keep(c, k);
	}
	return k;
}

static void
keep(struct verdict_cache *c, struct kept *k)
{
	const uint32_t hash = hash_of(c, &k->key);

	if (c->young_bytes > c->bytes_max / 2) {
		drop_all(&c->old);
		c->old = c->young; /* moved */
		c->young = NULL;
		c->young_bytes = 0;
	}
	c->young_bytes += bytes_of(k);
	HASH_ADD_BYHASHVALUE(hh, c->young, key, sizeof(k->key), hash, k);
}

static uint32_t
hash_of(const struct verdict_cache *c, const struct key *key)
{
	return (uint32_t)siphash(&c->hash_key, (struct view){(const uint8_t *)key, sizeof(*key)});
}

static void
drop_all(struct kept **table)
{
	struct kept *k, *next;

	HASH_ITER (hh, *table, k, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(*table, k);
		drop(k);
	}
}

static void
drop(struct kept *k)
{
	component_verdict_free(&k->verdict);
	free(k);
}

static size_t
bytes_of(const struct kept *k)
{
	return sizeof(*k) + component_verdict_bytes(k->verdict);
}

static enum err
judge(struct verdict_cache *c, const struct key *key, const struct amendments *amendments,
    enum component_kind kind, uint64_t received_s, struct kept **out)
{
	struct fetched_component stored;
	struct kept *k = calloc(1, sizeof(*k));
	enum err e =
	    k == NULL ? ERR_MEMORY : fetched_component_read(c->evidence, &key->component, &stored);

	*out = NULL;
	if (k != NULL && e == ERR_OK) {
		k->key = *key;
		k->kind = stored.component->kind;
		k->count = stored.component->item_count;
		k->size = stored.size;
		/* Whatever it is, it is judged only as what it was asked for. */
		e = k->kind != kind ? ERR_MISMATCH
				    : appraise_component(key->rule, amendments, stored.component,
					  received_s, &k->verdict);
		fetched_component_free(&stored);
	}
	if (e != ERR_OK) {
		free(k);
		return e;
	}
	k->from_s = received_s;
	k->until_s = component_verdict_valid_until_s(k->verdict);
	*out = k;
	return ERR_OK;
}
