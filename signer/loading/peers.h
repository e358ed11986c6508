/*
 * The operator's check of who would be let in: CAs, revocation lists, and one certificate to try.
 */
#ifndef HALLMARK_SIGNER_LOADING_PEERS_H
#define HALLMARK_SIGNER_LOADING_PEERS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "config/faults.h"
#include "config/signer_config.h"
#include "proto/evidence/identity.h"

/*
 * By the files of a configuration, and the context that was made from them. Adds faults where all
 * collectors of a CA would be refused, and notes: CAs that have no revocation list, lists whose CA
 * is not known, CAs that are over, an own chain that is not whole.
 */
void peers_check(
    const struct signer_config *c, SSL_CTX *tls, struct faults *faults, struct faults *notes);

/* The faults of these alone, for a renewal while the signer runs. */
void peers_check_valid(const struct signer_config *c, SSL_CTX *tls, struct faults *faults);

/*
 * Tries the certificate in the PEM file `path`, with what stands behind it as its chain: gives whom
 * it would be let in as, or adds a fault of the file.
 */
bool peers_check_as(
    const char *path, SSL_CTX *tls, struct faults *faults, char identity[IDENTITY_SIZE_MAX + 1]);

#endif
