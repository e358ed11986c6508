/* Frames: found piece by piece, refused by their length alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/wire/frame.h"

#define V(s) VIEW_LITERAL(s)

static void
expect_none(struct view input)
{
	struct view payload = V("left over");
	size_t used = 99;

	assert_int_equal(frame_next(input, &payload, &used), ERR_OK);
	assert_int_equal(used, 0);
	assert_int_equal(payload.size, 0);
}

static void
nothing_is_found_in_nothing(void **state)
{
	(void)state;
	expect_none((struct view){NULL, 0});
}

static void
every_cut_of_a_frame_waits(void **state)
{
	const struct view whole = V("\0\0\0\3abc");

	(void)state;
	for (size_t size = 0; size < whole.size; size++)
		expect_none((struct view){whole.data, size});
}

static void
a_whole_frame_is_found_and_the_rest_left(void **state)
{
	const struct view input = V("\0\0\0\3abc\0\0\0\1");
	struct view payload;
	size_t used;

	(void)state;
	assert_int_equal(frame_next(input, &payload, &used), ERR_OK);
	assert_int_equal(used, 7);
	assert_true(view_equal(payload, V("abc")));
	assert_ptr_equal(payload.data, input.data + 4);
	expect_none((struct view){input.data + used, input.size - used});
}

static void
a_length_of_zero_is_refused(void **state)
{
	struct view payload;
	size_t used;

	(void)state;
	assert_int_equal(frame_next(V("\0\0\0\0"), &payload, &used), ERR_FRAME_SIZE);
	assert_int_equal(used, 0);
}

static void
a_length_over_the_limit_is_refused_by_its_header(void **state)
{
	struct view payload;
	size_t used;

	(void)state;
	assert_int_equal(frame_next(V("\0\4\0\1"), &payload, &used), ERR_FRAME_SIZE);
	assert_int_equal(frame_next(V("\xff\xff\xff\xff"), &payload, &used), ERR_FRAME_SIZE);
	assert_int_equal(frame_next(V("\x80\0\0\0"), &payload, &used), ERR_FRAME_SIZE);
	assert_int_equal(frame_next(V("GET / HTTP/1.1\r\n"), &payload, &used), ERR_FRAME_SIZE);
}

static void
a_header_that_is_not_whole_is_not_judged(void **state)
{
	(void)state;
	expect_none(V("\xff\xff\xff"));
}

static void
the_largest_frame_passes(void **state)
{
	struct buf b = BUF_INIT;
	struct view payload;
	size_t used, begun;

	(void)state;
	buf_append_string(&b, "before");
	begun = frame_begin(&b);
	assert_non_null(buf_reserve(&b, FRAME_SIZE_MAX));
	memset(b.data + b.size, 'x', FRAME_SIZE_MAX);
	b.size += FRAME_SIZE_MAX;
	frame_end(&b, begun);
	assert_int_equal(
	    frame_next((struct view){b.data + 6, b.size - 6}, &payload, &used), ERR_OK);
	assert_int_equal(used, FRAME_HEADER_SIZE + FRAME_SIZE_MAX);
	assert_int_equal(payload.size, FRAME_SIZE_MAX);
	buf_free(&b);
}

static void
two_frames_come_out_in_order(void **state)
{
	struct buf b = BUF_INIT;
	struct view payload;
	size_t used, begun;

	(void)state;
	begun = frame_begin(&b);
	buf_append_string(&b, "one");
	frame_end(&b, begun);
	begun = frame_begin(&b);
	buf_append_string(&b, "second");
	frame_end(&b, begun);
	assert_int_equal(frame_next(buf_view(&b), &payload, &used), ERR_OK);
	assert_true(view_equal(payload, V("one")));
	buf_consume(&b, used);
	assert_int_equal(frame_next(buf_view(&b), &payload, &used), ERR_OK);
	assert_true(view_equal(payload, V("second")));
	assert_int_equal(used, b.size);
	buf_free(&b);
}

static void
a_failed_buffer_stays_failed(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	b.failed = true;
	frame_end(&b, frame_begin(&b));
	assert_int_equal(buf_status(&b), ERR_MEMORY);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_found_in_nothing),
	    cmocka_unit_test(every_cut_of_a_frame_waits),
	    cmocka_unit_test(a_whole_frame_is_found_and_the_rest_left),
	    cmocka_unit_test(a_length_of_zero_is_refused),
	    cmocka_unit_test(a_length_over_the_limit_is_refused_by_its_header),
	    cmocka_unit_test(a_header_that_is_not_whole_is_not_judged),
	    cmocka_unit_test(the_largest_frame_passes),
	    cmocka_unit_test(two_frames_come_out_in_order),
	    cmocka_unit_test(a_failed_buffer_stays_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
