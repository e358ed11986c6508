#include "signer/session/rate.h"

#define EACH_US (1000000 / RATE_PER_S)

bool
rate_take(struct rate *r, uint64_t now_us)
{
	const uint64_t from_us = r->paid_us > now_us ? r->paid_us : now_us;

	if (from_us - now_us > (RATE_BURST - 1) * (uint64_t)EACH_US)
		return false;
	r->paid_us = from_us + EACH_US;
	return true;
}
