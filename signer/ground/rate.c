#include "signer/ground/rate.h"

bool
rate_take(struct rate *r, uint64_t each_us, uint32_t burst, uint64_t now_us)
{
	const uint64_t from_us = r->paid_us > now_us ? r->paid_us : now_us;

	if (from_us - now_us > (burst - 1) * each_us)
		return false;
	r->paid_us = from_us + each_us;
	return true;
}
