/* What is told of a token: one line of one spelling, within its limits. */
#include "tests/lib/vectors.h"

#include "proto/report/token_seen.h"

#define V(s) VIEW_LITERAL(s)

static void
fill(struct token_seen *s)
{
	*s = (struct token_seen){.label = V("prod-1"),
	    .manufacturer = V("An HSM's maker"),
	    .model = V("HSM 7"),
	    .serial = V("0042"),
	    .firmware = V("3.4"),
	    .number = 3,
	    .change_count = 2};
	digest_of("a record", 8, &s->record);
	s->change[0] = (struct token_change){1, V("firmware"), V("3.3"), V("3.4")};
	s->change[1] = (struct token_change){3, V("user-pin-wrong"), V("no"), V("yes")};
}

static void
the_vector_is_written_and_taken(void **state)
{
	struct buf made = BUF_INIT, expected = BUF_INIT, strings = BUF_INIT;
	struct token_seen s, found;
	struct view rest;

	(void)state;
	fill(&s);
	vector_file("token-seen.txt", &expected);
	assert_int_equal(token_seen_append(&s, &made), ERR_OK);
	assert_true(view_equal(buf_view(&made), buf_view(&expected)));
	buf_append_string(&made, "hallmark key transition v1\n");
	rest = buf_view(&made);
	assert_int_equal(token_seen_take(&rest, &found, &strings), ERR_OK);
	assert_true(view_equal(rest, V("hallmark key transition v1\n")));
	assert_true(digest_equal(&found.record, &s.record));
	assert_true(view_equal(found.manufacturer, s.manufacturer));
	assert_int_equal(found.number, 3);
	assert_int_equal(found.change_count, 2);
	assert_true(view_equal(found.change[1].what, V("user-pin-wrong")));
	assert_int_equal(token_seen_take(&rest, &found, &strings), ERR_NOT_FOUND);
	assert_true(view_equal(rest, V("hallmark key transition v1\n")));
	buf_free(&made);
	buf_free(&expected);
	buf_free(&strings);
}

/* As long as it may be, and with texts that are escaped: the room that is said is enough. */
static void
the_largest_comes_back(void **state)
{
	static const struct view text = VIEW_LITERAL("\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\"
						     "\"\\\"\\\"\\\"\\\"\\\"\\\"\\\"\\");
	struct buf made = BUF_INIT, strings = BUF_INIT;
	struct token_seen s = {.number = JSON_NUMBER_MAX, .change_count = TOKEN_SEEN_CHANGES_MAX},
			  found;
	struct view rest;

	(void)state;
	assert_int_equal(text.size, TOKEN_SEEN_TEXT_MAX);
	s.label = s.manufacturer = s.model = s.serial = s.firmware = text;
	for (size_t i = 0; i < TOKEN_SEEN_CHANGES_MAX; i++)
		s.change[i] = (struct token_change){JSON_NUMBER_MAX - TOKEN_SEEN_CHANGES_MAX + i,
		    V("abcdefghijklmnopqrstuvwxyz-12345"), text, text};
	assert_int_equal(token_seen_append(&s, &made), ERR_OK);
	assert_true(made.size <= TOKEN_SEEN_SIZE_MAX + 1);
	rest = buf_view(&made);
	assert_int_equal(token_seen_take(&rest, &found, &strings), ERR_OK);
	assert_true(view_equal(found.change[TOKEN_SEEN_CHANGES_MAX - 1].after, text));
	buf_free(&made);
	buf_free(&strings);
}

static void
what_has_no_form_is_not_written(void **state)
{
	struct buf made = BUF_INIT;
	struct token_seen s;

	(void)state;
#define REFUSED(change_it)                                                                         \
	fill(&s);                                                                                  \
	change_it;                                                                                 \
	assert_int_equal(token_seen_append(&s, &made), ERR_FORMAT)
	REFUSED(s.serial = V(""));
	REFUSED(s.firmware = V(""));
	REFUSED(s.label = V("a\nb"));
	REFUSED(s.model = V("123456789012345678901234567890123"));
	REFUSED(s.number = 2);
	REFUSED(s.number = JSON_NUMBER_MAX + 1);
	REFUSED(s.change[0].number = 0);
	REFUSED(s.change[0].number = 3);
	REFUSED(s.change[0].what = V("Firmware"));
	REFUSED(s.change[0].before = V(""));
	REFUSED(s.change[0].after = V(""));
	REFUSED(s.change_count = TOKEN_SEEN_CHANGES_MAX + 1);
#undef REFUSED
	fill(&s);
	s.label = s.manufacturer = s.model = V("");
	s.change_count = 0;
	assert_int_equal(token_seen_append(&s, &made), ERR_OK);
	buf_free(&made);
}

/* Whatever stands in the line, what is behind it is found. */
static void
other_lines_are_refused(void **state)
{
	static const char *const others[][2] = {{"{\"record\"", "{ \"record\""},
	    {"\"number\":3,\"changes\"", "\"number\":03,\"changes\""}, {"]}", "],\"more\":1}"},
	    {"\"0042\"", "\"\""}, {"\"number\":3,\"what\"", "\"number\":1,\"what\""}, {"},{", "},"},
	    {"\"no\"", "\"n\\u006f\""}};
	struct buf changed = BUF_INIT, strings = BUF_INIT;
	struct token_seen found;
	struct view rest;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		vector_changed("token-seen.txt", others[i][0], others[i][1], &changed);
		buf_append_string(&changed, "behind");
		rest = buf_view(&changed);
		assert_int_equal(token_seen_take(&rest, &found, &strings), ERR_FORMAT);
		assert_true(view_equal(rest, V("behind")));
		buf_clear(&changed);
	}
	rest = V("{\"record\"");
	assert_int_equal(token_seen_take(&rest, &found, &strings), ERR_FORMAT);
	rest = V("");
	assert_int_equal(token_seen_take(&rest, &found, &strings), ERR_NOT_FOUND);
	buf_free(&changed);
	buf_free(&strings);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vector_is_written_and_taken),
	    cmocka_unit_test(the_largest_comes_back),
	    cmocka_unit_test(what_has_no_form_is_not_written),
	    cmocka_unit_test(other_lines_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
