/* Records of the pending files: what is one, and where the last of them ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "signer/ledger/store/record.h"

static const struct digest root = {{0x52}};

static void
says_what_it_holds(void **state)
{
	struct buf record = BUF_INIT;
	uint64_t first, size;
	uint32_t count;

	(void)state;
	record_begin(&record);
	buf_append(&record, "\0\1a\0\2bc", 7);
	assert_int_equal(record_end(&record, 77, 2, &root), ERR_OK);
	assert_int_equal(
	    record.size, RECORD_HEADER_SIZE + 7 + RECORD_TRAILER_SIZE + RECORD_END_SIZE);
	assert_int_equal(record_header_parse(
			     (struct view){record.data, RECORD_HEADER_SIZE}, &first, &count, &size),
	    ERR_OK);
	assert_int_equal(first, 77);
	assert_int_equal(count, 2);
	assert_int_equal(size, 7);
	assert_memory_equal(record.data + RECORD_HEADER_SIZE, "\0\1a\0\2bc", 7);
	assert_memory_equal(record.data + RECORD_HEADER_SIZE + 7, root.bytes, DIGEST_SIZE);
	buf_free(&record);
}

static void
ends_with_a_mark_that_may_be_cut(void **state)
{
	struct buf record = BUF_INIT;
	struct view end;

	(void)state;
	record_begin(&record);
	buf_append(&record, "\0\1a", 3);
	assert_int_equal(
	    record_end(&record, 0, 1, &(struct digest){{[DIGEST_SIZE - 1] = 1}}), ERR_OK);
	end = (struct view){record.data + record.size - RECORD_END_SIZE, RECORD_END_SIZE};
	assert_true(record_is_end(end));
	assert_true(record_is_end((struct view){end.data, 1}));
	assert_true(record_is_end((struct view){end.data, 0}));
	assert_false(record_is_end((struct view){end.data - 1, RECORD_END_SIZE}));
	assert_false(record_is_end(buf_view(&record)));
	buf_free(&record);
}

static void
refuses_headers_that_are_none(void **state)
{
	uint8_t good[RECORD_HEADER_SIZE] = "HMB1\0\0\0\1\0\0\0\0\0\0\0\3";
	uint64_t first, size;
	uint32_t count;

	(void)state;
	assert_int_equal(
	    record_header_parse((struct view){good, sizeof(good)}, &first, &count, &size), ERR_OK);
	assert_int_equal(
	    record_header_parse((struct view){good, sizeof(good) - 1}, &first, &count, &size),
	    ERR_FORMAT);
	good[31] = 1;
	assert_int_equal(
	    record_header_parse((struct view){good, sizeof(good)}, &first, &count, &size),
	    ERR_FORMAT);
	good[31] = 0;
	good[8] = 1; /* 2^56 bytes */
	assert_int_equal(
	    record_header_parse((struct view){good, sizeof(good)}, &first, &count, &size),
	    ERR_FORMAT);
	good[8] = 0;
	good[7] = 2; /* two entries in three bytes */
	assert_int_equal(
	    record_header_parse((struct view){good, sizeof(good)}, &first, &count, &size),
	    ERR_FORMAT);
	good[7] = 0; /* none */
	assert_int_equal(
	    record_header_parse((struct view){good, sizeof(good)}, &first, &count, &size),
	    ERR_FORMAT);
	good[7] = 1;
	good[0] = 'h';
	assert_int_equal(
	    record_header_parse((struct view){good, sizeof(good)}, &first, &count, &size),
	    ERR_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_what_it_holds),
	    cmocka_unit_test(ends_with_a_mark_that_may_be_cut),
	    cmocka_unit_test(refuses_headers_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
