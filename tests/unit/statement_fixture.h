/*
 * For tests of statements: one that is good, envelopes of it and of others by keys that are made
 * when they are needed. Include after cmocka.h.
 */
#ifndef HALLMARK_TESTS_UNIT_STATEMENT_FIXTURE_H
#define HALLMARK_TESTS_UNIT_STATEMENT_FIXTURE_H

#include <openssl/evp.h>

#include "proto/statement/statement.h"
#include "tests/unit/operators_fixture.h"

#define STATEMENT_HEX "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* Approves the manifest STATEMENT_HEX from 1,000 to 2,000 s, asked for by dora; number 7. */
static inline struct statement
statement_approving(void)
{
	return (struct statement){.kind_name = VIEW_LITERAL("approve"),
	    .origin = VIEW_LITERAL("hallmark.test/log"),
	    .member_count = 1,
	    .member = {{VIEW_LITERAL("manifest"), VIEW_LITERAL(STATEMENT_HEX)}},
	    .not_before_s = 1000,
	    .not_after_s = 2000,
	    .reason = VIEW_LITERAL("release 4.2"),
	    .author = VIEW_LITERAL("dora"),
	    .number = 7};
}

static inline void
statement_sign_bytes(const struct statement_key *key, struct view text, struct buf *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t size = 0;

	assert_int_equal(
	    EVP_DigestSignInit(ctx, NULL, statement_key_hash(key), NULL, statement_key_held(key)),
	    1);
	assert_int_equal(EVP_DigestSign(ctx, NULL, &size, text.data, text.size), 1);
	assert_int_equal(
	    EVP_DigestSign(ctx, buf_reserve(signature, size), &size, text.data, text.size), 1);
	signature->size = size;
	EVP_MD_CTX_free(ctx);
}

/* Appends the envelope of this payload, whatever it is. */
static inline void
statement_envelope_payload(const struct statement_key *key, struct view payload, struct buf *to)
{
	struct buf text = BUF_INIT, signature = BUF_INIT;

	statement_signed_bytes(payload, &text);
	statement_sign_bytes(key, buf_view(&text), &signature);
	assert_int_equal(
	    statement_write_envelope(payload, statement_key_id(key), buf_view(&signature), to),
	    ERR_OK);
	buf_free(&text);
	buf_free(&signature);
}

static inline void
statement_envelope(const struct statement_key *key, const struct statement *s, struct buf *to)
{
	struct buf payload = BUF_INIT;

	assert_int_equal(statement_write_payload(s, &payload), ERR_OK);
	statement_envelope_payload(key, buf_view(&payload), to);
	buf_free(&payload);
}

/* The same, read again. */
static inline struct statement_document *
statement_signed(const struct statement_key *key, const struct statement *s)
{
	struct buf envelope = BUF_INIT;
	struct statement_document *d;

	statement_envelope(key, s, &envelope);
	assert_int_equal(statement_parse(buf_view(&envelope), &d), ERR_OK);
	buf_free(&envelope);
	return d;
}

#endif
