/* Receipts: no changed byte verifies, and each part is bound to the others. */
#include "tests/unit/note_fixture.h"

#include "proto/tlog/tile.h"
#include "proto/tlog/tlogproof.h"

#define V(s)     VIEW_LITERAL(s)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LINE     "\xe2\x80\x94 "
#define SIGNED   "AAAAAAE="

static struct note_verifier *p256;
static struct note_verifier *rsa;

static enum err
verify_receipt(struct view text, const struct note_verifier *v)
{
	struct buf storage = BUF_INIT;
	struct tlogproof p;
	struct checkpoint c;
	enum err e = tlogproof_parse(text, &storage, &p);

	if (e == ERR_OK)
		e = tlogproof_verify(&p, p.extra, v, &c);
	buf_free(&storage);
	return e;
}

static void
vectors_verify_and_say_what_they_are(void **state)
{
	struct buf text = BUF_INIT, storage = BUF_INIT;
	struct checkpoint c;
	struct tlogproof p;

	(void)state;
	vector_file("note-p256.tlog-proof", &text);
	assert_int_equal(tlogproof_parse(buf_view(&text), &storage, &p), ERR_OK);
	assert_int_equal(tlogproof_verify(&p, p.extra, p256, &c), ERR_OK);
	assert_true(p.has_extra);
	assert_true(view_equal(p.extra, V("PQRSTUVW")));
	assert_int_equal(p.index, 6);
	assert_int_equal(p.proof.count, 3);
	assert_int_equal(c.size, 8);
	assert_string_equal(c.origin, FIXTURE_NAME);
	assert_int_equal(tlogproof_verify(&p, p.extra, rsa, &c), ERR_UNKNOWN_KEY);
	assert_int_equal(c.size, 0);
	buf_clear(&text);
	vector_file("note-rsa.tlog-proof", &text);
	assert_int_equal(verify_receipt(buf_view(&text), rsa), ERR_OK);
	buf_free(&text);
	buf_free(&storage);
}

static void
what_parses_is_written_as_the_same_bytes(void **state)
{
	struct buf text = BUF_INIT, storage = BUF_INIT, again = BUF_INIT;
	struct tlogproof p;

	(void)state;
	vector_file("note-p256.tlog-proof", &text);
	assert_int_equal(tlogproof_parse(buf_view(&text), &storage, &p), ERR_OK);
	tlogproof_write(&p, &again);
	assert_true(view_equal(buf_view(&again), buf_view(&text)));
	buf_free(&text);
	buf_free(&storage);
	buf_free(&again);
}

/* Each byte to each other value, so that no second spelling of anything is missed. */
static void
expect_no_change_verifies(const char *file, const struct note_verifier *v)
{
	struct buf text = BUF_INIT, changed = BUF_INIT;

	vector_file(file, &text);
	for (size_t i = 0; i < text.size; i++) {
		const uint8_t right = text.data[i];

		for (unsigned value = 0; value < 256; value++) {
			text.data[i] = (uint8_t)value;
			assert_true(
			    (verify_receipt(buf_view(&text), v) == ERR_OK) == (value == right));
		}
		text.data[i] = right;
	}
	for (size_t i = 0; i <= text.size; i++) {
		/* A cut, a byte less, and one more of the most likely kinds. */
		if (i < text.size)
			assert_int_not_equal(
			    verify_receipt((struct view){text.data, i}, v), ERR_OK);
		buf_clear(&changed);
		buf_append(&changed, text.data, i);
		if (i < text.size)
			buf_append(&changed, text.data + i + 1, text.size - i - 1);
		assert_true((verify_receipt(buf_view(&changed), v) == ERR_OK) == (i == text.size));
		for (const char *c = "\n \r=A0+\t-"; *c != '\0'; c++) {
			buf_clear(&changed);
			buf_append(&changed, text.data, i);
			buf_append_byte(&changed, (uint8_t)*c);
			buf_append(&changed, text.data + i, text.size - i);
			assert_int_not_equal(verify_receipt(buf_view(&changed), v), ERR_OK);
		}
	}
	buf_free(&text);
	buf_free(&changed);
}

