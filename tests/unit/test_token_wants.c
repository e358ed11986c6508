/* What a policy wants of the key process, as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/wire/token_wants.h"

#define V(s) VIEW_LITERAL(s)

static void
what_is_wanted_goes_there_and_back(void **state)
{
	const struct token_want wants[] = {{V("orders"), V("https://vault.example"), 86400},
	    {V("a"), V(""), 0}, {V("b"), V("c"), 1}};
	struct buf text = BUF_INIT;
	struct token_want out;
	struct view rest;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		token_wants_append(&text, &wants[i]);
	assert_true(
	    view_equal(buf_view(&text), V("orders https://vault.example 86400\na  0\nb c 1\n")));
	rest = buf_view(&text);
	for (size_t i = 0; i < 3; i++) {
		assert_true(token_wants_next(&rest, &out));
		assert_true(view_equal(out.profile, wants[i].profile));
		assert_true(view_equal(out.audience, wants[i].audience));
		assert_int_equal(out.lifetime_s, wants[i].lifetime_s);
	}
	assert_false(token_wants_next(&rest, &out));
	buf_free(&text);
}

static void
where_nothing_is_wanted_there_is_none(void **state)
{
	struct view rest = V("");
	struct token_want out;

	(void)state;
	assert_false(token_wants_next(&rest, &out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_wanted_goes_there_and_back),
	    cmocka_unit_test(where_nothing_is_wanted_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
