/*
 * DSSE v1 (github.com/secure-systems-lab/dsse): what a signature of an envelope is over.
 */
#ifndef HALLMARK_PROTO_STATEMENT_DSSE_H
#define HALLMARK_PROTO_STATEMENT_DSSE_H

#include "proto/bytes.h"

/*
 * Appends the pre-authentication encoding, which binds the payload's type:
 * "DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload, lengths in decimal bytes.
 */
void dsse_signed_bytes(struct view type, struct view payload, struct buf *to);

#endif
