/* Notices: written as the vectors have them, read in that one spelling; later kinds can be read. */
#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "proto/report/notice.h"

#define V(s)     VIEW_LITERAL(s)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
common(struct notice *n, enum notice_kind kind, uint64_t issued_s)
{
	memset(n, 0, sizeof(*n));
	n->kind = kind;
	n->issued_s = issued_s;
	n->issuer = V("hallmark.example/prod-1");
}

static void
names(struct notice *n, uint64_t index, const char *vector)
{
	struct buf text = BUF_INIT;

	vector_file(vector, &text);
	n->has_previous = true;
	n->previous.index = index;
	digest_of_parts((const struct view[]){V("\0"), buf_view(&text)}, 2, &n->previous.leaf);
	buf_free(&text);
}

static void
in_force(struct notice *n, const char *text)
{
	digest_of(text, strlen(text), &n->in_force);
}

static void
start(struct notice *n)
{
	common(n, NOTICE_START, 1795514390);
	in_force(n, "hallmark in force v1\n");
	n->cause = NOTICE_CAUSE_START;
	n->from_s = n->to_s = n->issued_s;
	n->build = V("hallmark-signer/0.1.0");
}

static void
approved(struct notice *n)
{
	common(n, NOTICE_MANIFEST, 1795514440);
	names(n, 3, "notice-statement.json");
	in_force(n, "hallmark in force v1\nmanifest "
		    "e7b0c7ca59efa17fc92e5aafb66a8109dd8bac6baf3db6e56c926dfa263ec1ea\nnumber "
		    "eb1b3dc68eccc3818cf83e78a3293519c8cc1e06888f440123a692d778884933 "
		    "1795514430000\n");
	digest_of("another manifest", 16, &n->sha256);
	n->approval_count = 1;
	digest_of("envelope", 8, &n->approval[0]);
}

static void
manifest(struct notice *n)
{
	common(n, NOTICE_MANIFEST, 1795514390);
	names(n, 0, "notice-start.json");
	in_force(n, "hallmark in force v1\nmanifest "
		    "05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f\n");
	digest_of("manifest", 8, &n->sha256);
}

static void
statement(struct notice *n)
{
	struct buf list = BUF_INIT;

	common(n, NOTICE_STATEMENT, 1795514440);
	names(n, 1, "notice-manifest.json");
	vector_file("in-force.txt", &list);
	digest_of(list.data, list.size, &n->in_force);
	buf_free(&list);
	digest_of("envelope", 8, &n->sha256);
	n->statement_kind = V("approve");
	digest_of("approver's key", 14, &n->key);
	n->number = 1795514430000;
}

static void
token(struct notice *n)
{
	common(n, NOTICE_TOKEN, 1795514400);
	names(n, 0, "notice-start.json");
	in_force(n, "hallmark in force v1\n");
	digest_of("a record", 8, &n->token.record);
	n->token.label = V("prod-1");
	n->token.manufacturer = V("An HSM's maker");
	n->token.model = V("HSM 7");
	n->token.serial = V("0042");
	n->token.firmware = V("3.4");
	n->token.number = 3;
	n->token.change_count = 2;
	n->token.change[0] = (struct token_change){1, V("firmware"), V("3.3"), V("3.4")};
	n->token.change[1] = (struct token_change){3, V("user-pin-wrong"), V("no"), V("yes")};
}

static void
feed(struct notice *n)
{
	common(n, NOTICE_FEED, 1795514400);
	names(n, 0, "notice-start.json");
	digest_of("hallmark advisories v1\n", 23, &n->sha256);
	n->name = V("debian-12");
	n->written_s = n->issued_s - 20;
}

static enum err
parse(struct view entry)
{
	struct notice_document d = NOTICE_DOCUMENT_INIT;
	enum err e = notice_parse(entry, &d);

	notice_document_free(&d);
	return e;
}

static enum err
parse_changed(const char *vector, const char *from, const char *to)
{
	struct buf text = BUF_INIT;
	enum err e;

	vector_changed(vector, from, to, &text);
	e = parse(buf_view(&text));
	buf_free(&text);
	return e;
}

