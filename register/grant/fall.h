/*
 * What a log's view says of a workload that has fallen: whether it still is what the event has
 * told, and how many there are of its kind.
 */
#ifndef HALLMARK_REGISTER_GRANT_FALL_H
#define HALLMARK_REGISTER_GRANT_FALL_H

#include <stdbool.h>
#include <stdint.h>

#include "config/register_config.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

struct fall {
	bool is_behind;   /* the view does not have that entry yet, and nothing else is filled in */
	bool is_fallen;   /* it is contraindicated now, and heard of */
	uint64_t peers;   /* workloads that are alike, itself included */
	struct buf group; /* the policy's, or its own name */
	struct buf origin;
	struct digest report; /* leaf hash of the report that the event is of */
};

/*
 * `state`: the register's directory; `index`: of the event's entry. To be freed whatever comes out.
 * ERR_NOT_FOUND: there is no such workload, or no view yet; ERR_IO; ERR_MEMORY; the errors of
 * log_prove_entry.
 */
enum err fall_read(const char *state, const struct register_log *log, struct view collector,
    struct view workload, uint64_t index, struct fall *out) MUST_USE;
void fall_free(struct fall *f);

#endif
