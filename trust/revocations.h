/*
 * The revocation lists of a file, for all threads that verify peers: read and verified aside, then
 * looked up in microseconds.
 *
 * A certificate is checked by the lists that bear its issuer's name. It is refused if it stands in
 * any of them; if one that is about it is over, not yet valid, or not signed by its issuer. An
 * issuer without a list revokes nothing: `check` names those that have none.
 */
#ifndef HALLMARK_TRUST_REVOCATIONS_H
#define HALLMARK_TRUST_REVOCATIONS_H

#include <openssl/x509.h>
#include <stddef.h>
#include <stdint.h>

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "trust/authorities.h"
#include "trust/revocation_list.h"

struct revocations;

/*
 * The lists of a PEM file, where other blocks are passed over: a certificate in it does not become
 * one that is trusted. Or one list in DER, as CAs publish them (RFC 5280, section 4.2.1.13). Of two
 * that are alike the newer one is taken, unless it begins in the future. A list of a CA that is in
 * `a` has to be signed by it; one of another's is kept until a peer shows its CA; so are all where
 * `a` is NULL. ERR_CONFIG with a fault of `file`, which is named under `key`; *out NULL then. The
 * result has one reference.
 */
enum err revocations_parse(const char *file, const char *key, struct view bytes,
    const struct authorities *a, struct faults *faults, struct revocations **out) MUST_USE;

/* Safe for use by many threads. Both take NULL; the last release frees. */
struct revocations *revocations_hold(struct revocations *r);
void revocations_release(struct revocations **r);

/*
 * X509_V_OK, or the X509_V_ERR_ that says why `certificate` is not to be accepted. `issuer` is the
 * next one of its verified chain; NULL for the last one. A reference set of NULL accepts all.
 */
int revocations_check(struct revocations *r, X509 *certificate, const X509 *issuer, int64_t now_s);

size_t revocations_count(const struct revocations *r); /* of NULL: 0 */
const struct revocation_list *revocations_at(const struct revocations *r, size_t index);

/* Whether there is a whole list of the CA of this name. */
bool revocations_has_list_of(const struct revocations *r, const X509_NAME *issuer);

#endif