/* Written so, read again, and written again from what was read. */
static void
expect_entry(const struct notice *n, struct view expected)
{
	struct notice_document d = NOTICE_DOCUMENT_INIT;
	struct buf made = BUF_INIT, again = BUF_INIT;

	buf_append_string(&made, "before");
	assert_int_equal(notice_write(n, &made), ERR_OK);
	buf_consume(&made, 6);
	assert_int_equal(made.size, expected.size);
	assert_memory_equal(made.data, expected.data, expected.size);
	assert_int_equal(notice_parse(expected, &d), ERR_OK);
	assert_int_equal(d.notice.kind, n->kind);
	assert_true(view_equal(d.notice.kind_name, notice_kind_name(n)));
	assert_int_equal(d.notice.issued_s, n->issued_s);
	assert_int_equal(d.notice.has_previous, n->has_previous);
	assert_true(digest_equal(&d.notice.in_force, &n->in_force));
	assert_int_equal(notice_write(&d.notice, &again), ERR_OK);
	assert_true(view_equal(buf_view(&again), expected));
	notice_document_free(&d);
	buf_free(&made);
	buf_free(&again);
}

static void
expect_vector(const struct notice *n, const char *vector)
{
	struct buf expected = BUF_INIT;

	vector_file(vector, &expected);
	expect_entry(n, buf_view(&expected));
	buf_free(&expected);
}

static void
the_vectors_are_written_and_read(void **state)
{
	struct buf extensions = BUF_INIT;
	struct digest transcript;
	struct notice n;

	(void)state;
	start(&n);
	expect_vector(&n, "notice-start.json");
	digest_of("a transcript", 12, &transcript);
	notice_transcript_extension(&transcript, &extensions);
	n.extensions = buf_view(&extensions);
	expect_vector(&n, "notice-transcript.json");
	buf_free(&extensions);
	manifest(&n);
	expect_vector(&n, "notice-manifest.json");
	approved(&n);
	expect_vector(&n, "notice-approved.json");
	statement(&n);
	expect_vector(&n, "notice-statement.json");
	token(&n);
	expect_vector(&n, "notice-token.json");
}

/* It names the list that the document has. */
static void
the_feed_notice_of_the_document_comes_back(void **state)
{
	static const char *const bad[][2] = {{"\"name\":\"debian-12\"", "\"name\":\"\""},
	    {"\"name\":\"debian-12\"", "\"name\":\"a/b\""},
	    {"\"name\":\"debian-12\"", "\"name\":\".a\""}, {":1795514380", ":1795514401"},
	    {":1795514380", ":0"}, {":1795514380", ":\"1795514380\""}, {":1795514380", ":01"},
	    {",\"written\":1795514380", ""}, {"\"written\"", "\"wrote\""},
	    {"1795514380}", "1795514380,\"more\":1}"}};
	struct notice_document d = NOTICE_DOCUMENT_INIT;
	struct buf text = BUF_INIT;
	struct notice n;

	(void)state;
	feed(&n);
	vector_file("in-force-feed.txt", &text);
	digest_of(text.data, text.size, &n.in_force);
	expect_vector(&n, "notice-feed.json");
	buf_clear(&text);
	vector_file("notice-feed.json", &text);
	assert_int_equal(notice_parse(buf_view(&text), &d), ERR_OK);
	assert_true(view_equal(d.notice.name, V("debian-12")));
	assert_true(digest_equal(&d.notice.sha256, &n.sha256));
	assert_int_equal(d.notice.written_s, 1795514380);
	notice_document_free(&d);
	buf_free(&text);
	assert_int_equal(parse_changed("notice-feed.json", ":1795514380", ":1795514400"), ERR_OK);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parse_changed("notice-feed.json", bad[i][0], bad[i][1]) != ERR_FORMAT)
			fail_msg("taken: %s", bad[i][1]);
}

/* What two keys have signed is in it: it is read, and written again. */
static void
the_key_notice_of_the_document_comes_back(void **state)
{
	struct notice_document d = NOTICE_DOCUMENT_INIT;
	struct buf text = BUF_INIT, again = BUF_INIT, transition = BUF_INIT, note = BUF_INIT;

	(void)state;
	vector_file("notice-key.json", &text);
	assert_int_equal(notice_parse(buf_view(&text), &d), ERR_OK);
	assert_int_equal(d.notice.kind, NOTICE_KEY);
	assert_false(digest_equal(&d.notice.from, &d.notice.to));
	vector_file("key-transition.txt", &transition);
	assert_int_equal(notice_transition(&d.notice, &note), ERR_OK);
	assert_true(view_equal(buf_view(&note), buf_view(&transition)));
	assert_int_equal(notice_write(&d.notice, &again), ERR_OK);
	assert_true(view_equal(buf_view(&again), buf_view(&text)));
	notice_document_free(&d);
	buf_free(&text);
	buf_free(&again);
	buf_free(&transition);
	buf_free(&note);
}

