/*
 * Workloads that are alike, and what each of them has: what an alert is held against.
 *
 * Peers are those that the policy in force has in one group; where it has them in none, those of
 * one name. A silent workload is nobody's peer until it is heard of again.
 */
#ifndef HALLMARK_REGISTER_ALERT_PEER_H
#define HALLMARK_REGISTER_ALERT_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define uthash_fatal(message) abort()
#include <stdlib.h>
#include <uthash.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

/*
 * Where peers have had so many different ones of a kind, each has its own: it is no sign of
 * anything that one differs, and nothing more of it is kept.
 */
#define PEER_CONTENTS_MAX 1024

/* Times of changes that are kept of each, to tell how many were within a day. */
#define PEER_CHANGES 4

struct alert;

/* A component that peers of a group have, or had. */
struct peer_content {
	UT_hash_handle hh;
	struct digest digest;
	uint64_t first_entry, first_s; /* of the first of these peers that had it */
	uint64_t since_s;              /* somebody has it all the time since; while held */
	uint32_t holders;
	bool explained;      /* it came with a change that was to be expected */
	struct alert *alert; /* that lasts and is about it, or NULL */
};

/* One kind of component in a group. */
struct peer_share {
	struct peer_content *contents;
	struct peer_content
	    *usual;       /* which most have; of several the earlier. NULL: none has one */
	uint32_t holding; /* peers that have any */
	bool individual;
};

struct peer_group {
	UT_hash_handle hh;
	struct peer_share share[COMPONENT_KIND_COUNT];
	size_t name_size;
	uint8_t name[];
};

/* A workload on a host. */
struct peer {
	uint64_t n, host;         /* rows of the view */
	struct peer_group *group; /* NULL: not heard of yet */
	bool away;                /* what it held counts no more, until it is back */
	struct peer_content *held[COMPONENT_KIND_COUNT];
	uint64_t changed_s[PEER_CHANGES]; /* the oldest first; 0: none */
	struct alert *flapping;           /* that lasts, or NULL */
	size_t collector_size, workload_size;
	uint8_t names[];
};

struct view peer_collector(const struct peer *p);
struct view peer_workload(const struct peer *p);
struct view peer_group_name(const struct peer_group *g);

/* NULL for want of memory. */
struct peer *peer_new(uint64_t n, uint64_t host, struct view collector, struct view workload);

/* Found or made; NULL for want of memory. */
struct peer_group *peer_group_of(struct peer_group **all, struct view name);
void peer_groups_free(struct peer_group **all);

/*
 * The content of this digest; made, held by nobody, at this entry if it was not there, which is in
 * *made. NULL: the kind is everybody's own from now on (individual), or ERR_MEMORY in *e.
 */
struct peer_content *peer_share_content(struct peer_share *s, const struct digest *d,
    uint64_t entry, uint64_t time_s, bool *made, enum err *e);

/* One holder more, one fewer; which is usual is kept true. */
void peer_share_take(struct peer_share *s, struct peer_content *c, uint64_t time_s);
void peer_share_leave(struct peer_share *s, struct peer_content *c);

/* Adds a time of a change; the one that so fell out of the list, PEER_CHANGES before. */
uint64_t peer_note_change(uint64_t changed_s[PEER_CHANGES], uint64_t time_s);

#endif
