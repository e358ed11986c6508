/*
 * A component out of the evidence store: a plain one, or the one that a list and its segments make
 * when put together.
 */
#ifndef HALLMARK_SIGNER_SESSION_STORED_COMPONENT_H
#define HALLMARK_SIGNER_SESSION_STORED_COMPONENT_H

#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/evidence/component.h"
#include "proto/evidence/component_list.h"
#include "signer/ledger/store/evidence.h"

struct stored_component {
	struct component *component; /* points into what follows */
	struct buf bytes;
	struct buf segments; /* of a list, one behind the other */
};

/* Memory that a list and its segments take while they are one component, in bytes. */
uint64_t stored_component_list_bytes(const struct component_list *l);

/*
 * ERR_COMPONENT_FORMAT if that is no component, which nothing can mend: what has a digest never
 * changes. ERR_BUSY if it is a list and takes more than `bytes_max`. ERR_NOT_FOUND if it is a list,
 * and segments of it are not there or were found damaged now. Else as evidence_read, of the item.
 * `out` is empty on an error; else it is to be freed.
 */
enum err stored_component_read(struct evidence_store *s, struct evidence_item *item,
    uint64_t bytes_max, struct stored_component *out) MUST_USE;
void stored_component_free(struct stored_component *c);

#endif
