/* Statements: their two documents in one spelling each, their subjects, their words. */
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

static void
expect_subject(const char *kind, size_t count, const char *const *member, enum err expected)
{
	struct statement s = statement_approving();
	enum err e;

	s.kind_name = view_of_string(kind);
	s.member_count = count;
	for (size_t i = 0; i < count; i++)
		s.member[i] = (struct statement_member){
		    view_of_string(member[2 * i]), view_of_string(member[2 * i + 1])};
	assert_int_equal(statement_check(&s), ERR_OK);
	e = statement_check_subject(&s);
	if (e != expected)
		fail_msg("%s: expected %s, found %s", kind, err_name(expected), err_name(e));
}

#define SUBJECT(kind, expected, ...)                                                               \
	expect_subject(kind, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *) / 2,           \
	    (const char *[]){__VA_ARGS__}, expected)

static void
subjects_are_those_of_their_kinds(void **state)
{
	(void)state;
	SUBJECT("approve", ERR_OK, "manifest", HEX);
	SUBJECT("approve", ERR_STATEMENT_SUBJECT, "manifest", HEX "a");
	SUBJECT("approve", ERR_STATEMENT_SUBJECT, "manifest", "A" HEX);
	SUBJECT("approve", ERR_STATEMENT_SUBJECT, "statement", HEX);
	SUBJECT("approve", ERR_STATEMENT_SUBJECT, "manifest", HEX, "statement", HEX);
	SUBJECT("revoke", ERR_OK, "statement", HEX);
	SUBJECT("revoke", ERR_STATEMENT_SUBJECT, "manifest", HEX);
	SUBJECT("maintenance", ERR_OK, "collectors", "spiffe://x/*", "workloads", "a\\*?");
	SUBJECT("maintenance", ERR_STATEMENT_SUBJECT, "collectors", "a\\b", "workloads", "*");
	SUBJECT("maintenance", ERR_STATEMENT_SUBJECT, "collectors", "*", "workloads", "a\\");
	SUBJECT("maintenance", ERR_STATEMENT_SUBJECT, "collectors", "*");
	SUBJECT("maintenance", ERR_STATEMENT_SUBJECT, "workloads", "*");
	SUBJECT("retire", ERR_OK, "collector", "spiffe://x/host/a", "workload", "app");
	SUBJECT("retire", ERR_STATEMENT_SUBJECT, "collector", "a b", "workload", "app");
	SUBJECT("retire", ERR_STATEMENT_SUBJECT, "collector", "\xc3\xa9", "workload", "app");
	/* In forms that no collector has: nobody would be retired by them. */
	SUBJECT("retire", ERR_STATEMENT_SUBJECT, "collector", "HOST-1.example", "workload", "app");
	SUBJECT("retire", ERR_STATEMENT_SUBJECT, "collector", "1:no-scheme", "workload", "app");
	SUBJECT("retire", ERR_STATEMENT_SUBJECT, "collector", "spiffe:", "workload", "app");
	SUBJECT("retire", ERR_OK, "collector", "host-1.example", "workload", "app");
	SUBJECT("retire", ERR_STATEMENT_SUBJECT, "collector", "a", "workload", "a/b");
	SUBJECT("retire", ERR_STATEMENT_SUBJECT, "workload", "app");
	SUBJECT("clock", ERR_OK, "from", "1795514400");
	SUBJECT("clock", ERR_OK, "from", "9007199254740991");
	SUBJECT("clock", ERR_STATEMENT_SUBJECT, "from", "9007199254740992");
	SUBJECT("clock", ERR_STATEMENT_SUBJECT, "from", "01");
	SUBJECT("clock", ERR_STATEMENT_SUBJECT, "from", "1 ");
	SUBJECT("clock", ERR_STATEMENT_SUBJECT, "from", "2026-11-24T10:00:00Z");
	SUBJECT("clock", ERR_STATEMENT_SUBJECT, "from", "1", "to", "2");
	SUBJECT("clock", ERR_STATEMENT_SUBJECT, "to", "2");
}

static void
kinds_that_are_not_acted_on(void **state)
{
	(void)state;
	SUBJECT("hold", ERR_STATEMENT_KIND, "manifest", HEX);
	SUBJECT("break-glass", ERR_STATEMENT_KIND, "manifest", HEX);
	SUBJECT("approval", ERR_STATEMENT_KIND, "manifest", HEX);
	for (unsigned k = 0; k < STATEMENT_KIND_COUNT; k++) {
		const enum statement_kind kind = (enum statement_kind)k;

		assert_int_equal(
		    statement_kind_from_name(view_of_string(statement_kind_name(kind))), kind);
		assert_int_equal(statement_kind_is_acted_on(kind), k <= STATEMENT_CLOCK);
		assert_true(strlen(statement_kind_purpose(kind)) > 10);
	}
	assert_int_equal(statement_kind_from_name(V("approv")), STATEMENT_KIND_UNKNOWN);
	assert_false(statement_kind_is_acted_on(STATEMENT_KIND_UNKNOWN));
}

