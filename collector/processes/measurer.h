/*
 * Measuring processes as the reporting one sees them: has workloads measured, several at once.
 * What one of them may say, and what of that is believed: collector/processes/job.h.
 *
 * A measurement is begun, is under way, has its answer, and is taken. Each workload has one at
 * most. What ends a measuring process (a crash, a kill, bytes that are no answer) costs its
 * workload this one measurement. So does it to take longer than its budget: only the time counts in
 * which it was listened to, so that it does not pay for what we do meanwhile.
 *
 * All have the same configuration, or nothing is measured: numbers of workloads mean nothing else.
 */
#ifndef HALLMARK_COLLECTOR_PROCESSES_MEASURER_H
#define HALLMARK_COLLECTOR_PROCESSES_MEASURER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "collector/ground/interrupt.h"
#include "collector/ground/trouble.h"
#include "collector/measure/measure.h"
#include "config/collector/collector_config.h"
#include "proto/err.h"

struct measurer;

/* Takes `control`, of starter_begin. ERR_MEMORY, ERR_IO, ERR_FORMAT: the boot id of /proc. */
enum err measurer_new(int control, struct measurer **out) MUST_USE;
void measurer_free(struct measurer **m);

/*
 * Begins to measure workload number `workload`, of which no measurement is there. `to` is told of
 * components while measurer_listen and measurer_wait last. ERR_MEMORY. What else goes wrong is
 * the answer.
 */
enum err measurer_begin(struct measurer *m, const struct collector_config *config, size_t workload,
    const struct measure_output *to) MUST_USE;

/* Begun, and not taken; and has its answer. */
bool measurer_has(const struct measurer *m, size_t workload);
bool measurer_has_answer(const struct measurer *m, size_t workload);

/* What a measuring process has said of how far it is: for people. False: nothing, or it is done. */
struct measurer_progress {
	uint64_t files, bytes;
};
bool measurer_has_told(const struct measurer *m, size_t workload, struct measurer_progress *out);

/*
 * Something that its newest measurement has read has changed since, as far as that is watched; what
 * changes while it is measured anew is seen behind that. It is listened to by measurer_listen.
 */
bool measurer_has_changed(const struct measurer *m, size_t workload);

/* Components or segments have come whose measurement was not taken: they are of no bundle yet. */
bool measurer_holds_bytes(const struct measurer *m);

/*
 * Waits for news of all that are under way, and for `other` unless that is NULL, until something
 * has come, the time is over or `wait` cuts it short; takes what has come. As interrupt_poll; also
 * 0 or more for news that are no answer yet.
 */
int measurer_listen(
    struct measurer *m, struct pollfd *other, uint64_t wait_ms, enum interrupt_wait wait);

/* Listens until this one has its answer. ERR_CLOSED: the program was asked to stop. */
enum err measurer_wait(struct measurer *m, size_t workload) MUST_USE;

/*
 * What came of it. As measure_workload. Also:
 *   ERR_BUDGET       it took longer than it may
 *   ERR_BUSY         it was not begun: the process of an earlier one cannot be ended
 *   ERR_TRUNCATED    its process ended before its answer did, said what is no answer, or is not
 *                    there
 *   ERR_UNSUPPORTED  there is another configuration
 * Where there is no measurement `out` has the boot and when it began.
 */
enum err measurer_take(
    struct measurer *m, size_t workload, struct measurement *out, struct trouble *t) MUST_USE;

/* Ends it, if there is one, whatever it has said. */
void measurer_drop(struct measurer *m, size_t workload);
void measurer_drop_all(struct measurer *m);

/* Nobody will start another measuring process: the program must end. */
bool measurer_is_gone(const struct measurer *m);

/*
 * Processor time that all measuring processes have used, and who starts them: as it was said last,
 * when one began or the last one had ended.
 */
uint64_t measurer_spent_us(const struct measurer *m);

/* Another configuration is in force: all are ended, the next ones are by who has read it anew. */
void measurer_reload(struct measurer *m);

#endif
