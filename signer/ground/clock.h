/*
 * Whether the wall clock may date an entry of the log. What is dated once cannot be dated back, so
 * a clock that is probably wrong dates nothing: bundles are refused, and may come again.
 *
 * contradicted: of the identities heard lately, three at least, most have another time; until not
 * most of them do.
 *
 * moved: the clock was set since the last entry: against the time since boot it moved by more than
 * the skew; until it is back, the kernel says that it is synchronised, or most identities, of three
 * at least, have its time.
 *
 * unsynchronised: a signer starts, by this clock the machine was booted since the log's newest
 * entry, and the kernel does not call it synchronised: it may be whatever the hardware clock said;
 * until the kernel says that it is, or an identity has its time and not most have another.
 *
 * behind: it is before the newest entry by more than the skew; until it has caught up, or an
 * operator sets the log back.
 *
 * trusted: else.
 *
 * The first that holds is the state. No identity alone makes any of them hold, or go on for others
 * than itself: one that lies is outvoted by the first that does not.
 *
 * A clock that is slewed moves the time since boot with it; a machine that sleeps adds to both, and
 * one whose hypervisor holds it, to neither: then it is behind, and is moved when it is set right,
 * which the kernel calls unsynchronised until whoever has set it says otherwise.
 *
 * No clock is read here (machine_clock.h), and nothing allocated.
 */
#ifndef HALLMARK_SIGNER_GROUND_CLOCK_H
#define HALLMARK_SIGNER_GROUND_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(identifier, name, what is said when it begins) */
#define CLOCK_STATE_MAP(X)                                                                         \
	X(CLOCK_TRUSTED, "trusted", "entries bear the clock's time")                               \
	X(CLOCK_CONTRADICTED, "contradicted",                                                      \
	    "most collectors have another time than this machine; bundles are refused")            \
	X(CLOCK_MOVED, "moved",                                                                    \
	    "the clock was set; bundles are refused until the kernel calls it synchronised")       \
	X(CLOCK_UNSYNCHRONISED, "unsynchronised",                                                  \
	    "the machine was booted, and nobody says that its clock is right; bundles are "        \
	    "refused until the kernel or a collector does")                                        \
	X(CLOCK_BEHIND, "behind",                                                                  \
	    "the log is dated ahead of the clock; bundles are refused until the clock has caught " \
	    "up, or an operator's clock statement is taken")

#define CLOCK_STATE_ENUM(identifier, name, text) identifier,
enum clock_state { CLOCK_STATE_MAP(CLOCK_STATE_ENUM) CLOCK_STATES };
#undef CLOCK_STATE_ENUM

/* Moves up to this are none, whatever the skew: rounding, and a leap second. */
#define CLOCK_STEP_MS 2000

/* So many identities can make a majority against the clock. */
#define CLOCK_WITNESSES_MIN 3

struct clock {
	bool has_base;
	int64_t base_ms; /* wall clock over the time since boot, at the last entry that it dated */
	bool booted;     /* since the newest entry, as it seemed at the start; nothing since */
};

/* All that a judgement rests on. */
struct clock_facts {
	uint64_t wall_ms;  /* since 1970 */
	uint64_t boot_ms;  /* since boot, sleep included */
	bool synchronised; /* the kernel says so */
	uint64_t newest_s; /* iat of the log's newest entry; 0: there is none */
	uint64_t skew_ms;
	size_t heard, against; /* identities heard lately; those that have another time */
};

/* At a start. */
void clock_begin(struct clock *c, const struct clock_facts *f);

/* What the clock is now. One that is trusted is so from now on, whatever it was before. */
enum clock_state clock_look(struct clock *c, const struct clock_facts *f);

/* An entry bears this clock's time; or an operator has said that it is right. */
void clock_rely(struct clock *c, const struct clock_facts *f);

/* Whether the kernel's word makes a difference: it is a system call. */
bool clock_asks_kernel(const struct clock *c, const struct clock_facts *f);

const char *clock_state_name(enum clock_state state);
const char *clock_state_text(enum clock_state state);

#endif
