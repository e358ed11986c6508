/*
 * How a process that this program has forked, and that goes on by itself, is set apart from it.
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_APART_H
#define HALLMARK_COLLECTOR_PROCESSES_APART_H

#include <sys/types.h>

/* It ends with its maker, `parent`, at once: it holds nothing that has to be put away. */
void apart_follow(pid_t parent);

/* Its name, 15 bytes at most. */
void apart_name(const char *name);

/*
 * Signals that steer the program are the other one's, and so are its input, its output and its log,
 * in which a hijacked process could say anything.
 */
void apart_detach(void);

#endif
