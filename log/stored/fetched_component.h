/*
 * A component out of the evidence store: a plain one, or a list put together from its segments.
 */
#ifndef HALLMARK_LOG_STORED_FETCHED_COMPONENT_H
#define HALLMARK_LOG_STORED_FETCHED_COMPONENT_H

#include <stddef.h>

#include "log/evidence_reader.h"
#include "proto/evidence/component.h"

struct fetched_component {
	struct component *component; /* points into what follows */
	size_t size; /* bytes of the component itself: of a list without its segments */
	struct buf bytes;
	struct buf segments; /* one behind the other */
};

/*
 * ERR_COMPONENT_FORMAT if the stored bytes are no component, or the segments are not the list's;
 * the errors of evidence_reader_get. `out` is empty then, else to be freed.
 */
enum err fetched_component_read(
    struct evidence_reader *r, const struct digest *digest, struct fetched_component *out) MUST_USE;
void fetched_component_free(struct fetched_component *s);

#endif