static void
no_changed_byte_verifies(void **state)
{
	(void)state;
	expect_no_change_verifies("note-p256.tlog-proof", p256);
	expect_no_change_verifies("note-rsa.tlog-proof", rsa);
}

/* --- whole parts exchanged
 * ------------------------------------------------------------------------ */

static void
expect_edited(const char *from, const char *to, enum err parsed, enum err verified)
{
	struct buf text = BUF_INIT, edited = BUF_INIT, storage = BUF_INIT;
	const size_t size = strlen(from);
	struct checkpoint c;
	struct tlogproof p;
	const uint8_t *at;
	enum err e;

	vector_file("note-p256.tlog-proof", &text);
	assert_non_null(at = memmem(text.data, text.size, from, size));
	buf_append(&edited, text.data, (size_t)(at - text.data));
	buf_append_string(&edited, to);
	buf_append(&edited, at + size, text.size - (size_t)(at - text.data) - size);
	e = tlogproof_parse(buf_view(&edited), &storage, &p);
	assert_int_equal(e, parsed);
	if (e == ERR_OK)
		assert_int_equal(tlogproof_verify(&p, p.extra, p256, &c), verified);
	buf_free(&text);
	buf_free(&edited);
	buf_free(&storage);
}

#define FIRST_HASH "Rvb/rdPQagn/PFhg0nVci5gZ2330QlF4jH2OMYDejrE=\n"
#define SECOND     "DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=\n"

static void
heads_in_another_form_are_refused(void **state)
{
	(void)state;
	expect_edited("@v1", "@v2", ERR_UNSUPPORTED, ERR_OK);
	expect_edited("c2sp.org/tlog-proof@v1\n", "", ERR_UNSUPPORTED, ERR_OK);
	expect_edited("c2sp", "C2SP", ERR_UNSUPPORTED, ERR_OK);
	expect_edited("extra UFFSU1RVVlc=\n", "extra\n", ERR_FORMAT, ERR_OK);
	expect_edited("extra ", "extra", ERR_FORMAT, ERR_OK);
	expect_edited("extra ", "Extra ", ERR_FORMAT, ERR_OK);
	expect_edited("extra UFFSU1RVVlc=\n", "\n", ERR_FORMAT, ERR_OK);
	expect_edited("extra ", "extra UFFSU1RVVlc=\nextra ", ERR_FORMAT, ERR_OK);
	expect_edited("index 6\n", "index 6\nextra UFFSU1RVVlc=\n", ERR_FORMAT_BASE64, ERR_OK);
	expect_edited("extra ", "extra  ", ERR_FORMAT_BASE64, ERR_OK);
	expect_edited("UFFSU1RVVlc=", "UFFSU1RVVlc", ERR_FORMAT_BASE64, ERR_OK);
	expect_edited("UFFSU1RVVlc=", "UFFSU1RVVld=", ERR_FORMAT_BASE64, ERR_OK);
	expect_edited("index 6\n", "", ERR_FORMAT, ERR_OK);
	expect_edited("index 6\n", "index 6\nindex 6\n", ERR_FORMAT_BASE64, ERR_OK);
	expect_edited("index 6", "index 06", ERR_FORMAT_NUMBER, ERR_OK);
	expect_edited("index 6", "index 6 ", ERR_FORMAT_NUMBER, ERR_OK);
	expect_edited("index 6", "index ", ERR_FORMAT_NUMBER, ERR_OK);
	expect_edited("index 6", "index -1", ERR_FORMAT_NUMBER, ERR_OK);
	expect_edited("index 6", "index 18446744073709551616", ERR_FORMAT_NUMBER, ERR_OK);
}

