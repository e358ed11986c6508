/*
 * Fact `mounts`: what is mounted where, in the collector's mount namespace.
 *
 * What comes and goes with sessions, services and containers is not told: mounts below the
 * directories of mounts.c. The options of an automount that are its daemon's own numbers (`fd`,
 * `pgrp`, `pipe_ino`) are not either.
 */
#ifndef HALLMARK_COLLECTOR_MACHINE_MOUNTS_H
#define HALLMARK_COLLECTOR_MACHINE_MOUNTS_H

#include "collector/machine/reading.h"

#define MOUNTS_SIZE_MAX                                                                            \
	(64 * 1024 * 1024) /* bytes; 100,000 mounts, as many as a namespace holds                  \
			    */

/* As machine_add. */
enum err mounts_add(const struct machine *m) MUST_USE;

/* Takes a line of mountinfo (proc(5)). ERR_FORMAT if it is none. */
enum err mounts_take(struct view line, struct values *to) MUST_USE;

#endif
