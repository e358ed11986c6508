/*
 * The operator's check of who would be let in: CAs, revocation lists, and one certificate to try.
 */
#ifndef HALLMARK_SIGNER_CHECK_PEERS_H
#define HALLMARK_SIGNER_CHECK_PEERS_H

#include <openssl/ssl.h>

#include "config/faults.h"
#include "config/signer_config.h"

/*
 * By the files of a configuration, and the context that was made from them. Adds faults where all
 * collectors of a CA would be refused; prints notes on stdout: CAs that have no revocation list,
 * lists whose CA is not known, CAs that are over.
 */
void check_peers(const struct signer_config *c, SSL_CTX *tls, struct faults *faults);

/* The faults of these alone, for a renewal while the signer runs: nothing is printed. */
void check_peers_valid(const struct signer_config *c, SSL_CTX *tls, struct faults *faults);

/*
 * Tries the certificate in the PEM file `path`, with what stands behind it as its chain: prints
 * whom it would be let in as, or adds a fault of the file.
 */
void check_as(const char *path, SSL_CTX *tls, struct faults *faults);

#endif
