/*
 * The commands of hallmark-collector. Each returns the program's exit status:
 *
 *   0  done
 *   1  the configuration is faulty, or it could not be done; for `check` also: a workload is not
 *      running, or may not be looked at
 */
#ifndef HALLMARK_COLLECTOR_COMMANDS_H
#define HALLMARK_COLLECTOR_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "collector/tell/status_client.h"

/* `json`: one object on stdout, and nothing on stderr. */
int command_check(const char *path, bool json);
int command_measure(const char *path, const char *workload, bool json);

/* All workloads if `count` is 0. */
int command_once(const char *path, char *const *workloads, size_t count);

int command_run(const char *path);

/*
 * `arguments` are those behind "gate". Its exit status is of collector/gate/gate.h, and also 2 for
 * wrong usage; where it is allowed, that of the command, in whose place this process goes on.
 */
int command_gate(int count, char **arguments);

/* 1 also where the running collector, or one of its workloads, needs somebody. */
int command_status(const char *path, enum status_form form);

#endif