static void
a_parsed_notice_has_the_values(void **state)
{
	struct notice_document d = NOTICE_DOCUMENT_INIT;
	struct buf text = BUF_INIT;
	struct notice n;

	(void)state;
	statement(&n);
	vector_file("notice-statement.json", &text);
	assert_int_equal(notice_parse(buf_view(&text), &d), ERR_OK);
	assert_true(digest_equal(&d.notice.sha256, &n.sha256));
	assert_true(view_equal(d.notice.statement_kind, V("approve")));
	assert_true(digest_equal(&d.notice.key, &n.key));
	assert_int_equal(d.notice.number, 1795514430000);
	assert_int_equal(d.notice.previous.index, 1);
	buf_clear(&text);
	start(&n);
	vector_file("notice-start.json", &text);
	assert_int_equal(notice_parse(buf_view(&text), &d), ERR_OK);
	assert_false(d.notice.has_previous);
	assert_int_equal(d.notice.cause, NOTICE_CAUSE_START);
	assert_int_equal(d.notice.from_s, 1795514390);
	assert_int_equal(d.notice.to_s, 1795514390);
	assert_true(view_equal(d.notice.build, n.build));
	buf_clear(&text);
	vector_file("notice-approved.json", &text);
	assert_int_equal(notice_parse(buf_view(&text), &d), ERR_OK);
	assert_int_equal(d.notice.approval_count, 1);
	notice_document_free(&d);
	buf_free(&text);
}

/* As many approvals as there can be, extensions, and a build with escapes. */
static void
large_and_rare_ones_come_back(void **state)
{
	struct buf made = BUF_INIT;
	struct notice n;

	(void)state;
	approved(&n);
	n.approval_count = NOTICE_APPROVALS_MAX;
	for (size_t i = 0; i < NOTICE_APPROVALS_MAX; i++)
		n.approval[i].bytes[0] = (uint8_t)(i + 1);
	n.extensions = V("{\"a\":{\"b\":[true,\"\\\\\"]}}");
	assert_int_equal(notice_write(&n, &made), ERR_OK);
	expect_entry(&n, buf_view(&made));
	buf_clear(&made);
	start(&n);
	names(&n, JSON_NUMBER_MAX, "notice-start.json");
	n.from_s = 1;
	n.cause = NOTICE_CAUSE_STALL;
	n.build = V("\"signer\"\\1");
	assert_int_equal(notice_write(&n, &made), ERR_OK);
	assert_non_null(memmem(made.data, made.size, "\"cause\":\"stall\"", 15));
	expect_entry(&n, buf_view(&made));
	buf_free(&made);
}

static void
kinds_and_causes_of_later_versions_can_be_read(void **state)
{
	struct notice_document d = NOTICE_DOCUMENT_INIT;
	struct buf text = BUF_INIT;
	struct notice n;

	(void)state;
	common(&n, NOTICE_OTHER, 1795514440);
	names(&n, 3, "notice-statement.json");
	n.kind_name = V("snapshot");
	n.subject = V("{\"name\":\"x\",\"sha256\":[1,{\"a\":true}]}");
	assert_int_equal(notice_write(&n, &text), ERR_OK);
	expect_entry(&n, buf_view(&text));
	assert_int_equal(notice_parse(buf_view(&text), &d), ERR_OK);
	assert_true(view_equal(d.notice.subject, n.subject));
	buf_clear(&text);
	vector_changed("notice-start.json", "\"cause\":\"start\"", "\"cause\":\"moved\"", &text);
	assert_int_equal(notice_parse(buf_view(&text), &d), ERR_OK);
	assert_int_equal(d.notice.kind, NOTICE_START);
	assert_int_equal(d.notice.cause, NOTICE_CAUSE_OTHER);
	assert_true(view_equal(notice_cause_name(&d.notice), V("moved")));
	expect_entry(&d.notice, buf_view(&text));
	notice_document_free(&d);
	buf_free(&text);
}

#define REFUSED(make, change)                                                                      \
	do {                                                                                       \
		struct buf out = BUF_INIT;                                                         \
		struct notice n;                                                                   \
		make(&n);                                                                          \
		assert_int_equal(notice_check(&n), ERR_OK);                                        \
		change;                                                                            \
		buf_append_string(&out, "kept");                                                   \
		assert_int_equal(notice_check(&n), ERR_FORMAT);                                    \
		assert_int_equal(notice_write(&n, &out), ERR_FORMAT);                              \
		assert_int_equal(out.size, 4);                                                     \
		buf_free(&out);                                                                    \
	} while (0)

