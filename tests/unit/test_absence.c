/* Absences: written as the vector has it, read in that one spelling only. */
#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "proto/evidence/identity.h"
#include "proto/json/json_extensions.h"
#include "proto/report/absence.h"

#define V(s)     VIEW_LITERAL(s)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
example(struct absence *a)
{
	struct buf text = BUF_INIT;

	memset(a, 0, sizeof(*a));
	a->issued_s = 1795514593;
	a->issuer = V("hallmark.example/prod-1");
	a->collector = V("spiffe://example/collector/host-1");
	a->count = 1;
	a->absent[0].workload = V("trading-app");
	a->absent[0].due_s = 1795514588;
	a->absent[0].count = 1;
	a->absent[0].report = 6;
	vector_file("report-challenge.json", &text);
	digest_of_parts((const struct view[]){V("\0"), buf_view(&text)}, 2, &a->absent[0].previous);
	buf_clear(&text);
	vector_file("notice-approved.json", &text);
	digest_of_parts((const struct view[]){V("\0"), buf_view(&text)}, 2, &a->notice.leaf);
	a->notice.index = 4;
	buf_free(&text);
}

/* With three workloads and extensions. */
static void
example_of_three(struct absence *a)
{
	static const char *const names[] = {"\"quoted\\", "app", "\xe2\x82\xac"};

	example(a);
	a->count = 3;
	for (size_t i = 0; i < 3; i++) {
		a->absent[i] = a->absent[0];
		a->absent[i].workload = view_of_string(names[i]);
		a->absent[i].due_s = 1795514588 - i;
		a->absent[i].count = 1 + i;
		a->absent[i].report = JSON_NUMBER_MAX - i;
	}
	a->extensions = V("{\"a\":[\"\\\"\",1]}");
}

static enum err
parse(struct view entry)
{
	struct absence_document d = ABSENCE_DOCUMENT_INIT;
	enum err e = absence_parse(entry, &d);

	absence_document_free(&d);
	return e;
}

static enum err
parse_changed(const char *from, const char *to)
{
	struct buf text = BUF_INIT;
	enum err e;

	vector_changed("absence.json", from, to, &text);
	e = parse(buf_view(&text));
	buf_free(&text);
	return e;
}

static void
the_vector_is_written_and_read(void **state)
{
	struct absence_document d = ABSENCE_DOCUMENT_INIT;
	struct buf expected = BUF_INIT, made = BUF_INIT;
	struct absence a;

	(void)state;
	example(&a);
	vector_file("absence.json", &expected);
	buf_append_string(&made, "before");
	assert_int_equal(absence_write(&a, &made), ERR_OK);
	buf_consume(&made, 6);
	assert_true(view_equal(buf_view(&made), buf_view(&expected)));
	assert_int_equal(absence_parse(buf_view(&expected), &d), ERR_OK);
	assert_int_equal(d.absence.issued_s, a.issued_s);
	assert_true(view_equal(d.absence.collector, a.collector));
	assert_int_equal(d.absence.count, 1);
	assert_true(view_equal(d.absence.absent[0].workload, V("trading-app")));
	assert_int_equal(d.absence.absent[0].due_s, 1795514588);
	assert_int_equal(d.absence.absent[0].report, 6);
	assert_true(digest_equal(&d.absence.absent[0].previous, &a.absent[0].previous));
	assert_int_equal(d.absence.notice.index, 4);
	assert_int_equal(d.absence.extensions.size, 0);
	absence_document_free(&d);
	buf_free(&expected);
	buf_free(&made);
}

/* Into a document that was used before. */
static void
several_workloads_and_extensions_come_back(void **state)
{
	struct absence_document d = ABSENCE_DOCUMENT_INIT;
	struct buf made = BUF_INIT, again = BUF_INIT;
	struct absence a;

	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) {
		buf_clear(&made);
		buf_clear(&again);
		example_of_three(&a);
		assert_int_equal(absence_write(&a, &made), ERR_OK);
		assert_int_equal(absence_parse(buf_view(&made), &d), ERR_OK);
		assert_int_equal(d.absence.count, 3);
		for (size_t i = 0; i < 3; i++) {
			const struct absence_workload *w = &d.absence.absent[i];

			assert_true(view_equal(w->workload, a.absent[i].workload));
			assert_int_equal(w->due_s, a.absent[i].due_s);
			assert_int_equal(w->count, a.absent[i].count);
			assert_int_equal(w->report, a.absent[i].report);
		}
		assert_true(view_equal(d.absence.extensions, a.extensions));
		assert_int_equal(absence_write(&d.absence, &again), ERR_OK);
		assert_true(view_equal(buf_view(&again), buf_view(&made)));
	}
	absence_document_free(&d);
	buf_free(&made);
	buf_free(&again);
}

