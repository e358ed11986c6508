/*
 * Whether the host's clock can be gone by. Reports are good until a time; a clock that was set back
 * would make old ones good again.
 *
 * The wall clock and CLOCK_BOOTTIME have to go on alike, but for what NTP may slew. Where they do
 * not, somebody has set the clock, and nothing is decided until it is back where it was, or one of
 * the logs says the same time by an entry that has just come. Nor is anything decided while a log's
 * newest entry lies in the future.
 */
#ifndef HALLMARK_REGISTER_DECIDE_WALL_H
#define HALLMARK_REGISTER_DECIDE_WALL_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialised. */
struct wall {
	bool begun, jumped;
	int64_t offset_ms;  /* wall clock - CLOCK_BOOTTIME, as last agreed */
	uint64_t agreed_ms; /* CLOCK_BOOTTIME then */
	uint64_t newest_s;  /* of the logs, at the last look */
};

#define WALL_DRIFT_MS   2000 /* what is no jump, and what rounding adds */
#define WALL_DRIFT_PART 1000 /* and this part of the time since: twice what NTP slews */
#define WALL_APART_S    5    /* the signer's clock may be so far from ours */

/* A look; `newest_s` is the iat of the newest entry of all logs. Whether time can be gone by. */
bool wall_look(struct wall *w, int64_t wall_ms, uint64_t boot_ms, uint64_t newest_s);

#endif
