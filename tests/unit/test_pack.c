/* Records of pack files: there and back, and every damage noticed without trust in a length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "proto/evidence/pack.h"
#include "tests/lib/vectors.h"

#define V(s) VIEW_LITERAL(s)

static void
make_record(enum pack_kind kind, struct view content, struct buf *to)
{
	struct digest d;

	digest_of(content.data, content.size, &d);
	assert_int_equal(pack_append(kind, content, &d, to), ERR_OK);
}

/* Header and content of a record that stands alone in `record`. */
static enum err
read_record(const struct buf *record, struct buf *content)
{
	struct pack_header h;
	enum err e;

	if (record->size < PACK_HEADER_SIZE)
		return ERR_FORMAT;
	e = pack_header_parse((struct view){record->data, PACK_HEADER_SIZE}, &h);
	if (e != ERR_OK)
		return e;
	return pack_content(&h,
	    (struct view){record->data + PACK_HEADER_SIZE, record->size - PACK_HEADER_SIZE},
	    content);
}

/* Content that compresses well, and content that does not at all. */
static void
fill(struct buf *b, size_t size, bool random)
{
	uint64_t x = 0x9e3779b97f4a7c15;
	uint8_t *room = buf_reserve(b, size);

	assert_non_null(room);
	for (size_t i = 0; i < size; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		room[i] = random ? (uint8_t)x : (uint8_t)(i % 17);
	}
	b->size += size;
}

static void
expect_there_and_back(size_t size, bool random, bool compressed)
{
	struct buf content = BUF_INIT, record = BUF_INIT, back = BUF_INIT;
	struct pack_header h;

	fill(&content, size, random);
	make_record(PACK_COMPONENT, buf_view(&content), &record);
	assert_int_equal(
	    pack_header_parse((struct view){record.data, PACK_HEADER_SIZE}, &h), ERR_OK);
	assert_int_equal(h.size, size);
	assert_int_equal(h.stored, record.size - PACK_HEADER_SIZE);
	assert_int_equal(h.stored < h.size, compressed);
	buf_append_string(&back, "before");
	assert_int_equal(read_record(&record, &back), ERR_OK);
	assert_int_equal(back.size, 6 + size);
	assert_memory_equal(back.data, "before", 6);
	assert_memory_equal(back.data + 6, content.data, size);
	buf_free(&content);
	buf_free(&record);
	buf_free(&back);
}

static void
content_goes_there_and_back(void **state)
{
	(void)state;
	expect_there_and_back(1, false, false);
	expect_there_and_back(20, true, false);
	expect_there_and_back(1000, true, false);
	expect_there_and_back(1000, false, true);
	expect_there_and_back(300000, true, false);
	expect_there_and_back(300000, false, true);
	expect_there_and_back(PACK_CONTENT_MAX, false, true);
	expect_there_and_back(PACK_CONTENT_MAX, true, false);
}

static void
a_record_is_laid_out_as_said(void **state)
{
	struct buf record = BUF_INIT;
	struct digest d;

	(void)state;
	buf_append_string(&record, "behind another");
	make_record(PACK_MANIFEST, V("abc"), &record);
	digest_of("abc", 3, &d);
	buf_consume(&record, 14);
	assert_int_equal(record.size, PACK_HEADER_SIZE + 3);
	assert_memory_equal(record.data, "HMP1\4\0\0\0\0\0\0\3\0\0\0\3", 16);
	assert_memory_equal(record.data + 16, d.bytes, DIGEST_SIZE);
	assert_memory_equal(record.data + 48, "abc", 3);
	buf_free(&record);
}

static void
every_kind_is_known(void **state)
{
	struct buf record = BUF_INIT;
	struct pack_header h;

	(void)state;
	for (int kind = PACK_COMPONENT; kind <= PACK_CA; kind++) {
		buf_clear(&record);
		make_record((enum pack_kind)kind, V("abc"), &record);
		assert_int_equal(
		    pack_header_parse((struct view){record.data, PACK_HEADER_SIZE}, &h), ERR_OK);
		assert_int_equal(h.kind, kind);
	}
	buf_free(&record);
}

