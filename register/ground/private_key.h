/*
 * The register's own keys, out of files that its user alone can read (the configuration has looked
 * at that).
 */
#ifndef HALLMARK_REGISTER_GROUND_PRIVATE_KEY_H
#define HALLMARK_REGISTER_GROUND_PRIVATE_KEY_H

#include <openssl/evp.h>

#include "proto/err.h"

/*
 * A private key in PEM, without a pass phrase. `event` is what is said in the journal if there is
 * none that is of Ed25519: ERR_CONFIG; ERR_MEMORY.
 */
enum err private_key_read(const char *path, const char *event, EVP_PKEY **out) MUST_USE;

#endif
