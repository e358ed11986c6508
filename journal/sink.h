/*
 * Stderr, as nobody has to wait for it.
 *
 * A pipe that its reader has stopped reading, a terminal on hold or a journal that is stuck holds
 * up whoever writes into it. O_NONBLOCK on descriptor 2 itself would be the shell's, the parent's
 * and the children's, too; so a pipe or terminal is opened anew through /proc, and a socket is
 * asked with each send. What lets itself not be opened anew (another user's pipe) is looked at
 * before each write: between the look and the write another process may fill it. A file is just
 * written.
 */
#ifndef HALLMARK_JOURNAL_SINK_H
#define HALLMARK_JOURNAL_SINK_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/bytes.h"

/* Once, before there are threads and before rights are dropped. Without it: plain write(2). */
void sink_open(void);

/* Once more, after every descriptor that is not known was closed. Nothing if it was never opened.
 */
void sink_open_again(void);

/*
 * For a process that leaves the log to another one: stderr, and what was opened for it, lead to
 * where `none` does, so that nothing here can write into it any more.
 */
void sink_leave(int none);

/*
 * Lines go to stderr itself from here on: for a process that was forked and closes what its maker
 * had, so that none goes to whatever gets that number next.
 */
void sink_forget(void);

/*
 * How many bytes were taken, without waiting: 0 if there is no room, fewer than all if there was
 * little; -1 if nothing will ever be taken (nobody reads, the disk fails). A line of up to PIPE_BUF
 * bytes goes into a pipe whole or not at all. For signal handlers as well.
 */
ssize_t sink_send(struct view bytes);

/* Waits until there may be room, `ms` at most; false: there is none. */
bool sink_wait(int ms);

/* Whether systemd says that stderr is its journal (JOURNAL_STREAM, sd-daemon(3)). */
bool sink_is_journal(void);

#endif
