/* What is in force: a sorted text, each manifest, key and statement in it once. */
#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "proto/json/json_read.h"
#include "proto/report/inforce.h"

#define V(s)     VIEW_LITERAL(s)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define FIRST "hallmark in force v1\n"
#define A     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B     "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct digest
digest_filled(uint8_t byte)
{
	struct digest d;

	memset(d.bytes, byte, DIGEST_SIZE);
	return d;
}

static enum err
parse(struct view text)
{
	struct inforce *f = (struct inforce *)(void *)1;
	enum err e = inforce_parse(text, &f);

	if (e != ERR_OK)
		assert_null(f);
	inforce_free(&f);
	inforce_free(&f);
	return e;
}

static void
expect_text(struct inforce *f, const char *text)
{
	struct buf made = BUF_INIT, again = BUF_INIT;
	struct inforce *parsed;

	buf_append_string(&made, "before");
	assert_int_equal(inforce_write(f, &made), ERR_OK);
	buf_consume(&made, 6);
	assert_true(view_equal(buf_view(&made), view_of_string(text)));
	assert_int_equal(inforce_parse(buf_view(&made), &parsed), ERR_OK);
	assert_int_equal(parsed->has_manifest, f->has_manifest);
	assert_int_equal(parsed->number_count, f->number_count);
	assert_int_equal(parsed->statement_count, f->statement_count);
	assert_int_equal(parsed->unknown_count, 0);
	assert_int_equal(inforce_write(parsed, &again), ERR_OK);
	assert_true(view_equal(buf_view(&again), buf_view(&made)));
	inforce_free(&parsed);
	buf_free(&made);
	buf_free(&again);
}

static void
nothing_is_one_line(void **state)
{
	struct inforce f = {.has_manifest = false};

	(void)state;
	expect_text(&f, FIRST);
}

static void
lists_are_sorted_when_they_are_written(void **state)
{
	struct inforce_number numbers[] = {
	    {digest_filled(0xbb), JSON_NUMBER_MAX}, {digest_filled(0xaa), 1}};
	struct inforce_statement statements[] = {
	    {digest_filled(0xbb), V("approve")}, {digest_filled(0xaa), V("maintenance")}};
	struct inforce f = {.has_manifest = true,
	    .manifest = digest_filled(0xaa),
	    .number_count = 2,
	    .numbers = numbers,
	    .statement_count = 2,
	    .statements = statements};

	(void)state;
	expect_text(&f, FIRST "manifest " A "\nnumber " A " 1\nnumber " B " 9007199254740991\n"
			      "statement " A " maintenance\nstatement " B " approve\n");
}

static void
the_vector_has_the_values(void **state)
{
	struct buf text = BUF_INIT;
	struct digest expected;
	struct inforce *f;

	(void)state;
	vector_file("in-force.txt", &text);
	assert_int_equal(inforce_parse(buf_view(&text), &f), ERR_OK);
	digest_of("manifest", 8, &expected);
	assert_true(f->has_manifest && digest_equal(&f->manifest, &expected));
	assert_int_equal(f->number_count, 1);
	assert_int_equal(f->numbers[0].number, 1795514430000);
	assert_int_equal(f->statement_count, 1);
	digest_of("envelope", 8, &expected);
	assert_true(digest_equal(&f->statements[0].sha256, &expected));
	assert_true(view_equal(f->statements[0].kind, V("approve")));
	inforce_free(&f);
	buf_free(&text);
}

static void
lines_of_later_versions_are_counted(void **state)
{
	struct inforce *f;

	(void)state;
	assert_int_equal(inforce_parse(V(FIRST "enforce hosts of group 1\nfeed cve " A
					       " 7\nmanifest " B "\nprune x\n"),
			     &f),
	    ERR_OK);
	assert_true(f->has_manifest);
	assert_int_equal(f->feed_count, 1);
	assert_true(view_equal(f->feeds[0].name, V("cve")));
	assert_int_equal(f->feeds[0].written_s, 7);
	assert_int_equal(f->unknown_count, 2);
	assert_true(view_equal(f->unknown_kind, V("enforce")));
	inforce_free(&f);
	assert_int_equal(parse(V("hallmark in force v2\nx")), ERR_UNSUPPORTED);
}

