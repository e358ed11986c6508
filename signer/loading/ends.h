/*
 * What the signer has that ends: its certificates, CAs, revocation lists, the certificate of the
 * log's key, the time for which somebody has looked through the policy, its exceptions and windows.
 * It is said when something is near its end and when it is over, then daily.
 */
#ifndef HALLMARK_SIGNER_LOADING_ENDS_H
#define HALLMARK_SIGNER_LOADING_ENDS_H

#include <openssl/ssl.h>

#include "signer/session/service.h"

/* The files of TLS have been read. */
void ends_take(struct service *s, SSL_CTX *tls);

/* In the status. */
const char *ends_name(enum ends end);

/* Often: looks at the clock. */
void ends_say(struct service *s);

#endif
