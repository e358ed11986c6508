/*
 * The record of a ceremony as a document: the payload, and the envelope (DSSE v1) in which those
 * who were present have signed it; their signatures stand in the order of `present`:
 *
 *   {"hallmark.transcript":origin,...,"present":[{"name":,"key":},...]}
 *
 *   {"payloadType":"application/vnd.hallmark.transcript+json","payload":"<base64>",
 *    "signatures":[{"keyid":"<hex>","sig":"<base64>"},...]}
 *
 * Both in the one spelling of proto/json/json_write.h. Who signs is who the payload lists, by the
 * keys that it lists; whether they are who they say, only those know who have their keys from
 * elsewhere. Read by people, so the payload may hold whatever members there are.
 */
#ifndef HALLMARK_PROTO_STATEMENT_TRANSCRIPT_DOCUMENT_H
#define HALLMARK_PROTO_STATEMENT_TRANSCRIPT_DOCUMENT_H

#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/statement/statement_key.h"

#define TRANSCRIPT_BEGIN "{\"hallmark.transcript\":"

#define TRANSCRIPT_PRESENT_MAX      16
#define TRANSCRIPT_ATTESTATIONS_MAX 4
#define TRANSCRIPT_KEYS_MAX         2       /* the log's key, and an Ed25519 key beside it */
#define TRANSCRIPT_NAME_MAX         128     /* bytes, as an operator's */
#define TRANSCRIPT_SIZE_MAX         1048576 /* bytes of a file: four attestations in base64 twice */

struct transcript_signer {
	struct view name;
	struct statement_key *key;
	struct buf signature; /* size 0: has not signed */
};

struct transcript_document {
	struct digest digest; /* of the file as it was read: payload or envelope */
	bool is_envelope;
	struct buf payload, strings; /* what the views are of */
	struct view origin;          /* of the log */
	size_t key_count;
	struct digest key[TRANSCRIPT_KEYS_MAX]; /* SHA-256 of the SubjectPublicKeyInfo of each */
	size_t count;
	struct transcript_signer signer[TRANSCRIPT_PRESENT_MAX];
};

/*
 * Reads a payload or an envelope. ERR_FORMAT; ERR_STATEMENT_KEY where somebody has signed who was
 * not there, or twice; ERR_SIGNATURE where a signature does not verify; ERR_MEMORY.
 */
enum err transcript_parse(struct view file, struct transcript_document *out) MUST_USE;
void transcript_document_free(struct transcript_document *d); /* also after an error */

/* How many of those who were present have not signed. */
size_t transcript_missing(const struct transcript_document *d);

/* Whether it is the record of this key of the log. */
bool transcript_has_key(const struct transcript_document *d, const struct digest *id);

/* The signer whose key has this id; NULL: nobody who was there. */
struct transcript_signer *transcript_find(
    struct transcript_document *d, const struct digest *key_id);

/* Appends what is signed. */
void transcript_signed_bytes(struct view payload, struct buf *to);

/* Appends the envelope with the signatures that there are. */
enum err transcript_write_envelope(const struct transcript_document *d, struct buf *to) MUST_USE;

/* Characters of a line's name: that of an attribute of the tenth key is as long. */
#define TRANSCRIPT_NAME_WIDTH "40"

/* Appends all that the payload says, a line for each value, and who has signed it. */
void transcript_print(const struct transcript_document *d, struct buf *to);

#endif
