/*
 * Which of many dues comes first: a queue for whoever reads a log of a million workloads, where
 * every report moves one due.
 *
 * A due that moves to a later time costs nothing: its place in the queue may be for an earlier time
 * than it is, and is put right when it comes to the front. So a workload that reports each minute
 * is moved in the queue every few minutes only.
 */
#ifndef HALLMARK_LOG_WALK_DUES_H
#define HALLMARK_LOG_WALK_DUES_H

#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"

/* A part of what is due; zero-initialised. It must stay where it is while it is in a queue. */
struct dues_item {
	uint64_t at_s;  /* seconds since 1970; 0: nothing is due */
	uint64_t key_s; /* what the queue sorts by: at most at_s, or at_s is 0 */
	size_t place;   /* in the queue, from 1; 0: not in it */
};

/* Zero-initialised. It owns no item. */
struct dues {
	struct dues_item **heap; /* the least key first; heap[i] has place i + 1 */
	size_t count, capacity;
};

/* Frees the queue. The items are as if in none. */
void dues_free(struct dues *d);

/* The item's due is at this time, 0: nothing is due. ERR_MEMORY leaves it as it was. */
enum err dues_set(struct dues *d, struct dues_item *item, uint64_t at_s) MUST_USE;

/* The first due, if it is before this time; NULL otherwise. It stays in the queue. */
struct dues_item *dues_first(struct dues *d, uint64_t before_s);

#endif
