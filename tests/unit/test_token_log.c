/* What a key process tells of its token: what of it is new in the log, and how often that is noted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signer/chronicle/token_log.h"

#define T 1800000000ULL

static const struct digest one = {{1}}, other = {{2}};

/* With a change of each of these numbers. */
static struct token_seen
told(const struct digest *record, size_t count, const uint64_t *numbers)
{
	struct token_seen s = {.record = *record, .change_count = count};

	for (size_t i = 0; i < count; i++)
		s.change[i].number = s.number = numbers[i];
	return s;
}

static void
note(struct token_log *t, const struct token_seen *s, uint64_t iat_s)
{
	const struct notice_row row = {
	    .kind = NOTICE_TOKEN, .issued_s = iat_s, .from_s = s->number, .subject = s->record};

	assert_int_equal(token_log_note(t, &row), ERR_OK);
}

static void
the_first_is_noted_and_a_second_time_nothing(void **state)
{
	struct token_log t = {.count = 0};
	const struct token_seen s = told(&one, 0, NULL);

	(void)state;
	assert_true(token_log_is_due(&t, &s, T));
	note(&t, &s, T);
	assert_false(token_log_is_due(&t, &s, T));
	token_log_free(&t);
}

/* Of what is told for good only what is above the newest number. */
static void
only_new_changes_are_noted(void **state)
{
	struct token_log t = {.count = 0};
	struct token_seen s = told(&one, 2, (uint64_t[]){3, 5}), new;

	(void)state;
	token_log_new(&t, &s, &new);
	assert_int_equal(new.change_count, 2);
	note(&t, &s, T);
	assert_false(token_log_is_due(&t, &s, T));
	s = told(&one, 3, (uint64_t[]){3, 5, 8});
	assert_true(token_log_is_due(&t, &s, T));
	token_log_new(&t, &s, &new);
	assert_int_equal(new.change_count, 1);
	assert_int_equal(new.change[0].number, 8);
	note(&t, &new, T);
	s.number = 9; /* that matters to nobody here */
	assert_false(token_log_is_due(&t, &s, T));
	token_log_free(&t);
}

static void
another_token_is_noted_and_one_that_comes_back_too(void **state)
{
	struct token_log t = {.count = 0};
	const struct token_seen a = told(&one, 1, (uint64_t[]){4}), b = told(&other, 0, NULL);
	struct token_seen new;

	(void)state;
	note(&t, &a, T);
	assert_true(token_log_is_due(&t, &b, T));
	note(&t, &b, T);
	assert_false(token_log_is_due(&t, &b, T));
	assert_true(token_log_is_due(&t, &a, T));
	token_log_new(&t, &a, &new);
	assert_int_equal(new.change_count, 0); /* the log has it */
	note(&t, &new, T);
	assert_false(token_log_is_due(&t, &a, T));
	token_log_free(&t);
}

static void
a_token_that_is_never_the_same_waits_for_the_hour(void **state)
{
	struct token_log t = {.count = 0};
	uint64_t number = 1;
	struct token_seen s;

	(void)state;
	for (; number <= TOKEN_LOG_NOTICES; number++) {
		s = told(&one, 1, &number);
		assert_true(token_log_is_due(&t, &s, T + number));
		note(&t, &s, T + number);
	}
	s = told(&one, 1, &number);
	assert_false(token_log_is_due(&t, &s, T + number));
	assert_false(token_log_is_due(&t, &s, T + TOKEN_LOG_HOUR_S));
	assert_true(token_log_is_due(&t, &s, T + 1 + TOKEN_LOG_HOUR_S));
	/* A log that was set back has an hour of its own. */
	assert_true(token_log_is_due(&t, &s, T));
	token_log_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_is_noted_and_a_second_time_nothing),
	    cmocka_unit_test(only_new_changes_are_noted),
	    cmocka_unit_test(another_token_is_noted_and_one_that_comes_back_too),
	    cmocka_unit_test(a_token_that_is_never_the_same_waits_for_the_hour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
