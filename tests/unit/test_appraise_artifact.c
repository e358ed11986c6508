/* Appraisal: a report names what is to start only where that is what was judged. */
#include "tests/unit/appraise_fixture.h"

static void
name(struct bench *b, enum bundle_artifact_form form, char digit)
{
	b->bundle.extensions.artifact.form = form;
	memset(b->bundle.extensions.artifact.digest.bytes, digit == 'a' ? 0xaa : 0xbb, DIGEST_SIZE);
}

static void
measure(struct bench *b, char second, uint32_t flags)
{
	use(b, SIMPLE_RULES);
	begin(b, COMPONENT_EXECUTABLE);
	file_full(b, "/app/bin", 'a', 0, 0100755);
	if (second != 0)
		file_full(b, "/app/conf", second, flags, 0100755);
	end(b, COMPONENT_EXECUTABLE);
}

static void
expect_other(struct bench *b, const char *detail)
{
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_string_equal(expect(b, "bundle", "other-program", ""), detail);
}

static void
test_the_program_that_was_judged(void **state)
{
	struct bench *b = *state;

	measure(b, 0, 0);
	name(b, BUNDLE_ARTIFACT_FILE, 'a');
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

static void
test_another_one_than_was_judged(void **state)
{
	struct bench *b = *state;

	measure(b, 0, 0);
	name(b, BUNDLE_ARTIFACT_FILE, 'b');
	expect_other(b, "expected the artifact to be the one program, or the image, that was "
			"measured, found file " HEX_B);
	name(b, BUNDLE_ARTIFACT_IMAGE, 'a');
	expect_other(b, "expected the artifact to be the one program, or the image, that was "
			"measured, found image " HEX_A);
}

/* Nobody can tell which of two it would be. */
static void
test_one_of_several(void **state)
{
	struct bench *b = *state;

	measure(b, 'a', 0);
	name(b, BUNDLE_ARTIFACT_FILE, 'a');
	expect_other(b, "expected the artifact to be the one program, or the image, that was "
			"measured, found file " HEX_A);
}

/* What another process runs beside it, or could not be read, is not what is to start. */
static void
test_what_is_no_program_of_it(void **state)
{
	struct bench *b = *state;

	measure(b, 'a', COMPONENT_FILE_OTHER);
	name(b, BUNDLE_ARTIFACT_FILE, 'a');
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	measure(b, 'b', COMPONENT_FILE_UNREADABLE);
	name(b, BUNDLE_ARTIFACT_FILE, 'a');
	conclude(b);
	assert_null(find(b, "bundle", "other-program", ""));
	measure(b, 'b', COMPONENT_FILE_CHANGED);
	name(b, BUNDLE_ARTIFACT_FILE, 'a');
	conclude(b);
	assert_null(find(b, "bundle", "other-program", ""));
}

/* A bundle that names another tree than its component is refused before. */
static void
test_a_tree_or_nothing(void **state)
{
	struct bench *b = *state;

	measure(b, 0, 0);
	name(b, BUNDLE_ARTIFACT_TREE, 'b');
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	name(b, BUNDLE_ARTIFACT_NONE, 'b');
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_the_program_that_was_judged, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_another_one_than_was_judged, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_one_of_several, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_what_is_no_program_of_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_tree_or_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
