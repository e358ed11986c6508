#include "collector/subject/began.h"

#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000

static int64_t ns_of(struct timespec t);

bool
began_before_change(uint64_t start_ticks, const struct stat *s)
{
	struct timespec day, boot;

	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	(void)clock_gettime(CLOCK_REALTIME, &day);
	return began_before_change_by(
	    start_ticks, (uint64_t)sysconf(_SC_CLK_TCK), ns_of(day) - ns_of(boot), s);
}

bool
began_before_change_by(
    uint64_t start_ticks, uint64_t ticks_per_s, int64_t boot_ns, const struct stat *s)
{
	const uint64_t ticks = start_ticks + BEGAN_TICKS;
	int64_t begun_ns;

	/* No process is older than the clock; a number that is not true of any is not looked at. */
	if (ticks / ticks_per_s > (uint64_t)INT64_MAX / 4 / NS_PER_S)
		return false;
	begun_ns = boot_ns + (int64_t)(ticks / ticks_per_s * NS_PER_S +
				       ticks % ticks_per_s * NS_PER_S / ticks_per_s);
	return ns_of(s->st_mtim) >= begun_ns || (s->st_nlink > 0 && ns_of(s->st_ctim) >= begun_ns);
}

/* At most what is left of a clock of 64 bits: the times of a file are what its user says. */
static int64_t
ns_of(struct timespec t)
{
	const int64_t most = INT64_MAX / 2 / NS_PER_S;
	const int64_t s = t.tv_sec < -most ? -most : t.tv_sec > most ? most : t.tv_sec;

	return s * NS_PER_S + t.tv_nsec;
}
