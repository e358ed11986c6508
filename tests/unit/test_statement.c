/* Statements: their two documents in one spelling each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/unit/config_fixture.h"
#include "tests/unit/statement_fixture.h"

#define V(s) VIEW_LITERAL(s)
#define HEX  STATEMENT_HEX

static struct statement_key *key;

static int
make_key(void **state)
{
	(void)state;
	key = operator_key_new();
	return 0;
}

static int
free_key(void **state)
{
	(void)state;
	statement_key_free(&key);
	return 0;
}

static const char payload[] =
    "{\"hallmark.statement\":\"approve\",\"origin\":\"hallmark.test/log\","
    "\"subject\":{\"manifest\":\"" HEX "\"},\"not-before\":1000,\"not-after\":2000,"
    "\"reason\":\"release 4.2\",\"author\":\"dora\",\"number\":7}";

static void
expect_payload(const struct statement *s, const char *expected)
{
	struct buf text = BUF_INIT;

	assert_int_equal(statement_write_payload(s, &text), ERR_OK);
	if (!view_equal(buf_view(&text), view_of_string(expected)))
		fail_msg("expected %s, found %.*s", expected, (int)text.size, (char *)text.data);
	buf_free(&text);
}

static void
refuse_to_write(const struct statement *s)
{
	struct buf text = BUF_INIT;

	assert_int_equal(statement_write_payload(s, &text), ERR_STATEMENT_FORMAT);
	assert_int_equal(text.size, 0);
	buf_free(&text);
}

/* The good payload with `from` replaced by `to`, in a good envelope. */
static void
expect_read(const char *from, const char *to, enum err expected)
{
	char *text = fixture_replace(payload, from, to);
	struct buf envelope = BUF_INIT;
	struct statement_document *d;
	enum err e;

	statement_envelope_payload(key, view_of_string(text), &envelope);
	e = statement_parse(buf_view(&envelope), &d);
	if (e != expected)
		fail_msg("expected %s, found %s: %s", err_name(expected), err_name(e), text);
	assert_int_equal(d != NULL, e == ERR_OK);
	statement_document_free(&d);
	buf_free(&envelope);
	free(text);
}

static void
a_statement_is_written_and_read(void **state)
{
	struct statement s = statement_approving();
	const struct statement *back;
	struct statement_document *d;
	struct buf envelope = BUF_INIT;
	struct digest digest;

	(void)state;
	expect_payload(&s, payload);
	statement_envelope(key, &s, &envelope);
	assert_int_equal(statement_parse(buf_view(&envelope), &d), ERR_OK);
	back = statement_document_statement(d);
	assert_int_equal(statement_kind(back), STATEMENT_APPROVE);
	assert_true(view_equal(back->origin, s.origin));
	assert_int_equal(back->member_count, 1);
	assert_true(view_equal(statement_value(back, "manifest"), V(HEX)));
	assert_int_equal(statement_value(back, "statement").size, 0);
	assert_int_equal(statement_value_digest(back, "manifest", &digest), ERR_OK);
	assert_int_equal(digest.bytes[31], 0xaa);
	assert_int_equal(statement_value_digest(back, "statement", &digest), ERR_STATEMENT_SUBJECT);
	assert_int_equal(back->not_before_s, 1000);
	assert_int_equal(back->not_after_s, 2000);
	assert_true(view_equal(back->reason, s.reason));
	assert_true(view_equal(back->author, s.author));
	assert_int_equal(back->number, 7);
	assert_int_equal(back->extensions.size, 0);
	assert_true(view_equal(statement_document_payload(d), view_of_string(payload)));
	assert_true(digest_equal(statement_document_key_id(d), statement_key_id(key)));
	digest_of(envelope.data, envelope.size, &digest);
	assert_true(digest_equal(statement_document_digest(d), &digest));
	assert_int_equal(statement_verify(d, key), ERR_OK);
	statement_document_free(&d);
	assert_null(d);
	buf_free(&envelope);
}

static void
texts_are_escaped_and_extensions_carried(void **state)
{
	struct statement s = statement_approving();
	struct statement_document *d;
	const struct statement *back;

	(void)state;
	s.reason = V("a \"b\" \\ c \xc3\xa9");
	s.author = V("\\");
	s.extensions = V("{\"a-1\":[1,\"\\\"\"]}");
	expect_payload(&s,
	    "{\"hallmark.statement\":\"approve\",\"origin\":\"hallmark.test/log\","
	    "\"subject\":{\"manifest\":\"" HEX "\"},\"not-before\":1000,\"not-after\":2000,"
	    "\"reason\":\"a \\\"b\\\" \\\\ c \xc3\xa9\",\"author\":\"\\\\\",\"number\":7,"
	    "\"hallmark.extensions\":{\"a-1\":[1,\"\\\"\"]}}");
	d = statement_signed(key, &s);
	back = statement_document_statement(d);
	assert_true(view_equal(back->reason, s.reason));
	assert_true(view_equal(back->author, s.author));
	assert_true(view_equal(back->extensions, s.extensions));
	statement_document_free(&d);
}