static void
contents_that_are_not_the_proved_ones_are_refused(void **state)
{
	(void)state;
	expect_edited("UFFSU1RVVlc=", "UFFSU1RVVlg=", ERR_OK, ERR_PROOF);
	expect_edited("UFFSU1RVVlc=", "", ERR_OK, ERR_PROOF);
	expect_edited("index 6", "index 5", ERR_OK, ERR_PROOF);
	expect_edited("index 6", "index 7", ERR_OK, ERR_PROOF);
	expect_edited("index 6", "index 8", ERR_OK, ERR_PROOF);
	expect_edited("index 6", "index 18446744073709551615", ERR_OK, ERR_PROOF);
	expect_edited(FIRST_HASH, "", ERR_OK, ERR_PROOF);
	expect_edited(FIRST_HASH SECOND, SECOND FIRST_HASH, ERR_OK, ERR_PROOF);
	expect_edited(FIRST_HASH, FIRST_HASH FIRST_HASH, ERR_OK, ERR_PROOF);
	expect_edited("\n8\n", "\n9\n", ERR_OK, ERR_SIGNATURE);
	expect_edited("vectors\n8\n", "vectors2\n8\n", ERR_OK, ERR_SIGNATURE);
}

static void
hashes_in_another_form_are_refused(void **state)
{
	(void)state;
	expect_edited(FIRST_HASH, "\n" FIRST_HASH, ERR_OK, ERR_SIGNATURE);
	expect_edited("ejrE=\n", "ejrE=", ERR_FORMAT_BASE64, ERR_OK);
	expect_edited("ejrE=\n", "ejrE= \n", ERR_FORMAT_BASE64, ERR_OK);
	expect_edited("ejrE=\n", "ejrF=\n", ERR_FORMAT_BASE64, ERR_OK);
	expect_edited("ejrE=\n", "ejrE\n", ERR_FORMAT_BASE64, ERR_OK);
	expect_edited("ejrE=\n", "ejrE=\r\n", ERR_FORMAT_BASE64, ERR_OK);
	expect_edited(FIRST_HASH, "AAAA\n", ERR_FORMAT_BASE64, ERR_OK);
	expect_edited(FIRST_HASH, "=\n", ERR_FORMAT_BASE64, ERR_OK);
	/* Without the empty line the origin is taken for a hash. */
	expect_edited("SCWFLc=\n\n", "SCWFLc=\n", ERR_FORMAT_BASE64, ERR_OK);
}

static void
a_second_empty_line_is_refused(void **state)
{
	(void)state;
	expect_edited("\n\nhallmark", "\n\n\nhallmark", ERR_OK, ERR_SIGNATURE);
	expect_edited("\n\n" LINE, "\n\n\n" LINE, ERR_OK, ERR_SIGNATURE);
	expect_edited("\n\n" LINE, "\n" LINE, ERR_FORMAT, ERR_OK);
}

#define WITNESS LINE "witness.example " SIGNED "\n"
#define OURS    LINE "hallmark"

/* Only where signature lines stand, only whole ones, and never in place of ours. */
static void
lines_of_other_keys_may_be_added(void **state)
{
	(void)state;
	expect_edited("\n" OURS, "\n" WITNESS OURS, ERR_OK, ERR_OK);
	expect_edited("\n" OURS, "\n" WITNESS WITNESS OURS, ERR_OK, ERR_OK);
	expect_edited(
	    "\n" OURS, "\n" LINE "hallmark.example/vectors " SIGNED "\n" OURS, ERR_OK, ERR_OK);
	expect_edited("\n" OURS, "\n" LINE "other.mark", ERR_OK, ERR_UNKNOWN_KEY);
	expect_edited("\n" OURS, "\n" LINE "witness.example AAAAAA==\n" OURS, ERR_FORMAT, ERR_OK);
	expect_edited(
	    "\n" OURS, "\n" LINE "witness.example AAAAAAF=\n" OURS, ERR_FORMAT_BASE64, ERR_OK);
	expect_edited("\n" OURS, "\n" LINE "wit+ness " SIGNED "\n" OURS, ERR_FORMAT, ERR_OK);
	expect_edited("\n" OURS, "\n- witness.example " SIGNED "\n" OURS, ERR_FORMAT, ERR_OK);
	expect_edited("\n" OURS, "\nanything\n" OURS, ERR_FORMAT, ERR_OK);
	expect_edited("\n" OURS, "\n" WITNESS "\n" OURS, ERR_OK, ERR_SIGNATURE);
	expect_edited("\n8\n", "\n8\n" WITNESS, ERR_OK, ERR_SIGNATURE);
	expect_edited("index 6\n", WITNESS "index 6\n", ERR_FORMAT, ERR_OK);
}

