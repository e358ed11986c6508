/*
 * One revocation list (RFC 5280, section 5) in the form in which it is asked at each handshake: its
 * serial numbers, sorted, and the dates between which it holds. A list of 200,000 entries takes
 * 6 MiB; its signature is verified once, not at each handshake.
 *
 * Lists with a scope (issuing distribution point) are taken for what they are about: certificates
 * of CAs or of others alone, of one distribution point. A delta list adds to what is revoked. What
 * is revoked by any list of its issuer is revoked; only a list about a certificate has to be valid
 * at the time. Not taken: indirect lists, those of attribute certificates, and what is critical and
 * not known.
 */
#ifndef HALLMARK_TRUST_REVOCATION_LIST_H
#define HALLMARK_TRUST_REVOCATION_LIST_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/err.h"

struct revocation_list;

/* From DER. ERR_CONFIG with the reason in *why (static storage), ERR_MEMORY; *out NULL then. */
enum err revocation_list_parse(
    struct view der, struct revocation_list **out, const char **why) MUST_USE;
void revocation_list_free(struct revocation_list **l);

const X509_NAME *revocation_list_issuer(const struct revocation_list *l);
int64_t revocation_list_from_s(const struct revocation_list *l); /* thisUpdate */
int64_t revocation_list_to_s(const struct revocation_list *l);   /* nextUpdate; INT64_MAX: none */
bool revocation_list_is_delta(const struct revocation_list *l);

/* Of the same key and about the same certificates, so that the newer one takes the other's place.
 */
bool revocation_list_is_alike(const struct revocation_list *a, const struct revocation_list *b);

struct revocation {
	int64_t since_s; /* of its revocation, or of its invalidity if that is earlier */
	bool key_taken;  /* the reason given is that others may have its key (keyCompromise,
			    cACompromise, aACompromise) */
};

/* Whether this serial number is in it, and then how, if `out` is not NULL. */
bool revocation_list_has(
    const struct revocation_list *l, const ASN1_INTEGER *serial, struct revocation *out);

/* Whether it may be signed by this CA's key, by what it says of the key. */
bool revocation_list_is_by(const struct revocation_list *l, const X509 *issuer);

/*
 * Whether a CA of the right name has signed it; that is computed once for each key, and a list that
 * one has signed stays good. Safe for use by many threads.
 */
bool revocation_list_is_good(const struct revocation_list *l);
bool revocation_list_verify(struct revocation_list *l, const X509 *issuer);

/* Whether it is about this certificate: had that been revoked, it would be in it. */
bool revocation_list_covers(const struct revocation_list *l, X509 *certificate);

#endif
