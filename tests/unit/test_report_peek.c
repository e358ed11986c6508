/* Whose report it is: read at a glance, as the parser reads it, or not at all. */
#include "tests/lib/vectors.h"

#include <string.h>

#include "proto/report/report.h"
#include "proto/report/report_peek.h"

static void
expect_peek(const char *name)
{
	struct buf text = BUF_INIT;
	struct view collector, workload;
	struct report_document document = REPORT_DOCUMENT_INIT;
	const struct report *r = &document.report;
	uint64_t expires_s = 0;

	vector_file(name, &text);
	assert_int_equal(report_parse(buf_view(&text), &document), ERR_OK);
	assert_int_equal(report_peek(buf_view(&text), &collector, &workload), ERR_OK);
	assert_true(view_equal(collector, r->collector));
	assert_true(view_equal(workload, r->bundle.workload));
	assert_int_equal(report_peek_expiry(buf_view(&text), &expires_s), ERR_OK);
	assert_true(expires_s == r->expires_s);
	report_document_free(&document);
	buf_free(&text);
}

static void
sees_what_the_parser_reads(void **state)
{
	(void)state;
	expect_peek("report-deployed.json");
	expect_peek("report-draft.json");
	expect_peek("report-challenge.json");
}

/* A quote inside a name would end it too early; whoever forges one gains nothing. */
static void
leaves_escapes_to_the_parser(void **state)
{
	static const char *const keys[] = {
	    "\"iss\":\"", "\"sub\":\"", "\"developer\":\"", "\"build\":\"", "\"submods\":{\""};
	struct buf text = BUF_INIT, changed = BUF_INIT;
	struct view collector, workload;

	(void)state;
	vector_file("report-deployed.json", &text);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const uint8_t *at = memmem(text.data, text.size, keys[i], strlen(keys[i]));
		size_t before;

		assert_non_null(at);
		before = (size_t)(at - text.data) + strlen(keys[i]);
		buf_clear(&changed);
		buf_append(&changed, text.data, before);
		buf_append_string(&changed, "\\\"");
		buf_append(&changed, text.data + before, text.size - before);
		assert_int_equal(
		    report_peek(buf_view(&changed), &collector, &workload), ERR_UNSUPPORTED);
	}
	buf_free(&text);
	buf_free(&changed);
}

static void
refuses_every_beginning_and_other_keys(void **state)
{
	struct buf text = BUF_INIT;
	struct view collector, workload;
	uint8_t *at;
	size_t end;

	(void)state;
	vector_file("report-deployed.json", &text);
	assert_int_equal(report_peek(buf_view(&text), &collector, &workload), ERR_OK);
	end = (size_t)(workload.data - text.data) + workload.size + strlen("\":{");
	for (size_t size = 0; size <= text.size; size++)
		assert_int_equal(report_peek((struct view){text.data, size}, &collector, &workload),
		    size < end ? ERR_UNSUPPORTED : ERR_OK);
	at = memmem(text.data, text.size, "\"sub\"", 5);
	assert_non_null(at);
	at[2] = 'a';
	assert_int_equal(report_peek(buf_view(&text), &collector, &workload), ERR_UNSUPPORTED);
	buf_free(&text);
}

static void
other_entries_have_no_expiry(void **state)
{
	static const char *const others[] = {"", "{}", "{\"eat_profile\":\"a\",\"iat\":1,\"exp\":",
	    "{\"eat_profile\":\"a\",\"iat\":,\"exp\":2,", "{\"eat_profile\":\"a\",\"exp\":2,",
	    "{\"eat_profile\":\"a\",\"iat\":1,\"exp\":-2,",
	    "{\"eat_profile\":1,\"iat\":1,\"exp\":2,",
	    "{\"eat_profile\":\"a\",\"iat\":1,\"exp\":99999999999999999999,"};
	static const char *const files[] = {"absence.json", "notice-start.json"};
	struct buf text = BUF_INIT;
	uint64_t expires_s;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(
		    report_peek_expiry(view_of_string(others[i]), &expires_s), ERR_UNSUPPORTED);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		buf_clear(&text);
		vector_file(files[i], &text);
		assert_int_equal(report_peek_expiry(buf_view(&text), &expires_s), ERR_UNSUPPORTED);
	}
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sees_what_the_parser_reads),
	    cmocka_unit_test(other_entries_have_no_expiry),
	    cmocka_unit_test(leaves_escapes_to_the_parser),
	    cmocka_unit_test(refuses_every_beginning_and_other_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
