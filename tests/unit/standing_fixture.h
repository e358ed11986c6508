/*
 * A log's operators for tests: keys, operators files and manifests in a store in memory, and
 * statements under these keys. What a statement says is changed before it is signed.
 */
#ifndef HALLMARK_TESTS_UNIT_STANDING_FIXTURE_H
#define HALLMARK_TESTS_UNIT_STANDING_FIXTURE_H

#include <openssl/evp.h>
#include <string.h>

#include "policy/governance/manifest.h"
#include "policy/standing.h"
#include "proto/encoding.h"

#define ORIGIN "log.example/test"
#define T      1800000000ULL

#define STORED_MAX 64

struct stored {
	enum pack_kind kind;
	struct digest digest;
	struct buf content;
};

struct stand {
	struct stored stored[STORED_MAX];
	size_t count;
	struct operator_key {
		const char *name;
		EVP_PKEY *pair;
		struct statement_key *key;
	} ann, bob, cem, eve; /* eve is in no file */
	struct digest alone;  /* names no operators */
	struct digest one;    /* ann and bob approve; one of them is enough; cem maintains */
	struct digest two;    /* ann, bob and cem approve; two are needed */
	struct digest next;   /* something else that names no operators */
	uint64_t number;      /* of the last statement */
};

static struct digest
stand_store(struct stand *s, enum pack_kind kind, struct view content)
{
	struct stored *to = &s->stored[s->count++];

	assert_true(s->count <= STORED_MAX);
	to->kind = kind;
	to->content = BUF_INIT;
	buf_append_view(&to->content, content);
	digest_of(content.data, content.size, &to->digest);
	return to->digest;
}

static enum err
stand_fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	const struct stand *s = context;

	for (size_t i = 0; i < s->count; i++) {
		if (s->stored[i].kind == kind && digest_equal(&s->stored[i].digest, digest)) {
			buf_append_view(to, buf_view(&s->stored[i].content));
			return ERR_OK;
		}
	}
	return ERR_NOT_FOUND;
}

static void
stand_key(struct operator_key *k, const char *name)
{
	k->name = name;
	k->pair = EVP_EC_gen("P-256");
	assert_non_null(k->pair);
	assert_int_equal(statement_key_from_held(k->pair, &k->key), ERR_OK);
}

static void
stand_operator(struct buf *to, const struct operator_key *k, const char *rights, const char *until)
{
	struct buf base64 = BUF_INIT;

	base64_append(&base64, statement_key_spki(k->key));
	buf_append_format(to, "  - name: %s\n    rights: [%s]\n    key: %.*s\n", k->name, rights,
	    (int)base64.size, (const char *)base64.data);
	if (until != NULL)
		buf_append_format(to, "    until: %s\n", until);
	buf_free(&base64);
}

/* A manifest of this policy text and, unless they are NULL, of these operators. */
static struct digest
stand_manifest(struct stand *s, const char *policy, const struct buf *operators)
{
	struct manifest_line line[2] = {{.kind = MANIFEST_POLICY, .name = VIEW_LITERAL("p")}};
	struct buf text = BUF_INIT;
	struct digest made;

	line[0].digest = stand_store(s, PACK_POLICY, view_of_string(policy));
	if (operators != NULL) {
		line[1].kind = MANIFEST_OPERATORS;
		line[1].name = VIEW_LITERAL(MANIFEST_OPERATORS_NAME);
		line[1].digest = stand_store(s, PACK_OPERATORS, buf_view(operators));
	}
	manifest_write(line, operators != NULL ? 2 : 1, &text);
	made = stand_store(s, PACK_MANIFEST, buf_view(&text));
	buf_free(&text);
	return made;
}

