/* The keys of a log, by its key notices: which moves it, and which key signs which sizes. */
#include "tests/unit/note_fixture.h"

#include <inttypes.h>
#include <openssl/x509.h>

#include "log/walk/log_keys.h"
#include "proto/encoding.h"
#include "proto/tlog/transition.h"

#define ORIGIN "hallmark.example/prod-1"
#define KEYS   4

/* Keys that sign here, and the log that they are of. */
struct bench {
	EVP_PKEY *key[KEYS];
	struct note_verifier *by[KEYS];
	struct buf spki[KEYS];
	struct digest id[KEYS];
	struct log_keys keys;
	struct reason reason;
};

static int
set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	for (int i = 0; i < KEYS; i++) {
		unsigned char *der = NULL;
		int size;

		assert_non_null(b->key[i] = EVP_EC_gen("P-256"));
		assert_true((size = i2d_PUBKEY(b->key[i], &der)) > 0);
		b->spki[i] = BUF_INIT;
		buf_append(&b->spki[i], der, (size_t)size);
		OPENSSL_free(der);
		digest_of(b->spki[i].data, b->spki[i].size, &b->id[i]);
		assert_int_equal(note_verifier_new(ORIGIN, b->key[i], &b->by[i]), ERR_OK);
	}
	reason_begin(&b->reason);
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < KEYS; i++) {
		EVP_PKEY_free(b->key[i]);
		note_verifier_free(&b->by[i]);
		buf_free(&b->spki[i]);
	}
	log_keys_free(&b->keys);
	free(b);
	return 0;
}

/* The transition between two keys, of a log, signed by `signer` and then the new one; in base64. */
static void
change(struct bench *b, const char *origin, int from, int to, int signer, struct buf *base64)
{
	struct buf text = BUF_INIT, note = BUF_INIT, der = BUF_INIT;
	uint8_t raw[NOTE_RAW_ECDSA_MAX];

	transition_write(
	    origin, buf_view(&b->spki[from]), buf_view(&b->spki[to]), 1795514400, &text);
	fixture_note(b->key[signer], b->by[signer], buf_view(&text), &note);
	assert_int_equal(
	    note_ecdsa_from_raw(
		(struct view){raw, fixture_sign_raw(b->key[to], buf_view(&text), raw)}, &der),
	    ERR_OK);
	assert_int_equal(note_add(b->by[to], buf_view(&der), &note), ERR_OK);
	base64_append(base64, buf_view(&note));
	buf_free(&text);
	buf_free(&note);
	buf_free(&der);
}

/* Takes the notice of entry `index` with that transition, which says that these are its keys. */
static enum outcome
take(struct bench *b, uint64_t index, int from, int to, const struct buf *base64)
{
	struct notice n = {.kind = NOTICE_KEY,
	    .issued_s = 1795514400 + index,
	    .from = b->id[from],
	    .to = b->id[to],
	    .transition = buf_view(base64)};

	reason_begin(&b->reason);
	assert_int_equal(log_keys_take(&b->keys, &n, index, ORIGIN, NULL, &b->reason), ERR_OK);
	return b->reason.outcome;
}

/* A transition that is right in itself. */
static enum outcome
goes(struct bench *b, uint64_t index, int from, int to)
{
	struct buf base64 = BUF_INIT;
	enum outcome o;

	change(b, ORIGIN, from, to, from, &base64);
	o = take(b, index, from, to, &base64);
	buf_free(&base64);
	return o;
}

static enum log_key_place
place(const struct bench *b, int key, uint64_t size)
{
	uint64_t least, most;

	return log_keys_place(&b->keys, &b->id[key], size, &least, &most);
}

static void
any_key_signs_a_log_that_has_no_key_notice(void **state)
{
	struct bench *b = *state;

	assert_int_equal(place(b, 0, 0), LOG_KEY_IN_FORCE);
	assert_int_equal(place(b, 3, UINT64_MAX), LOG_KEY_IN_FORCE);
}

