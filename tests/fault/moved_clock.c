/*
 * Preloaded into the signer and its key process: their wall clock runs beside the machine's by as
 * many seconds as the file says that HALLMARK_MOVED_CLOCK names. The monotonic clocks are left as
 * they are.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const _Atomic int64_t *offset_s;

static void __attribute__((constructor)) offset_map(void)
{
	const char *name = getenv("HALLMARK_MOVED_CLOCK");
	int fd = name != NULL ? open(name, O_RDONLY | O_CLOEXEC) : -1;
	void *mapped;

	if (fd < 0)
		abort(); /* a test that believes it moves the clock, and does not, proves nothing */
	mapped = mmap(NULL, sizeof(*offset_s), PROT_READ, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		abort();
	offset_s = mapped;
	close(fd);
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	__typeof__(&clock_gettime) real =
	    (__typeof__(&clock_gettime))dlsym(RTLD_NEXT, "clock_gettime");
	int result = real(clock, now);

	if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += offset_s != NULL ? atomic_load(offset_s) : 0;
	return result;
}

int
gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec t;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &t) != 0)
		return -1;
	now->tv_sec = t.tv_sec;
	now->tv_usec = t.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *out)
{
	struct timespec t;

	if (clock_gettime(CLOCK_REALTIME, &t) != 0)
		return -1;
	if (out != NULL)
		*out = t.tv_sec;
	return t.tv_sec;
}