/* The vector with `lines` more of these behind its own, or before it. */
static void
expect_lines(size_t lines, bool before, enum err parsed, enum err verified)
{
	struct buf text = BUF_INIT, more = BUF_INIT, storage = BUF_INIT;
	const uint8_t *ours;
	struct checkpoint c;
	struct tlogproof p;
	size_t at;
	enum err e;

	vector_file("note-p256.tlog-proof", &text);
	assert_non_null(ours = memmem(text.data, text.size, OURS, strlen(OURS)));
	at = before ? (size_t)(ours - text.data) : text.size;
	buf_append(&more, text.data, at);
	for (size_t i = 0; i < lines; i++)
		buf_append_format(&more, LINE "witness-%zu.example " SIGNED "\n", i);
	buf_append(&more, text.data + at, text.size - at);
	e = tlogproof_parse(buf_view(&more), &storage, &p);
	assert_int_equal(e, parsed);
	if (e == ERR_OK)
		assert_int_equal(tlogproof_verify(&p, p.extra, p256, &c), verified);
	buf_free(&text);
	buf_free(&more);
	buf_free(&storage);
}

static void
sixteen_witnesses_and_more_may_have_signed(void **state)
{
	(void)state;
	for (unsigned before = 0; before < 2; before++) {
		expect_lines(1, before == 1, ERR_OK, ERR_OK);
		expect_lines(16, before == 1, ERR_OK, ERR_OK);
		expect_lines(NOTE_SIGNATURES_MAX - 1, before == 1, ERR_OK, ERR_OK);
		expect_lines(NOTE_SIGNATURES_MAX, before == 1, ERR_FORMAT_SIZE, ERR_OK);
	}
}

/* By name and key ID the log's, and another signature or the same once more. */
static void
a_second_line_of_the_logs_key_is_refused(void **state)
{
	struct buf text = BUF_INIT, more = BUF_INIT, wrong = BUF_INIT;
	struct view line;

	(void)state;
	vector_file("note-p256.tlog-proof", &text);
	line.data = memmem(text.data, text.size, OURS, strlen(OURS));
	assert_non_null(line.data);
	line.size = text.size - (size_t)(line.data - text.data);
	buf_append_view(&more, buf_view(&text));
	buf_append_view(&more, line);
	assert_int_equal(verify_receipt(buf_view(&more), p256), ERR_FORMAT);
	buf_append(&wrong, note_verifier_key_id(p256), NOTE_KEY_ID_SIZE);
	buf_append_byte(&wrong, 1);
	for (unsigned before = 0; before < 2; before++) {
		buf_clear(&more);
		buf_append(&more, text.data, text.size - (before == 1 ? line.size : 0));
		buf_append_string(&more, LINE FIXTURE_NAME " ");
		base64_append(&more, buf_view(&wrong));
		buf_append_byte(&more, '\n');
		if (before == 1)
			buf_append_view(&more, line);
		assert_int_equal(verify_receipt(buf_view(&more), p256), ERR_SIGNATURE);
	}
	buf_free(&text);
	buf_free(&more);
	buf_free(&wrong);
}

/* --- without the report
 * --------------------------------------------------------------------------- */

