/*
 * A measurement for people to read: an aligned table per component, or JSON. Names from outside
 * are escaped (proto/text.h) in both.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_LISTING_H
#define HALLMARK_COLLECTOR_MEASURE_LISTING_H

#include <stdio.h>

#include "collector/measure/measure.h"
#include "proto/evidence/component.h"

/* `component` by kind; NULL where it was not measured. */
struct listing {
	const char *workload;
	const struct measurement *measurement;
	const struct component *component[COMPONENT_KIND_COUNT];
};

/* Append to `to`; ask buf_status at the end. */
void listing_text(const struct listing *l, struct buf *to);
void listing_json(const struct listing *l, struct buf *to);

#endif
