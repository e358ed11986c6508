/*
 * Making a statement (statement_command.h).
 */
#ifndef HALLMARK_PKCS11_STATEMENT_SIGN_H
#define HALLMARK_PKCS11_STATEMENT_SIGN_H

#include <stddef.h>

#include "pkcs11/operator_key.h"
#include "proto/digest.h"
#include "proto/err.h"
#include "proto/statement/statement.h"

/* What the command line says; NULL or 0 where it does not. */
struct statement_arguments {
	const char *kind, *origin, *not_before, *not_after, *reason, *author, *number;
	const char *compromised_since; /* stands for kind and subject; `certificate` is the key's */
	const char *key, *certificate, *config, *token_key, *output, *operand;
	size_t subject_count;
	const char *subject[STATEMENT_MEMBERS_MAX]; /* "name=value" */
	char retired_key[sizeof("key=") + DIGEST_HEX_SIZE];
	char retired_since[sizeof("since=") + DECIMAL_DIGITS_MAX];
};

/*
 * What --compromised-since and --cert say, as kind and subject of retire-key. ERR_STATEMENT_FORMAT,
 * and what reading the certificate gives; explained on stderr.
 */
enum err statement_sign_retirement(struct statement_arguments *a) MUST_USE;

/*
 * Puts the statement together; what is not said about time and number is now. Its views are of the
 * arguments. ERR_STATEMENT_FORMAT, ERR_STATEMENT_KIND, ERR_STATEMENT_SUBJECT; explained on stderr.
 */
enum err statement_sign_gather(const struct statement_arguments *a, struct statement *out) MUST_USE;

/* Signs it, verifies that, prints it, and writes a file that was not there. Explained on stderr. */
enum err statement_sign_write(
    const struct statement *s, struct operator_key *key, const char *path) MUST_USE;

#endif
