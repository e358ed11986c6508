/* What a host takes for a grant: the vectors, and all that is nearly one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "collector/act/grant.h"
#include "proto/encoding.h"
#include "tests/lib/vectors.h"

/* Of the vectors; carol has signed both. */
#define COLLECTOR "spiffe://example/collector/host-1"
#define BEGIN_S   1795514400
#define CAROL     "MCowBQYDK2VwAyEA9lWyZl9KN8NVbOVxSldBY/Zfxlfx0YizrflE8orTjCs="
#define ALICE                                                                                      \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE6LyswNHVeyKkaZXGjZsj8ATI9wRFdBKy2OqPwrPZ/"            \
	"jEVi57sN9OWh9UOaS9Izufyy5PdW0SIzg39HzGmEhV3Tg=="

static struct statement_key *
key_of(const char *base64)
{
	struct buf der = BUF_INIT;
	struct statement_key *key;

	assert_int_equal(base64_decode(view_of_string(base64), &der), ERR_OK);
	assert_int_equal(statement_key_from_spki(buf_view(&der), &key), ERR_OK);
	buf_free(&der);
	return key;
}

static enum err
judge(const char *vector, const char *by, const char *collector, uint64_t now_s, struct grant *out)
{
	struct statement_key *key = key_of(by);
	const struct grant_keys keys = {&key, 1};
	struct trouble t = TROUBLE_INIT;
	struct buf file = BUF_INIT;
	enum err e;

	vector_file(vector, &file);
	e = grant_judge(buf_view(&file), &keys, collector, now_s, out, &t);
	assert_int_equal(e == ERR_OK, t.text[0] == '\0');
	buf_free(&file);
	statement_key_free(&key);
	return e;
}

static void
the_vector_is_one(void **state)
{
	struct grant g;

	(void)state;
	assert_int_equal(judge("statement-act-grant.json", CAROL, COLLECTOR, BEGIN_S, &g), ERR_OK);
	assert_false(g.is_break_glass);
	assert_int_equal(g.act, STATEMENT_FREEZE);
	assert_string_equal(g.workload, "trading-app");
	assert_string_equal(g.origin, "hallmark.example/prod-1");
	assert_string_equal(g.reason, "INC-77");
	assert_int_equal(g.number, 8);
	assert_int_equal(g.not_before_s, BEGIN_S);
	assert_int_equal(g.not_after_s, BEGIN_S + 900);
	assert_false(digest_is_zero(&g.report));
	assert_false(grant_suspends(&g, "trading-app", BEGIN_S));
}

static void
by_others_or_for_others_it_is_none(void **state)
{
	struct grant g;

	(void)state;
	assert_int_equal(
	    judge("statement-act-grant.json", ALICE, COLLECTOR, BEGIN_S, &g), ERR_STATEMENT_KEY);
	assert_int_equal(judge("statement-act-grant.json", CAROL,
			     "spiffe://example/collector/host-2", BEGIN_S, &g),
	    ERR_STATEMENT_SUBJECT);
	assert_int_equal(
	    judge("statement-act-grant.json", CAROL, "", BEGIN_S, &g), ERR_STATEMENT_SUBJECT);
	assert_int_equal(judge("statement-act-grant.json", CAROL, COLLECTOR, BEGIN_S + 900, &g),
	    ERR_STATEMENT_TIME);
	/* It may wait for its time. */
	assert_int_equal(judge("statement-act-grant.json", CAROL, COLLECTOR, 0, &g), ERR_OK);
}

static void
other_statements_are_none(void **state)
{
	static const char *const others[] = {"statement-approve.json", "statement-maintenance.json",
	    "statement-retire.json", "statement-revoke.json", "statement-hold.json"};
	struct grant g;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(
		    judge(others[i], CAROL, COLLECTOR, BEGIN_S, &g), ERR_STATEMENT_KIND);
}

/* Each byte counts, whichever it is. */
static void
altered_it_is_none(void **state)
{
	struct statement_key *key = key_of(CAROL);
	const struct grant_keys keys = {&key, 1};
	struct trouble t = TROUBLE_INIT;
	struct buf file = BUF_INIT;
	struct grant g;

	(void)state;
	vector_file("statement-act-grant.json", &file);
	for (size_t i = 0; i < file.size; i++) {
		const uint8_t was = file.data[i];

		file.data[i] = was == 'A' ? 'B' : 'A';
		assert_int_not_equal(
		    grant_judge(buf_view(&file), &keys, COLLECTOR, BEGIN_S, &g, &t), ERR_OK);
		file.data[i] = was;
	}
	for (size_t size = 0; size < file.size; size++)
		assert_int_equal(
		    grant_judge((struct view){file.data, size}, &keys, COLLECTOR, BEGIN_S, &g, &t),
		    ERR_STATEMENT_FORMAT);
	buf_free(&file);
	statement_key_free(&key);
}

static void
a_break_glass_is_for_who_matches_and_while_it_lasts(void **state)
{
	struct grant g;

	(void)state;
	assert_int_equal(
	    judge("statement-break-glass.json", CAROL, COLLECTOR, BEGIN_S, &g), ERR_OK);
	assert_true(g.is_break_glass);
	assert_string_equal(g.reason, "market opens");
	assert_false(grant_suspends(&g, "trading-app", BEGIN_S - 1));
	assert_true(grant_suspends(&g, "trading-app", BEGIN_S));
	assert_true(grant_suspends(&g, "x", BEGIN_S + 3599));
	assert_false(grant_suspends(&g, "x", BEGIN_S + 3600));
	memcpy(g.workload, "t*", sizeof("t*"));
	assert_true(grant_suspends(&g, "trading-app", BEGIN_S));
	assert_false(grant_suspends(&g, "x", BEGIN_S));
	assert_int_equal(judge("statement-break-glass.json", CAROL,
			     "spiffe://elsewhere/collector/host-1", BEGIN_S, &g),
	    ERR_STATEMENT_SUBJECT);
	assert_int_equal(
	    judge("statement-break-glass.json", ALICE, COLLECTOR, BEGIN_S, &g), ERR_STATEMENT_KEY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_vector_is_one),
	    cmocka_unit_test(by_others_or_for_others_it_is_none),
	    cmocka_unit_test(other_statements_are_none),
	    cmocka_unit_test(altered_it_is_none),
	    cmocka_unit_test(a_break_glass_is_for_who_matches_and_while_it_lasts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
