/*
 * What the signer takes from files, at its start and with each reload: configuration, policy, and
 * TLS settings for every front. All of it or, if anything is wrong, nothing.
 */
#ifndef HALLMARK_SIGNER_LOADING_LOADED_H
#define HALLMARK_SIGNER_LOADING_LOADED_H

#include "config/faults.h"
#include "config/signer_config.h"
#include "policy/policy.h"
#include "proto/err.h"
#include "signer/chronicle/ceremony.h"
#include "signer/front/front.h"
#include "signer/front/tls_library.h"
#include "trust/renewal.h"

/* OpenSSL for each front, made when it is first needed and kept over reloads. */
struct loaded_libraries {
	struct tls_library *library[FRONTS_MAX];
};
void loaded_libraries_free(struct loaded_libraries *l);

struct loaded {
	struct signer_config *config;
	struct policy *policy;
	struct ceremony ceremony; /* for a log that begins */
	unsigned fronts;          /* how many settings there are */
	struct conn_settings *settings[FRONTS_MAX];
	struct renewal renewal; /* of the files of TLS, from before they were read */
};

/*
 * Reads it all; goes on after a fault, to find the others too. `fronts` 0: as many as the
 * configuration says. Library contexts are made where they are not there yet. ERR_CONFIG with
 * faults, and everything in `out` NULL.
 */
enum err loaded_read(const char *path, unsigned fronts, struct loaded_libraries *libraries,
    struct loaded *out, struct faults *faults) MUST_USE;

/*
 * Reads the files of TLS alone, by a configuration that is in force: `out` gets settings, and no
 * configuration or policy. Stricter than at a start, because what is in force works: own
 * certificate, CAs and lists are to be valid now, and the own chain whole.
 */
enum err loaded_renew(const struct signer_config *config, unsigned fronts,
    struct loaded_libraries *libraries, struct loaded *out, struct faults *faults) MUST_USE;

/* Frees what was not moved out (and set to NULL). */
void loaded_free(struct loaded *l);

/*
 * Adds a fault for everything that a running signer cannot change: where it listens, and where its
 * log and its key are. False if there is any.
 */
bool loaded_may_replace(
    const struct signer_config *old, const struct signer_config *new, struct faults *faults);

#endif
