/*
 * Signed note (C2SP signed-note): a text, an empty line, and one line per signature:
 *
 *   U+2014 ' ' key name ' ' base64(4-byte key ID || signature) '\n'
 *
 * Which keys there are, and how they sign, is in note_key.h. Signing happens in the token; here the
 * signature is put in its place.
 *
 * Stricter than the format: a signature of a known key in another form than its one (note_key.h)
 * counts as wrong, and so does a second one by the same key. A text may not have DEL and C1
 * controls either, nor a key name characters that hide or reorder (text.h). A key is a name and a
 * key ID together; an RSA key has two IDs, of which a note has one. What other keys signed is not
 * looked at beyond its form: anybody may add such lines, and take them away.
 */
#ifndef HALLMARK_PROTO_TLOG_NOTE_H
#define HALLMARK_PROTO_TLOG_NOTE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/tlog/note_key.h"

#define NOTE_SIGNATURES_MAX 64 /* signed-note demands 16 at least: ours and many witnesses */

/* Bytes; a checkpoint with 64 RSA-4096 signatures is 48 KiB, one with 16 of ML-DSA-44 53 KiB. */
#define NOTE_SIZE_MAX 65536

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

/* Appends one more signature line, which makes a note with it of a note. */
enum err note_add(const struct note_verifier *v, struct view signature, struct buf *to) MUST_USE;

/* The same of any key: `bytes` is its key ID and what it writes behind that. ERR_MEMORY. */
enum err note_add_line(const char *name, struct view bytes, struct buf *to) MUST_USE;

#endif
