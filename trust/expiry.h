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
#define EXPIRY_URGENT_PART 3 /* a third */
/*
 * The certificate of a log's key lives for years, and a person has to go to a CA with it, by rules
 * that may want several: a month, a week and a day before.
 */
#define EXPIRY_LOG_NEAR_S   (30 * 86400)
#define EXPIRY_LOG_URGENT_S (7 * 86400)
#define EXPIRY_LOG_LAST_S   86400
#define EXPIRY_SAY_AGAIN_S  86400 /* while it is near its end or over */
#define EXPIRY_LEFT_SIZE    32    /* bytes, with NUL */

/* LAST is of a log's certificate alone. */
enum expiry_state { EXPIRY_FAR, EXPIRY_NEAR, EXPIRY_URGENT, EXPIRY_LAST, EXPIRY_OVER };

struct expiry {
	const char
	    *key; /* as the configuration has it ("tls.certificate"); NULL: nothing is there */
	char name[CERTIFICATE_NAME_SIZE];
	int64_t from_s, to_s; /* to_s INT64_MAX: without an end */
	bool of_log;          /* the certificate of a log's key, or one of the CAs behind it */
	enum expiry_state said;
	int64_t said_s;
};

/*
 * What ends first: of a log's certificates; of a context's own chain; of CAs, where one that is
 * over does not count if another of its name is valid longer; of lists, deltas left out. Of
 * nothing: key NULL.
 */
void expiry_of_log(struct expiry *e, const char *key, const STACK_OF(X509) * chain);
void expiry_of_chain(struct expiry *e, const char *key, const SSL_CTX *ctx);
void expiry_of_authorities(struct expiry *e, const char *key, const struct authorities *a);
void expiry_of_revocations(struct expiry *e, const char *key, const struct revocations *r);

enum expiry_state expiry_state(const struct expiry *e, int64_t now_s);
const char *expiry_state_name(
    enum expiry_state state); /* "far", "near", "urgent", "last", "over" */

/*
 * Whether it is to be said now: it is near its end or over, and this was not said yet, or a day
 * ago. It counts as said then.
 */
bool expiry_is_to_be_said(struct expiry *e, int64_t now_s);

/* "13 days left", "2 h left", "40 s left"; "over for 3 days". */
const char *expiry_left(const struct expiry *e, int64_t now_s, char to[EXPIRY_LEFT_SIZE]);

#endif