static void
what_is_signed_names_type_and_size(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	statement_signed_bytes(V("{}"), &text);
	assert_true(view_equal(
	    buf_view(&text), V("DSSEv1 39 application/vnd.hallmark.statement+json 2 {}")));
	buf_free(&text);
}

static void
another_key_or_signature_is_refused(void **state)
{
	struct statement s = statement_approving();
	struct statement_document *d = statement_signed(key, &s);
	struct statement_key *other = operator_key_new();
	struct buf envelope = BUF_INIT;

	(void)state;
	assert_int_equal(statement_verify(d, other), ERR_STATEMENT_KEY);
	statement_document_free(&d);
	/* Signed by another than the one it names; and another text under a good signature. */
	for (unsigned i = 0; i < 2; i++) {
		struct buf text = BUF_INIT, signature = BUF_INIT;

		statement_signed_bytes(i == 0 ? view_of_string(payload) : V("{}"), &text);
		statement_sign_bytes(i == 0 ? other : key, buf_view(&text), &signature);
		buf_clear(&envelope);
		assert_int_equal(statement_write_envelope(view_of_string(payload),
				     statement_key_id(key), buf_view(&signature), &envelope),
		    ERR_OK);
		assert_int_equal(statement_parse(buf_view(&envelope), &d), ERR_OK);
		assert_int_equal(statement_verify(d, key), ERR_STATEMENT_SIGNATURE);
		statement_document_free(&d);
		buf_free(&text);
		buf_free(&signature);
	}
	statement_key_free(&other);
	buf_free(&envelope);
}

