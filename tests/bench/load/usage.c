#include "tests/bench/load/usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/bench/load/clock.h"
#include "tests/bench/load/fail.h"

static uint64_t process_us(unsigned pid);
static uint64_t own_us(void);

void
usage_read(const struct options *o, struct usage *u)
{
	u->at_us = clock_us();
	u->own_us = own_us();
	for (unsigned i = 0; i < OPTIONS_WATCH_MAX; i++)
		u->other_us[i] = o->watch[i] != 0 ? process_us(o->watch[i]) : 0;
}

void
usage_print(const struct options *o, const struct usage *from, const struct usage *to)
{
	double wall = (double)(to->at_us - from->at_us);

	printf("\"load_busy\":%.3f,\"busy\":[", (double)(to->own_us - from->own_us) / wall);
	for (unsigned i = 0; i < OPTIONS_WATCH_MAX && o->watch[i] != 0; i++)
		printf("%s%.3f", i > 0 ? "," : "",
		    (double)(to->other_us[i] - from->other_us[i]) / wall);
	printf("]");
}

/* proc(5): fields 14 and 15 of stat, counted behind the name, which may hold anything. */
static uint64_t
process_us(unsigned pid)
{
	uint64_t user = 0, kernel = 0;
	char path[32], line[1024];
	const char *rest = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	if ((file = fopen(path, "r")) != NULL) {
		if (fgets(line, sizeof(line), file) != NULL)
			rest = strrchr(line, ')');
		fclose(file);
	}
	if (rest == NULL ||
	    sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64,
		&user, &kernel) != 2)
		fail(path);
	return (user + kernel) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

static uint64_t
own_us(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}
