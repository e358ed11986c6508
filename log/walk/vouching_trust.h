/*
 * By whose word a collector, or a log's key, is who it says, as whoever audits named it: CAs, and
 * lists of what they have revoked. A signer names CAs of collectors too, in its policy; these here
 * are nobody else's.
 */
#ifndef HALLMARK_LOG_WALK_VOUCHING_TRUST_H
#define HALLMARK_LOG_WALK_VOUCHING_TRUST_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log/findings.h"
#include "log/outcome.h"
#include "policy/policy.h"

#define VOUCHING_FILE_SIZE_MAX (64UL * 1024 * 1024) /* bytes: a list of a million revocations */
#define VOUCHING_NAME_SIZE     256                  /* bytes of a CA's subject; cut beyond */

struct vouching_trust;

/* What the certificates are for. */
enum vouching_use {
	VOUCHING_COLLECTOR, /* a client of TLS: as the signer takes one */
	/*
	 * The key of a log: it may sign, where it says what it may; and where it says what it is
	 * for (extendedKeyUsage), that is not TLS alone.
	 */
	VOUCHING_LOG,
};

/*
 * Reads files in PEM or DER: certificates of CAs, revocation lists. Without the first there are
 * none; then a collector's chain is held against those of the policy. Says what is wrong as a step.
 * To be freed whatever comes out.
 */
enum outcome vouching_trust_load(enum vouching_use use, const char *const *cas, size_t ca_count,
    const char *const *crls, size_t crl_count, const struct findings *f,
    struct vouching_trust **out) MUST_USE;
void vouching_trust_free(struct vouching_trust **t);

/* CAs are named here. */
bool vouching_trust_has_cas(const struct vouching_trust *t);

/* What stands behind a certificate, the best first. */
enum vouching_chain {
	VOUCHING_GOOD,
	/* A CA does, and one of the certificates was not valid at that time, or is too weak. */
	VOUCHING_INVALID,
	VOUCHING_UNKNOWN, /* it could not be found out */
	VOUCHING_REVOKED, /* a CA does, and at that time one of the certificates was revoked */
	VOUCHING_FOREIGN, /* none of the CAs does */
};

/*
 * Of a log: others may have its key, or one of the CAs' behind it, since a time, as a revocation
 * list says, which may be about a later time than the one that is asked about. Whoever has the key
 * chooses the time in what it signs.
 */
struct vouching_taken {
	bool is;
	uint64_t since_s; /* the earliest; seconds since 1970 */
};

struct vouching_found {
	struct digest ca; /* SHA-256 of the CA's certificate; but for FOREIGN and UNKNOWN */
	char ca_name[VOUCHING_NAME_SIZE];  /* its subject */
	const char *reason;                /* for people; static text of OpenSSL's, or of ours */
	char at_fault[VOUCHING_NAME_SIZE]; /* of that reason, the certificate's subject; or empty */
	struct vouching_taken taken;
};

/*
 * Holds the chain, its holder's own certificate first, against the CAs that are named here, or,
 * of a collector, where `policy` is not NULL against those of the policy, as of `at_s`.
 */
enum vouching_chain vouching_trust_check(const struct vouching_trust *t,
    const struct policy *policy, STACK_OF(X509) * chain, uint64_t at_s,
    struct vouching_found *out) MUST_USE;

/* Which of the two counts. */
struct vouching_taken vouching_taken_earlier(struct vouching_taken a, struct vouching_taken b);

#endif
