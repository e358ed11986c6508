/*
 * The record of a ceremony: what the token says of itself and of the log's keys, when, and who was
 * there, with their public keys, by which each of them signs it afterwards (transcript_document.h).
 * PROTOCOL.md, section 13, has the form.
 */
#ifndef HALLMARK_PKCS11_TRANSCRIPT_H
#define HALLMARK_PKCS11_TRANSCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/hsm_config.h"
#include "pkcs11/token/token.h"
#include "proto/statement/transcript_document.h"

/* What the command line says. */
struct transcript_request {
	const char *path; /* of the file to be made; NULL: no transcript */
	size_t present_count, attestation_count;
	const char *present[TRANSCRIPT_PRESENT_MAX];          /* "name=file of the public key" */
	const char *attestation[TRANSCRIPT_ATTESTATIONS_MAX]; /* files */
};

struct transcript;

/*
 * Before anything is made: reads the keys of those present and the vendor's attestations, and makes
 * the file, which must not be there; `dry` looks whether it could. ERR_CONFIG, ERR_IO, ERR_MEMORY,
 * and what a key's file has; explained on stderr. *out is NULL where no transcript is asked for.
 */
enum err transcript_begin(
    const struct transcript_request *r, bool dry, struct transcript **out) MUST_USE;

/*
 * Reads the token, whose keys were found, and the guard, and writes the file; with `say`, its
 * digest goes to stdout. `made`: whether each key was made just now. Nothing to do for NULL.
 */
enum err transcript_write(struct transcript *t, const struct hsm_config *c, struct token *token,
    const bool made[TOKEN_KEYS], bool say) MUST_USE;

/* Takes NULL. A file that was not written goes. */
void transcript_free(struct transcript **t);

#endif
