/*
 * A measurement kept in memory, with all components: for those who show it.
 */
#ifndef HALLMARK_COLLECTOR_MEASURE_GATHERED_H
#define HALLMARK_COLLECTOR_MEASURE_GATHERED_H

#include "collector/measure/measure.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"

/* Zero-initialised, but for the name. */
struct gathered {
	const char *workload;
	struct buf bytes[COMPONENT_KIND_COUNT];
	struct buf segments[COMPONENT_KIND_COUNT]; /* of a list, one behind the other */
};

/* Sinks of a measurement; `context` is a struct gathered. ERR_MEMORY. */
measure_sink gathered_take;
measure_sink gathered_take_segment;

/*
 * The component of a kind that was measured, a list put together; views into `g`. ERR_MEMORY. Of
 * who said what is none: ERR_FORMAT and its kind.
 */
enum err gathered_component(
    const struct gathered *g, enum component_kind kind, struct component **out) MUST_USE;

void gathered_free(struct gathered *g);

#endif
