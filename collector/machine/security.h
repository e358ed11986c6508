/*
 * Facts of what the kernel holds against attackers: `cpu_vulnerabilities`, `ipe`, `lockdown`,
 * `lsm`.
 */
#ifndef HALLMARK_COLLECTOR_MACHINE_SECURITY_H
#define HALLMARK_COLLECTOR_MACHINE_SECURITY_H

#include "collector/machine/reading.h"

/* As machine_add. */
enum err security_add(const struct machine *m) MUST_USE;

#endif
