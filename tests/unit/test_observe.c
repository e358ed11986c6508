/* A guard that is led forward by what its key has signed elsewhere, and by nothing else. */
#include "tests/unit/guard_fixture.h"
#include "tests/unit/note_fixture.h"

#include "pkcs11/serve/observe.h"
#include "proto/tlog/checkpoint.h"

/* The key, another that is not it, and one of Ed25519 beside it; all have the log's name. */
struct keys {
	EVP_PKEY *key, *other, *ed25519;
	struct note_verifier *verifier, *other_verifier, *beside;
};
static struct keys keys;

static int
keys_setup(void **state)
{
	(void)state;
	keys.key = EVP_EC_gen("P-256");
	keys.other = EVP_EC_gen("P-256");
	keys.ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return note_verifier_new(ORIGIN, keys.ed25519, &keys.beside) == ERR_OK &&
		       note_verifier_new(ORIGIN, keys.key, &keys.verifier) == ERR_OK &&
		       note_verifier_new(ORIGIN, keys.other, &keys.other_verifier) == ERR_OK
		   ? 0
		   : -1;
}

static int
keys_teardown(void **state)
{
	(void)state;
	note_verifier_free(&keys.verifier);
	note_verifier_free(&keys.other_verifier);
	note_verifier_free(&keys.beside);
	EVP_PKEY_free(keys.ed25519);
	EVP_PKEY_free(keys.key);
	EVP_PKEY_free(keys.other);
	return 0;
}

/* What is asked: the log as it is, with a note of the key; the note is in `note`. */
static struct keychannel_request
make_request(struct fixture *f, struct buf *note)
{
	struct keychannel_request r = {.type = KEYCHANNEL_OBSERVE, .size = log_size(f)};
	struct checkpoint c = {.origin = ORIGIN, .size = r.size};
	struct buf text = BUF_INIT;

	merkle_batch_root(f->log, &r.root);
	merkle_batch_consistency(f->log, &r.proof);
	c.root = r.root;
	checkpoint_write(&c, &text);
	buf_clear(note);
	fixture_note(keys.key, keys.verifier, buf_view(&text), note);
	r.note = buf_view(note);
	buf_free(&text);
	return r;
}

/* A note over another text, by whichever key. */
static struct view
note_over(EVP_PKEY *key, const struct note_verifier *v, const char *origin, uint64_t size,
    const struct digest *root, struct buf *note)
{
	struct checkpoint c = {.size = size, .root = *root};
	struct buf text = BUF_INIT;

	strcpy(c.origin, origin);
	checkpoint_write(&c, &text);
	buf_clear(note);
	fixture_note(key, v, buf_view(&text), note);
	buf_free(&text);
	return buf_view(note);
}

static enum err
observe_it(struct fixture *f, const struct keychannel_request *r)
{
	return observe(f->guard, keys.verifier, keys.beside, r);
}

/* Refused with `e`, and the guard is where it was, also for one that opens it anew. */
static void
expect_refused(struct fixture *f, const struct keychannel_request *r, enum err e)
{
	const struct guard_state before = *guard_state(f->guard);

	assert_int_equal(observe_it(f, r), e);
	assert_true(guard_state(f->guard)->size == before.size);
	assert_true(digest_equal(&guard_state(f->guard)->root, &before.root));
	guard_close(&f->guard);
	fixture_open(f);
	assert_true(guard_state(f->guard)->size == before.size);
	assert_true(digest_equal(&guard_state(f->guard)->root, &before.root));
}

static void
moves_to_what_was_signed_elsewhere(void **state)
{
	struct fixture *f = *state;
	struct keychannel_request r;
	struct buf note = BUF_INIT;

	for (uint64_t count = 1; count < 40; count += 7) {
		log_grow(f, count);
		r = make_request(f, &note);
		assert_int_equal(observe_it(f, &r), ERR_OK);
		assert_true(guard_state(f->guard)->size == r.size);
		assert_true(digest_equal(&guard_state(f->guard)->root, &r.root));
		/* Durable: it is found there without anything else having been done. */
		guard_close(&f->guard);
		fixture_open(f);
		assert_true(guard_state(f->guard)->size == r.size);
		assert_true(digest_equal(&guard_state(f->guard)->root, &r.root));
	}
	buf_free(&note);
}

