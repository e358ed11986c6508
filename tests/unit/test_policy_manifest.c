/* The identity of a policy, and building one again from stored objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/policy_fixture.h"

static const struct policy_object *
find_object(const struct policy *p, enum pack_kind kind, const struct digest *d)
{
	for (size_t i = 0; i < policy_object_count(p); i++) {
		const struct policy_object *o = policy_object_at(p, i);

		if (o->kind == kind && (d == NULL || digest_equal(&o->digest, d)))
			return o;
	}
	return NULL;
}

static void
test_manifest_and_identity(void **state)
{
	struct policy *p = accept(state, "bank", "bank");
	const struct policy_object *manifest = find_object(p, PACK_MANIFEST, NULL);
	struct digest digest, named;
	char hex[3][DIGEST_HEX_SIZE + 1], expected[512];

	digest_of(base, strlen(base), &digest);
	digest_to_hex(&digest, hex[0]);
	digest_of(HEX_A "  /bin/one\n", 75, &digest);
	digest_to_hex(&digest, hex[1]);
	digest_of(HEX_B "  /bin/two\n", 75, &digest);
	digest_to_hex(&digest, hex[2]);
	snprintf(expected, sizeof(expected),
	    FIRST "policy bank %s\nreference one %s\nreference two %s\n", hex[0], hex[1], hex[2]);
	assert_true(view_equal(manifest->content, view_of_string(expected)));
	digest_of(expected, strlen(expected), &digest);
	assert_true(digest_equal(&manifest->digest, &digest));
	digest_to_hex(&digest, hex[0]);
	snprintf(expected, sizeof(expected), "bank@sha256:%s", hex[0]);
	assert_true(view_equal(policy_id(p), view_of_string(expected)));
	assert_int_equal(policy_id_digest(policy_id(p), &named), ERR_OK);
	assert_true(digest_equal(&named, &digest));
	policy_free(&p);
}

static void
test_objects_have_their_digests(void **state)
{
	struct policy *p = accept(state, "bank", "bank");

	assert_int_equal(policy_object_count(p), 4);
	for (size_t i = 0; i < 4; i++) {
		const struct policy_object *o = policy_object_at(p, i);
		struct digest d;

		digest_of(o->content.data, o->content.size, &d);
		assert_true(digest_equal(&d, &o->digest));
	}
	policy_free(&p);
}

static void
test_operators_and_cas_are_parts(void **state)
{
	struct digest certificate, other;
	char *text = with_parts(*state, &certificate);
	struct policy *p = load(*state, text);
	const struct policy_object *manifest;

	fixture_expect_count(*state, 0);
	assert_int_equal(policy_object_count(p), 7);
	assert_non_null(find_object(p, PACK_OPERATORS, NULL));
	assert_non_null(find_object(p, PACK_CA, NULL));
	for (size_t i = 0; i < 7; i++) {
		const struct policy_object *o = policy_object_at(p, i);
		struct digest d;

		digest_of(o->content.data, o->content.size, &d);
		assert_true(digest_equal(&d, &o->digest));
	}
	manifest = find_object(p, PACK_MANIFEST, NULL);
	assert_true(digest_equal(policy_manifest_digest(p), &manifest->digest));
	assert_memory_equal(manifest->content.data, FIRST "collectors-ca hosts ", HEAD + 20);
	assert_int_equal(operators_count(policy_operators(p)), 1);
	assert_int_equal(policy_collectors_ca_count(p), 2);
	assert_int_equal(collectors_ca_count(policy_collectors_ca_at(p, 0)), 2);
	digest_of("x", 1, &other);
	assert_true(policy_has_collectors_ca(p, &certificate));
	assert_false(policy_has_collectors_ca(p, &other));
	policy_free(&p);
	free(text);
}

static void
test_a_policy_may_have_neither(void **state)
{
	struct policy *p = accept(state, "bank", "bank");
	struct digest d;

	digest_of("x", 1, &d);
	assert_null(policy_operators(p));
	assert_int_equal(policy_collectors_ca_count(p), 0);
	assert_false(policy_has_collectors_ca(p, &d));
	policy_free(&p);
}

static void
test_identity_follows_every_byte(void **state)
{
	struct fixture *f = *state;
	struct policy *p = accept(state, "bank", "bank"), *q;

	q = accept(state, "name: bank\n", "name: bank\n# a comment\n");
	assert_false(view_equal(policy_id(p), policy_id(q)));
	policy_free(&q);
	fixture_write(f, "refs/two.sha256", 0644, HEX_A "  /bin/two\n");
	q = accept(state, "bank", "bank");
	assert_false(view_equal(policy_id(p), policy_id(q)));
	policy_free(&q);
	policy_free(&p);
}

static void
test_policy_id_digest(void **state)
{
	struct digest d;

	(void)state;
	assert_int_equal(policy_id_digest(V("a@sha256:" HEX_A), &d), ERR_OK);
	assert_int_equal(policy_id_digest(V("@sha256:" HEX_A), &d), ERR_FORMAT);
	assert_int_equal(policy_id_digest(V("a@sha512:" HEX_A), &d), ERR_FORMAT);
	assert_int_equal(policy_id_digest(V("a@sha256:" HEX_A "a"), &d), ERR_FORMAT);
	assert_int_equal(policy_id_digest(V("a@b@sha256:" HEX_A), &d), ERR_FORMAT);
	assert_int_equal(policy_id_digest(V(HEX_A), &d), ERR_FORMAT);
	assert_int_equal(policy_id_digest(V(""), &d), ERR_FORMAT);
	assert_int_equal(policy_id_digest(V("a@sha256:A" HEX_A), &d), ERR_FORMAT);
}

/* A store of what another policy handed out; content may be spoilt. */
struct store {
	const struct policy *policy;
	enum pack_kind missing; /* this kind is not found */
	enum pack_kind spoilt;  /* this kind comes with a byte changed */
	unsigned fetched;
};