static void
what_has_no_form_is_not_written(void **state)
{
	const struct statement good = statement_approving();
	struct statement s;

	(void)state;
#define REFUSED(member, value)                                                                     \
	do {                                                                                       \
		s = good;                                                                          \
		s.member = value;                                                                  \
		refuse_to_write(&s);                                                               \
	} while (0)
	REFUSED(kind_name, V(""));
	REFUSED(kind_name, V("Approve"));
	REFUSED(kind_name, V("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	REFUSED(origin, V(""));
	REFUSED(origin, V("a b"));
	REFUSED(member_count, 0);
	REFUSED(member_count, STATEMENT_MEMBERS_MAX + 1);
	REFUSED(member[0].name, V(""));
	REFUSED(member[0].name, V("a_b"));
	REFUSED(member[0].value, V(""));
	REFUSED(member[0].value, V("a\nb"));
	REFUSED(not_before_s, 2000);
	REFUSED(not_after_s, STATEMENT_NUMBER_MAX + 1);
	REFUSED(reason, V(""));
	REFUSED(reason, V("a\x1b[31mb"));
	REFUSED(author, V(""));
	REFUSED(author, V("\xe2\x80\xae"));
	REFUSED(author, V("dora "));        /* no other than dora */
	REFUSED(author, V("do\xc2\xa0ra")); /* a space that does not break */
	REFUSED(number, 0);
	REFUSED(number, STATEMENT_NUMBER_MAX + 1);
	REFUSED(extensions, V("{}"));
	REFUSED(extensions, V("{\"b\":1,\"a\":1}"));
#undef REFUSED
}

static void
texts_have_sizes(void **state)
{
	struct statement s = statement_approving();
	char text[STATEMENT_VALUE_MAX + 1];

	(void)state;
	memset(text, 'x', sizeof(text));
	s.reason = (struct view){(uint8_t *)text, STATEMENT_REASON_MAX};
	s.author = (struct view){(uint8_t *)text, STATEMENT_AUTHOR_MAX};
	s.member[0].value = (struct view){(uint8_t *)text, STATEMENT_VALUE_MAX};
	assert_int_equal(statement_check(&s), ERR_OK);
	s.reason.size++;
	refuse_to_write(&s);
	s.reason.size--;
	s.author.size++;
	refuse_to_write(&s);
	s.author.size--;
	s.member[0].value.size++;
	refuse_to_write(&s);
}

static void
members_rise(void **state)
{
	struct statement s = statement_approving();

	(void)state;
	s.member_count = 2;
	s.member[1] = (struct statement_member){V("statement"), V("x")};
	assert_int_equal(statement_check(&s), ERR_OK);
	s.member[1].name = V("manifest");
	refuse_to_write(&s);
	s.member[1].name = V("a");
	refuse_to_write(&s);
}

static void
another_spelling_of_a_payload_is_refused(void **state)
{
	(void)state;
	expect_read("approve", "approve", ERR_OK);
	expect_read("{\"hallmark", " {\"hallmark", ERR_STATEMENT_FORMAT);
	expect_read("\"number\":7}", "\"number\":7} ", ERR_STATEMENT_FORMAT);
	expect_read("\"number\":7", "\"number\":07", ERR_STATEMENT_FORMAT);
	expect_read("\"number\":7", "\"number\":7.0", ERR_STATEMENT_FORMAT);
	expect_read("\"number\":7", "\"number\":\"7\"", ERR_STATEMENT_FORMAT);
	expect_read("\"number\":7", "\"number\":0", ERR_STATEMENT_FORMAT);
	expect_read("\"number\":7", "\"number\":9007199254740992", ERR_STATEMENT_FORMAT);
	expect_read("\"number\":7", "\"number\":9007199254740991", ERR_OK);
	expect_read(",\"number\":7", "", ERR_STATEMENT_FORMAT);
	expect_read("\"number\":7", "\"number\":7,\"more\":1", ERR_STATEMENT_FORMAT);
	expect_read(
	    "\"number\":7", "\"number\":7,\"hallmark.extensions\":{}", ERR_STATEMENT_FORMAT);
	expect_read("\"number\":7", "\"number\":7,\"hallmark.extensions\":{\"a\":true}", ERR_OK);
	expect_read("\"not-before\":1000", "\"not-before\":2000", ERR_STATEMENT_FORMAT);
	expect_read("\"not-before\":1000", "\"not-before\":1999", ERR_OK);
	expect_read("\"not-before\":1000", "\"not-before\":0", ERR_OK);
	expect_read("release", "re\\u006cease", ERR_STATEMENT_FORMAT);
	expect_read("release", "re\\/lease", ERR_STATEMENT_FORMAT);
	expect_read("release", "re\\\"lease", ERR_OK);
	expect_read("release 4.2", "", ERR_STATEMENT_FORMAT);
	expect_read("dora", "do\nra", ERR_STATEMENT_FORMAT);
	expect_read("dora", "do\xffra", ERR_STATEMENT_FORMAT);
	expect_read("hallmark.test/log", "hallmark.test/log+", ERR_STATEMENT_FORMAT);
	expect_read("{\"manifest\":\"" HEX "\"}", "{}", ERR_STATEMENT_FORMAT);
	expect_read(
	    "{\"manifest\":\"" HEX "\"}", "{\"b\":\"1\",\"a\":\"1\"}", ERR_STATEMENT_FORMAT);
	expect_read("{\"manifest\":\"" HEX "\"}", "{\"a\":1}", ERR_STATEMENT_FORMAT);
	expect_read("{\"manifest\":\"" HEX "\"}", "{\"a\":\"1\",\"b\":\"2\"}", ERR_OK);
	expect_read("{\"manifest\":\"" HEX "\"}",
	    "{\"a\":\"1\",\"b\":\"1\",\"c\":\"1\",\"d\":\"1\",\"e\":\"1\",\"f\":\"1\",\"g\":\"1\","
	    "\"h\":\"1\"}",
	    ERR_OK);
	expect_read("{\"manifest\":\"" HEX "\"}",
	    "{\"a\":\"1\",\"b\":\"1\",\"c\":\"1\",\"d\":\"1\",\"e\":\"1\",\"f\":\"1\",\"g\":\"1\","
	    "\"h\":\"1\",\"i\":\"1\"}",
	    ERR_STATEMENT_FORMAT);
}

/* Whoever reads a log of a later version can tell that it is a statement, and show it. */
static void
another_kind_is_read(void **state)
{
	(void)state;
	expect_read("approve", "hold", ERR_OK);
	expect_read("approve", "x", ERR_OK);
	expect_read("approve", "X", ERR_STATEMENT_FORMAT);
}

static void
refuse_envelope(const char *text)
{
	struct statement_document *d;

	if (statement_parse(view_of_string(text), &d) != ERR_STATEMENT_FORMAT)
		fail_msg("was not refused: %s", text);
	assert_null(d);
}

static void
another_spelling_of_an_envelope_is_refused(void **state)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
	    {"{\"payloadType", " {\"payloadType"},
	    {"}]}", "}]} "},
	    {"}]}", "}]}\n"},
	    {"}]}", "}],\"more\":1}"},
	    {"}]}", "},{\"keyid\":\"" HEX "\",\"sig\":\"AAAA\"}]}"},
	    {"+json", "+JSON"},
	    {"statement+json", "notice+json"},
	    {"\"payload\":\"", "\"payload\":\"="},
	    {"\"payload\":\"", "\"payload\": \""},
	    {"\"payload\":\"", "\"payload\":\"\\\""},
	    {"\"keyid\":\"", "\"keyid\":\"0"},
	    {"\"keyid\":\"", "\"keyid\":\"G"},
	    {"\"sig\":\"", "\"sig\":\"\n"},
	    {"\"sig\":\"", "\"sig\":\"A"},
	    {"\"signatures\":[", "\"signatures\":[]["},
	};
	struct statement s = statement_approving();
	struct buf envelope = BUF_INIT;
	char *whole;

	(void)state;
	statement_envelope(key, &s, &envelope);
	assert_non_null(whole = calloc(1, envelope.size + 1));
	memcpy(whole, envelope.data, envelope.size);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		char *text = fixture_replace(whole, changes[i].from, changes[i].to);

		refuse_envelope(text);
		free(text);
	}
	refuse_envelope("");
	refuse_envelope("{}");
	for (size_t size = 0; size < envelope.size; size++) {
		struct statement_document *d;

		assert_int_equal(
		    statement_parse((struct view){envelope.data, size}, &d), ERR_STATEMENT_FORMAT);
	}
	free(whole);
	buf_free(&envelope);
}

