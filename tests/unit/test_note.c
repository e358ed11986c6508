/* Signed notes: form, signatures of all kinds of key, and the one spelling of a signature. */
#include "tests/unit/note_fixture.h"

#define V(s)     VIEW_LITERAL(s)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LINE     "\xe2\x80\x94 "
#define SIGNED   "AAAAAAE=" /* key ID 0 and one byte of signature */

static struct note_verifier *p256;
static struct note_verifier *rsa;

/* --- the vectors ---------------------------------------------------------------------------------
 */

static void
vectors_verify_by_their_keys(void **state)
{
	struct note_verifier *v;
	struct buf bytes = BUF_INIT;

	(void)state;
	for (size_t key = 0; key < FIXTURE_KINDS; key++) {
		v = fixture_verifier_of(key);
		for (size_t i = 0; i < FIXTURE_KINDS; i++) {
			buf_clear(&bytes);
			vector_file(fixture_file(i, ".note"), &bytes);
			assert_int_equal(fixture_verify(buf_view(&bytes), v),
			    i == key ? ERR_OK : ERR_UNKNOWN_KEY);
		}
		note_verifier_free(&v);
	}
	buf_free(&bytes);
}

/* Who has the key alone learns from the line how it was signed. */
static void
an_rsa_key_verifies_both_schemes(void **state)
{
	struct note_verifier *v = fixture_verifier(FIXTURE_NAME, "note-rsa-pss.pem");
	struct buf bytes = BUF_INIT, line = BUF_INIT, good = BUF_INIT;
	struct note n;

	(void)state;
	vector_file("note-rsa-pss.note", &bytes);
	assert_int_equal(fixture_verify(buf_view(&bytes), v), ERR_OK);
	/* Two lines of one key are refused, also if each has an ID of its own. */
	assert_int_equal(note_parse(buf_view(&bytes), &n), ERR_OK);
	assert_int_equal(base64_decode(n.signature[0].base64, &good), ERR_OK);
	buf_append_view(&line, buf_view(&bytes));
	assert_int_equal(note_add(v, (struct view){good.data + 4, good.size - 4}, &line), ERR_OK);
	assert_int_equal(fixture_verify(buf_view(&line), v), ERR_SIGNATURE);
	note_verifier_free(&v);
	buf_free(&bytes);
	buf_free(&line);
	buf_free(&good);
}

static void
lines_of_several_keys_stand_in_one_note(void **state)
{
	struct note_verifier *v[FIXTURE_KINDS];
	struct buf note = BUF_INIT, other = BUF_INIT, signature = BUF_INIT;
	struct note n;

	(void)state;
	for (size_t i = 0; i < FIXTURE_KINDS; i++) {
		v[i] = fixture_verifier_of(i);
		buf_clear(&other);
		buf_clear(&signature);
		vector_file(fixture_file(i, ".note"), &other);
		assert_int_equal(note_parse(buf_view(&other), &n), ERR_OK);
		assert_int_equal(base64_decode(n.signature[0].base64, &signature), ERR_OK);
		buf_consume(&signature, NOTE_KEY_ID_SIZE);
		if (i == 0)
			assert_int_equal(
			    note_write(n.text, v[i], buf_view(&signature), &note), ERR_OK);
		else
			assert_int_equal(note_add(v[i], buf_view(&signature), &note), ERR_OK);
	}
	for (size_t i = 0; i < FIXTURE_KINDS; i++) {
		assert_int_equal(fixture_verify(buf_view(&note), v[i]), ERR_OK);
		note_verifier_free(&v[i]);
	}
	buf_free(&note);
	buf_free(&other);
	buf_free(&signature);
}

static void
verifier_key_lines_are_those_of_the_vectors(void **state)
{
	struct buf expected = BUF_INIT, lines = BUF_INIT;
	struct note_verifier *v;

	(void)state;
	vector_file("note-keys.txt", &expected);
	for (size_t i = 0; i < FIXTURE_KINDS; i++) {
		v = fixture_verifier_of(i);
		assert_int_equal(note_verifier_write(v, &lines), ERR_OK);
		buf_append_byte(&lines, '\n');
		note_verifier_free(&v);
	}
	assert_true(view_equal(buf_view(&lines), buf_view(&expected)));
	buf_free(&expected);
	buf_free(&lines);
}

