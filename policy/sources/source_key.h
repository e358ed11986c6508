/*
 * Keys whose signatures count, from files.
 */
#ifndef HALLMARK_POLICY_SOURCES_SOURCE_KEY_H
#define HALLMARK_POLICY_SOURCES_SOURCE_KEY_H

#include "policy/sources/source_options.h"

#define SOURCE_KEY_SIZE_MAX 65536 /* bytes of a PEM file */

/*
 * Adds the public key in PEM ("BEGIN PUBLIC KEY") of a file. ERR_CONFIG, with a fault, if there is
 * none, or one of another kind than proto/statement/statement_key.h has.
 */
enum err source_key_load(const char *file, struct faults *faults, struct source_keys *to) MUST_USE;

#endif
