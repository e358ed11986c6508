/*
 * Component `host`: the machine under the workload. Facts and their values:
 *
 *   kernel_release, kernel_version, machine, hostname    of uname(2)
 *   cmdline      the kernel's command line
 *   os_release   the lines ID=, PRETTY_NAME=, VERSION_ID= of /etc/os-release, sorted; of the
 *                process's root directory where it has another one (measure_root.h)
 *   modules      names of the loaded modules, sorted; no value where the kernel has none
 *   boot_id      of this boot
 *
 * and those of collector/machine/machine.h.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_HOST_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_HOST_H

#include "collector/measure/measure_context.h"
#include "proto/evidence/bundle.h"

measure_function measure_host;

/* The 16 bytes of /proc/sys/kernel/random/boot_id. ERR_IO, ERR_FORMAT. */
enum err measure_host_boot_id(uint8_t boot_id[BOOT_ID_SIZE]) MUST_USE;

#endif
