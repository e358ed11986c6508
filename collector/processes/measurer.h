/*
 * The measuring process as the reporting one sees it: has workloads measured, and believes nothing
 * that it cannot check. A component gets the digest of the bytes that came, is of a kind that was
 * asked for, and is only as large and as often there as one can be.
 *
 * What ends a measuring process (a crash, a kill, bytes that are no answer) costs the workload that
 * was asked for this round, and is said in the log; the next workload is measured by the next
 * process, which is waited for MEASURER_WAIT_MS at most, once for each that is gone.
 *
 * Both have the same configuration, or nothing is measured: numbers of workloads mean nothing else.
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_MEASURER_H
#define HALLMARK_COLLECTOR_PROCESSES_MEASURER_H

#include <stdbool.h>
#include <stddef.h>

#include "collector/ground/trouble.h"
#include "collector/measure/measure.h"
#include "config/collector_config.h"
#include "proto/err.h"

#define MEASURER_WAIT_MS 5000

/*
 * Bytes of all segments and components in one answer: four times the largest list, since all kinds
 * share it, and tries that were in vain.
 */
#define MEASURER_BYTES_MAX (1024ULL * 1024 * 1024)

/* Components, and components that are missing, in one answer. */
#define MEASURER_KINDS_MAX (MEASURE_TRIES_MAX * COMPONENT_KIND_COUNT)

struct measurer;

/* Takes `control`, of starter_begin. ERR_MEMORY. Sets *out to NULL first. */
enum err measurer_new(int control, struct measurer **out) MUST_USE;
void measurer_free(struct measurer **m);

/*
 * As measure_workload, of workload number `workload`. Also:
 *   ERR_CLOSED     the program was asked to stop
 *   ERR_MISMATCH   the measuring process has read another configuration
 *   ERR_TRUNCATED  it ended meanwhile, or is not there
 *   ERR_FORMAT     it said what is no answer
 */
enum err measurer_measure(struct measurer *m, const struct collector_config *config,
    size_t workload, const struct measure_output *to, struct measurement *out,
    struct trouble *t) MUST_USE;

/* Nobody will start another measuring process: the program must end. */
bool measurer_is_gone(const struct measurer *m);

/* Another configuration is in force: the next measurement is by a process that has read it anew. */
void measurer_reload(struct measurer *m);

#endif
