/*
 * How a process that this program has forked, and that goes on by itself, is set apart from it.
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_APART_H
#define HALLMARK_COLLECTOR_PROCESSES_APART_H

#include <stdbool.h>
#include <sys/types.h>

#include "collector/ground/trouble.h"
#include "proto/err.h"

/*
 * Forks a process called `name` (15 bytes at most) with a channel of packets to it, before there
 * are threads: *control is the end of whoever returns, of which *is_child says who. In the child
 * nothing above stderr is open but that and `kept` (-1: nothing), whatever its maker had: what
 * others say to one another is none of its business. ERR_IO; `what` says in the trouble who could
 * not be had.
 */
enum err apart_fork(const char *what, const char *name, int kept, int *control, bool *is_child,
    struct trouble *t) MUST_USE;

/* It ends with its maker, `parent`, at once: it holds nothing that has to be put away. */
void apart_follow(pid_t parent);

/* Its name, 15 bytes at most, where it was forked otherwise. */
void apart_name(const char *name);

/*
 * Signals that steer the program are the other one's, and so are its input, its output and its log,
 * in which a hijacked process could say anything.
 */
void apart_detach(void);

#endif