static enum err
fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	struct store *s = context;
	const struct policy_object *o = find_object(s->policy, kind, digest);

	s->fetched++;
	if (o == NULL || kind == s->missing)
		return ERR_NOT_FOUND;
	buf_append_view(to, o->content);
	if (kind == s->spoilt)
		to->data[0] ^= 1;
	return ERR_OK;
}

static enum err
rebuild(struct fixture *f, struct store *s, struct policy **q)
{
	return policy_from_manifest(
	    find_object(s->policy, PACK_MANIFEST, NULL)->content, fetch, s, &f->faults, q);
}

static void
test_from_manifest(void **state)
{
	struct store s = {accept(state, "bank", "bank"), 0, 0, 0};
	struct policy *p = (struct policy *)(uintptr_t)s.policy, *q;

	assert_int_equal(rebuild(*state, &s, &q), ERR_OK);
	assert_int_equal(s.fetched, 3);
	assert_true(view_equal(policy_id(p), policy_id(q)));
	assert_int_equal(policy_object_count(q), 4);
	assert_non_null(policy_find(q, V("trading-7"), V("spiffe://bank/host/a")));
	policy_free(&q);
	policy_free(&p);
}

static void
test_from_manifest_without_the_files(void **state)
{
	struct fixture *f = *state;
	struct store s = {accept(state, "bank", "bank"), 0, 0, 0};
	struct policy *p = (struct policy *)(uintptr_t)s.policy, *q;

	assert_int_equal(remove(fixture_path(f, "refs/one.sha256")), 0);
	assert_int_equal(rebuild(f, &s, &q), ERR_OK);
	policy_free(&q);
	policy_free(&p);
}

static void
test_from_manifest_with_all_parts(void **state)
{
	static const enum pack_kind kinds[] = {PACK_OPERATORS, PACK_CA};
	char *text = with_parts(*state, NULL);
	struct policy *p = load(*state, text), *q;
	struct store s = {p, 0, 0, 0};

	assert_int_equal(rebuild(*state, &s, &q), ERR_OK);
	assert_int_equal(s.fetched, 6);
	assert_true(view_equal(policy_id(p), policy_id(q)));
	assert_int_equal(policy_object_count(q), 7);
	assert_int_equal(operators_count(policy_operators(q)), 1);
	policy_free(&q);
	for (size_t i = 0; i < 2; i++) {
		struct store without = {p, kinds[i], 0, 0}, spoilt = {p, 0, kinds[i], 0};

		assert_int_equal(rebuild(*state, &without, &q), ERR_NOT_FOUND);
		assert_int_equal(rebuild(*state, &spoilt, &q), ERR_DIGEST);
	}
	policy_free(&p);
	free(text);
}

static void
test_from_manifest_of_a_bad_store(void **state)
{
	static const struct {
		enum pack_kind missing, spoilt;
		enum err expected;
	} cases[] = {
	    {PACK_POLICY, 0, ERR_NOT_FOUND},
	    {PACK_REFERENCE, 0, ERR_NOT_FOUND},
	    {0, PACK_POLICY, ERR_DIGEST},
	    {0, PACK_REFERENCE, ERR_DIGEST},
	};
	struct policy *p = accept(state, "bank", "bank"), *q;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store s = {p, cases[i].missing, cases[i].spoilt, 0};

		assert_int_equal(rebuild(*state, &s, &q), cases[i].expected);
		assert_null(q);
	}
	policy_free(&p);
}

