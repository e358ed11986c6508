#include "collector/ground/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t stop_requested;
static volatile sig_atomic_t reload_requested;

static void
on_stop(int number)
{
	(void)number;
	stop_requested = 1;
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
interrupt_take_reload(void)
{
	const bool taken = reload_requested != 0;

	reload_requested = 0;
	return taken;
}

int
interrupt_poll(struct pollfd *fds, nfds_t count, uint64_t timeout_ms, bool or_reload)
{
	const struct timespec timeout = {
	    (time_t)(timeout_ms / 1000), (long)(timeout_ms % 1000) * 1000000};
	sigset_t steering, before;
	int result = -1, reason = EINTR;

	(void)sigemptyset(&steering);
	(void)sigaddset(&steering, SIGTERM);
	(void)sigaddset(&steering, SIGINT);
	(void)sigaddset(&steering, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &steering, &before);
	if (stop_requested == 0 && (!or_reload || reload_requested == 0)) {
		result = ppoll(fds, count, &timeout, &before);
		reason = errno;
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
