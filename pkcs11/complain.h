/*
 * One line on stderr: what was expected, what was found, what to do. Never a secret.
 */
#ifndef HALLMARK_PKCS11_COMPLAIN_H
#define HALLMARK_PKCS11_COMPLAIN_H

/* To be called once, before `serve`: lines become key=value, as the signer's log has them. */
void complain_as_log(void);

void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same with the reason from OpenSSL's (and so libp11's) error queue, which is emptied. */
void complain_crypto(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From a signal handler; `text` is plain ASCII. */
void complain_from_signal(const char *text);

#endif