/* The manifest `text` with %s for the policy's and two references' digests. */
static void
expect_manifest(void **state, struct policy *p, const char *format, enum err expected)
{
	struct fixture *f = *state;
	struct store s = {p, 0, 0, 0};
	const struct policy_object *o = find_object(p, PACK_MANIFEST, NULL);
	char hex[3][DIGEST_HEX_SIZE + 1] = {{0}}, *text, *next;
	struct policy *q;

	for (unsigned i = 0; i < 3; i++) {
		static const size_t places[] = {HEAD + 12, HEAD + 77 + 14, HEAD + 77 + 79 + 14};

		memcpy(hex[i], o->content.data + places[i], DIGEST_HEX_SIZE);
	}
	text = strdup(format);
	for (unsigned i = 0; i < 3; i++) {
		char mark[] = "$0";

		mark[1] = (char)('0' + i);
		while (strstr(text, mark) != NULL) {
			next = fixture_replace(text, mark, hex[i]);
			free(text);
			text = next;
		}
	}
	faults_free(&f->faults);
	assert_int_equal(
	    policy_from_manifest(view_of_string(text), fetch, &s, &f->faults, &q), expected);
	assert_int_equal(q != NULL, expected == ERR_OK);
	policy_free(&q);
	free(text);
}

static void
test_manifest_has_one_spelling(void **state)
{
	struct policy *p = accept(state, "bank", "bank");

	expect_manifest(
	    state, p, FIRST "policy bank $0\nreference one $1\nreference two $2\n", ERR_OK);
	expect_manifest(
	    state, p, FIRST "policy bank $0\nreference two $2\nreference one $1\n", ERR_FORMAT);
	expect_manifest(state, p,
	    FIRST "policy bank $0\nreference one $1\nreference two $2\nsource x $2\n",
	    ERR_UNSUPPORTED);
	policy_free(&p);
}

static void
test_manifest_and_policy_must_agree(void **state)
{
	struct policy *p = accept(state, "bank", "bank");

	expect_manifest(state, p, FIRST "policy bank $0\nreference one $1\n", ERR_MISMATCH);
	expect_manifest(
	    state, p, FIRST "policy bank $0\nreference one $1\nreference x $2\n", ERR_MISMATCH);
	expect_manifest(state, p,
	    FIRST "policy bank $0\nreference one $1\nreference two $2\nreference x $2\n",
	    ERR_MISMATCH);
	/* Exchanged digests make another policy, with another identity: its objects are there. */
	expect_manifest(
	    state, p, FIRST "policy bank $0\nreference one $2\nreference two $1\n", ERR_OK);
	expect_manifest(
	    state, p, FIRST "policy x $0\nreference one $1\nreference two $2\n", ERR_MISMATCH);
	expect_manifest(state, p,
	    FIRST "operators operators $1\npolicy bank $0\nreference one $1\nreference two $2\n",
	    ERR_MISMATCH);
	expect_manifest(state, p,
	    FIRST "collectors-ca x $1\npolicy bank $0\nreference one $1\nreference two $2\n",
	    ERR_MISMATCH);
	expect_manifest(
	    state, p, FIRST "policy bank $1\nreference one $1\nreference two $2\n", ERR_NOT_FOUND);
	policy_free(&p);
}

static enum err
fetch_text(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	(void)digest;
	assert_int_equal(kind, PACK_POLICY);
	buf_append_string(to, context);
	return ERR_OK;
}

static void
test_stored_policy_that_does_not_load(void **state)
{
	char text[] = "name: x\nworkloads: 5\n", manifest[200], hex[DIGEST_HEX_SIZE + 1];
	struct fixture *f = *state;
	struct policy *q;
	struct digest d;

	digest_of(text, strlen(text), &d);
	digest_to_hex(&d, hex);
	snprintf(manifest, sizeof(manifest), FIRST "policy x %s\n", hex);
	assert_int_equal(
	    policy_from_manifest(view_of_string(manifest), fetch_text, text, &f->faults, &q),
	    ERR_CONFIG);
	assert_null(q);
	fixture_expect(f, 2, "\"workloads\" must be a list");
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(test_manifest_and_identity),
	    WITH_FIXTURE(test_objects_have_their_digests),
	    WITH_FIXTURE(test_operators_and_cas_are_parts),
	    WITH_FIXTURE(test_a_policy_may_have_neither),
	    WITH_FIXTURE(test_identity_follows_every_byte),
	    WITH_FIXTURE(test_policy_id_digest),
	    WITH_FIXTURE(test_from_manifest),
	    WITH_FIXTURE(test_from_manifest_without_the_files),
	    WITH_FIXTURE(test_from_manifest_with_all_parts),
	    WITH_FIXTURE(test_from_manifest_of_a_bad_store),
	    WITH_FIXTURE(test_manifest_has_one_spelling),
	    WITH_FIXTURE(test_manifest_and_policy_must_agree),
	    WITH_FIXTURE(test_stored_policy_that_does_not_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
