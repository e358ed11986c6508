/* The manifest of a policy: one spelling, what belongs into it, what a later version may add. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "policy/governance/manifest.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define HEAD   "hallmark manifest v1\nsemantics 1\n"
#define POLICY "policy p " A "\n"

#define V(s) VIEW_LITERAL(s)

static void
expect(const char *text, enum err expected)
{
	struct manifest *m;
	enum err e = manifest_parse(view_of_string(text), &m);

	if (e != expected)
		fail_msg("expected %s, found %s: %s", err_name(expected), err_name(e), text);
	assert_int_equal(m != NULL, e == ERR_OK);
	manifest_free(&m);
	assert_null(m);
}

static void
all_kinds_are_written_and_read(void **state)
{
	static const char expected[] = HEAD "collectors-ca hosts " A "\ncollectors-ca old " B "\n"
					    "operators operators " A "\npolicy p " B "\n"
					    "reference a " B "\nreference a-b " A "\n";
	struct manifest_line line[] = {
	    {.kind = MANIFEST_REFERENCE, .name = V("a-b")},
	    {.kind = MANIFEST_POLICY, .name = V("p")},
	    {.kind = MANIFEST_COLLECTORS_CA, .name = V("old")},
	    {.kind = MANIFEST_OPERATORS, .name = V("operators")},
	    {.kind = MANIFEST_REFERENCE, .name = V("a")},
	    {.kind = MANIFEST_COLLECTORS_CA, .name = V("hosts")},
	};
	static const uint8_t bytes[] = {0xaa, 0xbb, 0xbb, 0xaa, 0xbb, 0xaa};
	struct buf text = BUF_INIT;
	struct manifest *m;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		memset(line[i].digest.bytes, bytes[i], DIGEST_SIZE);
	manifest_write(line, 6, &text);
	assert_true(view_equal(buf_view(&text), view_of_string(expected)));
	assert_int_equal(manifest_parse(buf_view(&text), &m), ERR_OK);
	assert_int_equal(m->count, 6);
	for (size_t i = 0; i < 6; i++)
		assert_true(
		    digest_equal(manifest_find(m, line[i].kind, line[i].name), &line[i].digest));
	assert_null(manifest_find(m, MANIFEST_REFERENCE, V("hosts")));
	assert_null(manifest_find(m, MANIFEST_REFERENCE, V("")));
	assert_true(view_equal(manifest_policy(m)->name, V("p")));
	assert_int_equal(manifest_policy(m)->digest.bytes[0], 0xbb);
	manifest_free(&m);
	buf_free(&text);
}

static void
kinds_have_names_and_packs(void **state)
{
	(void)state;
	assert_string_equal(manifest_kind_name(MANIFEST_COLLECTORS_CA), "collectors-ca");
	assert_int_equal(manifest_pack_kind(MANIFEST_COLLECTORS_CA), PACK_CA);
	assert_int_equal(manifest_pack_kind(MANIFEST_OPERATORS), PACK_OPERATORS);
	assert_int_equal(manifest_pack_kind(MANIFEST_POLICY), PACK_POLICY);
	assert_int_equal(manifest_pack_kind(MANIFEST_REFERENCE), PACK_REFERENCE);
}

static void
another_head_is_refused(void **state)
{
	(void)state;
	expect("", ERR_FORMAT);
	expect("hallmark manifest v1\n", ERR_FORMAT);
	expect("hallmark manifest v1\n" POLICY, ERR_FORMAT);
	expect("hallmark manifest v2\nsemantics 1\n" POLICY, ERR_FORMAT);
	expect("hallmark policy manifest v1\nsemantics 1\n" POLICY, ERR_FORMAT);
	expect("hallmark manifest v1\r\nsemantics 1\n" POLICY, ERR_FORMAT);
	expect("hallmark manifest v1\nsemantics 01\n" POLICY, ERR_FORMAT);
	expect("hallmark manifest v1\nsemantics 0\n" POLICY, ERR_FORMAT);
	expect("hallmark manifest v1\nsemantics \n" POLICY, ERR_FORMAT);
	expect("hallmark manifest v1\nsemantics x\n" POLICY, ERR_FORMAT);
	expect("hallmark manifest v1\nsemantics  1\n" POLICY, ERR_FORMAT);
	expect("hallmark manifest v1\nsemantics 1 \n" POLICY, ERR_FORMAT);
}

static void
lines_have_one_form(void **state)
{
	(void)state;
	expect(HEAD POLICY, ERR_OK);
	expect(HEAD "policy p " A, ERR_FORMAT);
	expect(HEAD "policy p " A "\n\n", ERR_FORMAT);
	expect(HEAD "\n" POLICY, ERR_FORMAT);
	expect(HEAD "policy p  " A "\n", ERR_FORMAT);
	expect(HEAD "policy  p " A "\n", ERR_FORMAT);
	expect(HEAD "policy " A "\n", ERR_FORMAT);
	expect(HEAD "policy  " A "\n", ERR_FORMAT);
	expect(HEAD "policy p/q " A "\n", ERR_FORMAT);
	expect(HEAD "policy .p " A "\n", ERR_FORMAT);
	expect(HEAD "policy p\t" A "\n", ERR_FORMAT);
	expect(HEAD "policy p " A "a\n", ERR_FORMAT);
	expect(HEAD "policy p A" A "\n", ERR_FORMAT);
	expect(HEAD "policy p "
		    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
	    ERR_FORMAT);
	expect(HEAD "Policy p " A "\n", ERR_FORMAT);
	expect(HEAD " p " A "\n", ERR_FORMAT);
	expect(HEAD "policy\n", ERR_FORMAT);
}

static void
lines_are_sorted_and_each_name_is_there_once(void **state)
{
	(void)state;
	expect(HEAD POLICY "reference a " A "\nreference b " A "\n", ERR_OK);
	expect(HEAD POLICY "reference a " A "\nreference a-b " A "\n", ERR_OK);
	expect(HEAD POLICY "reference b " A "\nreference a " A "\n", ERR_FORMAT);
	expect(HEAD POLICY "reference a-b " A "\nreference a " A "\n", ERR_FORMAT);
	expect(HEAD "reference a " A "\n" POLICY, ERR_FORMAT);
	expect(HEAD POLICY "reference a " A "\nreference a " A "\n", ERR_FORMAT);
	expect(HEAD POLICY "reference a " A "\nreference a " B "\n", ERR_FORMAT);
}

static void
one_policy_and_at_most_one_operators_file(void **state)
{
	(void)state;
	expect(HEAD, ERR_FORMAT);
	expect(HEAD "reference a " A "\n", ERR_FORMAT);
	expect(HEAD POLICY "policy q " A "\n", ERR_FORMAT);
	expect(HEAD "operators operators " A "\n" POLICY, ERR_OK);
	expect(HEAD "operators others " A "\n" POLICY, ERR_FORMAT);
	expect(HEAD "operators operators " A "\noperators operators " B "\n" POLICY, ERR_FORMAT);
}

/* What is not known here is not wrong; what no version writes is. */
static void
a_later_version_is_not_supported(void **state)
{
	(void)state;
	expect("hallmark manifest v1\nsemantics 2\n" POLICY, ERR_UNSUPPORTED);
	expect("hallmark manifest v1\nsemantics 2\nanything", ERR_UNSUPPORTED);
	expect(HEAD POLICY "source s " A "\n", ERR_UNSUPPORTED);
	expect(HEAD "a-7 s " A "\n" POLICY, ERR_UNSUPPORTED);
	expect(HEAD "source s " A "\n" POLICY, ERR_FORMAT);                 /* not sorted */
	expect(HEAD POLICY "source s " A "\nsource s " A "\n", ERR_FORMAT); /* twice */
	expect(HEAD POLICY "source s t " A "\n", ERR_FORMAT);               /* no name */
	expect(HEAD POLICY "source s " A "\ntarget t\n", ERR_FORMAT);       /* no digest */
	expect(HEAD POLICY "sources-are-33-bytes-and-too-long s " A "\n", ERR_FORMAT);
}

static void
too_many_lines_are_refused(void **state)
{
	struct buf text = BUF_INIT;
	struct manifest *m;

	(void)state;
	buf_append_string(&text, HEAD POLICY);
	for (unsigned i = 1; i < MANIFEST_LINES_MAX; i++)
		buf_append_format(&text, "reference r%06u " A "\n", i);
	assert_int_equal(manifest_parse(buf_view(&text), &m), ERR_OK);
	assert_int_equal(m->count, MANIFEST_LINES_MAX);
	manifest_free(&m);
	buf_append_string(&text, "reference s " A "\n");
	assert_int_equal(manifest_parse(buf_view(&text), &m), ERR_FORMAT);
	buf_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_kinds_are_written_and_read),
	    cmocka_unit_test(kinds_have_names_and_packs),
	    cmocka_unit_test(another_head_is_refused),
	    cmocka_unit_test(lines_have_one_form),
	    cmocka_unit_test(lines_are_sorted_and_each_name_is_there_once),
	    cmocka_unit_test(one_policy_and_at_most_one_operators_file),
	    cmocka_unit_test(a_later_version_is_not_supported),
	    cmocka_unit_test(too_many_lines_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
