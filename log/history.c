/*
 * A fact is what one anchor proves of its tree, under a place that others may prove something of:
 *
 *   head     the checkpoint's root, under its size
 *   prefix   the root that the tree had when it was of this size, as far as the receipt shows it
 *   subtree  the root of a complete subtree, under its level and index
 *
 * A head contradicts another head and a prefix of its size, a subtree another one of its place. Two
 * prefixes that differ differ in a subtree too.
 */
#include "log/history.h"

#include <stdlib.h>
#include <string.h>

#define uthash_fatal(message) abort()
#include <uthash.h>

#include "log/fork_check.h"
#include "proto/tlog/forkproof.h"
#include "proto/tlog/merkle_known.h"

enum fact_kind {
	FACT_HEAD,
	FACT_PREFIX,
	FACT_SUBTREE,
};

/* Without padding: it is a key of bytes. */
struct place {
	uint64_t index; /* of a subtree; else a size */
	uint32_t origin;
	uint16_t kind, level;
};

struct fact {
	struct place place;
	struct digest hash;
	const struct anchor *of; /* the first that proves it */
	UT_hash_handle hh;
};

struct history {
	struct anchor **anchor;
	size_t count;
	struct fact *facts;
	char **origin;
	uint32_t origin_count;
	struct history_fork fork;
};

static enum err find_origin(struct history *h, const char *name, uint32_t *out);
static enum err add_head(struct history *h, const struct anchor *a, uint32_t origin);
static enum err add_known(struct history *h, const struct anchor *a, uint32_t origin);
static enum err add_fact(struct history *h, const struct fact *f);
static const struct fact *find_fact(const struct history *h, struct place place);
static enum err prove_heads(
    struct history *h, const struct anchor *a, const struct anchor *b, uint64_t size);
static enum err prove_prefix(
    struct history *h, const struct anchor *older, const struct anchor *newer);
static enum err prove_subtrees(struct history *h, const struct fact *a, const struct fact *b);
static bool find_known(
    const struct anchor *a, unsigned level, uint64_t index, struct forkproof_side *side);
static bool find_prefix(
    const struct anchor *a, uint64_t size, struct digest *root, struct merkle_proof *consistency);
static enum err keep(
    struct history *h, struct forkproof *p, const struct anchor *older, const struct anchor *newer);
static enum err hold_older(struct history *h, const struct anchor *a, const struct log_reader *l,
    const struct anchor *copy);
static enum err hold_newer(struct history *h, const struct anchor *a, const struct log_reader *l,
    const struct anchor *copy);
static enum err prove_against_tiles(struct history *h, const struct anchor *a,
    const struct merkle_known *k, const struct log_reader *l, const struct anchor *copy);
static size_t end_of_size(const struct anchor *const *sorted, size_t from, size_t count);
static bool any_shows(const struct anchor *const *some, size_t count, uint64_t size);
static int compare_origins(const struct anchor *a, const struct anchor *b);
static int compare_sizes(const void *a, const void *b);

struct history *
history_new(void)
{
	return calloc(1, sizeof(struct history));
}

void
history_free(struct history **hp)
{
	struct history *h = *hp;
	struct fact *f, *next;

	if (h == NULL)
		return;
	HASH_ITER (hh, h->facts, f, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL(h->facts, f);
		free(f);
	}
	for (size_t i = 0; i < h->count; i++)
		anchor_free(&h->anchor[i]);
	for (uint32_t i = 0; i < h->origin_count; i++)
		free(h->origin[i]);
	free(h->anchor);
	free(h->origin);
	free(h->fork.text);
	buf_free(&h->fork.proof);
	free(h);
	*hp = NULL;
}

enum err
history_add(struct history *h, struct anchor *a)
{
	struct anchor **more = reallocarray(h->anchor, h->count + 1, sizeof(struct anchor *));
	uint32_t origin;
	enum err e;

	if (more == NULL) {
		anchor_free(&a);
		return ERR_MEMORY;
	}
	h->anchor = more;
	h->anchor[h->count++] = a;
	if ((e = find_origin(h, a->checkpoint.origin, &origin)) == ERR_OK &&
	    (e = add_head(h, a, origin)) == ERR_OK && a->has_leaf)
		e = add_known(h, a, origin);
	return e;
}

size_t
history_count(const struct history *h)
{
	return h->count;
}

