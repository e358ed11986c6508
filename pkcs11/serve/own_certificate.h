/*
 * The certificate that the key process serves with, and those of the CAs behind it in its file.
 *
 * The key alone is what signatures are held to, and it stays; the certificate may be renewed while
 * it serves. The file is looked at from time to time: a new one of the same key takes the place of
 * the old one, and the token is not asked. What is wrong with a file is said once, and what was
 * there before stays.
 */
#ifndef HALLMARK_PKCS11_SERVE_OWN_CERTIFICATE_H
#define HALLMARK_PKCS11_SERVE_OWN_CERTIFICATE_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "pkcs11/ground/file_identity.h"
#include "proto/bytes.h"
#include "proto/err.h"

struct own_certificate {
	const char *path;
	STACK_OF(X509) * chain; /* the key's first; NULL before it was read */
	EVP_PKEY *key;          /* of the first that was read, for good */
	struct file_identity seen;
};

/* `path` outlives it. What certificate_read_chain gives; explained. */
enum err own_certificate_open(struct own_certificate *o, const char *path) MUST_USE;
void own_certificate_free(struct own_certificate *o);

/*
 * Says what is wrong with dates and order, no more: a log does not stop for the date in a
 * certificate; auditors see it too.
 */
void own_certificate_tell(const struct own_certificate *o);

/* Looks at the file; true if a renewed certificate was taken. */
bool own_certificate_is_renewed(struct own_certificate *o);

/* Appends the DER of all, one behind the other. */
enum err own_certificate_append(const struct own_certificate *o, struct buf *to) MUST_USE;

#endif
