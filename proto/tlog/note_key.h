/*
 * Keys of signed notes (note.h): what is signed with them how, by which ID a signature line names
 * one, and the line by which others are told one (C2SP signed-note):
 *
 *   name '+' hex(key ID) '+' base64(type || key)
 *
 *   Ed25519       type 0x01, the 32 bytes of the key.
 *                 Key ID = SHA-256(name || 0A || 01 || key)[:4]; Ed25519 over the text.
 *   ECDSA         type 0x02, the SubjectPublicKeyInfo, on P-256 or P-384.
 *                 Key ID = SHA-256(SPKI)[:4]; DER over SHA-256 of the text.
 *   RSA           type 0xff, an identifier of our own, the SubjectPublicKeyInfo.
 *                 Key ID = SHA-256(name || 0A || FF || identifier || SPKI)[:4]
 *      "hallmark-rsa-pkcs1-sha256/1"  RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2)
 *      "hallmark-rsa-pss-sha256/1"    RSASSA-PSS with SHA-256, MGF1 with SHA-256, 32 bytes of salt
 *                                     (RFC 8017, 8.1)
 *
 * Type 0x06, ML-DSA-44 (C2SP tlog-cosignature), has its form and no code: what is signed by it is
 * ignored, as is every key that is not known.
 *
 * Stricter than the format, so that no changed byte of what a key signed verifies: an ECDSA
 * signature must be in the one DER form and have the lower of its two s values (of (r, s) and
 * (r, n-s) both verify).
 */
#ifndef HALLMARK_PROTO_TLOG_NOTE_KEY_H
#define HALLMARK_PROTO_TLOG_NOTE_KEY_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define NOTE_KEY_ID_SIZE   4    /* bytes */
#define NOTE_KEY_LINE_MAX  4096 /* bytes of a verifier key line: one of RSA-16384 has 3,000 */
#define NOTE_RAW_ECDSA_MAX 96   /* bytes of r || s, of P-384 */

enum note_scheme { NOTE_ED25519, NOTE_ECDSA, NOTE_RSA_PKCS1, NOTE_RSA_PSS };

/* What stands before the key in a verifier key line: the type, and an identifier or "" behind it.
 */
uint8_t note_scheme_type(enum note_scheme scheme);
const char *note_scheme_identifier(enum note_scheme scheme);

/* A public key by which notes are checked, under one name. */
struct note_verifier;

/*
 * Takes a reference on `key` (Ed25519, P-256, P-384, or RSA of 2048 bits and more; ERR_UNSUPPORTED
 * otherwise) and copies `name` (ERR_FORMAT if no key may have it). An RSA key takes signatures of
 * both schemes, and writes PKCS #1 v1.5. ERR_MEMORY, ERR_CRYPTO.
 */
enum err note_verifier_new(const char *name, EVP_PKEY *key, struct note_verifier **out) MUST_USE;

/* The same of one scheme alone; ERR_UNSUPPORTED also if it is not one of the key's. */
enum err note_verifier_new_of(
    const char *name, EVP_PKEY *key, enum note_scheme scheme, struct note_verifier **out) MUST_USE;

/*
 * From a verifier key line without its newline, in its one form. ERR_FORMAT, ERR_FORMAT_BASE64;
 * ERR_UNSUPPORTED for another type or key; ERR_MISMATCH if the key ID is another key's.
 */
enum err note_verifier_read(struct view line, struct note_verifier **out) MUST_USE;

void note_verifier_free(struct note_verifier **v);
const uint8_t *note_verifier_key_id(const struct note_verifier *v); /* of what it writes */
EVP_PKEY *note_verifier_key(const struct note_verifier *v);         /* borrowed */
const char *note_verifier_name(const struct note_verifier *v);

/* How the key signs that has this ID: one of the verifier's. False, and nothing, if it has not. */
bool note_verifier_scheme(const struct note_verifier *v, const uint8_t id[NOTE_KEY_ID_SIZE],
    enum note_scheme *out) MUST_USE;

/* Appends the verifier key line, without a newline. */
enum err note_verifier_write(const struct note_verifier *v, struct buf *to) MUST_USE;

/* Whether `signature`, as it stands behind the key ID, is over `text`. ERR_SIGNATURE, ERR_CRYPTO,
 * ERR_MEMORY. */
enum err note_verifier_check(const struct note_verifier *v, enum note_scheme scheme,
    struct view text, struct view signature) MUST_USE;

/* Whether a key may have that name: ERR_FORMAT if not. */
enum err note_name_check(struct view name) MUST_USE;

/*
 * Puts n-s in the place of the s of a raw ECDSA signature where that is lower: both verify, and one
 * form is enough. The errors of the next.
 */
enum err note_ecdsa_lower(uint8_t *raw, size_t size) MUST_USE;

/*
 * Appends a raw ECDSA signature (r || s of one size, as CKM_ECDSA gives it: 64 bytes of P-256, 96
 * of P-384) in the note's form: DER, s replaced by n-s where that is lower. ERR_SIGNATURE if r or s
 * is zero or not below n, and for another size.
 */
enum err note_ecdsa_from_raw(struct view raw, struct buf *to) MUST_USE;

#endif