static void
a_proof_without_extra_proves_what_is_given(void **state)
{
	struct buf text = BUF_INIT, bare = BUF_INIT, storage = BUF_INIT, again = BUF_INIT;
	static const char extra[] = "extra UFFSU1RVVlc=\n";
	struct checkpoint c;
	struct tlogproof p;
	const uint8_t *at;

	(void)state;
	vector_file("note-p256.tlog-proof", &text);
	assert_non_null(at = memmem(text.data, text.size, extra, strlen(extra)));
	buf_append(&bare, text.data, (size_t)(at - text.data));
	buf_append(&bare, at + strlen(extra), text.size - (size_t)(at - text.data) - strlen(extra));
	buf_append_string(&storage, "what was there");
	assert_int_equal(tlogproof_parse(buf_view(&bare), &storage, &p), ERR_OK);
	assert_false(p.has_extra);
	assert_int_equal(p.extra.size + storage.size, 0);
	assert_int_equal(p.index, 6);
	assert_int_equal(tlogproof_verify(&p, V("PQRSTUVW"), p256, &c), ERR_OK);
	assert_int_equal(tlogproof_verify(&p, V("PQRSTUVW\n"), p256, &c), ERR_PROOF);
	assert_int_equal(tlogproof_verify(&p, p.extra, p256, &c), ERR_PROOF);
	tlogproof_write(&p, &again);
	assert_true(view_equal(buf_view(&again), buf_view(&bare)));
	buf_free(&text);
	buf_free(&bare);
	buf_free(&storage);
	buf_free(&again);
}

/* An empty one is another text than none. */
static void
an_empty_extra_is_one(void **state)
{
	static const char head[] =
	    "c2sp.org/tlog-proof@v1\nextra \nindex 0\n\nt\n\n" LINE "k " SIGNED "\n";
	struct buf storage = BUF_INIT, again = BUF_INIT;
	struct tlogproof p;

	(void)state;
	assert_int_equal(tlogproof_parse(view_of_string(head), &storage, &p), ERR_OK);
	assert_true(p.has_extra);
	assert_int_equal(p.extra.size, 0);
	tlogproof_write(&p, &again);
	assert_true(view_equal(buf_view(&again), view_of_string(head)));
	buf_free(&storage);
	buf_free(&again);
}

/* --- limits
 * --------------------------------------------------------------------------------------- */

static void
append_head(struct buf *to, size_t extra_size, size_t hashes)
{
	struct buf extra = BUF_INIT;

	for (size_t i = 0; i < extra_size; i++)
		buf_append_byte(&extra, 'x');
	buf_append_string(to, "c2sp.org/tlog-proof@v1\nextra ");
	base64_append(to, buf_view(&extra));
	buf_append_string(to, "\nindex 0\n");
	for (size_t i = 0; i < hashes; i++)
		buf_append_string(to, FIRST_HASH);
	buf_append_string(to, "\n");
	buf_free(&extra);
}

static void
expect_limits(size_t extra_size, size_t hashes, size_t note_size, enum err expected)
{
	static const char end[] = "\n\n" LINE "k " SIGNED "\n";
	struct buf text = BUF_INIT, storage = BUF_INIT;
	struct tlogproof p;

	append_head(&text, extra_size, hashes);
	for (size_t i = strlen(end); i < note_size; i++)
		buf_append_byte(&text, 't');
	buf_append_string(&text, end);
	assert_int_equal(buf_status(&text), ERR_OK);
	assert_int_equal(tlogproof_parse(buf_view(&text), &storage, &p), expected);
	buf_free(&text);
	buf_free(&storage);
}

static void
each_part_has_its_limit(void **state)
{
	(void)state;
	expect_limits(1, 1, 100, ERR_OK);
	expect_limits(ENTRY_SIZE_MAX, MERKLE_PROOF_MAX, NOTE_SIZE_MAX, ERR_OK);
	expect_limits(ENTRY_SIZE_MAX + 1, 1, 100, ERR_FORMAT_SIZE);
	expect_limits(1, MERKLE_PROOF_MAX + 1, 100, ERR_FORMAT_SIZE);
	expect_limits(1, 1, NOTE_SIZE_MAX + 1, ERR_FORMAT_SIZE);
	expect_limits(TLOGPROOF_SIZE_MAX, 1, 100, ERR_FORMAT_SIZE);
}

static void
a_reused_storage_forgets_the_last_receipt(void **state)
{
	struct buf text = BUF_INIT, storage = BUF_INIT;
	struct tlogproof p;

	(void)state;
	vector_file("note-p256.tlog-proof", &text);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(tlogproof_parse(buf_view(&text), &storage, &p), ERR_OK);
		assert_true(view_equal(p.extra, V("PQRSTUVW")));
	}
	buf_free(&text);
	buf_free(&storage);
}

