/*
 * Signals that steer the program: SIGTERM and SIGINT ask it to stop, SIGHUP to reload.
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

/* Installs the handlers; once, before anything else runs. */
void interrupt_setup(void);

/* The program was asked to stop. */
bool interrupt_stop(void);

/* The program was asked to reload since the last call. */
bool interrupt_take_reload(void);

/*
 * poll(2) up to `timeout_ms`, cut short by a request to stop and, if `or_reload`, to reload, also
 * by one that came before the call. Returns what poll returned; -1 with EINTR for a signal.
 */
int interrupt_poll(struct pollfd *fds, nfds_t count, uint64_t timeout_ms, bool or_reload);

/* Milliseconds of the monotonic clock, which runs on through suspension of the machine. */
uint64_t interrupt_clock_ms(void);

#endif