static void
the_largest_is_an_entry(void **state)
{
	static char names[ABSENCE_WORKLOADS_MAX][BUNDLE_WORKLOAD_MAX + 1];
	static char identity[IDENTITY_SIZE_MAX], extension[JSON_EXTENSIONS_SIZE_MAX + 1];
	struct buf made = BUF_INIT;
	struct absence a;

	(void)state;
	example(&a);
	memset(identity, '"', sizeof(identity)); /* printable, and two bytes each */
	a.collector = (struct view){(const uint8_t *)identity, sizeof(identity)};
	a.issued_s = ENTRY_TIME_S_MAX;
	a.count = ABSENCE_WORKLOADS_MAX;
	a.notice.index = JSON_NUMBER_MAX;
	for (size_t i = 0; i < ABSENCE_WORKLOADS_MAX; i++) {
		memset(names[i], '"', BUNDLE_WORKLOAD_MAX);
		(void)snprintf(names[i] + BUNDLE_WORKLOAD_MAX - 3, 4, "%03zu", i);
		a.absent[i] = (struct absence_workload){.workload = view_of_string(names[i]),
		    .due_s = ENTRY_TIME_S_MAX - 1,
		    .count = JSON_NUMBER_MAX,
		    .report = JSON_NUMBER_MAX};
	}
	(void)snprintf(
	    extension, sizeof(extension), "{\"a\":\"%0*d\"}", JSON_EXTENSIONS_SIZE_MAX - 8, 0);
	a.extensions = view_of_string(extension);
	assert_int_equal(absence_write(&a, &made), ERR_OK);
	assert_in_range(made.size, 55000, ENTRY_SIZE_MAX);
	assert_int_equal(parse(buf_view(&made)), ERR_OK);
	buf_append_byte(&made, ' ');
	assert_int_equal(parse(buf_view(&made)), ERR_FORMAT);
	while (made.size <= ENTRY_SIZE_MAX)
		buf_append_byte(&made, ' ');
	assert_int_equal(parse(buf_view(&made)), ERR_FORMAT_SIZE);
	buf_free(&made);
}

#define REFUSED(change)                                                                            \
	do {                                                                                       \
		struct buf out = BUF_INIT;                                                         \
		struct absence a;                                                                  \
		example_of_three(&a);                                                              \
		assert_int_equal(absence_check(&a), ERR_OK);                                       \
		change;                                                                            \
		buf_append_string(&out, "kept");                                                   \
		assert_int_equal(absence_check(&a), ERR_FORMAT);                                   \
		assert_int_equal(absence_write(&a, &out), ERR_FORMAT);                             \
		assert_int_equal(out.size, 4);                                                     \
		buf_free(&out);                                                                    \
	} while (0)

static void
the_writer_refuses_what_no_log_may_have(void **state)
{
	(void)state;
	REFUSED(a.issued_s = 0);
	REFUSED(a.issued_s = ENTRY_TIME_S_MAX + 1);
	REFUSED(a.issuer = V("two words"));
	REFUSED(a.collector = V(""));
	REFUSED(a.collector = V("a\nb"));
	REFUSED(a.collector = V("a b"));
	REFUSED(a.collector = V("HOST-1.example"));
	REFUSED(a.collector = V("1:no-scheme"));
	REFUSED(a.count = 0);
	REFUSED(a.count = ABSENCE_WORKLOADS_MAX + 1);
	REFUSED(a.notice.index = JSON_NUMBER_MAX + 1);
	REFUSED(a.extensions = V("{}"));
	REFUSED(a.extensions = V("{\"a\": 1}"));
	REFUSED(a.extensions = V("{\"a\":1}}"));
	REFUSED(a.absent[1].workload = a.absent[0].workload);
	REFUSED(a.absent[1].workload = V("!"));
	REFUSED(a.absent[1].workload = V("ap p"));
	REFUSED(a.absent[1].workload = V("ap/p"));
	REFUSED(a.absent[0].workload = V(""));
	REFUSED(a.absent[2].due_s = 0);
	REFUSED(a.absent[2].due_s = a.issued_s);
	REFUSED(a.absent[2].due_s = a.issued_s + 1);
	REFUSED(a.absent[2].count = 0);
	REFUSED(a.absent[2].count = JSON_NUMBER_MAX + 1);
	REFUSED(a.absent[2].report = JSON_NUMBER_MAX + 1);
}

