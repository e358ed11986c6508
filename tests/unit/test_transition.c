/*
 * The notes by which a log goes from one key to the next: what two keys have signed, and what one
 * has by statements of operators. The vectors are made by tests/vectors/make_wire.py.
 */
#include "tests/unit/note_fixture.h"

#include <openssl/x509.h>
#include <stdlib.h>

#include "proto/tlog/transition.h"

#define ORIGIN "hallmark.example/prod-1"

/* Two keys that sign here. */
struct keys {
	EVP_PKEY *old, *new;
	struct note_verifier *by_old, *by_new;
	struct buf from, to; /* SubjectPublicKeyInfo */
};

static void
keys_make(struct keys *k)
{
	EVP_PKEY **key[] = {&k->old, &k->new};
	struct buf *spki[] = {&k->from, &k->to};

	*k = (struct keys){.from = BUF_INIT, .to = BUF_INIT};
	for (int i = 0; i < 2; i++) {
		unsigned char *der = NULL;
		int size;

		assert_non_null(*key[i] = EVP_EC_gen("P-256"));
		assert_true((size = i2d_PUBKEY(*key[i], &der)) > 0);
		buf_append(spki[i], der, (size_t)size);
		OPENSSL_free(der);
	}
	assert_int_equal(note_verifier_new(ORIGIN, k->old, &k->by_old), ERR_OK);
	assert_int_equal(note_verifier_new(ORIGIN, k->new, &k->by_new), ERR_OK);
}

static void
keys_free(struct keys *k)
{
	EVP_PKEY_free(k->old);
	EVP_PKEY_free(k->new);
	note_verifier_free(&k->by_old);
	note_verifier_free(&k->by_new);
	buf_free(&k->from);
	buf_free(&k->to);
}

static enum err
parsed(const struct buf *note, struct transition *t)
{
	enum err e = transition_parse(buf_view(note), t);

	transition_free(t);
	return e;
}

/* What is written of these statements, signed and read again. */
static enum err
succeeded(struct keys *k, const struct checkpoint *newest, struct view from,
    const struct digest *statement, size_t count, EVP_PKEY *signer, const struct note_verifier *as,
    struct transition *t)
{
	struct buf text = BUF_INIT, note = BUF_INIT;
	enum err e;

	transition_write_succession(
	    newest, from, buf_view(&k->to), 1795514400, statement, count, &text);
	fixture_note(signer, as, buf_view(&text), &note);
	e = parsed(&note, t);
	buf_free(&text);
	buf_free(&note);
	return e;
}

/* A succession with these lines behind the keys and the time, signed by the new key. */
static enum err
succession(struct keys *k, const char *lines, struct transition *t)
{
	struct checkpoint nothing = {.origin = ORIGIN};
	struct buf text = BUF_INIT, note = BUF_INIT;
	enum err e;

	transition_write_succession(
	    &nothing, buf_view(&k->from), buf_view(&k->to), 1795514400, NULL, 0, &text);
	text.size = (size_t)((uint8_t *)memmem(text.data, text.size, "size ", 5) - text.data);
	buf_append_string(&text, lines);
	fixture_note(k->new, k->by_new, buf_view(&text), &note);
	e = parsed(&note, t);
	buf_free(&text);
	buf_free(&note);
	return e;
}

static void
the_vectors_are_taken(void **state)
{
	struct buf note = BUF_INIT;
	struct transition t;
	char hex[DIGEST_HEX_SIZE + 1];

	(void)state;
	vector_file("key-transition.txt", &note);
	assert_int_equal(parsed(&note, &t), ERR_OK);
	assert_string_equal(t.origin, ORIGIN);
	assert_int_equal(t.time_s, 1795514400);
	assert_false(transition_is_succession(&t));
	buf_clear(&note);
	vector_file("key-succession.txt", &note);
	assert_int_equal(parsed(&note, &t), ERR_OK);
	assert_true(transition_is_succession(&t));
	assert_string_equal(t.newest.origin, ORIGIN);
	assert_int_equal(t.newest.size, 2);
	assert_int_equal(t.statement_count, 2);
	digest_to_hex(&t.statement[0], hex); /* of "one" */
	assert_string_equal(
	    hex, "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed");
	buf_free(&note);
}

static void
what_is_written_is_taken(void **state)
{
	const struct checkpoint newest = {.origin = ORIGIN, .size = 4711, .root = {{7}}};
	const struct digest statement[2] = {{{1}}, {{2}}};
	struct transition t;
	struct keys k;

	(void)state;
	keys_make(&k);
	assert_int_equal(
	    succeeded(&k, &newest, buf_view(&k.from), statement, 2, k.new, k.by_new, &t), ERR_OK);
	assert_int_equal(t.newest.size, 4711);
	assert_true(digest_equal(&t.newest.root, &newest.root));
	assert_true(digest_equal(&t.statement[1], &statement[1]));
	keys_free(&k);
}

/* The old key's signature is not to be had; one that is there all the same is another form. */
static void
who_has_not_to_sign_does_not(void **state)
{
	const struct checkpoint newest = {.origin = ORIGIN, .size = 1};
	const struct digest statement = {{1}};
	struct buf text = BUF_INIT, note = BUF_INIT;
	struct transition t;
	struct keys k;

	(void)state;
	keys_make(&k);
	assert_int_equal(
	    succeeded(&k, &newest, buf_view(&k.from), &statement, 1, k.old, k.by_old, &t),
	    ERR_UNKNOWN_KEY);
	assert_int_equal(
	    succeeded(&k, &newest, buf_view(&k.from), &statement, 1, k.old, k.by_new, &t),
	    ERR_SIGNATURE);
	/* As a transition, which the old key would have to sign too. */
	transition_write(ORIGIN, buf_view(&k.from), buf_view(&k.to), 1795514400, &text);
	fixture_note(k.new, k.by_new, buf_view(&text), &note);
	assert_int_equal(parsed(&note, &t), ERR_UNKNOWN_KEY);
	buf_free(&text);
	buf_free(&note);
	keys_free(&k);
}

