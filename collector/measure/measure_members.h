/*
 * Each process of a workload in turn, the main one first.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_MEMBERS_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_MEMBERS_H

#include "collector/measure/measure_context.h"

/*
 * Looks at one process, as `m` names it; `is_main` for the first. ERR_CHANGED or ERR_NOT_FOUND: it
 * ended or became another program, and what was noted of it until then may stand.
 */
typedef enum err member_visit(void *context, struct measure_context *m, bool is_main);

/*
 * A process besides the main one that ends meanwhile is passed over; one that becomes another
 * program is visited again, MEMBER_VISITS_MAX times in all. What is said of the main process, and
 * any other error, ends the walk and is returned.
 */
#define MEMBER_VISITS_MAX 8

enum err measure_members(struct measure_context *m, member_visit *visit, void *context) MUST_USE;

#endif
