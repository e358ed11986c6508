/*
 * The key under which values are hidden before they leave the host, the same on all hosts that one
 * policy is for. Its file has 64 hexadecimal digits in lower case and perhaps a line feed, belongs
 * to root or to whom it is read by, and is closed to everybody else:
 *
 *   (umask 077; openssl rand -hex 32 >/etc/hallmark/redaction.key)
 *
 * What is hidden is an HMAC-SHA-256 over all of: the label, a kind, a name, the value, each behind
 * its size in four bytes, big-endian. So one secret in two places does not show as one, and whoever
 * has no key cannot try what it may be.
 *
 *   kind               name          value
 *   kind of component  the fact's    the fact's value
 *   "path"             -             a file's path
 *   "content"          the path      the 32 bytes of its digest
 *   "detail"           the path      a detail of it, whole
 *
 * The key's id is the first eight bytes of the same over the kind "key" with nothing else.
 */
#ifndef HALLMARK_COLLECTOR_GROUND_REDACTION_KEY_H
#define HALLMARK_COLLECTOR_GROUND_REDACTION_KEY_H

#include "collector/ground/trouble.h"
#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/evidence/redacted.h"

#define REDACTION_KEY_SIZE 32 /* bytes */

struct redaction_key {
	uint8_t bytes[REDACTION_KEY_SIZE];
	char id[REDACTED_KEY_ID_SIZE + 1];
};

/* ERR_UNSUPPORTED, with the trouble: it cannot be read, is open to others, or is none. */
enum err redaction_key_load(
    const char *path, struct redaction_key *out, struct trouble *t) MUST_USE;

/* Wipes it. */
void redaction_key_end(struct redaction_key *k);

/* Aborts where there is no SHA-256, as proto/digest.h. */
void redaction_key_mac(const struct redaction_key *k, const char *kind, struct view name,
    struct view value, struct digest *out);

/* Appends the hidden form of a value. */
void redaction_key_append(const struct redaction_key *k, const char *kind, struct view name,
    struct view value, struct buf *to);

#endif