static void
other_spellings_are_refused(void **state)
{
	static const char *const changes[][2] = {{"{", " {"}, {"{\"eat", "{ \"eat"},
	    {"\"iat\":", "\"iat\": "}, {"1795514593", "1795514593.0"},
	    {"1795514593", "01795514593"}, {"1795514593", "\"1795514593\""},
	    {"spiffe://", "spiffe:\\/\\/"}, {"trading-app", "trading\\u002dapp"},
	    {"df0f53a1", "DF0F53A1"},
	    {"\"due\":1795514588,\"count\":1", "\"count\":1,\"due\":1795514588"},
	    {"\"count\":1,", ""}, {"\"count\":1", "\"count\":1,\"x\":1"},
	    {"\"count\":1", "\"count\":0"}, {"\"report\":6", "\"report\":-6"},
	    {"\"due\":1795514588", "\"due\":1795514593"}, {"[{", "[],[{"}, {"}],", "},],"},
	    {"}],", "},{}],"}, {"\"hallmark.absent\":[{", "\"hallmark.absent\":[],\"x\":[{"},
	    {"\"hallmark.form\":1,", ""}, {"\"hallmark.form\":1", "\"hallmark.form\":1.0"},
	    {"\"index\":4", "\"index\":04"}, {"\"index\":4,", ""}, {"\"leaf\":\"", "\"leaf\":\"0"},
	    {"}}", "},\"hallmark.extensions\":{}}"}, {"}}", "},\"hallmark.extensions\":{\"A\":1}}"},
	    {"}}", "},\"extensions\":{\"a\":1}}"}, {"}}", "}}\n"}, {"}}", "}"}, {"#1", "#2"},
	    {"absence#1", "absence#1 "}};

	(void)state;
	assert_int_equal(parse_changed("e", "e"), ERR_OK);
	assert_int_equal(parse_changed("}}", "},\"hallmark.extensions\":{\"a\":1}}"), ERR_OK);
	for (size_t i = 0; i < COUNT(changes); i++)
		assert_int_equal(parse_changed(changes[i][0], changes[i][1]), ERR_FORMAT);
}

static void
another_form_is_of_another_version(void **state)
{
	(void)state;
	assert_int_equal(
	    parse_changed("\"hallmark.form\":1", "\"hallmark.form\":2"), ERR_UNSUPPORTED);
	assert_int_equal(
	    parse_changed("\"hallmark.form\":1,\"hallmark.absent\"", "\"hallmark.form\":0,\"x\""),
	    ERR_UNSUPPORTED);
}

/* jti is over all that the absence states. */
static void
another_statement_has_another_name(void **state)
{
	(void)state;
	assert_int_equal(parse_changed("df0f53a1", "ff0f53a1"), ERR_MISMATCH);
	assert_int_equal(parse_changed("trading-app", "trading-bpp"), ERR_MISMATCH);
	assert_int_equal(parse_changed("\"due\":1795514588", "\"due\":1795514587"), ERR_MISMATCH);
	assert_int_equal(parse_changed("\"count\":1", "\"count\":2"), ERR_MISMATCH);
	assert_int_equal(parse_changed("host-1", "host-2"), ERR_MISMATCH);
	assert_int_equal(parse_changed("prod-1", "prod-2"), ERR_MISMATCH);
	/* Where it stands in the log is not part of it. */
	assert_int_equal(parse_changed("\"report\":6", "\"report\":7"), ERR_OK);
	assert_int_equal(parse_changed("\"index\":4", "\"index\":5"), ERR_OK);
}

static void
every_cut_is_refused(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	vector_file("absence.json", &text);
	for (size_t size = 0; size < text.size; size++) {
		uint8_t *cut = malloc(size); /* so that a sanitizer sees a read behind it */

		assert_true(cut != NULL || size == 0);
		if (size > 0)
			memcpy(cut, text.data, size);
		assert_int_equal(parse((struct view){cut, size}), ERR_FORMAT);
		free(cut);
	}
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vector_is_written_and_read),
	    cmocka_unit_test(several_workloads_and_extensions_come_back),
	    cmocka_unit_test(the_largest_is_an_entry),
	    cmocka_unit_test(the_writer_refuses_what_no_log_may_have),
	    cmocka_unit_test(other_spellings_are_refused),
	    cmocka_unit_test(another_form_is_of_another_version),
	    cmocka_unit_test(another_statement_has_another_name),
	    cmocka_unit_test(every_cut_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
