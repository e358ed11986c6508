#include "collector/ground/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t stop_requested; /* how often: 0, 1, 2 or more */
static volatile sig_atomic_t reload_requested;

/* When the time for a last word is over; 0: nobody has noticed the request yet. */
static uint64_t over_ms;

/* When what has a limit is over; 0: nothing has. */
static uint64_t limit_ms;

static uint64_t last_word_left_ms(void);
static uint64_t limit_left_ms(void);
static uint64_t left_ms(void);

static void
on_stop(int number)
{
	(void)number;
	stop_requested = stop_requested == 0 ? 1 : 2;
}

static void
on_reload(int number)
{
	(void)number;
	reload_requested = 1;
}

void
interrupt_setup(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	(void)sigemptyset(&action.sa_mask);
	action.sa_flags = SA_RESTART;
	action.sa_handler = on_stop;
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	action.sa_handler = on_reload;
	(void)sigaction(SIGHUP, &action, NULL);
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, NULL);
}

bool
interrupt_stop(void)
{
	return stop_requested != 0;
}

bool
interrupt_is_over(void)
{
	return left_ms() == 0;
}

void
interrupt_limit(uint64_t ms)
{
	limit_ms = ms > 0 ? interrupt_clock_ms() + ms : 0;
}

bool
interrupt_take_reload(void)
{
	const bool taken = reload_requested != 0;

	reload_requested = 0;
	return taken;
}

int
interrupt_poll(struct pollfd *fds, nfds_t count, uint64_t timeout_ms, enum interrupt_wait wait)
{
	struct timespec timeout;
	sigset_t steering, before;
	int result = -1, reason = EINTR;

	(void)sigemptyset(&steering);
	(void)sigaddset(&steering, SIGTERM);
	(void)sigaddset(&steering, SIGINT);
	(void)sigaddset(&steering, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &steering, &before);
	if (!interrupt_cuts(wait)) {
		if (wait != INTERRUPT_STEER && timeout_ms > left_ms())
			timeout_ms = left_ms();
		timeout.tv_sec = (time_t)(timeout_ms / 1000);
		timeout.tv_nsec = (long)(timeout_ms % 1000) * 1000000;
		result = ppoll(fds, count, &timeout, &before);
		reason = errno;
		if (result == 0 && interrupt_cuts(wait)) {
			result = -1;
			reason = EINTR;
		}
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	errno = reason;
	return result;
}

uint64_t
interrupt_clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool
interrupt_cuts(enum interrupt_wait wait)
{
	switch (wait) {
	case INTERRUPT_STOP:
		return stop_requested != 0 || limit_left_ms() == 0;
	case INTERRUPT_STEER:
		return stop_requested != 0 || reload_requested != 0;
	case INTERRUPT_LAST_WORD:
		break;
	}
	return interrupt_is_over();
}

/* The clock runs from when the request was first noticed: a handler has no business with it. */
static uint64_t
last_word_left_ms(void)
{
	const uint64_t now_ms = interrupt_clock_ms();

	if (stop_requested == 0)
		return UINT64_MAX;
	if (over_ms == 0)
		over_ms = now_ms + INTERRUPT_LAST_WORD_MS;
	return stop_requested == 1 && now_ms < over_ms ? over_ms - now_ms : 0;
}

static uint64_t
limit_left_ms(void)
{
	const uint64_t now_ms = interrupt_clock_ms();

	if (limit_ms == 0)
		return UINT64_MAX;
	return now_ms < limit_ms ? limit_ms - now_ms : 0;
}

static uint64_t
left_ms(void)
{
	const uint64_t word_ms = last_word_left_ms(), most_ms = limit_left_ms();

	return word_ms < most_ms ? word_ms : most_ms;
}
