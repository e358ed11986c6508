/* What the key process was asked: each answer finds its request once, and nothing else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signer/ledger/key/unanswered.h"

static uint64_t
ask(struct unanswered *u, enum keychannel_type type, void *about)
{
	struct keychannel_request request = {.type = type};

	unanswered_add(u, &request, about);
	return request.id;
}

static bool
take(struct unanswered *u, enum keychannel_type type, uint64_t id, void **about)
{
	const struct keychannel_answer answer = {.type = type, .id = id};

	return unanswered_take(u, &answer, about);
}

static void
answers_in_any_order_find_what_they_are_about(void **state)
{
	struct unanswered u = {0};
	char about[3];
	void *found;
	uint64_t id[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		id[i] = ask(&u, KEYCHANNEL_TOKEN, &about[i]);
	for (int i = 2; i >= 0; i--) {
		assert_true(take(&u, KEYCHANNEL_TOKEN, id[i], &found));
		assert_ptr_equal(found, &about[i]);
	}
	assert_int_equal(u.count, 0);
}

static void
what_nobody_asked_for_takes_nothing(void **state)
{
	struct unanswered u = {0};
	char about;
	void *found = &about;
	uint64_t id = ask(&u, KEYCHANNEL_CHECKPOINT, &about);

	(void)state;
	assert_false(take(&u, KEYCHANNEL_CHECKPOINT, id + 1, &found));
	assert_null(found);
	assert_false(take(&u, KEYCHANNEL_TOKEN, id, &found));
	/* A free place bears this number. */
	assert_false(take(&u, KEYCHANNEL_STATE, 0, &found));
	assert_int_equal(u.count, 1);
	assert_true(take(&u, KEYCHANNEL_CHECKPOINT, id, &found));
	assert_false(take(&u, KEYCHANNEL_CHECKPOINT, id, &found));
	assert_int_equal(u.count, 0);
}

static void
places_are_used_again_and_numbers_are_not(void **state)
{
	struct unanswered u = {0};
	char first, other;
	void *found;
	uint64_t id = ask(&u, KEYCHANNEL_TOKEN, &first), next;

	(void)state;
	while (u.count < KEYCHANNEL_UNANSWERED_MAX)
		ask(&u, KEYCHANNEL_TOKEN, &other);
	assert_true(take(&u, KEYCHANNEL_TOKEN, id, &found));
	next = ask(&u, KEYCHANNEL_OBSERVE, &first);
	assert_int_equal(next, KEYCHANNEL_UNANSWERED_MAX + 1);
	assert_false(take(&u, KEYCHANNEL_TOKEN, id, &found));
	assert_true(take(&u, KEYCHANNEL_OBSERVE, next, &found));
	assert_ptr_equal(found, &first);
	assert_int_equal(u.count, KEYCHANNEL_UNANSWERED_MAX - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_in_any_order_find_what_they_are_about),
	    cmocka_unit_test(what_nobody_asked_for_takes_nothing),
	    cmocka_unit_test(places_are_used_again_and_numbers_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
