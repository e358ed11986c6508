/*
 * The CAs that a program trusts, from a PEM file, to be found by name.
 *
 * A file that is kept for years holds CAs that are over beside those that took their place. The
 * finder passes over what is not valid at that moment: else an intermediate CA that is over would
 * hide the renewed one that the peer sends with its chain.
 */
#ifndef HALLMARK_TRUST_AUTHORITIES_H
#define HALLMARK_TRUST_AUTHORITIES_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/err.h"

struct authorities;

/*
 * The certificates of a file; other blocks are passed over. `library` is OpenSSL's context that
 * they are used with, NULL for the default one. ERR_CONFIG with a fault of `file`, which the
 * configuration names under `key`: there is none, or one cannot be read. *out NULL then.
 */
enum err authorities_parse(const char *file, const char *key, struct view pem,
    OSSL_LIB_CTX *library, struct faults *faults, struct authorities **out) MUST_USE;
void authorities_free(struct authorities **a);

/* Those of one name stand one behind the other; borrowed. */
size_t authorities_count(const struct authorities *a);
X509 *authorities_at(const struct authorities *a, size_t index);

/*
 * The one that issued `certificate`, by name and by what both say of the key; no signature is
 * looked at. One that is valid at `now_s`; where there is none NULL and, in *over, one that is not
 * (if `over` is not NULL). Borrowed.
 */
X509 *authorities_find_issuer(
    const struct authorities *a, X509 *certificate, int64_t now_s, X509 **over);

/* Those of this name, `*count` of them, one behind the other from the index on that is returned. */
size_t authorities_named(const struct authorities *a, const X509_NAME *name, size_t *count);

/* Whether one of this name, which may be a renewal of another, is valid at `now_s`. */
bool authorities_has_valid(const struct authorities *a, const X509_NAME *name, int64_t now_s);

#endif
