/*
 * Which of several signers is tried first, and when the first of the configuration is gone back to.
 *
 * The one that was spoken to last is tried first, then the others in their order: one that was away
 * for a moment does not move its collectors to another log. But one is passed over for
 * RANKING_BACK_MS, that is, tried behind all others, that did not answer in time, takes nothing, or
 * has lost RANKING_VAIN sessions since its last receipt.
 *
 * The first is gone back to when it was left for RANKING_BACK_MS. Where it has to be left again
 * within that time, it is left for twice as long from then on, up to RANKING_BACK_MOST_MS: one
 * that comes and goes moves nobody for long.
 *
 * Times are of one clock, in ms. With one signer nothing of this decides anything.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_RANKING_H
#define HALLMARK_COLLECTOR_REPORT_RANKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"

#define RANKING_BACK_MS      300000
#define RANKING_BACK_MOST_MS 3600000
#define RANKING_VAIN         2

struct ranking {
	size_t count;
	size_t now;        /* the one that is or was spoken to; at first the first */
	uint64_t *pass_ms; /* by signer: until then it is passed over; 0: never */
	unsigned vain;     /* sessions with it that were lost since its last receipt */
	uint64_t back_ms;  /* when the first is tried while it is another one */
	uint64_t left_ms;  /* for how long the first is left the next time; 0: the shortest */
	uint64_t came_ms;  /* when the first was gone back to; 0: it was never left */
};

/* ERR_MEMORY. */
enum err ranking_set(struct ranking *s, size_t count) MUST_USE;
void ranking_free(struct ranking *s);

/* The signer at this place of the order in which they are tried. */
size_t ranking_at(const struct ranking *s, size_t place, uint64_t now_ms);

/* There is a session with it. True: it is another one than before. */
bool ranking_meet(struct ranking *s, size_t signer, uint64_t now_ms);

/* In its session was a receipt: it is passed over no more. */
void ranking_receipt(struct ranking *s);

/* Passes over the one that is spoken to. */
void ranking_pass(struct ranking *s, uint64_t now_ms);

/* Its session was lost; true: it is passed over for that. */
bool ranking_lose(struct ranking *s, uint64_t now_ms);

/* Another one is tried before the one that was spoken to, and is not passed over either. */
bool ranking_has_other(const struct ranking *s, uint64_t now_ms);

/* It is another one than the first, and time to try that; the next time is later. */
bool ranking_goes_back(struct ranking *s, uint64_t now_ms);

#endif