/* Lines of post-quantum witnesses are 3.3 KB long: there is room for as many as C2SP demands. */
static void
sixteen_lines_of_ml_dsa_are_ignored(void **state)
{
	struct buf note = BUF_INIT, bytes = BUF_INIT;

	(void)state;
	vector_file("note-ed25519.note", &note);
	assert_non_null(buf_reserve(&bytes, 4 + 8 + 2420));
	memset(bytes.data, 0x06, 4 + 8 + 2420);
	bytes.size = 4 + 8 + 2420;
	for (unsigned i = 0; i < 16; i++) {
		buf_append_string(&note, LINE "witness.example ");
		base64_append(&note, buf_view(&bytes));
		buf_append_byte(&note, '\n');
	}
	for (size_t i = 0; i < FIXTURE_KINDS; i++) {
		struct note_verifier *v = fixture_verifier_of(i);

		assert_int_equal(fixture_verify(buf_view(&note), v),
		    fixture_kinds[i].scheme == NOTE_ED25519 ? ERR_OK : ERR_UNKNOWN_KEY);
		note_verifier_free(&v);
	}
	buf_free(&note);
	buf_free(&bytes);
}

/* Published notes by keys and in texts that are not ours: well formed, and not ours. */
static void
published_notes_are_taken_apart(void **state)
{
	struct note_verifier *peter;
	struct buf bytes = BUF_INIT;
	struct note n;

	(void)state;
	vector_file("note-go.note", &bytes);
	assert_int_equal(note_parse(buf_view(&bytes), &n), ERR_OK);
	assert_int_equal(n.signature_count, 1);
	assert_true(view_equal(n.signature[0].name, V("PeterNeumann")));
	assert_memory_equal(n.signature[0].key_id, "\xc7\x4f\x20\xa3", 4);
	assert_int_equal(note_verify(&n, p256), ERR_UNKNOWN_KEY);
	assert_int_equal(note_verifier_read(V("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsV"
					      "kmqq/LDE4izWy10TW"),
			     &peter),
	    ERR_OK);
	assert_int_equal(note_verify(&n, peter), ERR_OK);
	note_verifier_free(&peter);
	buf_clear(&bytes);
	vector_file("note-c2sp.note", &bytes);
	assert_int_equal(note_parse(buf_view(&bytes), &n), ERR_OK);
	assert_true(view_equal(n.signature[0].name, V("quasimodo.example/salvatore")));
	assert_true(n.text.size > 10);
	assert_memory_equal(n.text.data + n.text.size - 7, " sera.\n", 7);
	buf_free(&bytes);
}

/* The heart of it: no changed byte of a signed note goes through. */
static void
expect_no_changed_byte_verifies(const char *file, const struct note_verifier *v)
{
	struct buf bytes = BUF_INIT;

	vector_file(file, &bytes);
	for (size_t i = 0; i < bytes.size; i++) {
		const uint8_t right = bytes.data[i];

		for (unsigned bit = 0; bit < 8; bit++) {
			bytes.data[i] = right ^ (uint8_t)(1U << bit);
			assert_int_not_equal(fixture_verify(buf_view(&bytes), v), ERR_OK);
		}
		bytes.data[i] = '\n';
		if (right != '\n')
			assert_int_not_equal(fixture_verify(buf_view(&bytes), v), ERR_OK);
		bytes.data[i] = right;
	}
	assert_int_equal(fixture_verify(buf_view(&bytes), v), ERR_OK);
	for (size_t size = 0; size < bytes.size; size++)
		assert_int_not_equal(fixture_verify((struct view){bytes.data, size}, v), ERR_OK);
	buf_append_byte(&bytes, '\n');
	assert_int_not_equal(fixture_verify(buf_view(&bytes), v), ERR_OK);
	buf_free(&bytes);
}

