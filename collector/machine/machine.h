/*
 * What the kernel and the firmware say of the machine, as facts of the component `host`. Chosen is
 * what stays the same while nobody changes the machine: the component of an unchanged host is the
 * same in each round.
 */
#ifndef HALLMARK_COLLECTOR_MACHINE_MACHINE_H
#define HALLMARK_COLLECTOR_MACHINE_MACHINE_H

#include "collector/machine/reading.h"

/* All facts of this room. ERR_MEMORY, ERR_FORMAT_SIZE. */
enum err machine_add(const struct machine *m) MUST_USE;

#endif