static void
other_spellings_are_refused(void **state)
{
	static const char *const bad[] = {
	    "",
	    "hallmark in force v1",
	    "hallmark in force v",
	    "hallmark in force\n",
	    "\n",
	    "Hallmark in force v1\n",
	    FIRST "\n",
	    FIRST "manifest",
	    FIRST "manifest\n",
	    FIRST "manifest \n",
	    FIRST "manifest " A,
	    FIRST "manifest " A " \n",
	    FIRST "manifest  " A "\n",
	    FIRST "manifest " A "\r\n",
	    FIRST "manifest " A "00\n",
	    FIRST "Manifest " A "\n",
	    FIRST "manifest A" A "\n",
	    FIRST "manifest " A "\nmanifest " A "\n",
	    FIRST "manifest " A "\nmanifest " B "\n",
	    FIRST "number " A "\n",
	    FIRST "number " A " \n",
	    FIRST "number " A " 0\n",
	    FIRST "number " A " 01\n",
	    FIRST "number " A " -1\n",
	    FIRST "number " A " 1 \n",
	    FIRST "number " A " 9007199254740992\n",
	    FIRST "number " A "1\n",
	    FIRST "number " A " 1\nnumber " A " 2\n",
	    FIRST "number " B " 1\nnumber " A " 1\n",
	    FIRST "number " A " 1\nmanifest " A "\n",
	    FIRST "statement " A "\n",
	    FIRST "statement " A " \n",
	    FIRST "statement " A " Approve\n",
	    FIRST "statement " A " a b\n",
	    FIRST "statement " A " abcdefghijklmnopqrstuvwxyz-012345\n",
	    FIRST "statement " A " approve\nstatement " A " revoke\n",
	    FIRST "feed a " A " 1\nfeed a " B " 1\n",
	    FIRST "feed b " A " 1\nfeed a " B " 1\n",
	    FIRST "feed a " A "\n",
	    FIRST "feed a " A " \n",
	    FIRST "feed a " A " 0\n",
	    FIRST "feed a " A " 01\n",
	    FIRST "feed a " A " -1\n",
	    FIRST "feed a " A " 1 \n",
	    FIRST "feed a " A "1\n",
	    FIRST "feed a " A "  1\n",
	    FIRST "feed a " A " 253402300800\n",
	    FIRST "feed .a " A " 1\n",
	    FIRST "feed  " A " 1\n",
	    FIRST "feed\n",
	    FIRST "feed \n",
	    FIRST "fee_d x\n",
	    FIRST " x\n",
	    FIRST "feed \x01\n",
	    FIRST "feed \xff\n",
	    FIRST "feed a\nenforce a\n",
	    FIRST "feed a\nfeed a\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parse(view_of_string(bad[i])) != ERR_FORMAT)
			fail_msg("taken: %s", bad[i]);
}

static void
the_writer_refuses_bad_values(void **state)
{
	struct inforce_number number[2] = {{digest_filled(1), 1}, {digest_filled(2), 1}};
	struct inforce_statement statement[2] = {
	    {digest_filled(1), V("a")}, {digest_filled(2), V("a")}};
	struct inforce f = {
	    .number_count = 2, .numbers = number, .statement_count = 2, .statements = statement};
	struct buf out = BUF_INIT;

	(void)state;
	buf_append_string(&out, "kept");
	number[1].number = 0;
	assert_int_equal(inforce_write(&f, &out), ERR_FORMAT);
	number[1].number = JSON_NUMBER_MAX + 1;
	assert_int_equal(inforce_write(&f, &out), ERR_FORMAT);
	number[1] = number[0];
	assert_int_equal(inforce_write(&f, &out), ERR_FORMAT);
	f.number_count = 1;
	statement[1].kind = V("A");
	assert_int_equal(inforce_write(&f, &out), ERR_FORMAT);
	statement[1].kind = V("");
	assert_int_equal(inforce_write(&f, &out), ERR_FORMAT);
	statement[1] = statement[0];
	assert_int_equal(inforce_write(&f, &out), ERR_FORMAT);
	assert_true(view_equal(buf_view(&out), V("kept")));
	f.statement_count = 1;
	assert_int_equal(inforce_write(&f, &out), ERR_OK);
	buf_free(&out);
}

/* Of numbers alone: what a list may be, and one line more. */
static void
a_list_has_its_largest_size(void **state)
{
	const size_t line = strlen("number " A " 9007199254740991\n");
	const size_t most = (INFORCE_SIZE_MAX - strlen(FIRST)) / line;
	struct inforce f = {.number_count = most + 1};
	struct buf out = BUF_INIT;

	(void)state;
	f.numbers = calloc(most + 1, sizeof(*f.numbers));
	assert_non_null(f.numbers);
	for (size_t i = 0; i <= most; i++) {
		be32_put(f.numbers[i].key.bytes, (uint32_t)i);
		f.numbers[i].number = JSON_NUMBER_MAX;
	}
	assert_int_equal(inforce_write(&f, &out), ERR_FORMAT_SIZE);
	assert_int_equal(out.size, 0);
	f.number_count = most;
	assert_int_equal(inforce_write(&f, &out), ERR_OK);
	assert_int_equal(parse(buf_view(&out)), ERR_OK);
	while (out.size <= INFORCE_SIZE_MAX)
		buf_append_byte(&out, '\n');
	assert_int_equal(parse(buf_view(&out)), ERR_FORMAT_SIZE);
	free(f.numbers);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_one_line),
	    cmocka_unit_test(lists_are_sorted_when_they_are_written),
	    cmocka_unit_test(the_vector_has_the_values),
	    cmocka_unit_test(lines_of_later_versions_are_counted),
	    cmocka_unit_test(other_spellings_are_refused),
	    cmocka_unit_test(the_writer_refuses_bad_values),
	    cmocka_unit_test(a_list_has_its_largest_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
