/*
 * SHA-256 of many messages at once: for the tree, whose cost is that of its hashes.
 *
 * SHA-256 is a chain: each step waits for the one before, so that one message cannot use more than
 * a part of a processor. Sixteen messages, side by side in the lanes of wide registers (AVX-512),
 * can. Where the processor has none, and where there are few messages, OpenSSL does the work
 * (proto/digest.h); both give the same digests, which the tests compare at every length.
 */
#ifndef HALLMARK_PROTO_DIGEST_MANY_H
#define HALLMARK_PROTO_DIGEST_MANY_H

#include <stddef.h>

#include "proto/bytes.h"
#include "proto/digest.h"

/* Messages that go side by side: give as many at once, or a multiple. */
#define DIGEST_LANES 16

#define DIGEST_HEAD_MAX 63 /* bytes: less than a block, so that a head ends in the first one */

/* A message is its head and behind it its body. */
struct digest_message {
	struct view head;
	struct view body;
};

/* Hashes `count` messages. A head over DIGEST_HEAD_MAX aborts. */
void digest_of_messages(const struct digest_message *message, size_t count, struct digest *out);

#endif
