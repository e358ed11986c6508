/*
 * A wall clock that a test sets, for programs that are started with this in LD_PRELOAD. The file
 * that HALLMARK_WALL_CLOCK names holds a struct clock; it is mapped before the program closes its
 * sandbox, and the test writes to it (wallclock.py) while the program runs. All readings of it
 * agree, those of libraries too; of clocks that only measure intervals only the one that runs
 * through suspension can be moved, as if the machine had slept. What the kernel says of the clock
 * (adjtimex) is set as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

struct clock {
	_Atomic int64_t seconds; /* since 1970, or beside the machine's clock if this one runs */
	_Atomic int64_t runs;
	_Atomic int64_t
	    step_s; /* each reading of the coarse clock, the reports', moves it by that */
	_Atomic int64_t slept_s; /* since boot, beside what the machine has */
	_Atomic int64_t kept;    /* what the kernel says of it: 0 the machine's own word */
};

enum { KEPT_SYNCHRONISED = 1, KEPT_NOT, KEPT_NOT_TOLD };

static struct clock *set;

__attribute__((constructor)) static void
map_clock(void)
{
	const char *path = getenv("HALLMARK_WALL_CLOCK");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		abort(); /* a test that believes it moves the clock, and does not, proves nothing */
	set = mmap(NULL, sizeof(*set), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (set == MAP_FAILED)
		abort();
	close(fd);
}

int
clock_gettime(clockid_t id, struct timespec *out)
{
	int result = (int)syscall(SYS_clock_gettime, id, out);
	int64_t seconds;

	if (result == 0 && set != NULL && id == CLOCK_BOOTTIME)
		out->tv_sec += set->slept_s;
	if (result != 0 || set == NULL || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
		return result;
	seconds = id == CLOCK_REALTIME_COARSE ? atomic_fetch_add(&set->seconds, set->step_s)
					      : set->seconds;
	if (set->runs != 0) {
		out->tv_sec += seconds;
	} else {
		out->tv_sec = seconds;
		out->tv_nsec = 0;
	}
	return 0;
}

int
adjtimex(struct timex *t)
{
	const int64_t kept = set->kept;

	if (kept == KEPT_NOT_TOLD) {
		errno = EPERM;
		return -1;
	}
	if (kept == 0)
		return (int)syscall(SYS_adjtimex, t);
	*t = (struct timex){.status = kept == KEPT_NOT ? STA_UNSYNC : 0};
	(void)gettimeofday(&t->time, NULL);
	return kept == KEPT_NOT ? TIME_ERROR : TIME_OK;
}

int
gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *out)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}
