/*
 * What POST /v1/challenge is asked, in JSON: one object with
 *
 *   "alias": name, of one member                        or
 *   "log": name, "collector": identity, "workload": name
 *   "nonce": 8 to 64 bytes in base64url, as the report will have them, or "nonce_hex": in hex
 *
 * and nothing else. Two keys, because 16 hexadecimal digits are base64url, too.
 */
#ifndef HALLMARK_REGISTER_RELAY_CHALLENGE_BODY_H
#define HALLMARK_REGISTER_RELAY_CHALLENGE_BODY_H

#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/evidence/bundle.h"

#define CHALLENGE_BODY_MAX 4096 /* bytes: names of 512 and 128, and what JSON makes of them */

struct challenge_body {
	struct buf names;  /* what the views lie in */
	struct view alias; /* size 0: the others */
	struct view log, collector, workload;
	uint8_t nonce[BUNDLE_CHALLENGE_MAX];
	size_t nonce_size;
};

/* NULL, or what was expected: a sentence, static. To be freed whatever comes out. */
const char *challenge_body_parse(struct view json, struct challenge_body *out);
void challenge_body_free(struct challenge_body *b);

#endif
