/*
 * Sending what a signer wants of a bundle: components, and segments of those that are lists, in
 * parts, out of the state directory.
 */
#ifndef HALLMARK_COLLECTOR_REPORT_WANTED_H
#define HALLMARK_COLLECTOR_REPORT_WANTED_H

#include <stdint.h>

#include "collector/ground/trouble.h"
#include "collector/report/channel.h"
#include "collector/store/state.h"
#include "proto/err.h"
#include "proto/evidence/bundle.h"
#include "proto/wire/message.h"

/*
 * What a signer has to take at least, by and large, or it is given up: one that takes a byte now
 * and then would keep the collector from all else. A slow line, shared by thousands that come at
 * once.
 */
#define WANTED_BYTES_PER_S 4096U

/*
 * `part_max`: bytes that the signer takes at once. ERR_DIGEST: what is wanted was lost or altered
 * on our disk. ERR_MSG_ORDER, ERR_MSG_RANGE: it wants what the bundle does not have, or anything
 * twice. Else as channel_write, ERR_MEMORY.
 */
enum err wanted_send(struct channel *channel, uint64_t part_max, const struct bundle *b,
    const struct message_want *want, const struct state *components, struct trouble *t) MUST_USE;

#endif
