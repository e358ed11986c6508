/*
 * The status: what a signer says of itself, as one JSON object.
 *
 * The object is flat but for `verdicts`, `groups`, `expiry`, `counters`, `refusals`, `log_lines`
 * and `latency_us`. PROTOCOL.md does not cover it (doc/outputs.md): names are kept stable,
 * additions are allowed.
 */
#ifndef HALLMARK_SIGNER_STATUS_STATUS_H
#define HALLMARK_SIGNER_STATUS_STATUS_H

#include <stdint.h>

#include "proto/bytes.h"
#include "signer/session/service.h"

/* Appends the object and a line feed. */
void status_write(struct service *s, uint64_t uptime_s, struct buf *to);

#endif
