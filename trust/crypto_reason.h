/*
 * What OpenSSL says of a failure, in words that help: its queue of errors has the reason, then what
 * each caller within OpenSSL adds, which is only whose call it was ("EVP lib").
 */
#ifndef HALLMARK_TRUST_CRYPTO_REASON_H
#define HALLMARK_TRUST_CRYPTO_REASON_H

#include <stdbool.h>

/* The oldest reason that is one; NULL if there is none. The queue is emptied. Static storage. */
const char *crypto_reason(void);

/*
 * The alert by which the peer ended a TLS connection, in the words of RFC 8446 ("unknown CA"), if
 * that is in the queue, which stays as it is; else NULL. Static storage.
 */
const char *crypto_reason_alert(void);

#endif
