/*
 * When to look whether a workload is absent. Looked at lazily: a report only stores its due, and
 * whoever is looked at too early is put where he is to be looked at next. So a workload costs one
 * look in the time that it promised, and two words to be found.
 *
 * Places are seconds of the log, in a ring of DUE_RING_SPAN_S: who is due later than that is looked
 * at when the ring comes round.
 */
#ifndef HALLMARK_SIGNER_CHRONICLE_DUE_RING_H
#define HALLMARK_SIGNER_CHRONICLE_DUE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "signer/ledger/heads/workload.h"

/* Most workloads report in minutes, and are looked at once for each report that they promised. */
#define DUE_RING_SPAN_S 1024

struct due_ring {
	struct workload *place[DUE_RING_SPAN_S]; /* by second */
	uint64_t looked_s;                       /* everything up to this second was looked at */
};

/* Nothing before this second is looked at. */
void due_ring_begin(struct due_ring *d, uint64_t now_s);

/*
 * As if nothing behind `now_s`, which is earlier than what was looked at, had been: dues are to be
 * set anew. Who waits for a due is looked at within a round of the ring, or earlier.
 */
void due_ring_set_back(struct due_ring *d, uint64_t now_s);

/*
 * The workload's due was set: it is looked at right after that, or a little earlier. One that is
 * elsewhere (due_ring_move) stays there.
 */
void due_ring_set(struct due_ring *d, struct workload *w);

/*
 * Looks at all whose place is not behind `now_s`, but at `most` of them: who is overdue is taken
 * out and given to `over`. True when all were looked at.
 */
bool due_ring_look(struct due_ring *d, uint64_t now_s, size_t most,
    void (*over)(void *context, struct workload *w), void *context);

/* From wherever it is into a list of somebody else's; and out of that. */
void due_ring_move(struct workload *w, struct workload **list);
void due_ring_leave(struct workload *w);

#endif
