/*
 * Timestamps of an authority (RFC 3161): a query about some bytes, and whether what came back
 * answers it.
 *
 * A reply is good if it grants, if its token is signed by a certificate for time stamping that
 * leads to the CAs that were named and is valid now, and if it is about these bytes (SHA-256) and
 * this query (nonce). Which time it says is the authority's word, and nothing is held against it:
 * that is what it is asked for.
 *
 * `openssl ts -verify -data BYTES -in REPLY -CAfile CA` checks the same but for the nonce.
 */
#ifndef HALLMARK_REGISTER_WITNESS_TIMESTAMP_H
#define HALLMARK_REGISTER_WITNESS_TIMESTAMP_H

#include "proto/bytes.h"
#include "proto/err.h"

/* Bytes of a reply: one with a chain of RSA certificates has some 6,000. */
#define TIMESTAMP_SIZE_MAX 65536

/* The CAs that are believed. */
struct timestamp_trust;

/* From a file with certificates in PEM. ERR_CONFIG if there is none in it, ERR_MEMORY. */
enum err timestamp_trust_load(const char *ca, struct timestamp_trust **out) MUST_USE;
void timestamp_trust_free(struct timestamp_trust **t);

/* A query; its reply is checked against it. */
struct timestamp_query;

/* About these bytes, with a nonce of its own. ERR_CRYPTO, ERR_MEMORY. */
enum err timestamp_query_new(struct view bytes, struct timestamp_query **out) MUST_USE;
void timestamp_query_free(struct timestamp_query **q);

/* Appends it as it is sent (application/timestamp-query). ERR_CRYPTO, ERR_MEMORY. */
enum err timestamp_query_write(const struct timestamp_query *q, struct buf *to) MUST_USE;

#define TIMESTAMP_WHY_SIZE 160 /* bytes, with NUL */

/*
 * ERR_FORMAT if the bytes are not one reply (application/timestamp-reply) and nothing else,
 * ERR_FORMAT_SIZE over TIMESTAMP_SIZE_MAX; ERR_SIGNATURE if it does not answer the query, or is not
 * of whom is believed; ERR_MEMORY. `why` says it in words.
 */
enum err timestamp_check(const struct timestamp_query *q, const struct timestamp_trust *t,
    struct view reply, char why[TIMESTAMP_WHY_SIZE]) MUST_USE;

#endif
