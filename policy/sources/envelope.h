/*
 * DSSE envelopes of others, in any spelling:
 *
 *   {"payloadType":str,"payload":base64,"signatures":[{"keyid":str?,"sig":base64},...]}
 *
 * base64 in either alphabet. A key id is only a hint, and not looked at: each signature is tried
 * with each key. Nothing of the payload is looked at before one of them holds.
 */
#ifndef HALLMARK_POLICY_SOURCES_ENVELOPE_H
#define HALLMARK_POLICY_SOURCES_ENVELOPE_H

#include <jansson.h>

#include "policy/sources/source_options.h"

#define ENVELOPE_SIGNATURES_MAX 16

/*
 * Appends the payload, signed by one of the keys that the options name, of the type that is
 * wanted. ERR_CONFIG, with a fault: no key is named, no signature is of any of them.
 */
enum err envelope_open(const char *file, const json_t *envelope, const char *payload_type,
    const struct source_options *o, struct faults *faults, struct buf *payload) MUST_USE;

#endif