static void
empty_or_large_content_is_not_written(void **state)
{
	uint8_t *large = calloc(1, PACK_CONTENT_MAX + 1);
	struct buf to = BUF_INIT;
	struct digest d;

	(void)state;
	assert_non_null(large);
	digest_of("", 0, &d);
	assert_int_equal(pack_append(PACK_POLICY, V(""), &d, &to), ERR_FORMAT_SIZE);
	assert_int_equal(
	    pack_append(PACK_POLICY, (struct view){large, PACK_CONTENT_MAX + 1}, &d, &to),
	    ERR_FORMAT_SIZE);
	assert_int_equal(to.size, 0);
	to.failed = true;
	assert_int_equal(pack_append(PACK_POLICY, V("abc"), &d, &to), ERR_MEMORY);
	buf_free(&to);
	free(large);
}

static void
expect_header(size_t at, const char *bytes, size_t size, enum err expected)
{
	struct buf record = BUF_INIT;
	struct pack_header h;

	make_record(PACK_POLICY, V("policy"), &record);
	memcpy(record.data + at, bytes, size);
	assert_int_equal(
	    pack_header_parse((struct view){record.data, PACK_HEADER_SIZE}, &h), expected);
	buf_free(&record);
}

static void
headers_in_another_form_are_refused(void **state)
{
	(void)state;
	expect_header(0, "HMP1", 4, ERR_OK);
	expect_header(0, "HMP2", 4, ERR_FORMAT);
	expect_header(0, "\0\0\0\0", 4, ERR_FORMAT);
	expect_header(4, "\0", 1, ERR_FORMAT);
	expect_header(4, "\14", 1, ERR_FORMAT);
	expect_header(4, "\xff", 1, ERR_FORMAT);
	expect_header(5, "\1", 1, ERR_FORMAT);
	expect_header(6, "\1", 1, ERR_FORMAT);
	expect_header(7, "\1", 1, ERR_FORMAT);
}

static void
lengths_that_cannot_be_are_refused(void **state)
{
	(void)state;
	expect_header(8, "\0\0\0\6\0\0\0\6", 8, ERR_OK);
	expect_header(8, "\0\0\0\6\0\0\0\1", 8, ERR_OK);
	expect_header(8, "\1\0\0\0\0\0\0\1", 8, ERR_OK); /* 16 MiB */
	expect_header(8, "\1\0\0\1\0\0\0\1", 8, ERR_FORMAT_SIZE);
	expect_header(8, "\xff\xff\xff\xff\0\0\0\1", 8, ERR_FORMAT_SIZE);
	expect_header(8, "\0\0\0\0\0\0\0\0", 8, ERR_FORMAT_SIZE);
	expect_header(8, "\0\0\0\6\0\0\0\0", 8, ERR_FORMAT_SIZE);
	expect_header(8, "\0\0\0\6\0\0\0\7", 8, ERR_FORMAT_SIZE);
	expect_header(8, "\0\0\0\6\xff\xff\xff\xff", 8, ERR_FORMAT_SIZE);
}

static void
headers_of_another_size_are_refused(void **state)
{
	struct buf record = BUF_INIT;
	struct pack_header h;

	(void)state;
	make_record(PACK_POLICY, V("policy"), &record);
	for (size_t size = 0; size <= record.size; size++)
		if (size != PACK_HEADER_SIZE)
			assert_int_equal(
			    pack_header_parse((struct view){record.data, size}, &h), ERR_FORMAT);
	buf_free(&record);
}

