/*
 * The transition of a log from one key to the next: a signed note (note.h) that both of them have
 * signed, under the log's origin as name.
 *
 *   hallmark key transition v1 '\n'
 *   origin <origin> '\n'
 *   from <base64 of the old key's SubjectPublicKeyInfo> '\n'
 *   to <base64 of the new key's> '\n'
 *   time <decimal, seconds since 1970, when it was ordered> '\n'
 *   '\n'
 *   the old key's signature line, the new key's; no other
 *
 * The old key says who follows it, the new one that it follows: neither alone moves a log. Its
 * first line has blanks, so it is no checkpoint, and its text has line feeds, so it is nothing that
 * a JWS is over. At which size the log goes over is not in it: that is where it stands in the log
 * (PROTOCOL.md, section 9).
 */
#ifndef HALLMARK_PROTO_TLOG_TRANSITION_H
#define HALLMARK_PROTO_TLOG_TRANSITION_H

#include <openssl/evp.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/tlog/checkpoint.h"

#define TRANSITION_SIZE_MAX 16384 /* bytes: two keys of RSA-8192 and what they sign are 9,000 */

struct transition_key {
	EVP_PKEY *key;    /* owned */
	struct digest id; /* SHA-256 of its SubjectPublicKeyInfo */
};

struct transition {
	char origin[CHECKPOINT_ORIGIN_MAX + 1];
	struct transition_key from, to;
	uint64_t time_s;
	struct digest digest; /* SHA-256 of the note: its name */
};

/* Appends the text, which both are to sign; the keys as SubjectPublicKeyInfo. */
void transition_write(
    const char *origin, struct view from, struct view to, uint64_t time_s, struct buf *text);

/*
 * Takes a transition in its one form, with both signatures verified. Another form: ERR_FORMAT and
 * others of its class; ERR_UNSUPPORTED for another version or a key that signs no notes;
 * ERR_UNKNOWN_KEY where one of the two has not signed; ERR_SIGNATURE; ERR_MEMORY. To be freed also
 * after an error.
 */
enum err transition_parse(struct view note, struct transition *out) MUST_USE;
void transition_free(struct transition *t);

#endif
