/*
 * Signals that steer the program: SIGTERM and SIGINT ask it to stop, SIGHUP to reload.
 *
 * Who is asked to stop begins nothing new. What has begun with a signer may still come to its end,
 * and a last word be said, until INTERRUPT_LAST_WORD_MS are over or it is asked again.
 *
 * The handlers only set flags. A wait that must not miss a signal goes through interrupt_poll,
 * which lets signals in only while it waits. SIGPIPE is ignored: a write to a closed connection is
 * an error like any other.
 */
#ifndef HALLMARK_COLLECTOR_GROUND_INTERRUPT_H
#define HALLMARK_COLLECTOR_GROUND_INTERRUPT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Within what a service manager waits for by default, and enough for some hundred receipts of a
 * signer that is not busy.
 */
#define INTERRUPT_LAST_WORD_MS 3000

/* What cuts a wait short. */
enum interrupt_wait {
	INTERRUPT_STOP,      /* a request to stop */
	INTERRUPT_STEER,     /* that, and one to reload */
	INTERRUPT_LAST_WORD, /* the end of the time for a last word (interrupt_is_over) */
};

/* Installs the handlers; once, before anything else runs. */
void interrupt_setup(void);

/* The program was asked to stop. */
bool interrupt_stop(void);

/* The time for a last word is over: that after a request, or what interrupt_limit has set. */
bool interrupt_is_over(void);

/* The program was asked to reload since the last call. */
bool interrupt_take_reload(void);

/*
 * poll(2) up to `timeout_ms`, cut short by what `wait` says, also where that came before the call.
 * Returns what poll returned; -1 with EINTR where it was cut short, or for any signal.
 */
int interrupt_poll(struct pollfd *fds, nfds_t count, uint64_t timeout_ms, enum interrupt_wait wait);

/* Such a wait is cut short now. */
bool interrupt_cuts(enum interrupt_wait wait);

/*
 * From now on what is done with signers has `ms` in all: INTERRUPT_STOP and INTERRUPT_LAST_WORD are
 * cut short then. 0: it has the time that it takes again.
 */
void interrupt_limit(uint64_t ms);

/* Milliseconds of the monotonic clock, which runs on through suspension of the machine. */
uint64_t interrupt_clock_ms(void);

#endif
