/*
 * The operator's check of a configuration before it is used.
 */
#ifndef HALLMARK_SIGNER_CHECK_CHECK_H
#define HALLMARK_SIGNER_CHECK_CHECK_H

#include <stdbool.h>

/*
 * Reads the configuration and what it names: policy, reference sets, certificates and keys, the
 * key process's configuration or socket. `as`, if not NULL, is a certificate to be tried. Prints
 * every fault, one line each, on stderr; what is good and what is merely not there yet, on stdout;
 * with `json` all of it as one object on stdout. Returns the exit status: 0 without faults, else 1.
 */
int signer_check(const char *config_path, const char *as, bool json);

#endif
