#include "signer/ground/machine_clock.h"

#include <sys/timex.h>
#include <time.h>

/* Readings that lie this far apart are none of the same moment: the process stood still. */
#define APART_MS 1000

/* The kernel's clock is this one if they differ by no more. */
#define SAME_MS 60000

static uint64_t read_ms(clockid_t id);

void
machine_clock_read(uint64_t *wall_ms, uint64_t *boot_ms)
{
	uint64_t after_ms = machine_clock_boot_ms();

	do {
		*boot_ms = after_ms;
		*wall_ms = read_ms(CLOCK_REALTIME_COARSE);
		after_ms = machine_clock_boot_ms();
	} while (after_ms > *boot_ms + APART_MS);
}

uint64_t
machine_clock_boot_ms(void)
{
	return read_ms(CLOCK_BOOTTIME);
}

enum machine_clock_kept
machine_clock_is_kept(uint64_t wall_ms)
{
	struct timex t = {.modes = 0}; /* nothing is set */
	uint64_t kernel_ms;
	int result;

	if ((result = adjtimex(&t)) < 0)
		return MACHINE_CLOCK_NOT_TOLD;
	kernel_ms = (uint64_t)t.time.tv_sec * 1000;
	if (kernel_ms > wall_ms + SAME_MS || kernel_ms + SAME_MS < wall_ms)
		return MACHINE_CLOCK_UNSYNCHRONISED;
	return result == TIME_ERROR || (t.status & STA_UNSYNC) != 0 ? MACHINE_CLOCK_UNSYNCHRONISED
								    : MACHINE_CLOCK_SYNCHRONISED;
}

const char *
machine_clock_words(enum machine_clock_kept kept)
{
#define MACHINE_CLOCK_KEPT_WORDS(identifier, words) words,
	static const char *const all[] = {MACHINE_CLOCK_KEPT_MAP(MACHINE_CLOCK_KEPT_WORDS)};
#undef MACHINE_CLOCK_KEPT_WORDS

	return all[kept];
}

static uint64_t
read_ms(clockid_t id)
{
	struct timespec now;

	(void)clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
