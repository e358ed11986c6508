/*
 * A private key behind a pass phrase is refused: OpenSSL would ask for it at the terminal, where
 * nobody is, and a reload would wait there with all connections. So is a certificate or public key
 * that says it has one: it makes no program ask.
 */
#ifndef HALLMARK_CONFIG_PASS_PHRASE_H
#define HALLMARK_CONFIG_PASS_PHRASE_H

/* A pem_password_cb (OpenSSL): gives none, and sets the bool behind `asked` unless that is NULL. */
int pass_phrase_refuse(char *to, int size, int writing, void *asked);

#endif
