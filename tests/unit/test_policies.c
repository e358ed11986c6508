/* Policies seen in a log: counted, and held against those that are expected. */
#include "tests/lib/vectors.h"

#include <stdio.h>
#include <stdlib.h>

#include "auditor/display.h"
#include "log/policies.h"

#define HEX_A "00000000000000000000000000000000000000000000000000000000000000aa"
#define HEX_B "00000000000000000000000000000000000000000000000000000000000000bb"
#define A     "trading@sha256:" HEX_A
#define B     "trading@sha256:" HEX_B

static struct digest
digest_a(void)
{
	struct digest d;

	assert_int_equal(digest_from_hex(view_of_string(HEX_A), &d), ERR_OK);
	return d;
}

/* What is shown in the end; freed here. */
static void
expect_shown(struct policies **p, const char *const *lines, size_t count)
{
	char *text = NULL, *line, *rest;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	const struct display d = {.to = to, .margin = ""};

	display_policies(&d, *p);
	fclose(to);
	rest = text;
	for (size_t i = 0; i < count; i++) {
		line = strsep(&rest, "\n");
		if (line == NULL || strstr(line, lines[i]) == NULL)
			fail_msg(
			    "expected %s, found %s", lines[i], line != NULL ? line : "no more");
	}
	assert_non_null(rest);
	assert_string_equal(rest, "");
	free(text);
	policies_free(p);
}

static enum outcome
check(struct policies *p, const char *id)
{
	const char *what;

	return policies_check(p, view_of_string(id), &what);
}

static void
counts_each(void **state)
{
	static const char *const shown[] = {"2 reports by " A, "1 report by " B};
	const struct policies_expected any = {NULL, 0};
	struct policies *p = policies_new(&any);

	(void)state;
	assert_int_equal(check(p, A), OUTCOME_GOOD);
	assert_int_equal(check(p, B), OUTCOME_GOOD);
	assert_int_equal(check(p, A), OUTCOME_GOOD);
	expect_shown(&p, shown, 2);
}

/* Also under a name that is expected, and what is no policy at all. */
static void
another_digest_is_bad_once(void **state)
{
	static const char *const shown[] = {"1 report by " A, "2 reports by " B ", which is not",
	    "1 report by nothing, which is not", "1 report by other@sha256:" HEX_A};
	const struct digest a = digest_a();
	const struct policies_expected expected = {&a, 1};
	struct policies *p = policies_new(&expected);
	const char *what;

	(void)state;
	assert_int_equal(check(p, A), OUTCOME_GOOD);
	assert_int_equal(policies_check(p, view_of_string(B), &what), OUTCOME_BAD);
	assert_non_null(strstr(what, B));
	assert_int_equal(check(p, B), OUTCOME_GOOD);
	assert_int_equal(check(p, "nothing"), OUTCOME_BAD);
	assert_int_equal(check(p, "other@sha256:" HEX_A), OUTCOME_GOOD);
	expect_shown(&p, shown, 4);
}

static void
holds_a_bounded_number(void **state)
{
	const struct digest a = digest_a();
	const struct policies_expected expected = {&a, 1};
	struct policies *p = policies_new(&expected);
	const char *shown[POLICIES_MAX + 1];
	char id[32];

	(void)state;
	for (unsigned i = 0; i < POLICIES_MAX; i++) {
		snprintf(id, sizeof(id), "p%u", i);
		assert_int_equal(check(p, id), OUTCOME_BAD);
		shown[i] = "1 report by p";
	}
	assert_int_equal(check(p, "one more"), OUTCOME_BAD);
	assert_int_equal(check(p, "one more"), OUTCOME_BAD); /* nobody remembers it */
	assert_int_equal(check(p, A), OUTCOME_GOOD);
	shown[POLICIES_MAX] = "3 reports by more than 512 others";
	expect_shown(&p, shown, POLICIES_MAX + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_each),
	    cmocka_unit_test(another_digest_is_bad_once),
	    cmocka_unit_test(holds_a_bounded_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