/* The line of the Ed25519 key, over this text, or over one of another log. */
static void
add_beside(struct view text, bool good, struct buf *note)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t signature[64];
	size_t size = sizeof(signature);

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, keys.ed25519), 1);
	assert_int_equal(EVP_DigestSign(ctx, signature, &size, text.data, good ? text.size : 1), 1);
	assert_int_equal(note_add(keys.beside, (struct view){signature, size}, note), ERR_OK);
	EVP_MD_CTX_free(ctx);
}

/* It may be lacking, as in the other tests; alone it is none of the certificate's key. */
static void
a_line_of_the_key_beside_may_not_be_wrong(void **state)
{
	struct fixture *f = *state;
	struct buf note = BUF_INIT, more = BUF_INIT;
	struct keychannel_request r;
	struct note n;

	log_grow(f, 5);
	r = make_request(f, &note);
	assert_int_equal(note_parse(buf_view(&note), &n), ERR_OK);
	buf_append_view(&more, buf_view(&note));
	add_beside(n.text, false, &more);
	r.note = buf_view(&more);
	expect_refused(f, &r, ERR_SIGNATURE);
	buf_clear(&more);
	buf_append_view(&more, n.text);
	buf_append_byte(&more, '\n');
	add_beside(n.text, true, &more);
	r.note = buf_view(&more);
	expect_refused(f, &r, ERR_UNKNOWN_KEY);
	buf_clear(&more);
	buf_append_view(&more, buf_view(&note));
	add_beside(n.text, true, &more);
	add_beside(n.text, true, &more);
	r.note = buf_view(&more);
	expect_refused(f, &r, ERR_FORMAT);
	more.size -= (more.size - note.size) / 2;
	r.note = buf_view(&more);
	assert_int_equal(observe_it(f, &r), ERR_OK);
	assert_true(guard_state(f->guard)->size == r.size);
	buf_free(&note);
	buf_free(&more);
}

static void
the_same_tree_once_more_is_allowed(void **state)
{
	struct fixture *f = *state;
	struct buf note = BUF_INIT;
	struct keychannel_request r;

	log_grow(f, 5);
	log_sign(f);
	r = make_request(f, &note);
	r.proof.count = 0;
	assert_int_equal(observe_it(f, &r), ERR_OK);
	assert_int_equal(observe_it(f, &r), ERR_OK);
	r.proof.count = 1;
	expect_refused(f, &r, ERR_GUARD_FORK);
	buf_free(&note);
}

static void
signs_on_from_there(void **state)
{
	struct fixture *f = *state;
	struct buf note = BUF_INIT;
	struct keychannel_request r;
	struct merkle_proof proof;
	struct digest leaf;

	log_grow(f, 5);
	r = make_request(f, &note);
	assert_int_equal(
	    guard_check_report(f->guard, VIEW_LITERAL("report 3"), 3, 5, &r.proof, &leaf),
	    ERR_GUARD_UNLOGGED);
	assert_int_equal(observe_it(f, &r), ERR_OK);
	merkle_batch_inclusion(f->log, 3, &proof);
	assert_int_equal(
	    guard_check_report(f->guard, VIEW_LITERAL("report 3"), 3, 5, &proof, &leaf), ERR_OK);
	log_grow(f, 3);
	log_sign(f);
	assert_int_equal(guard_state(f->guard)->size, 8);
	buf_free(&note);
}

static void
a_smaller_tree_is_a_rollback(void **state)
{
	struct fixture *f = *state;
	struct buf note = BUF_INIT;
	struct keychannel_request r;

	log_grow(f, 5);
	r = make_request(f, &note); /* which the key has signed indeed */
	log_sign(f);
	log_grow(f, 4);
	log_sign(f);
	expect_refused(f, &r, ERR_GUARD_ROLLBACK);
	buf_free(&note);
}

static void
the_same_size_with_another_root_is_a_fork(void **state)
{
	struct fixture *f = *state;
	struct buf note = BUF_INIT;
	struct keychannel_request r;

	log_grow(f, 5);
	log_sign(f);
	r = make_request(f, &note);
	r.root.bytes[0] ^= 1;
	r.proof.count = 0;
	/* Even if the key has signed it: that fork has happened, and is not taken over. */
	r.note = note_over(keys.key, keys.verifier, ORIGIN, 5, &r.root, &note);
	expect_refused(f, &r, ERR_GUARD_FORK);
	buf_free(&note);
}

