/*
 * The key of a log that is pinned in the configuration, by its certificate.
 */
#ifndef HALLMARK_COLLECTOR_GROUND_LOG_KEY_H
#define HALLMARK_COLLECTOR_GROUND_LOG_KEY_H

#include <openssl/evp.h>

#include "collector/ground/trouble.h"
#include "proto/err.h"

/* The public key of the first certificate (PEM) in the file; *out is NULL first. ERR_CONFIG with
 * the trouble. */
enum err log_key_load(const char *path, EVP_PKEY **out, struct trouble *t) MUST_USE;

#endif
