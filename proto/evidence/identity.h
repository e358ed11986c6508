/*
 * Who a collector is, and whether it has vouched for a bundle: both by its X.509 certificate.
 */
#ifndef HALLMARK_PROTO_EVIDENCE_IDENTITY_H
#define HALLMARK_PROTO_EVIDENCE_IDENTITY_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/digest.h"
#include "proto/err.h"

#define IDENTITY_SIZE_MAX 512 /* bytes; a SPIFFE ID may have 2048, those in use have 200 */

/*
 * The identity that a certificate with this name has, for names that people write: of one without a
 * colon, which is a DNS name, in lower case. ERR_IDENTITY, and an empty one, if none can have it.
 */
enum err identity_of_name(struct view name, char identity[IDENTITY_SIZE_MAX + 1]) MUST_USE;

/* It is one as it stands. */
bool identity_is_valid(struct view name);

/*
 * The one URI of the certificate's subjectAltName; if it has no URI, its one DNS name, in lower
 * case, since DNS compares without it (RFC 4343). ERR_IDENTITY if there is neither, there are
 * several, or it is over-long or not printable ASCII. A URI has a scheme (RFC 3986, 3.1) and
 * something behind it, and a DNS name no colon: so no name of the one kind is one of the other (a
 * pattern may match both).
 */
enum err identity_of_certificate(X509 *certificate, char identity[IDENTITY_SIZE_MAX + 1]) MUST_USE;

/*
 * Checks a signature over a bundle's canonical bytes (bundle_signed_bytes) with the certificate's
 * key: ECDSA or RSA PKCS#1 v1.5 with SHA-256, or EdDSA. ERR_EVIDENCE_SIGNATURE, ERR_MEMORY.
 */
enum err identity_verify_bundle(
    X509 *certificate, struct view bundle, struct view signature) MUST_USE;

/* Appends the certificate in DER, and gives its SHA-256. ERR_CRYPTO, ERR_MEMORY. */
enum err identity_certificate_bytes(
    X509 *certificate, struct buf *der, struct digest *digest) MUST_USE;

/*
 * Appends the certificates one behind the other, as an evidence pack keeps them and an auditor
 * looks for them, and gives the SHA-256 of all of them. ERR_CRYPTO, ERR_MEMORY.
 */
enum err identity_chain_bytes(
    const STACK_OF(X509) * chain, struct buf *der, struct digest *digest) MUST_USE;

#endif