static void
no_changed_byte_verifies(void **state)
{
	(void)state;
	for (size_t i = 0; i < FIXTURE_KINDS; i++) {
		struct note_verifier *v = fixture_verifier_of(i);

		expect_no_changed_byte_verifies(fixture_file(i, ".note"), v);
		note_verifier_free(&v);
	}
}

/* --- form
 * ----------------------------------------------------------------------------------------- */

static void
expect_parsed(struct view bytes, struct view text, size_t signatures)
{
	struct note n;

	assert_int_equal(note_parse(bytes, &n), ERR_OK);
	assert_true(view_equal(n.text, text));
	assert_int_equal(n.signature_count, signatures);
}

static void
the_last_empty_line_separates(void **state)
{
	(void)state;
	expect_parsed(V("t\n\n" LINE "k " SIGNED "\n"), V("t\n"), 1);
	expect_parsed(V("t\n\nu\n\n" LINE "k " SIGNED "\n"), V("t\n\nu\n"), 1);
	expect_parsed(V("t\n\n\n" LINE "k " SIGNED "\n"), V("t\n\n"), 1);
	expect_parsed(V("\n\n" LINE "k " SIGNED "\n"), V("\n"), 1);
	expect_parsed(V("t\n\n" LINE "k " SIGNED "\n\n" LINE "k " SIGNED "\n"),
	    V("t\n\n" LINE "k " SIGNED "\n"), 1);
}

static void
notes_without_their_parts_are_refused(void **state)
{
	static const char *const bad[] = {"", "\n", "\n\n", "t", "t\n", "t\n\n",
	    LINE "k " SIGNED "\n", "\n" LINE "k " SIGNED "\n", "t\n" LINE "k " SIGNED "\n",
	    "t\n\n" LINE "k " SIGNED, "t\n\n" LINE "k " SIGNED "\n\n", "t\n\nu\n",
	    "t\n\n" LINE "k " SIGNED "\nu\n", "t\r\n\r\n" LINE "k " SIGNED "\n"};
	struct note n;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(note_parse(view_of_string(bad[i]), &n), ERR_FORMAT);
}

static void
texts_with_control_characters_or_not_utf8_are_refused(void **state)
{
	static const char *const bad[] = {"a\tb", "a\rb", "a\x1b[31m", "a\x7f", "a\xc2\x85",
	    "a\xff", "a\xc3", "a\xc0\x80", "a\xed\xa0\x80", "\x01"};
	struct buf bytes = BUF_INIT;
	struct note n;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		buf_clear(&bytes);
		buf_append_format(&bytes, "%s\n\n" LINE "k " SIGNED "\n", bad[i]);
		assert_int_equal(note_parse(buf_view(&bytes), &n), ERR_FORMAT);
	}
	buf_free(&bytes);
	assert_int_equal(note_parse(V("a\0b\n\n" LINE "k " SIGNED "\n"), &n), ERR_FORMAT);
}

static void
signature_lines_in_another_form_are_refused(void **state)
{
	static const char *const bad[] = {LINE, LINE "k", LINE "k ", LINE " " SIGNED, LINE SIGNED,
	    LINE "k  " SIGNED, LINE "k " SIGNED " ", LINE "k k " SIGNED, " " LINE "k " SIGNED,
	    "- k " SIGNED, "\xe2\x80\x93 k " SIGNED, "\xe2\x80\x94k " SIGNED, LINE "a+b " SIGNED,
	    LINE "a\tb " SIGNED, LINE "a\xc2\xa0 " SIGNED, LINE "a\xe2\x80\x83 " SIGNED,
	    LINE "a\xe3\x80\x80 " SIGNED, LINE "a\xff " SIGNED, LINE "a\xe2\x80\xae " SIGNED,
	    LINE "k " SIGNED "\r", LINE "k AAAAAA==", LINE "k AAAAAA", LINE "k AAAAAAE",
	    LINE "k AAAAAAF=", LINE "k AAAAAAE=AAAA", LINE "k =", "x"};
	struct buf bytes = BUF_INIT;
	struct note n;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		buf_clear(&bytes);
		buf_append_format(&bytes, "t\n\n" LINE "k " SIGNED "\n%s\n", bad[i]);
		assert_int_equal(err_class(note_parse(buf_view(&bytes), &n)), ERR_CLASS_FORMAT);
		buf_clear(&bytes);
		buf_append_format(&bytes, "t\n\n%s\n" LINE "k " SIGNED "\n", bad[i]);
		assert_int_equal(err_class(note_parse(buf_view(&bytes), &n)), ERR_CLASS_FORMAT);
	}
	buf_free(&bytes);
}