#define ROOT "root AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
#define HEX  "0000000000000000000000000000000000000000000000000000000000000000"
#define BACK "1000000000000000000000000000000000000000000000000000000000000000"

static void
a_succession_has_one_form(void **state)
{
	static const struct {
		const char *lines;
		enum err e;
	} cases[] = {
	    {"size 7\n" ROOT "statement " HEX "\n", ERR_OK},
	    {"size 7\n" ROOT "statement " HEX "\nstatement " BACK "\n", ERR_OK},
	    {"size 7\n" ROOT, ERR_FORMAT}, /* by nobody's word */
	    {"size 7\n" ROOT "statement " HEX "\nstatement " HEX "\n", ERR_FORMAT},
	    {"size 7\n" ROOT "statement " BACK "\nstatement " HEX "\n", ERR_FORMAT},
	    {"size 07\n" ROOT "statement " HEX "\n", ERR_FORMAT_NUMBER},
	    {"size 18446744073709551616\n" ROOT "statement " HEX "\n", ERR_FORMAT_NUMBER},
	    {ROOT "size 7\nstatement " HEX "\n", ERR_FORMAT},
	    {"size 7\nroot AAAA\nstatement " HEX "\n", ERR_FORMAT_BASE64},
	    {"size 7\n" ROOT "statement " HEX "\nmore\n", ERR_FORMAT},
	    {"", ERR_FORMAT},
	};
	struct transition t;
	struct keys k;

	(void)state;
	keys_make(&k);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(succession(&k, cases[i].lines, &t), cases[i].e);
	assert_int_not_equal(succession(&k, "size 7\n" ROOT "statement abc\n", &t), ERR_OK);
	keys_free(&k);
}

static void
no_more_statements_than_people_are_named(void **state)
{
	struct buf lines = BUF_INIT;
	struct transition t;
	struct keys k;

	(void)state;
	keys_make(&k);
	buf_append_string(&lines, "size 7\n" ROOT);
	for (int i = 0; i < TRANSITION_STATEMENTS_MAX; i++)
		buf_append_format(&lines, "statement %02d%.62s\n", i, HEX);
	buf_append_byte(&lines, '\0');
	assert_int_equal(succession(&k, (const char *)lines.data, &t), ERR_OK);
	assert_int_equal(t.statement_count, TRANSITION_STATEMENTS_MAX);
	lines.size--;
	buf_append_string(&lines, "statement " BACK "\n");
	lines.data[lines.size - 66] = '9';
	buf_append_byte(&lines, '\0');
	assert_int_equal(succession(&k, (const char *)lines.data, &t), ERR_FORMAT_SIZE);
	buf_free(&lines);
	keys_free(&k);
}

static void
no_key_follows_itself(void **state)
{
	const struct checkpoint newest = {.origin = ORIGIN, .size = 1};
	const struct digest statement = {{1}};
	struct transition t;
	struct keys k;

	(void)state;
	keys_make(&k);
	assert_int_equal(
	    succeeded(&k, &newest, buf_view(&k.to), &statement, 1, k.new, k.by_new, &t),
	    ERR_FORMAT);
	keys_free(&k);
}

/* The vector's statements are "one" and "another", which are no envelopes; those begin with '{'. */
static void
statements_stand_behind_the_note_in_its_order(void **state)
{
	static const char good[] = "{one}\n{two}\n";
	const struct checkpoint newest = {.origin = ORIGIN, .size = 1};
	struct transition t = {.newest = newest, .statement_count = 2};
	struct buf brought = BUF_INIT;
	struct view note, behind;

	(void)state;
	digest_of("{one}", 5, &t.statement[0]);
	digest_of("{two}", 5, &t.statement[1]);
	vector_file("key-succession.txt", &brought);
	transition_part(buf_view(&brought), &note, &behind);
	assert_true(view_equal(note, buf_view(&brought)));
	assert_int_equal(behind.size, 0);
	assert_int_not_equal(transition_check_statements(&t, behind), ERR_OK);
	buf_append_string(&brought, good);
	transition_part(buf_view(&brought), &note, &behind);
	assert_int_equal(note.size, brought.size - strlen(good));
	assert_true(view_equal(behind, view_of_string(good)));
	assert_int_equal(transition_check_statements(&t, behind), ERR_OK);
	assert_int_equal(
	    transition_check_statements(&t, VIEW_LITERAL("{two}\n{one}\n")), ERR_DIGEST);
	assert_int_equal(
	    transition_check_statements(&t, VIEW_LITERAL("{one}\n{two}\n{one}\n")), ERR_FORMAT);
	assert_int_not_equal(transition_check_statements(&t, VIEW_LITERAL("{one}\n{two}")), ERR_OK);
	transition_part((struct view){NULL, 0}, &note, &behind);
	assert_int_equal(note.size + behind.size, 0);
	buf_free(&brought);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vectors_are_taken),
	    cmocka_unit_test(what_is_written_is_taken),
	    cmocka_unit_test(who_has_not_to_sign_does_not),
	    cmocka_unit_test(a_succession_has_one_form),
	    cmocka_unit_test(no_more_statements_than_people_are_named),
	    cmocka_unit_test(no_key_follows_itself),
	    cmocka_unit_test(statements_stand_behind_the_note_in_its_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