static void
a_bad_proof_is_a_fork(void **state)
{
	struct fixture *f = *state;
	struct buf note = BUF_INIT;
	struct keychannel_request r;

	log_grow(f, 11);
	log_sign(f);
	log_grow(f, 8);
	r = make_request(f, &note);
	for (size_t i = 0; i < r.proof.count; i++) {
		r.proof.hash[i].bytes[31] ^= 1;
		expect_refused(f, &r, ERR_GUARD_FORK);
		r.proof.hash[i].bytes[31] ^= 1;
	}
	r.proof.count--;
	expect_refused(f, &r, ERR_GUARD_FORK);
	r.proof.count++;
	assert_int_equal(observe_it(f, &r), ERR_OK);
	buf_free(&note);
}

/* The proof is good: a hijacked signer can make one for whatever it likes. */
static void
a_tree_that_the_key_has_not_signed_is_refused(void **state)
{
	struct fixture *f = *state;
	struct buf note = BUF_INIT;
	struct keychannel_request r;
	const uint8_t *signature;

	log_grow(f, 9);
	log_sign(f);
	log_grow(f, 8);
	r = make_request(f, &note);
	/* Another key: under its own name it is nobody's that is known, under ours a forgery. */
	r.note = note_over(keys.other, keys.other_verifier, ORIGIN, 17, &r.root, &note);
	expect_refused(f, &r, ERR_UNKNOWN_KEY);
	r.note = note_over(keys.other, keys.verifier, ORIGIN, 17, &r.root, &note);
	expect_refused(f, &r, ERR_SIGNATURE);
	/* No signature at all, and no note. */
	r = make_request(f, &note);
	signature = memmem(note.data, note.size, "\n\n", 2);
	assert_non_null(signature);
	r.note.size = (size_t)(signature + 2 - note.data);
	expect_refused(f, &r, ERR_FORMAT);
	r.note = VIEW_LITERAL("garbage");
	expect_refused(f, &r, ERR_FORMAT);
	/* Every changed byte. */
	r = make_request(f, &note);
	for (size_t i = 0; i < note.size; i++) {
		note.data[i] ^= 1;
		assert_int_not_equal(observe_it(f, &r), ERR_OK);
		note.data[i] ^= 1;
	}
	assert_int_equal(observe_it(f, &r), ERR_OK);
	buf_free(&note);
}

static void
a_note_of_another_tree_is_refused(void **state)
{
	struct fixture *f = *state;
	struct buf note = BUF_INIT;
	struct keychannel_request r;
	struct digest root;

	log_grow(f, 9);
	log_sign(f);
	log_grow(f, 8);
	r = make_request(f, &note);
	root = r.root;
	r.note = note_over(keys.key, keys.verifier, ORIGIN, 18, &root, &note);
	expect_refused(f, &r, ERR_MISMATCH);
	r.note = note_over(keys.key, keys.verifier, ORIGIN, 9, &guard_state(f->guard)->root, &note);
	expect_refused(f, &r, ERR_MISMATCH);
	root.bytes[3] ^= 4;
	r.note = note_over(keys.key, keys.verifier, ORIGIN, 17, &root, &note);
	expect_refused(f, &r, ERR_MISMATCH);
	/* The key signs for one log; should it have signed for another, that is another. */
	r.note = note_over(keys.key, keys.verifier, ORIGIN "2", 17, &r.root, &note);
	expect_refused(f, &r, ERR_MISMATCH);
	buf_free(&note);
}

static void
a_text_that_is_no_checkpoint_is_refused(void **state)
{
	struct fixture *f = *state;
	struct buf note = BUF_INIT;
	struct keychannel_request r;

	log_grow(f, 3);
	r = make_request(f, &note);
	buf_clear(&note);
	fixture_note(keys.key, keys.verifier, VIEW_LITERAL("a text\nof the key\n"), &note);
	r.note = buf_view(&note);
	expect_refused(f, &r, ERR_FORMAT);
	buf_free(&note);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(moves_to_what_was_signed_elsewhere),
	    TEST(a_line_of_the_key_beside_may_not_be_wrong),
	    TEST(the_same_tree_once_more_is_allowed),
	    TEST(signs_on_from_there),
	    TEST(a_smaller_tree_is_a_rollback),
	    TEST(the_same_size_with_another_root_is_a_fork),
	    TEST(a_bad_proof_is_a_fork),
	    TEST(a_tree_that_the_key_has_not_signed_is_refused),
	    TEST(a_note_of_another_tree_is_refused),
	    TEST(a_text_that_is_no_checkpoint_is_refused),
	};

	return cmocka_run_group_tests(tests, keys_setup, keys_teardown);
}
