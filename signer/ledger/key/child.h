/*
 * A child process with a channel, started and awaited by a thread of its own. A start lasts until
 * the child has got a processor and its program has been read from the disk: on a busy machine
 * hundreds of milliseconds, in which uv_spawn keeps the whole loop.
 */
#ifndef HALLMARK_SIGNER_LEDGER_KEY_CHILD_H
#define HALLMARK_SIGNER_LEDGER_KEY_CHILD_H

#include <uv.h>

#include "proto/err.h"

struct child;

/* All on the loop's thread, in this order, each once. */
struct child_calls {
	void (*started)(void *context); /* left out if it cannot be started */
	/* It is gone: exit status and signal. One that cannot be started: -errno, and no signal. */
	void (*ended)(void *context, int status, int signal_number);
	void (*closed)(void *context); /* nothing of it is left; the pointer is void */
	void *context;
};

/*
 * Arguments end with NULL; the first is the program, without a search. Takes `channel_fd`, which
 * the child gets as `channel_as`; it has our stderr as 1 and 2, nothing as 0, and inherits what is
 * not close-on-exec. ERR_MEMORY, which may also be the system's limit of threads: no call comes.
 */
enum err child_start(uv_loop_t *loop, const char *const *arguments, int channel_fd, int channel_as,
    const struct child_calls *calls, struct child **out) MUST_USE;

/* What `ended` was given, in words: "killed by SIGSEGV", "ended with status 1". Returns `to`. */
#define CHILD_END_SIZE 128 /* bytes */
const char *child_end_text(int status, int signal_number, char to[CHILD_END_SIZE]);

/* 0 before it has started. */
int child_pid(struct child *c);

/* SIGKILL, also for one that is still being started. Not after `ended`. */
void child_kill(struct child *c);

#endif
