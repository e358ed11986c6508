/* The map of errors: numbers and names are a protocol, so a few are fixed here for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "proto/err.h"

static void
numbers_and_names_of_the_protocol_stay(void **state)
{
	static const struct {
		unsigned long number;
		const char *name;
	} fixed[] = {{0, "ok"}, {100, "frame-size"}, {103, "count-beyond-bytes"},
	    {113, "no-common-version"}, {200, "unauthorized"}, {203, "nonce-reused"},
	    {204, "sequence-not-rising"}, {206, "component-digest"}, {213, "storage-low"},
	    {300, "tls-handshake"}, {400, "bad-format"}, {450, "bad-proof"}, {451, "bad-signature"},
	    {500, "guard-rollback"}, {501, "guard-fork"}, {502, "guard-unlogged"}, {600, "io"},
	    {900, "invariant"}};

	(void)state;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		assert_string_equal(err_name(err_from_number(fixed[i].number)), fixed[i].name);
}

static void
every_error_is_found_by_its_number_and_index(void **state)
{
	(void)state;
	for (unsigned i = 0; i < err_count(); i++) {
		enum err e = err_at(i);

		assert_int_equal(err_index(e), i);
		assert_int_equal(err_from_number((unsigned long)e), e);
	}
}

static void
numbers_rise_and_names_differ(void **state)
{
	(void)state;
	for (unsigned i = 1; i < err_count(); i++) {
		assert_true(err_at(i - 1) < err_at(i));
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(err_name(err_at(i)), err_name(err_at(j)));
	}
}

/* Names are labels of counters; sentences are put into the middle of others. */
static void
names_are_labels_and_texts_are_sentences(void **state)
{
	(void)state;
	for (unsigned i = 0; i < err_count(); i++) {
		const char *name = err_name(err_at(i)), *text = err_text(err_at(i));

		for (const char *c = name; *c != '\0'; c++)
			assert_true(
			    islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '-');
		assert_true(strlen(text) > 0);
		assert_false(isspace((unsigned char)text[0]));
		assert_int_not_equal(text[strlen(text) - 1], '.');
	}
}

static void
the_class_follows_the_number(void **state)
{
	(void)state;
	assert_int_equal(err_class(ERR_OK), ERR_CLASS_NONE);
	assert_int_equal(err_class(ERR_FRAME_SIZE), ERR_CLASS_STREAM);
	assert_int_equal(err_class(ERR_NONCE_REUSED), ERR_CLASS_REQUEST);
	assert_int_equal(err_class(ERR_TIMEOUT_IDLE), ERR_CLASS_STREAM);
	assert_int_equal(err_class(ERR_FORMAT_BASE64), ERR_CLASS_FORMAT);
	assert_int_equal(err_class(ERR_SIGNATURE), ERR_CLASS_PROOF);
	assert_int_equal(err_class(ERR_GUARD_FORK), ERR_CLASS_PROOF);
	assert_int_equal(err_class(ERR_TOKEN), ERR_CLASS_ENVIRONMENT);
	assert_int_equal(err_class(ERR_INVARIANT), ERR_CLASS_OURS);
}

static void
an_unknown_number_is_said_to_be_unknown(void **state)
{
	static const unsigned long unknown[] = {1, 99, 114, 299, 901, 65535, 1UL << 32};

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(err_from_number(unknown[i]), ERR_INVARIANT);
	assert_string_equal(err_name((enum err)99), "unknown-error");
	assert_true(strlen(err_text((enum err)99)) > 0);
	assert_int_equal(err_class((enum err)99), ERR_CLASS_OURS);
	assert_int_equal(err_at(err_count()), ERR_INVARIANT);
	assert_true(err_index((enum err)99) < err_count());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_and_names_of_the_protocol_stay),
	    cmocka_unit_test(every_error_is_found_by_its_number_and_index),
	    cmocka_unit_test(numbers_rise_and_names_differ),
	    cmocka_unit_test(names_are_labels_and_texts_are_sentences),
	    cmocka_unit_test(the_class_follows_the_number),
	    cmocka_unit_test(an_unknown_number_is_said_to_be_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
