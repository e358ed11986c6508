/*
 * Facts of what the firmware and the processor say of themselves, and whoever has changed them may
 * have made them say: `firmware`, `microcode`, `secure_boot`.
 */
#ifndef HALLMARK_COLLECTOR_MACHINE_FIRMWARE_H
#define HALLMARK_COLLECTOR_MACHINE_FIRMWARE_H

#include "collector/machine/reading.h"

/* As machine_add. */
enum err firmware_add(const struct machine *m) MUST_USE;

#endif
