/*
 * What is remembered of acts on this host's disk, so that no grant is used twice and no limit
 * forgotten, whenever the program ends: falls, what was done in each and by which grant, numbers
 * that were used, and when something was done.
 *
 * The order that all rests on: a grant is remembered as used, and its act as begun, before anything
 * is done; then it is done; then that is remembered. Who ends in between finds it begun: nobody
 * knows then whether it was done, it is not done again, and what can be undone is undone when the
 * verdict is well.
 *
 * One file, replaced whole. One that cannot be read, or that somebody has changed so that it makes
 * no sense, is ERR_FORMAT: nothing is done before a person has looked at it.
 */
#ifndef HALLMARK_COLLECTOR_ACT_ACT_MEMORY_H
#define HALLMARK_COLLECTOR_ACT_ACT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/act/grant.h"
#include "collector/ground/trouble.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/bundle.h"

#define ACT_MEMORY_NAME "acts.json"

/* Reports of a fall that a grant may name: the first, and the newest of these; the former alone is
 * on the disk. */
#define ACT_RECENT_MAX 31

/* Grants that were used and are not over; a host that has so many does nothing more. */
#define ACT_USED_MAX 4096

/* Acts within an interval, as many as ACT_LIMIT_MOST (config/collector/act_config.h). */
#define ACT_TIMES_MAX 1024

/* X(identifier, word) */
#define ACT_STANDING_MAP(X)                                                                        \
	X(ACT_IDLE, "idle")     /* nothing was done in this fall */                                \
	X(ACT_BEGUN, "begun")   /* it was ordered, and not heard of */                             \
	X(ACT_HELD, "held")     /* it is done, and can be undone */                                \
	X(ACT_ENDING, "ending") /* it is being undone */                                           \
	X(ACT_DONE, "done")     /* it is done, and that was it */                                  \
	X(ACT_FAILED, "failed")

#define ACT_STANDING_ENUM(identifier, word) identifier,
enum act_standing { ACT_STANDING_MAP(ACT_STANDING_ENUM) ACT_STANDING_COUNT };
#undef ACT_STANDING_ENUM

struct act_done {
	enum act_standing standing;
	struct digest granted; /* by which; unless it is idle */
	uint64_t rest_ms;      /* it is not tried before; not on the disk */
};

struct act_fall {
	char workload[BUNDLE_WORKLOAD_MAX + 1];
	bool has_report;      /* false: the workload is well, and something of before is held yet */
	struct digest report; /* the first of the fall */
	struct digest recent[ACT_RECENT_MAX];
	size_t recent_count; /* in all; the newest are there */
	/* iat of the report that began it, or ended it: older ones say nothing any more, whoever
	 * brings them behind a restart. 0: none did. */
	uint64_t turned_s;
	struct act_done act[STATEMENT_ACT_COUNT];
	bool was_told; /* that it waits for a grant */
	bool limit_was_told;
};

struct act_used {
	struct digest key;
	uint64_t number, until_s;
};

struct act_memory {
	int directory;
	struct act_fall *fall;
	size_t fall_count;
	struct act_used *used;
	size_t used_count;
	uint64_t time_s[ACT_TIMES_MAX]; /* since 1970, in order */
	size_t time_count;
};

/* Reads what is there; nothing is no error. ERR_FORMAT, ERR_IO, ERR_MEMORY with the trouble. */
enum err act_memory_open(struct act_memory *m, const char *directory, struct trouble *t) MUST_USE;
void act_memory_close(struct act_memory *m);

/* Durably. ERR_IO, ERR_NO_ROOM, ERR_MEMORY with the trouble. */
enum err act_memory_save(const struct act_memory *m, struct trouble *t) MUST_USE;

/* NULL: none. And one that is made, where there is none; NULL: no memory. */
struct act_fall *act_memory_find(const struct act_memory *m, const char *workload);
struct act_fall *act_memory_begin(struct act_memory *m, const char *workload);

/* What is of no fall any more, holds nothing, and says of no report that it is older. */
void act_memory_tidy(struct act_memory *m);

/* Workloads that the configuration has no more have turned by no report. */
void act_memory_forget_others(struct act_memory *m, const struct collector_config *config);

/* A report of the fall; and whether this is one. */
void act_fall_add(struct act_fall *f, const struct digest *report);
bool act_fall_has(const struct act_fall *f, const struct digest *report);

/* Whether a key has used the number; that it has: ERR_NO_ROOM, ERR_MEMORY. What is over goes. */
bool act_memory_has_used(const struct act_memory *m, const struct digest *key, uint64_t number);
enum err act_memory_use(struct act_memory *m, const struct grant *g, uint64_t now_s) MUST_USE;

/* How many acts were begun within `interval_s`; those of the future count, too. */
size_t act_memory_count_since(const struct act_memory *m, uint64_t now_s, uint64_t interval_s);

#endif