static void
expect_print(const struct statement *s, const char *expected)
{
	struct buf text = BUF_INIT;

	statement_print(s, &text);
	if (!view_equal(buf_view(&text), view_of_string(expected)))
		fail_msg("expected\n%sfound\n%.*s", expected, (int)text.size, (char *)text.data);
	buf_free(&text);
}

#define TAIL                                                                                       \
	"in force   from 1970-01-01T00:16:40Z until 1970-01-01T00:33:20Z\n"                        \
	"reason     release 4.2\n"                                                                 \
	"author     dora\n"                                                                        \
	"number     7\n"

static void
what_it_does_is_said_in_words(void **state)
{
	struct statement s = statement_approving();

	(void)state;
	expect_print(&s, "statement  approve\n"
			 "log        hallmark.test/log\n"
			 "effect     the policy whose manifest has the SHA-256 " HEX
			 " may come into force within this time, as the next one\n" TAIL);
	s.kind_name = V("revoke");
	s.member[0].name = V("statement");
	expect_print(&s, "statement  revoke\n"
			 "log        hallmark.test/log\n"
			 "effect     the statement whose envelope has the SHA-256 " HEX
			 " is in force no more; what it has done stays\n" TAIL);
	s.kind_name = V("retire");
	s.member_count = 2;
	s.member[0] = (struct statement_member){V("collector"), V("host7")};
	s.member[1] = (struct statement_member){V("workload"), V("app")};
	expect_print(&s, "statement  retire\n"
			 "log        hallmark.test/log\n"
			 "effect     nothing more is expected of workload app of collector host7 "
			 "until it reports again: its silence is not recorded\n" TAIL);
	s.kind_name = V("maintenance");
	s.member[0] = (struct statement_member){V("collectors"), V("*")};
	s.member[1] = (struct statement_member){V("workloads"), V("a*")};
	expect_print(&s, "statement  maintenance\n"
			 "log        hallmark.test/log\n"
			 "effect     workloads that match a* of collectors that match * may be "
			 "silent within this time: what is due in it is due behind its end\n" TAIL);
}

static void
a_clock_statement_says_from_when_and_that_it_may_go_back(void **state)
{
	struct statement s = statement_approving();

	(void)state;
	s.kind_name = V("clock");
	s.member[0] = (struct statement_member){V("from"), V("1795514400")};
	expect_print(&s, "statement  clock\n"
			 "log        hallmark.test/log\n"
			 "effect     the log, whose newest entry is of 2026-11-24T10:00:00Z "
			 "(1795514400), goes on at the time of the signer's clock, if that is "
			 "earlier and within this time\n" TAIL);
}

static void
what_is_not_known_is_shown_and_said(void **state)
{
	struct statement s = statement_approving();

	(void)state;
	s.kind_name = V("hold");
	s.extensions = V("{\"trial\":true,\"x\":{\"y\":\"a\\\"b\"}}");
	expect_print(&s, "statement  hold\n"
			 "log        hallmark.test/log\n"
			 "effect     none: this version does not act on this kind (evidence that "
			 "must be kept)\n"
			 "subject    manifest " HEX "\n" TAIL
			 "extension  trial is not known to this version: true\n"
			 "extension  x is not known to this version: {\"y\":\"a\\x5c\"b\"}\n");
	s = statement_approving();
	s.kind_name = V("x");
	s.member_count = 2;
	s.member[1] = (struct statement_member){V("n"), V("\\ v")};
	expect_print(&s, "statement  x\n"
			 "log        hallmark.test/log\n"
			 "effect     none: this version does not know this kind\n"
			 "subject    manifest " HEX "\n"
			 "           n \\x5c v\n" TAIL);
	s.kind_name = V("approve");
	s.member_count = 1;
	s.member[0].value = V("x");
	expect_print(&s, "statement  approve\n"
			 "log        hallmark.test/log\n"
			 "effect     none: its subject is not that of its kind\n"
			 "subject    manifest x\n" TAIL);
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
	    cmocka_unit_test(subjects_are_those_of_their_kinds),
	    cmocka_unit_test(kinds_that_are_not_acted_on),
	    cmocka_unit_test(what_it_does_is_said_in_words),
	    cmocka_unit_test(a_clock_statement_says_from_when_and_that_it_may_go_back),
	    cmocka_unit_test(what_is_not_known_is_shown_and_said),
	};

	return cmocka_run_group_tests(tests, make_key, free_key);
}
