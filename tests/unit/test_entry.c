/* Entries of a log, told apart by their first bytes. */
#include "tests/lib/vectors.h"

#include "proto/report/entry.h"
#include "proto/report/entry_issued.h"

#define V(s) VIEW_LITERAL(s)

static enum entry_kind
kind_of(const char *vector)
{
	struct buf text = BUF_INIT;
	enum entry_kind kind;

	vector_file(vector, &text);
	kind = entry_kind(buf_view(&text));
	buf_free(&text);
	return kind;
}

static void
kinds_are_seen_at_the_beginning(void **state)
{
	(void)state;
	assert_int_equal(kind_of("report-deployed.json"), ENTRY_REPORT);
	assert_int_equal(kind_of("report-draft.json"), ENTRY_REPORT);
	assert_int_equal(kind_of("absence.json"), ENTRY_ABSENCE);
	assert_int_equal(kind_of("notice-start.json"), ENTRY_NOTICE);
	assert_int_equal(kind_of("notice-manifest.json"), ENTRY_NOTICE);
	assert_int_equal(kind_of("notice-statement.json"), ENTRY_NOTICE);
	assert_int_equal(kind_of("notice-feed.json"), ENTRY_NOTICE);
}

/* What a later version writes is not wrong, and what no version writes is. */
static void
unknown_kinds_are_not_wrong(void **state)
{
	(void)state;
	assert_int_equal(entry_kind(V("{\"eat_profile\":\"x")), ENTRY_REPORT);
	assert_int_equal(
	    entry_kind(V("{\"eat_profile\":\"tag:github.com,2026:hallmark/absence#2\"")),
	    ENTRY_REPORT);
	assert_int_equal(entry_kind(V("{\"hallmark.notice\":\"x")), ENTRY_NOTICE);
	assert_int_equal(entry_kind(V("{\"hallmark.notice\":1")), ENTRY_UNKNOWN);
	assert_int_equal(entry_kind(V("{\"hallmark.proof\":")), ENTRY_UNKNOWN);
	assert_int_equal(entry_kind(V("{\"")), ENTRY_UNKNOWN);
	assert_int_equal(entry_kind(V("{")), ENTRY_NONE);
	assert_int_equal(entry_kind(V("{ \"eat_profile\":\"")), ENTRY_NONE);
	assert_int_equal(entry_kind(V("{}")), ENTRY_NONE);
	assert_int_equal(entry_kind(V("[]")), ENTRY_NONE);
	assert_int_equal(entry_kind(V("")), ENTRY_NONE);
	assert_int_equal(entry_kind((struct view){NULL, 0}), ENTRY_NONE);
}

static enum err
issued(const char *vector, size_t cut, uint64_t *issued_s)
{
	struct buf text = BUF_INIT;
	enum err e;

	vector_file(vector, &text);
	e = entry_issued((struct view){text.data, text.size - cut}, issued_s);
	buf_free(&text);
	return e;
}

/* What cannot be read leaves the time as it was. */
static void
every_kind_has_its_time(void **state)
{
	static const struct {
		const char *vector;
		uint64_t issued_s;
	} cases[] = {
	    {"report-deployed.json", 1795514401},
	    {"absence.json", 1795514593},
	    {"notice-start.json", 1795514390},
	};
	uint64_t s = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_not_equal(issued(cases[i].vector, 1, &s), ERR_OK);
		assert_int_equal(s, 7);
		assert_int_equal(issued(cases[i].vector, 0, &s), ERR_OK);
		assert_int_equal(s, cases[i].issued_s);
		s = 7;
	}
	assert_int_equal(entry_issued(V("{\"hallmark.notice\":1"), &s), ERR_UNSUPPORTED);
	assert_int_equal(entry_issued(V("{}"), &s), ERR_UNSUPPORTED);
	assert_int_equal(s, 7);
}

static enum err
read_place(const char *text, struct entry_place *out)
{
	struct buf strings = BUF_INIT;
	struct json_reader r;

	json_read_begin(&r, view_of_string(text), &strings);
	return json_read_end(&r, entry_place_read(&r, out));
}

static void
a_place_is_written_and_read(void **state)
{
	struct entry_place place = {.index = JSON_NUMBER_MAX}, found;
	struct buf text = BUF_INIT;
	struct json_writer w;

	(void)state;
	digest_of("leaf", 4, &place.leaf);
	assert_int_equal(json_write_begin(&w, &text, ENTRY_PLACE_SIZE_MAX), ERR_OK);
	entry_place_write(&w, &place);
	assert_in_range(json_write_end(&w), 100, ENTRY_PLACE_SIZE_MAX);
	buf_append_byte(&text, '\0');
	assert_int_equal(read_place((const char *)text.data, &found), ERR_OK);
	assert_int_equal(found.index, place.index);
	assert_true(digest_equal(&found.leaf, &place.leaf));
	text.data[text.size - 3] = 'g';
	assert_int_equal(read_place((const char *)text.data, &found), ERR_FORMAT);
	assert_int_equal(read_place("{\"index\":1}", &found), ERR_FORMAT);
	assert_int_equal(read_place("{\"leaf\":", &found), ERR_FORMAT);
	assert_int_equal(read_place("null", &found), ERR_FORMAT);
	buf_free(&text);
}

static void
words_and_strings_have_their_limits(void **state)
{
	(void)state;
	assert_true(entry_word_is_good(V("a-z0"), 4));
	assert_false(entry_word_is_good(V("a-z01"), 4));
	assert_false(entry_word_is_good(V(""), 4));
	assert_false(entry_word_is_good(V("a_"), 4));
	assert_false(entry_word_is_good(V("A"), 4));
	assert_true(entry_string_is_good(V("a b"), 1, 3));
	assert_false(entry_string_is_good(V("a bc"), 1, 3));
	assert_false(entry_string_is_good(V(""), 1, 3));
	assert_false(entry_string_is_good(V("a\n"), 1, 3));
	assert_true(entry_head_is_good(1, V("origin")));
	assert_false(entry_head_is_good(0, V("origin")));
	assert_false(entry_head_is_good(ENTRY_TIME_S_MAX + 1, V("origin")));
	assert_false(entry_head_is_good(1, V("two words")));
	assert_false(entry_head_is_good(1, V("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kinds_are_seen_at_the_beginning),
	    cmocka_unit_test(unknown_kinds_are_not_wrong),
	    cmocka_unit_test(every_kind_has_its_time),
	    cmocka_unit_test(a_place_is_written_and_read),
	    cmocka_unit_test(words_and_strings_have_their_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
