/*
 * What OpenSSL says of a failure, in words that help: its queue of errors has the reason, then what
 * each caller within OpenSSL adds, which is only whose call it was ("EVP lib").
 */
#ifndef HALLMARK_TRUST_CRYPTO_REASON_H
#define HALLMARK_TRUST_CRYPTO_REASON_H

/* The oldest reason that is one; NULL if there is none. The queue is emptied. Static storage. */
const char *crypto_reason(void);

/* The newest one, for libraries that say first what they tried. */
const char *crypto_reason_newest(void);

#endif
