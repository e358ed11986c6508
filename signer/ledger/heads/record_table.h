/*
 * A table of records that begin with the hash of their key. Open addressing: a place is a pointer,
 * and a record costs the table 9 to 18 bytes.
 *
 * What is equal is for the table's owner to say: he walks over those that have the hash.
 *
 *   for (i = record_table_first(t, hash); (r = record_table_next(t, hash, &i)) != NULL;)
 *       if (r is the one)
 *           return r;
 */
#ifndef HALLMARK_SIGNER_LEDGER_HEADS_RECORD_TABLE_H
#define HALLMARK_SIGNER_LEDGER_HEADS_RECORD_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"

/* What each record begins with; never changes while it is in a table. */
struct record_hash {
	uint32_t hash;
};

/* All zero is empty. The records are the owner's. */
struct record_table {
	struct record_hash **place; /* NULL: free */
	size_t count, mask;         /* the places are one more than `mask`, a power of two */
	uint64_t moves;             /* how often records that stay have changed their places */
};

/* The places alone. */
void record_table_free(struct record_table *t);

/* ERR_MEMORY: it is not in it. */
enum err record_table_add(struct record_table *t, struct record_hash *r) MUST_USE;

/* It is in it. */
void record_table_remove(struct record_table *t, const struct record_hash *r);

/* Bytes of its places. */
static inline size_t
record_table_bytes(const struct record_table *t)
{
	return t->place == NULL ? 0 : (t->mask + 1) * sizeof(struct record_hash *);
}

static inline size_t
record_table_first(const struct record_table *t, uint32_t hash)
{
	return hash & t->mask;
}

/* NULL: there are no more. */
static inline struct record_hash *
record_table_next(const struct record_table *t, uint32_t hash, size_t *at)
{
	struct record_hash *r;

	if (t->place == NULL)
		return NULL;
	do {
		r = t->place[*at];
		*at = (*at + 1) & t->mask;
	} while (r != NULL && r->hash != hash);
	return r;
}

/*
 * In any order, from *at on, which is 0 at first; NULL: that was all. Nothing is added or removed
 * meanwhile.
 */
struct record_hash *record_table_each(const struct record_table *t, size_t *at);

#endif
