/*
 * When certificates and revocation lists end: what is said about it, when and how often.
 */
#ifndef HALLMARK_TRUST_EXPIRY_H
#define HALLMARK_TRUST_EXPIRY_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "trust/authorities.h"
#include "trust/certificate_text.h"
#include "trust/revocations.h"

/*
 * So long before its end something is near it: time for whoever has to renew it by hand. What is
 * renewed by itself lives shorter than that, or is near it often: it is urgent when of its whole
 * life this part is left, in which a renewal should have come.
 */
#define EXPIRY_NEAR_S      (14 * 86400)
#define EXPIRY_URGENT_PART 3     /* a third */
#define EXPIRY_SAY_AGAIN_S 86400 /* while it is near its end or over */
#define EXPIRY_LEFT_SIZE   32    /* bytes, with NUL */

enum expiry_state { EXPIRY_FAR, EXPIRY_NEAR, EXPIRY_URGENT, EXPIRY_OVER };

struct expiry {
	const char
	    *key; /* as the configuration has it ("tls.certificate"); NULL: nothing is there */
	char name[CERTIFICATE_NAME_SIZE];
	int64_t from_s, to_s; /* to_s INT64_MAX: without an end */
	enum expiry_state said;
	int64_t said_s;
};

/*
 * What ends first: of a certificate; of a context's own chain; of CAs, where one that is over does
 * not count if another of its name is valid longer; of lists, deltas left out. Of nothing: key
 * NULL.
 */
void expiry_of_certificate(struct expiry *e, const char *key, const X509 *certificate);
void expiry_of_chain(struct expiry *e, const char *key, const SSL_CTX *ctx);
void expiry_of_authorities(struct expiry *e, const char *key, const struct authorities *a);
void expiry_of_revocations(struct expiry *e, const char *key, const struct revocations *r);

enum expiry_state expiry_state(const struct expiry *e, int64_t now_s);

/*
 * Whether it is to be said now: it is near its end or over, and this was not said yet, or a day
 * ago. It counts as said then.
 */
bool expiry_is_to_be_said(struct expiry *e, int64_t now_s);

/* "13 days left", "2 h left", "40 s left"; "over for 3 days". */
const char *expiry_left(const struct expiry *e, int64_t now_s, char to[EXPIRY_LEFT_SIZE]);

#endif
