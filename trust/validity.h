/*
 * What is wrong with certificates that are well formed: for `check`, so that
 * it is said before a peer refuses them. Nothing here stops a program that is running.
 *
 * A file that cannot be read, or has no PEM, is passed over: whoever loads it says so.
 */
#ifndef HALLMARK_TRUST_VALIDITY_H
#define HALLMARK_TRUST_VALIDITY_H

#include "config/faults.h"

enum validity_use {
	VALIDITY_CLIENT, /* a collector's chain: its first one names it (proto/evidence/identity.h)
			  */
	VALIDITY_SERVER, /* a signer's chain */
	VALIDITY_CA,     /* those that are trusted: one of them is to be valid now */
};

/* Adds faults of the file `path`, which the configuration names under `key`; NULL passes. */
void validity_check(
    const char *path, const char *key, enum validity_use use, struct faults *faults);

#endif
