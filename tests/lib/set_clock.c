/*
 * A wall clock that a test sets, for programs that are started with this in LD_PRELOAD. The file
 * that HALLMARK_TEST_CLOCK names holds a struct clock; it is mapped before the program closes its
 * sandbox, and the test writes to it while the program runs. Clocks that only measure intervals
 * stay as they are.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct clock {
	_Atomic int64_t now_s;
	_Atomic int64_t
	    step_s; /* each reading of the coarse clock, the reports', moves it by that */
};

static struct clock *set;

__attribute__((constructor)) static void
map_clock(void)
{
	const char *path = getenv("HALLMARK_TEST_CLOCK");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		abort();
	set = mmap(NULL, sizeof(*set), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (set == MAP_FAILED)
		abort();
	close(fd);
}

int
clock_gettime(clockid_t id, struct timespec *out)
{
	if (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)
		return (int)syscall(SYS_clock_gettime, id, out);
	out->tv_nsec = 0;
	out->tv_sec =
	    id == CLOCK_REALTIME_COARSE ? atomic_fetch_add(&set->now_s, set->step_s) : set->now_s;
	return 0;
}