/* --- a checkpoint that is authentic and yet not the verifier's
 * ---------------------------------------- */

static void
make_receipt(const char *checkpoint_text, struct buf *to, struct note_verifier **v)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct buf note = BUF_INIT;
	struct tlogproof p = {.has_extra = true, .extra = V("only"), .index = 0};

	assert_non_null(key);
	assert_int_equal(note_verifier_new("log.example", key, v), ERR_OK);
	fixture_note(key, *v, view_of_string(checkpoint_text), &note);
	p.note = buf_view(&note);
	tlogproof_write(&p, to);
	assert_int_equal(buf_status(to), ERR_OK);
	EVP_PKEY_free(key);
	buf_free(&note);
}

static void
expect_signed_text(const char *format, enum err expected)
{
	struct buf text = BUF_INIT, receipt = BUF_INIT, root = BUF_INIT;
	struct note_verifier *v;
	struct digest leaf;

	merkle_leaf(V("only"), &leaf);
	base64_append(&root, (struct view){leaf.bytes, DIGEST_SIZE});
	for (const char *c = format; *c != '\0'; c++) {
		if (*c == '%')
			buf_append_view(&text, buf_view(&root));
		else
			buf_append_byte(&text, (uint8_t)*c);
	}
	buf_append_byte(&text, 0);
	make_receipt((const char *)text.data, &receipt, &v);
	assert_int_equal(verify_receipt(buf_view(&receipt), v), expected);
	note_verifier_free(&v);
	buf_free(&text);
	buf_free(&root);
	buf_free(&receipt);
}

static void
what_is_signed_must_be_the_checkpoint_of_this_log(void **state)
{
	(void)state;
	expect_signed_text("log.example\n1\n%\n", ERR_OK);
	expect_signed_text("other.example\n1\n%\n", ERR_MISMATCH);
	expect_signed_text("log.example\n0\n%\n", ERR_PROOF);
	expect_signed_text("log.example\n2\n%\n", ERR_PROOF);
	expect_signed_text("log.example\n01\n%\n", ERR_FORMAT_NUMBER);
	expect_signed_text("log.example\n1\n%\nextension\n", ERR_FORMAT);
	expect_signed_text("log.example\n1\n%\n\n", ERR_FORMAT);
	expect_signed_text("log.example\n1\n", ERR_FORMAT);
	expect_signed_text("I owe you nothing.\n", ERR_FORMAT);
}

static int
make_verifiers(void **state)
{
	(void)state;
	p256 = fixture_verifier(FIXTURE_NAME, "note-p256.pem");
	rsa = fixture_verifier(FIXTURE_NAME, "note-rsa.pem");
	return 0;
}

static int
free_verifiers(void **state)
{
	(void)state;
	note_verifier_free(&p256);
	note_verifier_free(&rsa);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(vectors_verify_and_say_what_they_are),
	    cmocka_unit_test(what_parses_is_written_as_the_same_bytes),
	    cmocka_unit_test(no_changed_byte_verifies),
	    cmocka_unit_test(heads_in_another_form_are_refused),
	    cmocka_unit_test(contents_that_are_not_the_proved_ones_are_refused),
	    cmocka_unit_test(hashes_in_another_form_are_refused),
	    cmocka_unit_test(a_second_empty_line_is_refused),
	    cmocka_unit_test(lines_of_other_keys_may_be_added),
	    cmocka_unit_test(sixteen_witnesses_and_more_may_have_signed),
	    cmocka_unit_test(a_second_line_of_the_logs_key_is_refused),
	    cmocka_unit_test(a_proof_without_extra_proves_what_is_given),
	    cmocka_unit_test(an_empty_extra_is_one),
	    cmocka_unit_test(each_part_has_its_limit),
	    cmocka_unit_test(a_reused_storage_forgets_the_last_receipt),
	    cmocka_unit_test(what_is_signed_must_be_the_checkpoint_of_this_log),
	};

	return cmocka_run_group_tests(tests, make_verifiers, free_verifiers);
}