static void
an_envelope_without_content_is_refused(void **state)
{
	(void)state;
	refuse_envelope("{\"payloadType\":\"application/vnd.hallmark.statement+json\",\"payload\":"
			"\"\",\"signatures\":[{\"keyid\":\"" HEX "\",\"sig\":\"AAAA\"}]}");
	refuse_envelope("{\"payloadType\":\"application/vnd.hallmark.statement+json\",\"payload\":"
			"\"AAAA\",\"signatures\":[{\"keyid\":\"" HEX "\",\"sig\":\"\"}]}");
}

/* Base64 that decodes to the same bytes in another way. */
static void
a_spare_bit_is_refused(void **state)
{
	struct statement s = statement_approving();
	struct statement_document *d;
	struct buf text = BUF_INIT;
	char *equals = NULL;

	(void)state;
	/* One of three sizes leaves a payload's last two characters of four without a meaning. */
	for (s.reason.size = 1; equals == NULL && s.reason.size <= 3; s.reason.size++) {
		buf_clear(&text);
		statement_envelope(key, &s, &text);
		buf_append_byte(&text, 0);
		equals = strstr((char *)text.data, "==\",\"signatures");
	}
	assert_non_null(equals);
	equals[-1]++;
	assert_int_equal(
	    statement_parse((struct view){text.data, text.size - 1}, &d), ERR_STATEMENT_FORMAT);
	buf_free(&text);
}

static void
a_large_envelope_is_refused(void **state)
{
	struct buf large = BUF_INIT, envelope = BUF_INIT;
	struct statement_document *d;
	struct digest id;

	(void)state;
	memset(buf_reserve(&large, STATEMENT_SIZE_MAX), ' ', STATEMENT_SIZE_MAX);
	large.size = STATEMENT_SIZE_MAX;
	digest_of("", 0, &id);
	buf_append_string(&envelope, "x");
	assert_int_equal(statement_write_envelope(buf_view(&large), &id, V("s"), &envelope),
	    ERR_STATEMENT_FORMAT);
	assert_int_equal(envelope.size, 1);
	buf_append_byte(&large, ' ');
	assert_int_equal(statement_parse(buf_view(&large), &d), ERR_STATEMENT_FORMAT);
	buf_free(&large);
	buf_free(&envelope);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_statement_is_written_and_read),
	    cmocka_unit_test(texts_are_escaped_and_extensions_carried),
	    cmocka_unit_test(what_is_signed_names_type_and_size),
	    cmocka_unit_test(another_key_or_signature_is_refused),
	    cmocka_unit_test(what_has_no_form_is_not_written),
	    cmocka_unit_test(texts_have_sizes),
	    cmocka_unit_test(members_rise),
	    cmocka_unit_test(another_spelling_of_a_payload_is_refused),
	    cmocka_unit_test(another_kind_is_read),
	    cmocka_unit_test(another_spelling_of_an_envelope_is_refused),
	    cmocka_unit_test(an_envelope_without_content_is_refused),
	    cmocka_unit_test(a_spare_bit_is_refused),
	    cmocka_unit_test(a_large_envelope_is_refused),
	};

	return cmocka_run_group_tests(tests, make_key, free_key);
}
