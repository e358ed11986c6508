/*
 * How soon a workload is measured again because something of it has changed: WATCH_SETTLE_MS after
 * the first change, so that what is written in one go is read once and whole; and not before its
 * rest is over, so that one that changes without end costs little, and others nothing.
 *
 * A rest is at first what is configured, and no less than WATCH_SHARE times the processor time that
 * measuring took: one core is never busy with it for more than that part. Behind WATCH_ROW
 * measurements that each followed a rest within as long again, it doubles with each, up to
 * WATCH_REST_MOST_MS or the interval of rounds: what changes for ever is told as often as if it
 * were not watched, or nearly.
 *
 * Times are of one clock, in ms; nothing is read or allocated here.
 */
#ifndef HALLMARK_COLLECTOR_WATCH_PACE_H
#define HALLMARK_COLLECTOR_WATCH_PACE_H

#include <stdint.h>

#define WATCH_SETTLE_MS    150 /* a program that is copied or unpacked is whole after that, mostly */
#define WATCH_SHARE        10
#define WATCH_ROW          8 /* a program that is set up anew is done with, mostly */
#define WATCH_REST_MOST_MS 60000

/* Zero: nothing has changed so far. */
struct pace {
	uint64_t seen_ms;  /* the first change that nothing was measured behind; 0: none */
	uint64_t rest_ms;  /* until then it rests */
	uint64_t pause_ms; /* how long this rest is */
	unsigned row;      /* measurements that followed one another so */
};

/* There is such a change, and there is none. */
void pace_see(struct pace *p, uint64_t now_ms);
void pace_forget(struct pace *p);

/* When it may be measured for that; UINT64_MAX: there is nothing to measure it for. */
uint64_t pace_due_ms(const struct pace *p);

/* It is measured for that now. `took_ms`: of processor time, the last time. */
void pace_begin(
    struct pace *p, uint64_t now_ms, uint64_t took_ms, uint64_t least_ms, uint64_t most_ms);

#endif
