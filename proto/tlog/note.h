/*
 * Signed note (C2SP signed-note): a text, an empty line, and one line per signature:
 *
 *   U+2014 ' ' key name ' ' base64(4-byte key ID || signature) '\n'
 *
 * Two kinds of key are known. Signing happens in the token; here the signature is put in its place.
 *
 *   ECDSA P-256  type 0x02. Key ID = SHA-256(SPKI)[:4]; signature = DER over SHA-256 of the text.
 *   RSA          type 0xff, then the identifier "hallmark-rsa-pkcs1-sha256/1".
 *                Key ID = SHA-256(name || 0A || FF || identifier || SPKI)[:4];
 *                signature = RSASSA-PKCS1-v1_5 with SHA-256 of the text (RFC 8017, 8.2).
 *
 * Stricter than the format, so that no changed byte of what this key signed verifies: an ECDSA
 * signature must be in the one DER form and have the lower of its two s values (of (r, s) and
 * (r, n-s) both verify). Signatures of this key that break this rule count as wrong, and so does a
 * second one by the same key. A text may not have DEL and C1 controls either, nor a key name
 * characters that hide or reorder (text.h). A key is a name and a key ID together. What other keys
 * signed is not looked at beyond its form: anybody may add such lines, and take them away.
 */
#ifndef HALLMARK_PROTO_TLOG_NOTE_H
#define HALLMARK_PROTO_TLOG_NOTE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define NOTE_KEY_ID_SIZE    4     /* bytes */
#define NOTE_SIGNATURES_MAX 64    /* signed-note demands 16 at least: ours and many witnesses */
#define NOTE_SIZE_MAX       65536 /* bytes; a checkpoint with 64 RSA-4096 signatures is 48 KiB */

struct note_signature {
	struct view name;
	uint8_t key_id[NOTE_KEY_ID_SIZE];
	struct view base64; /* of key ID and signature, as it stands in the note */
};

/* A note taken apart; views into the note's bytes. */
struct note {
	struct view text; /* with its final newline: what is signed */
	size_t signature_count;
	struct note_signature signature[NOTE_SIGNATURES_MAX];
};

/* A public key by which notes are checked, under one name. */
struct note_verifier;

/*
 * Takes a reference on `key` (P-256 or RSA of 2048 bits and more; ERR_UNSUPPORTED otherwise) and
 * copies `name` (ERR_FORMAT if no key may have it). ERR_MEMORY, ERR_CRYPTO.
 */
enum err note_verifier_new(const char *name, EVP_PKEY *key, struct note_verifier **out) MUST_USE;
void note_verifier_free(struct note_verifier **v);
const uint8_t *note_verifier_key_id(const struct note_verifier *v);
EVP_PKEY *note_verifier_key(const struct note_verifier *v); /* borrowed */
const char *note_verifier_name(const struct note_verifier *v);

/* Appends the verifier key line `name+hex(key ID)+base64(type || SPKI)` without a newline. */
enum err note_verifier_write(const struct note_verifier *v, struct buf *to) MUST_USE;

/*
 * Takes a note apart, with every rule of the format; nothing is verified. ERR_FORMAT,
 * ERR_FORMAT_BASE64, ERR_FORMAT_SIZE (over NOTE_SIZE_MAX, or too many signatures), ERR_MEMORY.
 */
enum err note_parse(struct view bytes, struct note *out) MUST_USE;

/*
 * ERR_OK if the note carries a valid signature by `v` (name and key ID agree), wherever among the
 * lines. ERR_UNKNOWN_KEY if it carries none; ERR_SIGNATURE if one that claims to be by `v` does not
 * verify, ERR_FORMAT if there are two. Signatures by other keys are ignored.
 */
enum err note_verify(const struct note *n, const struct note_verifier *v) MUST_USE;

/*
 * Appends a whole note: `text` (which must end in '\n'), the empty line and one signature line.
 * `signature` is in the note's own form (DER for ECDSA).
 */
enum err note_write(struct view text, const struct note_verifier *v, struct view signature,
    struct buf *to) MUST_USE;

/*
 * Appends a raw P-256 signature (r || s, 32 bytes each, as CKM_ECDSA gives it) in the note's form:
 * DER, s replaced by n-s where that is lower. ERR_SIGNATURE if r or s is zero or not below n.
 */
enum err note_ecdsa_from_raw(const uint8_t raw[64], struct buf *to) MUST_USE;

#endif
