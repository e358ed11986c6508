#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "signer/front/deadline.h"

static struct deadlines
make(void)
{
	struct deadlines all;

	memset(&all, 0, sizeof(all));
	all.timeout_ms[DEADLINE_FRAME] = 10;
	all.timeout_ms[DEADLINE_IDLE] = 100;
	return all;
}

static void
expires_in_order_of_arming(void **state)
{
	struct deadlines all = make();
	struct deadline a = {0}, b = {0};

	(void)state;
	deadline_arm(&all, &a, DEADLINE_FRAME, 0);
	deadline_arm(&all, &b, DEADLINE_FRAME, 5);
	assert_null(deadline_expired(&all, 9));
	assert_ptr_equal(deadline_expired(&all, 10), &a);
	deadline_disarm(&all, &a);
	assert_null(deadline_expired(&all, 14));
	assert_ptr_equal(deadline_expired(&all, 15), &b);
}

static void
arming_again_starts_anew(void **state)
{
	struct deadlines all = make();
	struct deadline a = {0}, b = {0};

	(void)state;
	deadline_arm(&all, &a, DEADLINE_FRAME, 0);
	deadline_arm(&all, &b, DEADLINE_FRAME, 0);
	deadline_arm(&all, &a, DEADLINE_FRAME, 8);
	assert_ptr_equal(deadline_expired(&all, 10), &b);
	deadline_disarm(&all, &b);
	assert_null(deadline_expired(&all, 17));
	assert_ptr_equal(deadline_expired(&all, 18), &a);
}

static void
keeping_goes_on_unchanged(void **state)
{
	struct deadlines all = make();
	struct deadline a = {0};

	(void)state;
	deadline_keep(&all, &a, DEADLINE_FRAME, 0);
	deadline_keep(&all, &a, DEADLINE_FRAME, 9);
	assert_ptr_equal(deadline_expired(&all, 10), &a);
}

static void
changing_class_leaves_the_old_one(void **state)
{
	struct deadlines all = make();
	struct deadline a = {0};

	(void)state;
	deadline_arm(&all, &a, DEADLINE_FRAME, 0);
	deadline_keep(&all, &a, DEADLINE_IDLE, 0);
	assert_null(deadline_expired(&all, 50));
	assert_ptr_equal(deadline_expired(&all, 100), &a);
	assert_null(all.first[DEADLINE_FRAME]);
	assert_null(all.last[DEADLINE_FRAME]);
}

static void
removes_from_the_middle(void **state)
{
	struct deadlines all = make();
	struct deadline d[3] = {{0}, {0}, {0}};

	(void)state;
	for (int i = 0; i < 3; i++)
		deadline_arm(&all, &d[i], DEADLINE_IDLE, 0);
	deadline_disarm(&all, &d[1]);
	deadline_disarm(&all, &d[1]);
	assert_ptr_equal(d[0].next, &d[2]);
	assert_ptr_equal(d[2].previous, &d[0]);
	deadline_disarm(&all, &d[0]);
	deadline_disarm(&all, &d[2]);
	assert_null(all.first[DEADLINE_IDLE]);
	assert_null(deadline_expired(&all, UINT64_MAX));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(expires_in_order_of_arming),
	    cmocka_unit_test(arming_again_starts_anew),
	    cmocka_unit_test(keeping_goes_on_unchanged),
	    cmocka_unit_test(changing_class_leaves_the_old_one),
	    cmocka_unit_test(removes_from_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
