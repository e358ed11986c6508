/* Cosignatures: which verifier key lines are one, and what a witness has said of a checkpoint. */
#include "proto/tlog/cosignature.h"

#include <openssl/ec.h>

#include "tests/lib/vectors.h"

#define V(s)    VIEW_LITERAL(s)
#define TIME_S  1795514400
#define ID_W1   "804c5a34"
#define KEY_W1  "BDia0xleKwmAMY3Hje3byPcLJzIzo/aWOGCNB6Gb2KvW"
#define NAME_W1 "witness.example/w1"

/* The two of the vectors. */
static struct cosigner *w1, *w2;

static int
read_both(void **state)
{
	struct buf file = BUF_INIT, again = BUF_INIT;
	struct view rest, line;

	(void)state;
	vector_file("cosigners.txt", &file);
	rest = buf_view(&file);
	assert_int_equal(line_next(&rest, &line), ERR_OK);
	assert_int_equal(cosigner_read(line, &w1), ERR_OK);
	assert_int_equal(cosigner_write(w1, &again), ERR_OK);
	assert_true(view_equal(buf_view(&again), line));
	assert_int_equal(line_next(&rest, &line), ERR_OK);
	assert_int_equal(cosigner_read(line, &w2), ERR_OK);
	assert_string_equal(cosigner_name(w2), "witness.example/w2");
	buf_free(&file);
	buf_free(&again);
	return 0;
}

static int
free_both(void **state)
{
	(void)state;
	cosigner_free(&w1);
	cosigner_free(&w2);
	return 0;
}

static void
expect_line(struct view line, enum err expected)
{
	struct cosigner *c = (struct cosigner *)1;

	assert_int_equal(cosigner_read(line, &c), expected);
	assert_int_equal(c != NULL, expected == ERR_OK);
	cosigner_free(&c);
}

static void
other_lines_are_no_witness(void **state)
{
	(void)state;
	expect_line(V(NAME_W1 "+" ID_W1 "+" KEY_W1), ERR_OK);
	expect_line(V(""), ERR_FORMAT);
	expect_line(V(NAME_W1), ERR_FORMAT);
	expect_line(V(NAME_W1 "+" ID_W1), ERR_FORMAT);
	expect_line(V(NAME_W1 "+" ID_W1 "+" KEY_W1 "\n"), ERR_FORMAT_BASE64);
	expect_line(V("+" ID_W1 "+" KEY_W1), ERR_FORMAT);
	expect_line(V("a b+" ID_W1 "+" KEY_W1), ERR_FORMAT);
	/* Of another name, and so of another ID; in capitals. */
	expect_line(V("w1+" ID_W1 "+" KEY_W1), ERR_MISMATCH);
	expect_line(V(NAME_W1 "+804C5A34+" KEY_W1), ERR_MISMATCH);
	/* A log's key (type 01), and one cut short. */
	expect_line(V("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"),
	    ERR_UNSUPPORTED);
	expect_line(
	    V(NAME_W1 "+" ID_W1 "+BDia0xleKwmAMY3Hje3byPcLJzIzo/aWOGCNB6Gb2Ks="), ERR_UNSUPPORTED);
}

/* Reads the vector with the first `from` replaced by `to`, if there is one; gives the check. */
static enum err
check(
    const char *file, const char *from, const char *to, const struct cosigner *by, uint64_t *time_s)
{
	struct buf whole = BUF_INIT, changed = BUF_INIT;
	struct note n;
	enum err e;
	size_t i = 0;

	vector_file(file, &whole);
	while (i + strlen(from) <= whole.size && memcmp(whole.data + i, from, strlen(from)) != 0)
		i++;
	assert_true(i + strlen(from) <= whole.size);
	buf_append(&changed, whole.data, i);
	buf_append_string(&changed, to);
	buf_append(&changed, whole.data + i + strlen(from), whole.size - i - strlen(from));
	assert_int_equal(note_parse(buf_view(&changed), &n), ERR_OK);
	e = cosigner_check(by, &n, time_s);
	buf_free(&whole);
	buf_free(&changed);
	return e;
}

static void
the_earliest_time_of_a_witness_counts(void **state)
{
	uint64_t time_s = 0;

	(void)state;
	assert_int_equal(check("note-cosigned.note", "", "", w1, &time_s), ERR_OK);
	assert_int_equal(time_s, TIME_S - 60);
	assert_int_equal(check("note-cosigned.note", "", "", w2, &time_s), ERR_OK);
	assert_int_equal(time_s, TIME_S + 5);
	assert_int_equal(check("note-p256.note", "", "", w1, &time_s), ERR_UNKNOWN_KEY);
}

