/*
 * SHA-256 (FIPS 180-4), the only hash of Hallmark's formats.
 *
 * The algorithm is fetched once and each thread keeps one context: an implicit fetch would cost
 * three times the hash of a tree node. This is the only state in proto/; it is freed at thread end.
 */
#ifndef HALLMARK_PROTO_DIGEST_H
#define HALLMARK_PROTO_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

#define DIGEST_SIZE     32 /* bytes */
#define DIGEST_HEX_SIZE 64 /* characters, without NUL */

struct digest {
	uint8_t bytes[DIGEST_SIZE];
};

/* Thirty-two zero bytes: "no predecessor". */
extern const struct digest DIGEST_ZERO;

/*
 * Hashes the concatenation of the parts. Aborts if the cryptographic library cannot hash at all:
 * there is nothing sensible to do without SHA-256.
 */
void digest_of(const void *data, size_t size, struct digest *out);
void digest_of_parts(const struct view *parts, size_t count, struct digest *out);

bool digest_equal(const struct digest *a, const struct digest *b);
bool digest_is_zero(const struct digest *d);
int digest_compare(const struct digest *a, const struct digest *b);

/* Writes 64 lower-case hexadecimal characters and a NUL. */
void digest_to_hex(const struct digest *d, char hex[DIGEST_HEX_SIZE + 1]);

/* Exactly 64 lower-case characters; ERR_FORMAT otherwise. */
enum err digest_from_hex(struct view hex, struct digest *out) MUST_USE;

#endif