static void
other(struct notice *n)
{
	common(n, NOTICE_OTHER, 1795514440);
	names(n, 3, "notice-statement.json");
	n->kind_name = V("snapshot");
	n->subject = V("{\"a\":1}");
}

static void
the_writer_refuses_what_no_log_may_have(void **state)
{
	(void)state;
	REFUSED(start, n.issued_s = 0);
	REFUSED(start, n.issued_s = n.from_s = n.to_s = ENTRY_TIME_S_MAX + 1);
	REFUSED(start, n.issuer = V("two words"));
	REFUSED(start, n.kind = (enum notice_kind)(NOTICE_OTHER + 1));
	REFUSED(start, n.extensions = V("{}"));
	REFUSED(start, n.extensions = V("{\"a\":1} "));
	REFUSED(start, n.cause = (enum notice_cause)(NOTICE_CAUSE_OTHER + 1));
	REFUSED(start, n.cause = NOTICE_CAUSE_OTHER);
	REFUSED(start, (n.cause = NOTICE_CAUSE_OTHER, n.cause_name = V("stall")));
	REFUSED(start, (n.cause = NOTICE_CAUSE_OTHER, n.cause_name = V("A")));
	REFUSED(start, n.build = V(""));
	REFUSED(start, n.build = V("a\nb"));
	REFUSED(start, n.to_s++);
	REFUSED(start, n.from_s--); /* nothing was before the first */
	REFUSED(start, (names(&n, 1, "notice-start.json"), n.from_s++));
	REFUSED(start, (names(&n, 1, "notice-start.json"), n.from_s = 0));
	REFUSED(manifest, n.has_previous = false); /* a start comes first */
	REFUSED(manifest, n.previous.index = JSON_NUMBER_MAX + 1);
	REFUSED(approved, n.approval_count = NOTICE_APPROVALS_MAX + 1);
	REFUSED(approved, (n.approval_count = 2, n.approval[1] = n.approval[0]));
	REFUSED(approved, n.approval_count = 2); /* the second is all zeros */
	REFUSED(statement, n.statement_kind = V(""));
	REFUSED(statement, n.statement_kind = V("Approve"));
	REFUSED(statement, n.statement_kind = V("abcdefghijklmnopqrstuvwxyz-012345"));
	REFUSED(statement, n.number = 0);
	REFUSED(statement, n.number = JSON_NUMBER_MAX + 1);
	REFUSED(other, n.kind_name = V("start"));
	REFUSED(other, n.kind_name = V(""));
	REFUSED(other, n.kind_name = V("a b"));
	REFUSED(other, n.subject = V(""));
	REFUSED(other, n.subject = V("{}"));
	REFUSED(other, n.subject = V("[]"));
	REFUSED(other, n.has_previous = false);
}

