/* How many requests for tokens are with the key process, told by a token that is played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signer/ledger/token_window.h"

/* A token that makes `at_once` signatures, each in so many ms. */
struct played {
	unsigned at_once;
	uint64_t signature_ms;
	uint64_t now_ms;
	struct token_window window;
	struct token_asked asked[TOKEN_WINDOW_MAX];
	unsigned first, count; /* in a ring */
};

static void
play(struct played *p, unsigned rounds)
{
	while (rounds-- > 0) {
		unsigned signing;

		while (token_window_is_open(&p->window)) {
			assert_true(p->count < TOKEN_WINDOW_MAX);
			token_window_ask(&p->window, p->now_ms,
			    &p->asked[(p->first + p->count++) % TOKEN_WINDOW_MAX]);
		}
		p->now_ms += p->signature_ms;
		signing = p->count < p->at_once ? p->count : p->at_once;
		for (; signing > 0; signing--, p->count--)
			token_window_answer(
			    &p->window, p->now_ms, &p->asked[p->first++ % TOKEN_WINDOW_MAX], true);
	}
}

static void
few_wait_behind_a_slow_token(void **state)
{
	struct played p = {.at_once = 1, .signature_ms = 114};

	(void)state;
	play(&p, 50);
	for (unsigned round = 0; round < 20; round++) {
		play(&p, 1);
		assert_in_range(p.window.more + 1, 2, 3);
	}
}

static void
no_session_idles(void **state)
{
	(void)state;
	for (unsigned sessions = 2; sessions <= 64; sessions *= 2) {
		struct played p = {.at_once = sessions, .signature_ms = 114};

		play(&p, 300);
		for (unsigned round = 0; round < 20; round++) {
			play(&p, 1);
			assert_in_range(p.window.more + 1, sessions, 3 * sessions);
		}
	}
}

static void
many_are_on_their_way_to_a_fast_token(void **state)
{
	struct played p = {.at_once = 2, .signature_ms = 0};

	(void)state;
	play(&p, 200);
	assert_int_equal(p.window.more + 1, TOKEN_WINDOW_MAX);
}

static void
a_token_that_becomes_slower_is_measured_again(void **state)
{
	struct played p = {.at_once = 8, .signature_ms = 100};

	(void)state;
	play(&p, 50);
	p.signature_ms = 1000;
	play(&p, 100);
	assert_in_range(p.window.more + 1, 8, 24);
}

static void
a_refusal_says_nothing(void **state)
{
	struct token_window w = {0};
	struct token_asked asked;

	(void)state;
	for (unsigned n = 0; n < 10; n++) {
		token_window_ask(&w, 0, &asked);
		assert_false(token_window_is_open(&w));
		token_window_answer(&w, 0, &asked, false);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(few_wait_behind_a_slow_token),
	    cmocka_unit_test(no_session_idles),
	    cmocka_unit_test(many_are_on_their_way_to_a_fast_token),
	    cmocka_unit_test(a_token_that_becomes_slower_is_measured_again),
	    cmocka_unit_test(a_refusal_says_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
