/*
 * What alerts follow from: changes of a log, in the order of its entries. A report that states what
 * the one before it stated is none.
 */
#ifndef HALLMARK_REGISTER_ALERT_FACT_H
#define HALLMARK_REGISTER_ALERT_FACT_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/evidence/bundle.h"
#include "proto/evidence/component.h"

/* What a report states; the same of many. */
struct fact_state {
	bool affirming;
	struct view group; /* size 0: none */
	bool present[COMPONENT_KIND_COUNT];
	struct digest component[COMPONENT_KIND_COUNT];
};

/* Numbers of workload and host are those of the view: from 1, in the order of their first entry. */
struct fact {
	uint64_t entry, time_s;
	uint64_t workload, host;
	struct view collector, name;
};

#endif
