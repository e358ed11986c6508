/*
 * When to look whether a workload is absent. Looked at lazily: a report only stores its due, and
 * whoever is looked at too early is put where he is to be looked at next. So a workload costs one
 * look in the time that it promised, and two words to be found.
 *
 * Places are seconds of the log, in a ring of DUES_SPAN_S: who is due later than that is looked at
 * when the ring comes round.
 */
#ifndef HALLMARK_SIGNER_CHRONICLE_DUES_H
#define HALLMARK_SIGNER_CHRONICLE_DUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "signer/ledger/workload.h"

/* Most workloads report in minutes, and are looked at once for each report that they promised. */
#define DUES_SPAN_S 1024

struct dues {
	struct workload *place[DUES_SPAN_S]; /* by second */
	uint64_t looked_s;                   /* everything up to this second was looked at */
};

/* Nothing before this second is looked at. */
void dues_begin(struct dues *d, uint64_t now_s);

/*
 * The workload's due was set: it is looked at right after that, or a little earlier. One that is
 * elsewhere (dues_move) stays there.
 */
void dues_set(struct dues *d, struct workload *w);

/*
 * Looks at all whose place is not behind `now_s`, but at `most` of them: who is overdue is taken
 * out and given to `over`. True when all were looked at.
 */
bool dues_look(struct dues *d, uint64_t now_s, size_t most,
    void (*over)(void *context, struct workload *w), void *context);

/* From wherever it is into a list of somebody else's; and out of that. */
void dues_move(struct workload *w, struct workload **list);
void dues_leave(struct workload *w);

#endif
