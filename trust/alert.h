/*
 * Alerts by which a peer ends a TLS connection (RFC 8446, section 6).
 */
#ifndef HALLMARK_TRUST_ALERT_H
#define HALLMARK_TRUST_ALERT_H

/*
 * The alert that came, in words ("unknown CA"), if it is what is in OpenSSL's queue of errors,
 * which stays as it is; else NULL. Static storage.
 */
const char *alert_received(void);

#endif