/* Whatever bit is changed: refused, or the same content. */
static void
expect_no_change_is_read(bool random)
{
	struct buf content = BUF_INIT, record = BUF_INIT, back = BUF_INIT;

	fill(&content, 200, random);
	make_record(PACK_COMPONENT, buf_view(&content), &record);
	for (size_t bit = 0; bit < record.size * 8; bit++) {
		record.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
		buf_clear(&back);
		if (read_record(&record, &back) == ERR_OK) {
			/* Another kind, or a compression that means the same. */
			assert_true(bit / 8 == 4 || bit / 8 >= PACK_HEADER_SIZE);
			assert_true(view_equal(buf_view(&back), buf_view(&content)));
		} else {
			assert_int_equal(back.size, 0);
		}
		record.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	buf_free(&content);
	buf_free(&record);
	buf_free(&back);
}

static void
no_changed_bit_changes_the_content(void **state)
{
	(void)state;
	expect_no_change_is_read(false);
	expect_no_change_is_read(true);
}

static void
content_that_is_cut_or_longer_is_refused(void **state)
{
	struct buf content = BUF_INIT, record = BUF_INIT, back = BUF_INIT;

	(void)state;
	fill(&content, 500, false);
	make_record(PACK_COMPONENT, buf_view(&content), &record);
	buf_append_byte(&record, 0);
	assert_int_equal(read_record(&record, &back), ERR_FORMAT_SIZE);
	record.size -= 2;
	assert_int_equal(read_record(&record, &back), ERR_FORMAT_SIZE);
	buf_free(&content);
	buf_free(&record);
	buf_free(&back);
}

/* A header that a liar wrote over compressed bytes that unpack to `real` bytes. */
static void
expect_lie(uint32_t declared, size_t real, enum err expected)
{
	struct buf content = BUF_INIT, stored = BUF_INIT, back = BUF_INIT;
	struct pack_header h = {.kind = PACK_COMPONENT, .size = declared};
	size_t size;

	fill(&content, real, false);
	assert_non_null(buf_reserve(&stored, ZSTD_compressBound(real)));
	size = ZSTD_compress(stored.data, stored.capacity, content.data, real, 3);
	assert_false(ZSTD_isError(size));
	h.stored = (uint32_t)size;
	assert_true(h.stored < h.size);
	digest_of(content.data, real, &h.digest);
	assert_int_equal(pack_content(&h, (struct view){stored.data, size}, &back), expected);
	buf_free(&content);
	buf_free(&stored);
	buf_free(&back);
}

static void
unpacking_never_goes_beyond_what_was_declared(void **state)
{
	(void)state;
	expect_lie(100000, 100000, ERR_OK);
	expect_lie(99999, 100000, ERR_DIGEST);
	expect_lie(100001, 100000, ERR_DIGEST);
	expect_lie(5000, PACK_CONTENT_MAX, ERR_DIGEST);
	expect_lie(50000, 64 * 1024 * 1024, ERR_DIGEST);
}

static void
the_record_of_the_document_is_made_and_read(void **state)
{
	struct buf wanted = BUF_INIT, component = BUF_INIT, made = BUF_INIT, content = BUF_INIT;

	(void)state;
	vector_wire("pack-record", &wanted);
	vector_wire("component-executable", &component);
	make_record(PACK_COMPONENT, buf_view(&component), &made);
	assert_true(view_equal(buf_view(&made), buf_view(&wanted)));
	assert_int_equal(read_record(&wanted, &content), ERR_OK);
	assert_true(view_equal(buf_view(&content), buf_view(&component)));
	buf_free(&wanted);
	buf_free(&component);
	buf_free(&made);
	buf_free(&content);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(content_goes_there_and_back),
	    cmocka_unit_test(the_record_of_the_document_is_made_and_read),
	    cmocka_unit_test(a_record_is_laid_out_as_said),
	    cmocka_unit_test(every_kind_is_known),
	    cmocka_unit_test(empty_or_large_content_is_not_written),
	    cmocka_unit_test(headers_in_another_form_are_refused),
	    cmocka_unit_test(lengths_that_cannot_be_are_refused),
	    cmocka_unit_test(headers_of_another_size_are_refused),
	    cmocka_unit_test(no_changed_bit_changes_the_content),
	    cmocka_unit_test(content_that_is_cut_or_longer_is_refused),
	    cmocka_unit_test(unpacking_never_goes_beyond_what_was_declared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
