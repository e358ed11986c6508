/*
 * `hallmark-audit replay`: derives each verdict again from policy, reference sets and evidence as
 * they are stored by digest, writes the report anew, and demands the same bytes.
 */
#ifndef HALLMARK_AUDITOR_REPLAY_H
#define HALLMARK_AUDITOR_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "auditor/outcome.h"

/* `all`: every report of the log; otherwise the one at `index`. */
enum outcome replay(
    const char *log, const char *evidence, const char *certificate, bool all, uint64_t index);

#endif
