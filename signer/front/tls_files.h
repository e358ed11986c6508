/*
 * The files that TLS goes by, read once for all fronts: so that all have the same, and a list of
 * 200,000 revocations is read and verified once.
 */
#ifndef HALLMARK_SIGNER_FRONT_TLS_FILES_H
#define HALLMARK_SIGNER_FRONT_TLS_FILES_H

#include "config/faults.h"
#include "config/signer_config.h"
#include "proto/bytes.h"
#include "proto/err.h"
#include "trust/revocations.h"

struct tls_files {
	const struct signer_config *config; /* borrowed */
	struct buf certificate, client_ca;  /* PEM; empty where there is a fault */
	struct revocations *revocations;    /* NULL: none are configured */
};

/*
 * Reads them all; the key is read where it is used. A path that is NULL is a fault that was told
 * before (signer_config_inspect). ERR_CONFIG with faults; `out` is to be freed in any case.
 */
enum err tls_files_read(
    const struct signer_config *c, struct faults *faults, struct tls_files *out) MUST_USE;
void tls_files_free(struct tls_files *f);

#endif
