/*
 * What every measuring function is given: whom to measure, as the configuration asks, and the tools
 * that are shared. All of it is borrowed.
 *
 * A measuring function adds items of its kind to the builder. ERR_CHANGED: the process ended or
 * became another one, measure again. Any other error leaves the component out of the bundle, with
 * the reason in `trouble`: a component is whole, or it is not there and policy notices.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_MEASURE_CONTEXT_H
#define HALLMARK_COLLECTOR_MEASURE_MEASURE_CONTEXT_H

#include "collector/files/filehash.h"
#include "collector/ground/redaction_key.h"
#include "collector/ground/trouble.h"
#include "collector/subject/members.h"
#include "collector/subject/process.h"
#include "config/collector/collector_config.h"
#include "proto/evidence/component.h"

struct measure_context {
	const struct process *process; /* the main one, if nothing else is said */
	bool is_main;                  /* that, or the main one of a part of the workload */
	const struct members *members; /* all others */
	const struct collector_workload *workload;
	struct filehash *hash;
	const struct redaction_key *redaction; /* NULL: nothing is to be hidden */
	int root; /* the process's root directory, O_PATH; -1 if it may not be looked at */
	struct trouble *trouble;
};

typedef enum err measure_function(struct measure_context *m, struct component_builder *to);

#endif