static void
names_of_others_may_be_of_any_script(void **state)
{
	struct note n;

	(void)state;
	assert_int_equal(
	    note_parse(V("t\n\n" LINE "caf\xc3\xa9.example/\xe6\x97\xa5 " SIGNED "\n"), &n),
	    ERR_OK);
	assert_true(view_equal(n.signature[0].name, V("caf\xc3\xa9.example/\xe6\x97\xa5")));
}

static void
sixty_four_signatures_are_read_and_no_more(void **state)
{
	struct buf bytes = BUF_INIT;
	struct note n;

	(void)state;
	buf_append_string(&bytes, "t\n\n");
	for (unsigned i = 0; i < NOTE_SIGNATURES_MAX; i++)
		buf_append_format(&bytes, LINE "k%u " SIGNED "\n", i);
	assert_int_equal(note_parse(buf_view(&bytes), &n), ERR_OK);
	assert_int_equal(n.signature_count, 64);
	assert_true(view_equal(n.signature[63].name, V("k63")));
	buf_append_string(&bytes, LINE "k64 " SIGNED "\n");
	assert_int_equal(note_parse(buf_view(&bytes), &n), ERR_FORMAT_SIZE);
	buf_free(&bytes);
}

static void
a_note_has_a_largest_size(void **state)
{
	const struct view end = V("\n\n" LINE "k " SIGNED "\n");
	struct buf bytes = BUF_INIT;
	struct note n;

	(void)state;
	while (bytes.size < NOTE_SIZE_MAX - end.size)
		buf_append_byte(&bytes, 'x');
	buf_append_view(&bytes, end);
	assert_int_equal(note_parse(buf_view(&bytes), &n), ERR_OK);
	bytes.size -= end.size;
	buf_append_byte(&bytes, 'x');
	buf_append_view(&bytes, end);
	assert_int_equal(note_parse(buf_view(&bytes), &n), ERR_FORMAT_SIZE);
	buf_free(&bytes);
}

/* --- which signature counts
 * ------------------------------------------------------------------------ */

/* The vector's text and signature line, to be put together in other ways. */
static void
take_apart(struct buf *bytes, struct view *text, struct view *line)
{
	struct note n;

	vector_file("note-p256.note", bytes);
	assert_int_equal(note_parse(buf_view(bytes), &n), ERR_OK);
	*text = n.text;
	line->data = n.text.data + n.text.size + 1;
	line->size = bytes->size - n.text.size - 1;
}

static void
unknown_keys_are_ignored_wherever_they_stand(void **state)
{
	struct buf vector = BUF_INIT, bytes = BUF_INIT;
	struct view text, line;

	(void)state;
	take_apart(&vector, &text, &line);
	buf_append_view(&bytes, text);
	buf_append_string(&bytes, "\n" LINE "witness.example " SIGNED "\n");
	/* The same name with another ID, and the same ID with another name, are other keys. */
	buf_append_string(&bytes, LINE FIXTURE_NAME " " SIGNED "\n");
	buf_append_string(&bytes, LINE "other ");
	buf_append_view(&bytes, (struct view){line.data + 4 + strlen(FIXTURE_NAME) + 1,
				    line.size - 4 - strlen(FIXTURE_NAME) - 1});
	assert_int_equal(fixture_verify(buf_view(&bytes), p256), ERR_UNKNOWN_KEY);
	buf_append_view(&bytes, line);
	buf_append_string(&bytes, LINE "behind " SIGNED "\n");
	assert_int_equal(fixture_verify(buf_view(&bytes), p256), ERR_OK);
	buf_free(&vector);
	buf_free(&bytes);
}

