/*
 * For tests of statements and operators: keys, and operators files that name them. Include after
 * cmocka.h.
 */
#ifndef HALLMARK_TESTS_UNIT_OPERATORS_FIXTURE_H
#define HALLMARK_TESTS_UNIT_OPERATORS_FIXTURE_H

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "proto/encoding.h"
#include "proto/statement/statement_key.h"

/* A new P-256 key. */
static inline struct statement_key *
operator_key_new(void)
{
	EVP_PKEY *pair = EVP_EC_gen("P-256");
	struct statement_key *key;

	assert_non_null(pair);
	assert_int_equal(statement_key_from_held(pair, &key), ERR_OK);
	EVP_PKEY_free(pair);
	return key;
}

/* Appends its base64, as an operators file has it. */
static inline void
operator_key_append(struct buf *to, const struct statement_key *key)
{
	base64_append(to, statement_key_spki(key));
}

/* Appends an entry of `operators`; `more` are further members, each behind a comma, or "". */
static inline void
operator_append(struct buf *to, const char *name, const char *rights,
    const struct statement_key *key, const char *more)
{
	buf_append_format(to, "  - {name: %s, rights: [%s], key: ", name, rights);
	operator_key_append(to, key);
	buf_append_format(to, "%s}\n", more);
}

#endif
