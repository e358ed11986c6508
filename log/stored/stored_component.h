/*
 * A component out of the evidence store: a plain one, or a list put together from its segments.
 */
#ifndef HALLMARK_LOG_STORED_STORED_COMPONENT_H
#define HALLMARK_LOG_STORED_STORED_COMPONENT_H

#include <stddef.h>

#include "log/evidence_reader.h"
#include "proto/evidence/component.h"

struct stored_component {
	struct component *component; /* points into what follows */
	size_t size; /* bytes of the component itself: of a list without its segments */
	struct buf bytes;
	struct buf segments; /* one behind the other */
};

/*
 * ERR_COMPONENT_FORMAT if the stored bytes are no component, or the segments are not the list's;
 * the errors of evidence_reader_get. `out` is empty then, else to be freed.
 */
enum err stored_component_read(
    struct evidence_reader *r, const struct digest *digest, struct stored_component *out) MUST_USE;
void stored_component_free(struct stored_component *s);

#endif