static void
a_wrong_signature_by_the_known_key_spoils_the_note(void **state)
{
	struct buf vector = BUF_INIT, bytes = BUF_INIT, wrong = BUF_INIT;
	struct view text, line;

	(void)state;
	take_apart(&vector, &text, &line);
	buf_append(&wrong, note_verifier_key_id(p256), NOTE_KEY_ID_SIZE);
	buf_append_byte(&wrong, 1);
	for (unsigned before = 0; before < 2; before++) {
		buf_clear(&bytes);
		buf_append_view(&bytes, text);
		buf_append_byte(&bytes, '\n');
		if (before == 0)
			buf_append_view(&bytes, line);
		buf_append_string(&bytes, LINE FIXTURE_NAME " ");
		base64_append(&bytes, buf_view(&wrong));
		buf_append_byte(&bytes, '\n');
		if (before == 1)
			buf_append_view(&bytes, line);
		assert_int_equal(fixture_verify(buf_view(&bytes), p256), ERR_SIGNATURE);
	}
	buf_free(&vector);
	buf_free(&bytes);
	buf_free(&wrong);
}

static void
a_second_signature_by_the_same_key_is_refused(void **state)
{
	struct buf vector = BUF_INIT, bytes = BUF_INIT;
	struct view text, line;

	(void)state;
	take_apart(&vector, &text, &line);
	buf_append_view(&bytes, buf_view(&vector));
	buf_append_view(&bytes, line);
	assert_int_equal(fixture_verify(buf_view(&bytes), p256), ERR_FORMAT);
	buf_free(&vector);
	buf_free(&bytes);
}

/* The same key under another name is another signer: for RSA the ID differs, for ECDSA the name. */
static void
a_key_speaks_under_its_name_only(void **state)
{
	struct note_verifier *other = fixture_verifier("other.example", "note-p256.pem");
	struct note_verifier *other_rsa = fixture_verifier("other.example", "note-rsa.pem");
	struct buf bytes = BUF_INIT;

	(void)state;
	assert_memory_equal(note_verifier_key_id(other), note_verifier_key_id(p256), 4);
	assert_memory_not_equal(note_verifier_key_id(other_rsa), note_verifier_key_id(rsa), 4);
	assert_string_equal(note_verifier_name(other), "other.example");
	vector_file("note-p256.note", &bytes);
	assert_int_equal(fixture_verify(buf_view(&bytes), other), ERR_UNKNOWN_KEY);
	buf_clear(&bytes);
	vector_file("note-rsa.note", &bytes);
	assert_int_equal(fixture_verify(buf_view(&bytes), other_rsa), ERR_UNKNOWN_KEY);
	buf_free(&bytes);
	note_verifier_free(&other);
	note_verifier_free(&other_rsa);
	assert_null(other);
	note_verifier_free(&other);
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
	    cmocka_unit_test(vectors_verify_by_their_keys),
	    cmocka_unit_test(an_rsa_key_verifies_both_schemes),
	    cmocka_unit_test(lines_of_several_keys_stand_in_one_note),
	    cmocka_unit_test(sixteen_lines_of_ml_dsa_are_ignored),
	    cmocka_unit_test(verifier_key_lines_are_those_of_the_vectors),
	    cmocka_unit_test(published_notes_are_taken_apart),
	    cmocka_unit_test(no_changed_byte_verifies),
	    cmocka_unit_test(the_last_empty_line_separates),
	    cmocka_unit_test(notes_without_their_parts_are_refused),
	    cmocka_unit_test(texts_with_control_characters_or_not_utf8_are_refused),
	    cmocka_unit_test(signature_lines_in_another_form_are_refused),
	    cmocka_unit_test(names_of_others_may_be_of_any_script),
	    cmocka_unit_test(sixty_four_signatures_are_read_and_no_more),
	    cmocka_unit_test(a_note_has_a_largest_size),
	    cmocka_unit_test(unknown_keys_are_ignored_wherever_they_stand),
	    cmocka_unit_test(a_wrong_signature_by_the_known_key_spoils_the_note),
	    cmocka_unit_test(a_second_signature_by_the_same_key_is_refused),
	    cmocka_unit_test(a_key_speaks_under_its_name_only),
	};

	return cmocka_run_group_tests(tests, make_verifiers, free_verifiers);
}
