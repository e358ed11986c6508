/*
 * Values and paths that stand hidden in a component: the form that they have, and how an honest one
 * that looks like it is told apart (proto/PROTOCOL.md, section 4, "What is hidden").
 *
 *   hmac-sha256:<16 hex: id of the key>:<64 hex>
 *
 * An honest one that begins with "hmac-sha256:" has another colon behind these twelve bytes. So
 * none is ever taken for a hidden one, nor for another honest one. Who compares needs no key.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_REDACTED_H
#define HALLMARK_PROTO_EVIDENCE_REDACTED_H

#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/digest.h"

#define REDACTED_PREFIX      "hmac-sha256:"
#define REDACTED_KEY_ID_SIZE 16 /* hexadecimal digits */
#define REDACTED_SIZE        (12 + REDACTED_KEY_ID_SIZE + 1 + DIGEST_HEX_SIZE)

/* Exactly the form. */
bool redacted_is(struct view v);

/* Of such a one, the id of its key. */
struct view redacted_key_id(struct view v);

/* Begins as the form does: an honest one has to be told apart, a pattern can be none. */
bool redacted_is_alike(struct view v);

/* REDACTED_SIZE bytes. */
void redacted_append(struct buf *to, struct view key_id, const struct digest *mac);

/* An honest one, told apart where it has to be. */
void redacted_append_honest(struct buf *to, struct view v);

#endif
