/*
 * Where relying parties find the keys that tokens are signed with (OpenID Connect Discovery 1.0,
 * section 4; RFC 7517):
 *
 *   GET /.well-known/openid-configuration   issuer, jwks_uri, algorithms
 *   GET /jwks                               the set that `hallmark-hsm jwks` has printed into a
 * file
 *
 * The file is read at each request, so that a new one needs no restart. It is public: one that has
 * a private or a symmetric key in it is not answered with. Whoever takes it from here trusts the
 * register, and TLS, about which keys are the log's: who does not pins them.
 */
#ifndef HALLMARK_REGISTER_DISCOVERY_DISCOVERY_H
#define HALLMARK_REGISTER_DISCOVERY_DISCOVERY_H

#include "register/front/route.h"

/* Lasts as long as the routes; both set. */
struct discovery {
	const char
	    *issuer; /* https URL without a slash at its end: `iss` of the tokens, to the byte */
	const char *keys; /* file */
};

/* Handlers for a thread of the pool; the context is the struct discovery. */
void discovery_answer(void *discovery, const struct request *r, struct response *out);
void discovery_answer_keys(void *discovery, const struct request *r, struct response *out);

#endif
