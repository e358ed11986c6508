/*
 * How often somebody may ask: a steady rate, and so much at once after a pause. One number each,
 * the time at which all that was taken is paid for (the generic cell rate algorithm).
 */
#ifndef HALLMARK_SIGNER_GROUND_RATE_H
#define HALLMARK_SIGNER_GROUND_RATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Of requests of a relay. A register follows a site's decisions: ten of them a second that cannot
 * wait for the next round are many, and each costs the collector a measurement. A page that asks
 * for a rack at once is a burst.
 */
#define RATE_PER_S 10
#define RATE_BURST 20

/* Zero-initialised: nothing was taken. */
struct rate {
	uint64_t paid_us; /* monotonic */
};

/*
 * Whether one more may be taken now, where each takes `each_us` in the long run and `burst` may be
 * taken at once; if so, it is.
 */
bool rate_take(struct rate *r, uint64_t each_us, uint32_t burst, uint64_t now_us);

#endif