size_t
history_log_count(const struct history *h)
{
	return h->origin_count;
}

const struct history_fork *
history_fork(const struct history *h)
{
	return h->fork.text != NULL ? &h->fork : NULL;
}

enum err
history_hold(struct history *h, const struct anchor *a, const struct log_reader *l,
    const struct anchor *copy)
{
	if (strcmp(a->checkpoint.origin, l->checkpoint.origin) != 0)
		return ERR_MISMATCH;
	return a->checkpoint.size <= l->checkpoint.size ? hold_older(h, a, l, copy)
							: hold_newer(h, a, l, copy);
}

bool
history_is_told(const struct history *h, const struct anchor **older, const struct anchor **newer)
{
	const struct anchor **sorted = calloc(h->count > 0 ? h->count : 1, sizeof(struct anchor *));
	bool told = sorted != NULL;
	size_t next;

	*older = *newer = NULL;
	for (size_t i = 0; told && i < h->count; i++)
		sorted[i] = h->anchor[i];
	if (told)
		qsort(sorted, h->count, sizeof(struct anchor *), compare_sizes);
	/* Those of one size have one root, or there is a fork: they are one step. */
	for (size_t i = 0; told && i < h->count; i = next) {
		next = end_of_size(sorted, i, h->count);
		if (next == h->count || compare_origins(sorted[i], sorted[next]) != 0 ||
		    sorted[i]->checkpoint.size == 0)
			continue;
		told = any_shows(sorted + next, end_of_size(sorted, next, h->count) - next,
		    sorted[i]->checkpoint.size);
		*older = told ? NULL : sorted[i];
		*newer = told ? NULL : sorted[next];
	}
	free(sorted);
	return told;
}

static enum err
find_origin(struct history *h, const char *name, uint32_t *out)
{
	char **more;

	for (*out = 0; *out < h->origin_count; (*out)++)
		if (strcmp(h->origin[*out], name) == 0)
			return ERR_OK;
	more = reallocarray(h->origin, h->origin_count + 1, sizeof(*h->origin));
	if (more == NULL)
		return ERR_MEMORY;
	h->origin = more;
	if ((h->origin[h->origin_count] = strdup(name)) == NULL)
		return ERR_MEMORY;
	h->origin_count++;
	return ERR_OK;
}

static enum err
add_head(struct history *h, const struct anchor *a, uint32_t origin)
{
	const struct checkpoint *c = &a->checkpoint;
	struct fact f = {.place = {c->size, origin, FACT_HEAD, 0}, .hash = c->root, .of = a};
	const struct fact *same = find_fact(h, f.place), *prefix;
	enum err e = ERR_OK;

	if (same != NULL && !digest_equal(&same->hash, &c->root))
		e = prove_heads(h, same->of, a, c->size);
	f.place.kind = FACT_PREFIX;
	if (e == ERR_OK && (prefix = find_fact(h, f.place)) != NULL &&
	    !digest_equal(&prefix->hash, &c->root))
		e = prove_prefix(h, a, prefix->of);
	f.place.kind = FACT_HEAD;
	return e == ERR_OK ? add_fact(h, &f) : e;
}

static enum err
add_known(struct history *h, const struct anchor *a, uint32_t origin)
{
	struct merkle_known known[MERKLE_KNOWN_MAX];
	const size_t count =
	    merkle_known_subtrees(&a->leaf, a->index, a->checkpoint.size, &a->proof, known);
	struct merkle_proof consistency;
	const struct fact *other;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < count; i++) {
		const struct merkle_known *k = &known[i];
		struct fact f = {.place = {k->index, origin, FACT_SUBTREE, (uint16_t)k->level},
		    .hash = k->hash,
		    .of = a};

		if ((other = find_fact(h, f.place)) != NULL && !digest_equal(&other->hash, &f.hash))
			e = prove_subtrees(h, other, &f);
		if (e == ERR_OK)
			e = add_fact(h, &f);
		if (e != ERR_OK || !merkle_known_prefix(k, a->checkpoint.size, &a->proof,
				       &f.place.index, &f.hash, &consistency))
			continue;
		f.place.kind = FACT_HEAD;
		f.place.level = 0;
		if ((other = find_fact(h, f.place)) != NULL && !digest_equal(&other->hash, &f.hash))
			e = prove_prefix(h, other->of, a);
		f.place.kind = FACT_PREFIX;
		if (e == ERR_OK)
			e = add_fact(h, &f);
	}
	return e;
}

