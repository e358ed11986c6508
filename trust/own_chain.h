/*
 * A program's own certificate, with the chain that it shows to peers.
 */
#ifndef HALLMARK_TRUST_OWN_CHAIN_H
#define HALLMARK_TRUST_OWN_CHAIN_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "trust/verifier.h"

/*
 * Has the context show the certificates of a PEM file, its own first. `library` is the context's,
 * NULL for the default one. ERR_CONFIG with the reason in *why (static storage).
 */
enum err own_chain_use(
    SSL_CTX *ctx, OSSL_LIB_CTX *library, struct view pem, const char **why) MUST_USE;

/*
 * Whether peers can be expected to take it: its own certificate is valid now, and where others are
 * shown with it one of them has issued it. If not, `why` says what is wrong. For a renewal: half of
 * one is not to take the place of what works.
 */
bool own_chain_is_sound(const SSL_CTX *ctx, char why[VERIFIER_REASON_SIZE]);

#endif
