/*
 * How many lines a peer may bring about: token buckets by what is said and by peer.
 *
 * One bucket for each (event, code, peer); those of all peers draw on one more for each (event,
 * code), which strangers and those who are known have apart. So neither one peer that does the same
 * thing without end nor many that do it once each fill a disk. What was left out is counted and
 * said, some seconds after the first and then once a minute.
 *
 * The memory is fixed. Where the table has no room for one more peer, that peer has only what the
 * shared bucket gives; a bucket that is full again makes room.
 */
#ifndef HALLMARK_JOURNAL_RATION_H
#define HALLMARK_JOURNAL_RATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"

#define RATION_PEERS     512 /* in the table */
#define RATION_EVENTS    64  /* pairs of event and code, and of how a peer is called */
#define RATION_PEER_SIZE 513 /* bytes of a peer's name with NUL: the longest identity */
#define RATION_SAID_MAX  16  /* of those that had lines left out, named at a time */
#define RATION_FIRST_MS  5000
#define RATION_AGAIN_MS  60000

/* How much there is of it. */
enum ration_kind {
	RATION_FAULTS,   /* a peer's: 32 lines, then 4 a minute; of all 128, then 120 a minute */
	RATION_VERDICTS, /* a collector's: 256, then 60 a minute; of all 1,024, then 600 a minute */
	RATION_ALARM,    /* a peer's: 32, then 1 a minute, whatever others do */
};

/* What a line is about. Strings of the program itself, which last, but for the name. */
struct ration_about {
	enum ration_kind kind;
	const char *event;
	const char *code; /* NULL: none */
	/*
	 * Whose it is: what the name is called in lines, such as "collector", and the name. Those
	 * that are called otherwise share nothing: "peer" is the address of a stranger.
	 */
	const char *called;
	struct view name;
};

struct ration_bucket {
	uint64_t key;     /* 0: unused */
	uint64_t full_ms; /* when it will be full again */
	uint64_t left_out, since_ms;
	const char *event, *code, *called;
};

struct ration_peer {
	struct ration_bucket bucket;
	char name[RATION_PEER_SIZE];
};

/* Zero-initialised. Of one thread at a time. */
struct rations {
	struct ration_peer peer[RATION_PEERS];
	struct ration_bucket shared[RATION_EVENTS];
	uint64_t say_ms; /* when what was left out is to be said; 0: nothing was */
	uint64_t seed;
};

/* Whether the line is to be said; else it is counted. Time is monotonic, and not 0. */
bool rations_take(struct rations *r, const struct ration_about *a, uint64_t now_ms);

/* What was left out. */
struct ration_left {
	const char *event, *code; /* NULL: of several */
	const char *called;
	const char *name; /* NULL: of several; in the table, until the next call */
	uint64_t lines, since_ms;
	unsigned peers;
};

/*
 * What is to be said now, the most first and what is beyond the room for it as the last one; the
 * counts begin anew. At once with `all`. How many there are.
 */
size_t rations_say(
    struct rations *r, uint64_t now_ms, bool all, struct ration_left left[RATION_SAID_MAX + 1]);

#endif
