/*
 * What the signer remembers of each workload of each collector: the head of its hash chain.
 *
 * The head moves when an entry is staged, not when it is durable: stages are strictly ordered, and
 * a failed commit ends the process, so nobody ever sees a head that was not logged.
 */
#ifndef HALLMARK_SIGNER_LEDGER_HEADS_WORKLOAD_H
#define HALLMARK_SIGNER_LEDGER_HEADS_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy_rollout.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "signer/ledger/heads/record_table.h"
#include "signer/ledger/store/chain_head.h"

struct token_turn;

/* An identity that has workloads, or that somebody holds: all of them share its name. */
struct collector {
	struct record_hash hash;
	uint32_t workload_count;
	uint32_t holder_count;
	/* Of whoever sees to what it takes, not looked at here. */
	uint32_t connection_count;
	uint32_t in_flight;
	struct token_turn *last_turn; /* of those that wait for a token; token_turns.h's, as is */
	uint32_t unsealed;            /* how many that want one wait for their checkpoint */
	uint64_t components_paid_us, reports_paid_us, time_paid_us;
	bool owes;
	uint16_t identity_size; /* bytes, without the NUL */
	char identity[];
};

/*
 * A million of them are 200 MB: what is here is paid for that often. Its name stands behind it,
 * with a NUL; collector and name are the key, which is unique and never changes.
 */
struct workload {
	struct record_hash hash;
	uint32_t rule_generation; /* of the policy; 0: not looked up */
	struct collector *collector;
	/* `due` is the present one; `entry_leaf`: when it is needed, by ledger_head_leaf */
	struct chain_head head;
	uint64_t nonce_serial; /* of the last nonce used for it */
	/* Where its due is waited for; of whoever looks after dues, not looked at here. */
	struct workload *due_next, **due_link;
	uint32_t index_place;  /* among the changes for the index, from 1; 0: none */
	uint32_t connection;   /* that a bundle of it last came by: the number's low half */
	uint16_t rule_number;  /* of the rule that applies in it; 0: none */
	uint16_t older_number; /* and in the one that it is rolled out against; 0: none */
	uint16_t due_place;    /* also of whoever looks after dues */
	uint8_t name_size;     /* bytes, without the NUL */
	bool has_head : 1;     /* a report of it is in the log (or staged) */
	bool busy : 1;         /* a bundle of it waits for components */
	bool challenged : 1;   /* somebody wants it measured now */
	uint8_t class : 3;     /* among whom it is counted; 0: nobody */
};

/* A head on its way into the index: the workload's names never change, so threads may read them. */
struct workload_update {
	struct workload *workload;
	struct chain_head head;
};

struct workload_table;

static inline const char *
workload_name_text(const struct workload *w)
{
	return (const char *)(w + 1);
}

static inline struct view
workload_name(const struct workload *w)
{
	return (struct view){(const uint8_t *)workload_name_text(w), w->name_size};
}

static inline struct view
collector_identity(const struct collector *c)
{
	return (struct view){(const uint8_t *)c->identity, c->identity_size};
}

static inline struct view
workload_collector(const struct workload *w)
{
	return collector_identity(w->collector);
}

struct workload_table *workload_table_new(void); /* NULL: no memory */
void workload_table_free(struct workload_table **t);

/*
 * The collector of this identity, for as long as it is held: who has many workloads is looked up
 * once. NULL for want of memory, or if the identity is too long for any.
 */
struct collector *collector_hold(struct workload_table *t, struct view identity);
void collector_release(struct workload_table *t, struct collector *c);

/* Finds, or makes without a head. NULL for want of memory, or if a name is too long for any. */
struct workload *workload_get(struct workload_table *t, struct view collector, struct view name);
struct workload *workload_get_of(
    struct workload_table *t, struct collector *collector, struct view name);

/* Finds, or NULL. */
struct workload *workload_find(
    const struct workload_table *t, struct view collector, struct view name);
struct workload *workload_find_of(
    const struct workload_table *t, const struct collector *collector, struct view name);

/*
 * Forgets a workload of which no report was ever staged and no bundle waits: whoever only sends
 * what is refused leaves nothing behind. Anything else stays as it is.
 */
void workload_forget(struct workload_table *t, struct workload *w);

size_t workload_count(const struct workload_table *t);

/*
 * Workloads are counted by class, whatever that is: counts this one in `class`, and no more in the
 * one that it was in, which is returned. Those of class 0 are not counted.
 */
unsigned workload_count_as(struct workload_table *t, struct workload *w, unsigned class);
size_t workload_class_count(const struct workload_table *t, unsigned class);

#define WORKLOAD_CLASSES 8

struct judged_count {
	size_t workloads, falls; /* `falls` of them */
};

/* Of the policy that is in force since entry `policy_index`. Zero-initialised: of none. */
struct judged {
	uint64_t policy_index;
	struct judged_count group[POLICY_GROUP_COUNT_MAX + 1]; /* by number; 0: in none */
};

/* Who is counted so (judged.h): the table's, and not looked at here. */
struct judged *workload_judged(struct workload_table *t);

/* Bytes of memory that the table takes, with all that is in it, and without the allocator's. */
size_t workload_table_bytes(const struct workload_table *t);

/*
 * From *at on, which is 0 at first, in any order; NULL: that was all. A walk may be interrupted: as
 * long as the places are as many as when it began, each that was there and is there has its turn,
 * but for one that is moved when another is forgotten.
 */
struct workload *workload_next(const struct workload_table *t, size_t *at);
size_t workload_places(const struct workload_table *t);

/* Calls back for each; an error ends the walk and is returned. */
enum err workload_each(struct workload_table *t,
    enum err (*visit)(void *context, struct workload *w), void *context) MUST_USE;

/* Where a walk over all of them is that is taken in pieces. Zero-initialised. */
struct workload_walk {
	size_t at;
	uint64_t moves;
	unsigned begun; /* how often */
};

/*
 * Calls back for `most` more of those that were there when the walk began; true when that were all.
 * It begins again if others have changed their places in the table since the last piece, so that
 * some may be visited twice; and goes through at once when that has happened too often.
 */
bool workload_walk_on(struct workload_table *t, struct workload_walk *walk, size_t most,
    void (*visit)(void *context, struct workload *w), void *context);

#endif
