#include "signer/service.h"

#include <time.h>

#include "signer/logger.h"

uint64_t
service_now_s(struct service *s)
{
	struct timespec now;
	struct logline l;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if ((uint64_t)now.tv_sec < s->last_issued_s && !s->clock_behind) {
		s->clock_behind = true;
		logline_begin(&l, LOGGER_WARNING, "clock-back");
		logline_number(&l, "last_issued_s", s->last_issued_s);
		logline_number(&l, "clock_s", (uint64_t)now.tv_sec);
		logline_end(&l);
	}
	if ((uint64_t)now.tv_sec >= s->last_issued_s) {
		s->clock_behind = false;
		s->last_issued_s = (uint64_t)now.tv_sec;
	}
	return s->last_issued_s;
}

uint64_t
service_now_ms(const struct service *s)
{
	const uint64_t wall_ms = service_wall_ms(), issued_ms = s->last_issued_s * 1000;

	return wall_ms > issued_ms ? wall_ms : issued_ms;
}

uint64_t
service_wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void
service_count(struct service *s, enum err e)
{
	s->counters.refusals[err_index(e)]++;
}