/* What is known already stays. */
static enum err
add_fact(struct history *h, const struct fact *f)
{
	struct fact *kept;

	if (find_fact(h, f->place) != NULL)
		return ERR_OK;
	if ((kept = malloc(sizeof(*kept))) == NULL)
		return ERR_MEMORY;
	*kept = *f;
	HASH_ADD(hh, h->facts, place, sizeof(kept->place), kept);
	return ERR_OK;
}

static const struct fact *
find_fact(const struct history *h, struct place place)
{
	struct fact *f;

	HASH_FIND(hh, h->facts, &place, sizeof(place), f);
	return f;
}

/* Two roots of one size. */
static enum err
prove_heads(struct history *h, const struct anchor *a, const struct anchor *b, uint64_t size)
{
	struct forkproof p = {.is_prefix = true, .size = size};

	p.side[1].root = b->checkpoint.root;
	return keep(h, &p, a, b);
}

static enum err
prove_prefix(struct history *h, const struct anchor *older, const struct anchor *newer)
{
	struct forkproof p = {.is_prefix = true, .size = older->checkpoint.size};

	if (!find_prefix(newer, p.size, &p.side[1].root, &p.side[1].proof))
		abort(); /* it is where this came from */
	return keep(h, &p, older, newer);
}

static enum err
prove_subtrees(struct history *h, const struct fact *a, const struct fact *b)
{
	const bool in_order = a->of->checkpoint.size <= b->of->checkpoint.size;
	const struct fact *older = in_order ? a : b, *newer = in_order ? b : a;
	struct forkproof p = {.level = a->place.level, .index = a->place.index};

	if (!find_known(older->of, p.level, p.index, &p.side[0]) ||
	    !find_known(newer->of, p.level, p.index, &p.side[1]))
		abort();
	return keep(h, &p, older->of, newer->of);
}

static bool
find_known(const struct anchor *a, unsigned level, uint64_t index, struct forkproof_side *side)
{
	struct merkle_known known[MERKLE_KNOWN_MAX];
	const size_t count =
	    merkle_known_subtrees(&a->leaf, a->index, a->checkpoint.size, &a->proof, known);

	for (size_t i = 0; i < count; i++)
		if (known[i].level == level && known[i].index == index) {
			side->root = known[i].hash;
			merkle_known_proof(&known[i], &a->proof, &side->proof);
			return true;
		}
	return false;
}

static bool
find_prefix(
    const struct anchor *a, uint64_t size, struct digest *root, struct merkle_proof *consistency)
{
	struct merkle_known known[MERKLE_KNOWN_MAX];
	const size_t count = a->has_leaf ? merkle_known_subtrees(&a->leaf, a->index,
					       a->checkpoint.size, &a->proof, known)
					 : 0;
	uint64_t prefix;

	for (size_t i = 0; i < count; i++)
		if (merkle_known_prefix(
			&known[i], a->checkpoint.size, &a->proof, &prefix, root, consistency) &&
		    prefix == size)
			return true;
	return false;
}

/* Whatever was put together here has to convince anybody else too. */
static enum err
keep(struct history *h, struct forkproof *p, const struct anchor *older, const struct anchor *newer)
{
	if (h->fork.text != NULL)
		return ERR_OK;
	p->side[0].note = buf_view(&older->note);
	p->side[1].note = buf_view(&newer->note);
	if (forkproof_verify(p, &older->checkpoint, &newer->checkpoint) != ERR_OK)
		abort();
	h->fork.older = older;
	h->fork.newer = newer;
	forkproof_write(p, &h->fork.proof);
	h->fork.text =
	    fork_describe(p, older->name, &older->checkpoint, newer->name, &newer->checkpoint);
	return h->fork.text != NULL ? buf_status(&h->fork.proof) : ERR_MEMORY;
}