static void
stand_setup(struct stand *s)
{
	struct buf yaml = BUF_INIT;

	memset(s, 0, sizeof(*s));
	s->number = 100;
	stand_key(&s->ann, "ann");
	stand_key(&s->bob, "bob");
	stand_key(&s->cem, "cem");
	stand_key(&s->eve, "eve");
	s->alone = stand_manifest(s, "alone", NULL);
	s->next = stand_manifest(s, "next", NULL);
	buf_append_string(&yaml, "operators:\n");
	stand_operator(&yaml, &s->ann, "approve, revoke, retire, hold", NULL);
	stand_operator(&yaml, &s->bob, "approve", "2030-01-01T00:00:00Z");
	stand_operator(&yaml, &s->cem, "maintenance, clock", NULL);
	s->one = stand_manifest(s, "one", &yaml);
	buf_clear(&yaml);
	buf_append_string(&yaml, "operators:\n");
	stand_operator(&yaml, &s->ann, "approve, revoke", NULL);
	stand_operator(&yaml, &s->bob, "approve", NULL);
	stand_operator(&yaml, &s->cem, "approve", NULL);
	buf_append_string(&yaml, "thresholds:\n  - kind: approve\n    count: 2\n");
	s->two = stand_manifest(s, "two", &yaml);
	buf_free(&yaml);
}

static void
stand_teardown(struct stand *s)
{
	struct operator_key *keys[] = {&s->ann, &s->bob, &s->cem, &s->eve};

	for (size_t i = 0; i < 4; i++) {
		statement_key_free(&keys[i]->key);
		EVP_PKEY_free(keys[i]->pair);
	}
	for (size_t i = 0; i < s->count; i++)
		buf_free(&s->stored[i].content);
}

/* An hour from T on, by author "dev", with the next number; a subject of one or two members. */
static struct statement
stand_statement(struct stand *s, const char *kind, const char *name, const char *value,
    const char *name2, const char *value2)
{
	struct statement made = {.kind_name = view_of_string(kind),
	    .origin = VIEW_LITERAL(ORIGIN),
	    .member_count = name2 != NULL ? 2 : 1,
	    .member = {{view_of_string(name), view_of_string(value)}},
	    .not_before_s = T,
	    .not_after_s = T + 3600,
	    .reason = VIEW_LITERAL("because"),
	    .author = VIEW_LITERAL("dev"),
	    .number = ++s->number};

	if (name2 != NULL)
		made.member[1] =
		    (struct statement_member){view_of_string(name2), view_of_string(value2)};
	return made;
}

/* `hex` has to stay as long as the statement. */
static inline struct statement
stand_approve(struct stand *s, const struct digest *manifest, char hex[DIGEST_HEX_SIZE + 1])
{
	digest_to_hex(manifest, hex);
	return stand_statement(s, "approve", "manifest", hex, NULL, NULL);
}

static void
stand_sign(const struct statement *said, const struct operator_key *k, struct buf *envelope)
{
	struct buf payload = BUF_INIT, bytes = BUF_INIT;
	EVP_MD_CTX *sign = EVP_MD_CTX_new();
	uint8_t signature[256];
	size_t size = sizeof(signature);

	assert_int_equal(statement_write_payload(said, &payload), ERR_OK);
	statement_signed_bytes(buf_view(&payload), &bytes);
	assert_int_equal(
	    EVP_DigestSignInit(sign, NULL, statement_key_hash(k->key), NULL, k->pair), 1);
	assert_int_equal(EVP_DigestSign(sign, signature, &size, bytes.data, bytes.size), 1);
	EVP_MD_CTX_free(sign);
	assert_int_equal(statement_write_envelope(buf_view(&payload), statement_key_id(k->key),
			     (struct view){signature, size}, envelope),
	    ERR_OK);
	buf_free(&payload);
	buf_free(&bytes);
}

/* Signs it, stores it and has it taken at T. */
static enum err
stand_take(struct stand *s, struct standing *standing, const struct statement *said,
    const struct operator_key *k, struct digest *digest)
{
	struct buf envelope = BUF_INIT;
	struct digest made;
	enum err e;

	stand_sign(said, k, &envelope);
	made = stand_store(s, PACK_STATEMENT, buf_view(&envelope));
	if (digest != NULL)
		*digest = made;
	e = standing_take_statement(standing, buf_view(&envelope), T, T, NULL);
	buf_free(&envelope);
	return e;
}

/* A log in which this manifest is in force, taken as the first. */
static inline struct standing *
stand_begin(struct stand *s, const struct digest *manifest)
{
	struct standing *standing;

	assert_int_equal(standing_new(VIEW_LITERAL(ORIGIN), &standing), ERR_OK);
	assert_int_equal(
	    standing_take_manifest(standing, manifest, NULL, 0, T, stand_fetch, s), ERR_OK);
	return standing;
}

#endif