static void
over_its_notice_either_key_signs_and_else_one(void **state)
{
	static const struct {
		int key;
		uint64_t size;
		enum log_key_place place;
	} said[] = {{0, 0, LOG_KEY_IN_FORCE}, {0, 8, LOG_KEY_IN_FORCE}, {0, 9, LOG_KEY_OUTSIDE},
	    {0, UINT64_MAX, LOG_KEY_OUTSIDE}, {1, 0, LOG_KEY_OUTSIDE}, {1, 7, LOG_KEY_OUTSIDE},
	    {1, 8, LOG_KEY_IN_FORCE}, {1, 21, LOG_KEY_IN_FORCE}, {1, 22, LOG_KEY_OUTSIDE},
	    {2, 20, LOG_KEY_OUTSIDE}, {2, 21, LOG_KEY_IN_FORCE}, {2, UINT64_MAX, LOG_KEY_IN_FORCE},
	    {3, 8, LOG_KEY_OTHER}, {3, 22, LOG_KEY_OTHER}};
	struct bench *b = *state;
	uint64_t least = 99, most = 99;

	assert_int_equal(goes(b, 7, 0, 1), OUTCOME_GOOD);
	assert_int_equal(goes(b, 20, 1, 2), OUTCOME_GOOD);
	assert_int_equal(b->keys.count, 2);
	assert_int_equal(b->keys.change[1].issued_s, 1795514420);
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		assert_int_equal(place(b, said[i].key, said[i].size), said[i].place);
	assert_int_equal(log_keys_place(&b->keys, &b->id[1], 22, &least, &most), LOG_KEY_OUTSIDE);
	assert_true(least == 8 && most == 21);
	assert_int_equal(log_keys_place(&b->keys, &b->id[2], 0, &least, &most), LOG_KEY_OUTSIDE);
	assert_true(least == 21 && most == UINT64_MAX);
	assert_int_equal(log_keys_place(&b->keys, &b->id[0], 9, &least, &most), LOG_KEY_OUTSIDE);
	assert_true(least == 0 && most == 8);
}

static void
expect_bad(const struct bench *b, enum outcome o, const char *says)
{
	assert_int_equal(o, OUTCOME_BAD);
	assert_non_null(strstr(b->reason.text, says));
}

static void
each_follows_the_one_before_and_none_comes_twice(void **state)
{
	struct bench *b = *state;

	assert_int_equal(goes(b, 7, 0, 1), OUTCOME_GOOD);
	expect_bad(b, goes(b, 8, 0, 2), "the key that gives way");
	expect_bad(b, goes(b, 8, 2, 3), "the key that gives way");
	expect_bad(b, goes(b, 8, 1, 0), "was the log's before");
	assert_int_equal(b->keys.count, 1);
	assert_int_equal(goes(b, 9, 1, 2), OUTCOME_GOOD);
	expect_bad(b, goes(b, 10, 2, 0), "was the log's before");
	expect_bad(b, goes(b, 10, 2, 1), "was the log's before");
	assert_int_equal(b->keys.count, 2);
}

/* Whatever it says, it moves nothing, and the next one is held against what was before. */
static void
what_is_not_such_a_transition_moves_nothing(void **state)
{
	struct bench *b = *state;
	struct buf base64 = BUF_INIT;

	change(b, "other.example/log", 0, 1, 0, &base64);
	expect_bad(b, take(b, 7, 0, 1, &base64), "the transition to the next key: ");
	buf_clear(&base64);
	change(b, ORIGIN, 0, 1, 2, &base64);
	expect_bad(b, take(b, 7, 0, 1, &base64), "the transition to the next key: ");
	buf_clear(&base64);
	change(b, ORIGIN, 0, 1, 0, &base64);
	expect_bad(b, take(b, 7, 2, 1, &base64), "the transition's old key");
	expect_bad(b, take(b, 7, 0, 2, &base64), "the transition's new key");
	base64.data[60] ^= 1;
	expect_bad(b, take(b, 7, 0, 1, &base64), "the transition to the next key: ");
	buf_clear(&base64);
	buf_append_string(&base64, "no base64");
	expect_bad(b, take(b, 7, 0, 1, &base64), "the transition to the next key: ");
	assert_int_equal(b->keys.count, 0);
	assert_int_equal(goes(b, 8, 2, 3), OUTCOME_GOOD);
	buf_free(&base64);
}

static void
more_changes_than_are_followed_cannot_be_told(void **state)
{
	struct bench *b = *state;

	assert_int_equal(goes(b, 7, 0, 1), OUTCOME_GOOD);
	b->keys.change = reallocarray(b->keys.change, LOG_KEYS_MAX, sizeof(*b->keys.change));
	assert_non_null(b->keys.change);
	for (; b->keys.count < LOG_KEYS_MAX; b->keys.count++)
		b->keys.change[b->keys.count] = b->keys.change[0];
	assert_int_equal(goes(b, 8, 1, 2), OUTCOME_UNKNOWN);
	assert_int_equal(b->keys.count, LOG_KEYS_MAX);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(any_key_signs_a_log_that_has_no_key_notice),
	    TEST(over_its_notice_either_key_signs_and_else_one),
	    TEST(each_follows_the_one_before_and_none_comes_twice),
	    TEST(what_is_not_such_a_transition_moves_nothing),
	    TEST(more_changes_than_are_followed_cannot_be_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