static void
other_spellings_are_refused(void **state)
{
	static const struct {
		const char *vector, *from, *to;
	} changes[] = {
	    {"notice-start.json", "{", " {"},
	    {"notice-start.json", "\"iat\":", "\"iat\": "},
	    {"notice-start.json", "\"start\"", "\"st\\u0061rt\""},
	    {"notice-start.json", "\"start\"", "\"Start\""},
	    {"notice-start.json", "\"hallmark.form\":1,", ""},
	    {"notice-start.json", "\"from\":1795514390", "\"from\":1795514389"},
	    {"notice-start.json", "\"to\":1795514390", "\"to\":1795514391"},
	    {"notice-start.json", "\"to\":1795514390,", ""},
	    {"notice-start.json", "\"to\":1795514390", "\"to\":1795514390,\"x\":1"},
	    {"notice-start.json", "\"build\":\"h", "\"build\":\"\\n"},
	    {"notice-start.json", "\"cause\":\"start\"", "\"cause\":\"\""},
	    {"notice-start.json", "\"cause\":\"start\",", ""},
	    {"notice-start.json", "\"hallmark.notice\":\"start\"", "\"hallmark.notice\":\"later\""},
	    {"notice-start.json", "\"hallmark.notice\":\"start\"", "\"hallmark.notice\":\"\""},
	    {"notice-start.json", "}}", "},\"hallmark.extensions\":{}}"},
	    {"notice-start.json", "}}", "},\"extensions\":{\"a\":1}}"},
	    {"notice-start.json", "}}", "}}\n"},
	    {"notice-manifest.json", "\"approvals\":[]", "\"approvals\":null"},
	    {"notice-manifest.json", "\"approvals\":[]", "\"approvals\":[\"\"]"},
	    {"notice-manifest.json", "\"approvals\":[]", "\"approvals\":[ ]"},
	    {"notice-manifest.json", ",\"approvals\":[]", ""},
	    {"notice-manifest.json", "\"index\":0", "\"index\":00"},
	    {"notice-approved.json", "8c6\"]", "8c6\",]"},
	    {"notice-approved.json", "[\"4c50", "[,\"4c50"},
	    {"notice-approved.json", "[\"4c50", "[\"4C50"},
	    {"notice-statement.json", "\"kind\":\"approve\"", "\"kind\":\"\""},
	    {"notice-statement.json", "\"kind\":\"approve\"", "\"kind\":1"},
	    {"notice-statement.json", "\"number\":1795514430000", "\"number\":0"},
	    {"notice-statement.json", "\"number\":1795514430000", "\"number\":-1"},
	    {"notice-statement.json", "\"number\":1795514430000", "\"number\":9007199254740992"},
	    {"notice-statement.json", "hallmark.notice", "hallmark.notices"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++)
		assert_int_equal(
		    parse_changed(changes[i].vector, changes[i].from, changes[i].to), ERR_FORMAT);
	assert_int_equal(
	    parse_changed("notice-start.json", "}}", "},\"hallmark.extensions\":{\"a\":1}}"),
	    ERR_OK);
	assert_int_equal(
	    parse_changed("notice-start.json", "\"hallmark.form\":1", "\"hallmark.form\":2"),
	    ERR_UNSUPPORTED);
}

/* Of entry 0 alone, with nothing but a digest. */
static void
the_first_notice_may_name_a_transcript(void **state)
{
	static const char *const others[] = {"{\"a\":1}", "{\"transcript\":7}",
	    "{\"transcript\":\"\"}", "{\"transcript\":[\"ab\"]}",
	    "{\"transcript\":\"ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB\"}",
	    "{\"transcript\":{\"a\":"
	    "\"abababababababababababababababababababababababababababababab\"}}"};
	struct buf map = BUF_INIT;
	struct digest wanted, found;
	struct notice n;

	(void)state;
	start(&n);
	memset(&wanted, 0xab, sizeof(wanted));
	assert_false(notice_transcript(&n, &found));
	assert_int_equal(notice_known_extension(&n).size, 0);
	notice_transcript_extension(&wanted, &map);
	n.extensions = buf_view(&map);
	assert_int_equal(notice_check(&n), ERR_OK);
	assert_true(notice_transcript(&n, &found));
	assert_true(digest_equal(&found, &wanted));
	assert_true(view_equal(notice_known_extension(&n), V("transcript")));
	names(&n, 0, "notice-start.json");
	assert_false(notice_transcript(&n, &found));
	start(&n);
	for (size_t i = 0; i < COUNT(others); i++) {
		n.extensions = view_of_string(others[i]);
		assert_int_equal(notice_check(&n), ERR_OK);
		assert_false(notice_transcript(&n, &found));
		assert_int_equal(notice_known_extension(&n).size, 0);
	}
	approved(&n);
	n.extensions = buf_view(&map);
	assert_false(notice_transcript(&n, &found));
	buf_free(&map);
}

static void
every_cut_is_refused(void **state)
{
	static const char *const vectors[] = {"notice-start.json", "notice-manifest.json",
	    "notice-statement.json", "notice-approved.json", "notice-key.json",
	    "notice-transcript.json", "notice-token.json"};
	struct buf text = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		buf_clear(&text);
		vector_file(vectors[i], &text);
		for (size_t size = 0; size < text.size; size++)
			assert_int_equal(parse((struct view){text.data, size}), ERR_FORMAT);
	}
	while (text.size <= ENTRY_SIZE_MAX)
		buf_append_byte(&text, ' ');
	assert_int_equal(parse(buf_view(&text)), ERR_FORMAT_SIZE);
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vectors_are_written_and_read),
	    cmocka_unit_test(the_feed_notice_of_the_document_comes_back),
	    cmocka_unit_test(the_key_notice_of_the_document_comes_back),
	    cmocka_unit_test(a_parsed_notice_has_the_values),
	    cmocka_unit_test(large_and_rare_ones_come_back),
	    cmocka_unit_test(kinds_and_causes_of_later_versions_can_be_read),
	    cmocka_unit_test(the_writer_refuses_what_no_log_may_have),
	    cmocka_unit_test(other_spellings_are_refused),
	    cmocka_unit_test(the_first_notice_may_name_a_transcript),
	    cmocka_unit_test(every_cut_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
