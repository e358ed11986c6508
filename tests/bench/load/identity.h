/*
 * Who the load is: one collector for all connections, or one for each, with certificates made here
 * by the tests' CA. All certificates share one key: making keys is not what is measured.
 */
#ifndef HALLMARK_LOAD_IDENTITY_H
#define HALLMARK_LOAD_IDENTITY_H

#include <openssl/ssl.h>

#include "tests/bench/load/options.h"

struct identities;

/* Ends the program, with the reason, if files cannot be read. */
struct identities *identities_new(const struct options *o);
void identities_free(struct identities **i);

/* Gives connection `number` its certificate: spiffe://test/load or spiffe://test/load-<number>. */
void identities_apply(const struct identities *i, SSL *ssl, unsigned number);

#endif