/* The copy's tiles say what it was when it was as large as the anchor's tree. */
static enum err
hold_older(struct history *h, const struct anchor *a, const struct log_reader *l,
    const struct anchor *copy)
{
	const struct checkpoint *older = &a->checkpoint, *newer = &l->checkpoint;
	struct forkproof p = {.is_prefix = true, .size = older->size};
	struct forkproof_side *s = &p.side[1];
	struct log_reader reader = *l;
	struct merkle_frontier f;
	enum err e = ERR_OK;

	if (older->size == newer->size) {
		s->root = newer->root;
	} else if ((e = merkle_read_frontier(older->size, log_read_node, &reader, &f)) == ERR_OK &&
		   (e = merkle_prove_consistency(
			older->size, newer->size, log_read_node, &reader, &s->proof)) == ERR_OK) {
		merkle_frontier_root(&f, &s->root);
		e = merkle_verify_consistency(
		    older->size, &s->root, newer->size, &newer->root, &s->proof);
		e = e == ERR_OK ? ERR_OK : ERR_DIGEST; /* of the tiles, and no fork */
	}
	if (e != ERR_OK || digest_equal(&s->root, &older->root))
		return e;
	e = keep(h, &p, a, copy);
	return e == ERR_OK ? ERR_PROOF : e;
}

/* The copy is smaller: what the receipt shows of its beginning is held against it. */
static enum err
hold_newer(struct history *h, const struct anchor *a, const struct log_reader *l,
    const struct anchor *copy)
{
	struct merkle_known known[MERKLE_KNOWN_MAX];
	const size_t count = a->has_leaf ? merkle_known_subtrees(&a->leaf, a->index,
					       a->checkpoint.size, &a->proof, known)
					 : 0;
	struct log_reader reader = *l;
	struct digest hash;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < count; i++) {
		if (known[i].index >= l->checkpoint.size >> known[i].level)
			continue;
		e = log_read_node(&reader, known[i].level, known[i].index, &hash);
		if (e == ERR_OK && !digest_equal(&hash, &known[i].hash))
			e = prove_against_tiles(h, a, &known[i], l, copy);
	}
	return e == ERR_OK ? ERR_NOT_FOUND : e;
}

/* The copy's side of it is proved by the subtree's first entry. */
static enum err
prove_against_tiles(struct history *h, const struct anchor *a, const struct merkle_known *k,
    const struct log_reader *l, const struct anchor *copy)
{
	struct forkproof p = {.level = k->level, .index = k->index};
	struct anchor first = {.checkpoint = l->checkpoint, .index = k->index << k->level};
	struct log_reader reader = *l;
	enum err e = log_read_node(&reader, 0, first.index, &first.leaf);

	if (e == ERR_OK)
		e = merkle_prove_inclusion(
		    l->checkpoint.size, first.index, log_read_node, &reader, &first.proof);
	if (e != ERR_OK)
		return e;
	if (merkle_verify_inclusion(&first.leaf, first.index, l->checkpoint.size,
		&l->checkpoint.root, &first.proof) != ERR_OK)
		return ERR_DIGEST;
	if (!find_known(&first, k->level, k->index, &p.side[0]))
		abort();
	/* Its root may have been another tile's word. */
	if (digest_equal(&p.side[0].root, &k->hash))
		return ERR_DIGEST;
	p.side[1].root = k->hash;
	merkle_known_proof(k, &a->proof, &p.side[1].proof);
	e = keep(h, &p, copy, a);
	return e == ERR_OK ? ERR_PROOF : e;
}

/* Behind those that are of one size and origin from here on. */
static size_t
end_of_size(const struct anchor *const *sorted, size_t from, size_t count)
{
	size_t i = from + 1;

	while (i < count && compare_sizes(&sorted[from], &sorted[i]) == 0)
		i++;
	return i;
}

static bool
any_shows(const struct anchor *const *some, size_t count, uint64_t size)
{
	struct merkle_proof consistency;
	struct digest root;
	bool shows = false;

	for (size_t i = 0; !shows && i < count; i++)
		shows = find_prefix(some[i], size, &root, &consistency);
	return shows;
}

static int
compare_origins(const struct anchor *a, const struct anchor *b)
{
	return strcmp(a->checkpoint.origin, b->checkpoint.origin);
}

static int
compare_sizes(const void *a, const void *b)
{
	const struct anchor *x = *(const struct anchor *const *)a;
	const struct anchor *y = *(const struct anchor *const *)b;
	const uint64_t m = x->checkpoint.size, n = y->checkpoint.size;
	const int origins = compare_origins(x, y);

	return origins != 0 ? origins : (m > n) - (m < n);
}