static void
what_was_changed_was_not_cosigned(void **state)
{
	uint64_t time_s;

	(void)state;
	/* Another tree; another time; a byte of the signature. */
	assert_int_equal(check("note-cosigned.note", "\n8\n", "\n9\n", w1, &time_s), ERR_SIGNATURE);
	assert_int_equal(
	    check("note-cosigned.note", "gExaNAAAAABrBV/k", "gExaNAAAAABrBV/l", w1, &time_s),
	    ERR_SIGNATURE);
	assert_int_equal(check("note-cosigned.note", "ttilDepFvS88", "ttilDepFvS89", w1, &time_s),
	    ERR_SIGNATURE);
	/* One of its lines is wrong: so is the note, for who knows the witness, and for nobody
	 * else. */
	assert_int_equal(
	    check("note-cosigned.note", "ttilDepFvS88", "ttilDepFvS89", w2, &time_s), ERR_OK);
	/* Short, and long. */
	assert_int_equal(check("note-cosigned.note",
			     "OqEKERzSR1Lu4xsqQBHDA==", "OqEKERzSR1Lu4xsqQBH", w1, &time_s),
	    ERR_FORMAT_SIZE);
	assert_int_equal(check("note-cosigned.note",
			     "OqEKERzSR1Lu4xsqQBHDA==", "OqEKERzSR1Lu4xsqQBHDAAA", w1, &time_s),
	    ERR_FORMAT_SIZE);
	/* Under another name it is a stranger's. */
	assert_int_equal(
	    check("note-cosigned.note", "witness.example/w2", "witness.example/w3", w2, &time_s),
	    ERR_UNKNOWN_KEY);
}

/* It would be before whatever anybody asks for. */
static void
a_witness_without_a_time_says_nothing(void **state)
{
	uint64_t time_s;

	(void)state;
	assert_int_equal(check("note-cosigned-at-0.note", "", "", w1, &time_s), ERR_FORMAT_NUMBER);
}

/* What a witness writes is its one line, and it says what the witness was asked to say. */
static void
what_a_witness_signs_verifies(void **state)
{
	static const uint8_t seed[32] = {7};
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
	EVP_PKEY *ec = EVP_EC_gen("P-256");
	struct cosigner *own, *public_half, *none = (struct cosigner *)1;
	struct buf file = BUF_INIT, line = BUF_INIT;
	struct note n;
	uint64_t time_s = 0;

	(void)state;
	assert_int_equal(cosigner_new("a name", key, &none), ERR_FORMAT);
	assert_null(none);
	assert_int_equal(cosigner_new("register.example", ec, &none), ERR_UNSUPPORTED);
	assert_null(none);
	assert_int_equal(cosigner_new("register.example", key, &own), ERR_OK);
	assert_int_equal(cosigner_write(own, &line), ERR_OK);
	assert_int_equal(cosigner_read(buf_view(&line), &public_half), ERR_OK);

	vector_file("note-cosigned.note", &file);
	assert_int_equal(note_parse(buf_view(&file), &n), ERR_OK);
	assert_int_equal(cosigner_check(public_half, &n, &time_s), ERR_UNKNOWN_KEY);
	assert_int_equal(cosigner_sign(public_half, n.text, TIME_S, &file), ERR_UNSUPPORTED);
	assert_int_equal(cosigner_sign(own, n.text, 0, &file), ERR_FORMAT_NUMBER);
	buf_clear(&line);
	assert_int_equal(cosigner_sign(own, n.text, TIME_S, &line), ERR_OK);
	buf_append_view(&file, buf_view(&line));
	assert_int_equal(note_parse(buf_view(&file), &n), ERR_OK);
	assert_int_equal(cosigner_check(public_half, &n, &time_s), ERR_OK);
	assert_int_equal(time_s, TIME_S);
	/* Those that were there before count as they did. */
	assert_int_equal(cosigner_check(w1, &n, &time_s), ERR_OK);
	cosigner_free(&own);
	cosigner_free(&public_half);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ec);
	buf_free(&file);
	buf_free(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(other_lines_are_no_witness),
	    cmocka_unit_test(the_earliest_time_of_a_witness_counts),
	    cmocka_unit_test(what_was_changed_was_not_cosigned),
	    cmocka_unit_test(a_witness_without_a_time_says_nothing),
	    cmocka_unit_test(what_a_witness_signs_verifies),
	};

	return cmocka_run_group_tests(tests, read_both, free_both);
}
