/* Lists of segments as others send them: all of it is checked when put together. */
#include "proto/mp_write.h"
#include "tests/unit/component_list_fixture.h"

static enum err
segment_check(const struct component_list *l, size_t index, struct view bytes)
{
	return component_segment_check(
	    l->kind, &l->segments[index], index + 1 == l->segment_count, bytes);
}

/* A list of the segments of `p` whose counts and sizes are those that their bytes have. */
static void
list_again(struct parts *p, const uint64_t *counts)
{
	uint8_t *q;

	buf_clear(&p->list);
	buf_append_view(&p->list, V("\x94\246config\x02\x90"));
	assert_non_null(q = buf_reserve(&p->list, 64 * (p->count + 1)));
	q = mp_put_array(q, (uint32_t)p->count);
	for (size_t i = 0; i < p->count; i++) {
		struct digest digest;

		digest_of(p->view[i].data, p->view[i].size, &digest);
		q = mp_put_array(q, 3);
		q = mp_put_bin(q, (struct view){digest.bytes, DIGEST_SIZE});
		q = mp_put_uint(q, counts[i]);
		q = mp_put_uint(q, p->view[i].size);
	}
	p->list.size = (size_t)(q - p->list.data);
}

/* A segment of the facts "<prefix>FROM" to "<prefix>TO", without the latter. */
static void
put_segment(struct parts *p, const char *prefix, unsigned from, unsigned to)
{
	struct buf *b = &p->segment[p->count];
	char name[32];
	uint8_t *q;

	assert_non_null(q = buf_reserve(b, 64 + 64 * (size_t)(to - from)));
	memcpy(q, "\x93\246config\x03", 9);
	q = mp_put_array(q + 9, to - from);
	for (unsigned i = from; i < to; i++) {
		(void)snprintf(name, sizeof(name), "%s%04u", prefix, i);
		q = mp_put_array(q, 2);
		q = mp_put_str(q, view_of_string(name));
		q = mp_put_array(q, 0);
	}
	b->size = (size_t)(q - b->data);
	p->view[p->count++] = buf_view(b);
}

static void
bad_lists_are_refused(void **state)
{
#define D32     "\xc4\0400123456789abcdef0123456789abcdef"
#define FULL    "\x93" D32 "\xcd\x10\x00\x64"
#define HEAD    "\x94\246config\x02\x90"
#define LIST(x) V(HEAD x)
	(void)state;
	expect_list(LIST("\x91" FULL), ERR_OK);
	expect_list(LIST("\x92" FULL "\x93" D32 "\x01\x01"), ERR_OK);
	expect_list(LIST("\x91\x93" D32 "\xcd\x04\x01\x64"), ERR_OK);
	expect_list(LIST("\x91\x93" D32 "\xcd\x04\x00\x64"), ERR_COMPONENT_FORMAT); /* too few */
	expect_list(LIST("\x90"), ERR_COMPONENT_FORMAT);
	expect_list(LIST("\x92" FULL "\x93" D32 "\x00\x01"), ERR_COMPONENT_FORMAT);
	expect_list(LIST("\x92" FULL "\x93" D32 "\x01\x00"), ERR_COMPONENT_FORMAT);
	expect_list(LIST("\x91\x93" D32 "\xcd\x10\x01\x64"), ERR_COMPONENT_FORMAT);
	expect_list(LIST("\x91\x93" D32 "\xcd\x10\x00\xce\x01\0\0\x01"), ERR_COMPONENT_FORMAT);
	expect_list(LIST("\x91\x93" D32 "\xcd\x10\x00\xcc\x64"), ERR_COMPONENT_FORMAT);
	expect_list(LIST("\x91\x92" D32 "\xcd\x10\x00"), ERR_COMPONENT_FORMAT);
	expect_list(LIST("\x91\x94" D32 "\xcd\x10\x00\x64\x01"), ERR_COMPONENT_FORMAT);
	expect_list(LIST("\x91\x93\xc4\001d\xcd\x10\x00\x64"), ERR_COMPONENT_FORMAT);
	expect_list(LIST("\x91\x93\x01\xcd\x10\x00\x64"), ERR_COMPONENT_FORMAT);
	expect_list(LIST("\x91" FULL "\x00"), ERR_COMPONENT_FORMAT);
	expect_list(LIST("\xdc\0\1" FULL), ERR_COMPONENT_FORMAT);
	expect_list(LIST("\xdd\xff\xff\xff\xff"), ERR_COMPONENT_FORMAT);
	expect_list(V("\x94\246config\x01\x90\x91" FULL), ERR_COMPONENT_FORMAT);
	expect_list(V("\x93\246config\x02\x91" FULL), ERR_COMPONENT_FORMAT);
	expect_list(V("\x94\246config\x02\x91\x01\x91" FULL), ERR_COMPONENT_FORMAT);
	expect_list(V("\x94\246Config\x02\x90\x91" FULL), ERR_COMPONENT_FORMAT);
#undef LIST
}

/* `segments` of 4,096 items and `size` bytes each. */
static void
expect_sums(uint32_t segments, uint64_t items, uint64_t size, enum err expected)
{
	struct buf list = BUF_INIT;
	uint8_t *p = buf_reserve(&list, 64 + 64 * (size_t)segments);

	assert_non_null(p);
	memcpy(p, HEAD, sizeof(HEAD) - 1);
	p = mp_put_array(p + sizeof(HEAD) - 1, segments);
	for (uint32_t i = 0; i < segments; i++) {
		memcpy(p, "\x93" D32, 35);
		p = mp_put_uint(mp_put_uint(p + 35, items), size);
	}
	list.size = (size_t)(p - list.data);
	expect_list(buf_view(&list), expected);
	buf_free(&list);
}

static void
sums_of_a_list_are_bounded(void **state)
{
	(void)state;
	expect_sums(COMPONENT_ITEMS_MAX / 4000, 4000, 1, ERR_OK);
	expect_sums(COMPONENT_ITEMS_MAX / 4000 + 1, 4000, 1, ERR_COMPONENT_FORMAT);
	expect_sums(16, 4096, COMPONENT_SIZE_MAX, ERR_OK);
	expect_sums(17, 4096, COMPONENT_SIZE_MAX, ERR_COMPONENT_FORMAT);
	expect_sums(COMPONENT_SEGMENTS_MAX, 1, 1, ERR_OK);
	expect_sums(COMPONENT_SEGMENTS_MAX + 1, 1, 1, ERR_COMPONENT_FORMAT);
#undef HEAD
#undef FULL
#undef D32
}

static void
cut_or_extended_vectors_are_refused(void **state)
{
	struct buf list = BUF_INIT;
	struct component_list *l;
	struct parts p;
	size_t count;

	(void)state;
	assert_int_equal(build(&p, "c579.", 1100, &count), ERR_OK);
	buf_append_view(&list, buf_view(&p.list));
	for (size_t size = 0; size < list.size; size++)
		expect_list((struct view){list.data, size}, ERR_COMPONENT_FORMAT);
	buf_append_byte(&list, 0);
	expect_list(buf_view(&list), ERR_COMPONENT_FORMAT);
	l = decode(&p);
	for (size_t size = 0; size < p.view[0].size; size++)
		assert_int_equal(
		    segment_check(l, 0, (struct view){p.view[0].data, size}), ERR_COMPONENT_FORMAT);
	assert_int_equal(segment_check(l, 0, p.view[0]), ERR_OK);
	assert_int_equal(segment_check(l, 2, p.view[2]), ERR_OK);
	assert_int_equal(segment_check(l, 1, p.view[0]), ERR_COMPONENT_FORMAT);
	component_list_free(&l);
	buf_free(&list);
	parts_free(&p);
}

/* "c579.0004" and "c579.0416" end segments; the list has 1,100 items. */
static void
boundaries_are_checked(void **state)
{
	static const struct {
		unsigned ends[4]; /* of the segments, up to the 1,100 */
		enum err segment; /* the first bad one on its own */
		enum err joined;
	} cuts[] = {
	    {{5, 417, 1100}, ERR_OK, ERR_OK},
	    {{417, 1100}, ERR_COMPONENT_FORMAT, ERR_COMPONENT_FORMAT},    /* over one */
	    {{4, 417, 1100}, ERR_COMPONENT_FORMAT, ERR_COMPONENT_FORMAT}, /* before it */
	    {{5, 300, 417, 1100}, ERR_OK, ERR_COMPONENT_FORMAT},          /* in between */
	    {{5, 416, 1100}, ERR_OK, ERR_COMPONENT_FORMAT},               /* before the second */
	    {{5, 1100}, ERR_OK, ERR_COMPONENT_FORMAT}, /* the last goes over it */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct parts p = {.count = 0};
		uint64_t counts[4];
		struct component_list *l;
		unsigned from = 0;

		for (unsigned j = 0; j < 4 && from < 1100; j++) {
			counts[j] = cuts[i].ends[j] - from;
			put_segment(&p, "c579.", from, cuts[i].ends[j]);
			from = cuts[i].ends[j];
		}
		list_again(&p, counts);
		l = decode(&p);
		assert_int_equal(segment_check(l, 0, p.view[0]), cuts[i].segment);
		expect_join(l, p.view, cuts[i].joined);
		component_list_free(&l);
		parts_free(&p);
	}
}

static void
order_goes_across_segments(void **state)
{
	struct parts p = {.count = 0};
	const uint64_t counts[] = {5, 412, 683};
	struct component_list *l;

	(void)state;
	/* Segments 1 and 2 have changed places: each is good, and ends where it may. */
	put_segment(&p, "c579.", 5, 417);
	put_segment(&p, "c579.", 0, 5);
	put_segment(&p, "c579.", 417, 1100);
	list_again(&p, (const uint64_t[]){412, 5, 683});
	l = decode(&p);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(segment_check(l, i, p.view[i]), ERR_OK);
	expect_join(l, p.view, ERR_COMPONENT_FORMAT);
	component_list_free(&l);
	parts_free(&p);
	/* One stands there twice. */
	p = (struct parts){.count = 0};
	put_segment(&p, "c579.", 0, 5);
	put_segment(&p, "c579.", 0, 5);
	put_segment(&p, "c579.", 5, 1100);
	list_again(&p, (const uint64_t[]){5, 5, 1095});
	l = decode(&p);
	expect_join(l, p.view, ERR_COMPONENT_FORMAT);
	component_list_free(&l);
	parts_free(&p);
	/* Put together in another order than the list's. */
	p = (struct parts){.count = 0};
	put_segment(&p, "c579.", 0, 5);
	put_segment(&p, "c579.", 5, 417);
	put_segment(&p, "c579.", 417, 1100);
	list_again(&p, counts);
	l = decode(&p);
	expect_join(l, p.view, ERR_OK);
	expect_join(
	    l, (const struct view[]){p.view[1], p.view[0], p.view[2]}, ERR_COMPONENT_FORMAT);
	component_list_free(&l);
	parts_free(&p);
}

static void
segments_of_another_form_are_refused(void **state)
{
	struct parts p;
	struct component_list *l;
	uint8_t *bytes;
	size_t count;

	(void)state;
	assert_int_equal(build(&p, "c579.", 1100, &count), ERR_OK);
	l = decode(&p);
	bytes = p.segment[0].data;
	assert_memory_equal(bytes, "\x93\246config\x03\x95", 10);
	bytes[8] = 0x01;
	assert_int_equal(segment_check(l, 0, p.view[0]), ERR_COMPONENT_FORMAT);
	bytes[8] = 0x02;
	assert_int_equal(segment_check(l, 0, p.view[0]), ERR_COMPONENT_FORMAT);
	bytes[8] = 0x03;
	bytes[9] = 0x94;
	assert_int_equal(segment_check(l, 0, p.view[0]), ERR_COMPONENT_FORMAT);
	bytes[9] = 0x95;
	bytes[0] = 0x94;
	assert_int_equal(segment_check(l, 0, p.view[0]), ERR_COMPONENT_FORMAT);
	bytes[0] = 0x93;
	bytes[2] = 'k';
	assert_int_equal(segment_check(l, 0, p.view[0]), ERR_COMPONENT_FORMAT);
	bytes[2] = 'c';
	assert_int_equal(segment_check(l, 0, p.view[0]), ERR_OK);
	/* Good for itself, and of another kind than the list. */
	l->kind = COMPONENT_HOST;
	assert_int_equal(segment_check(l, 0, p.view[0]), ERR_COMPONENT_FORMAT);
	component_list_free(&l);
	parts_free(&p);
}

/* Values are bounded over all segments: 2,000 facts of 250 empty values are too many. */
static void
values_are_bounded_over_all_segments(void **state)
{
	static const struct view none[250];
	struct parts p = {.count = 0};
	uint64_t counts[SEGMENTS_MAX];
	struct component_list *l;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 2000;) {
		struct buf *b = &p.segment[p.count];
		uint8_t *q = buf_reserve(b, 2000 * 600), *count_at;
		struct digest digest;
		unsigned count = 0;

		assert_non_null(q);
		memcpy(q, "\x93\246config\x03\xdc\0\0", 12);
		count_at = q + 10;
		q += 12;
		do {
			(void)snprintf(name, sizeof(name), "v%04u", i++);
			digest_of(name, strlen(name), &digest);
			q = mp_put_array(q, 2);
			q = mp_put_str(q, view_of_string(name));
			q = mp_put_array(q, 250);
			for (size_t v = 0; v < 250; v++)
				q = mp_put_bin(q, none[v]);
			count++;
		} while (be16_get(digest.bytes) % COMPONENT_SEGMENT_MODULUS != 0 && i < 2000);
		be16_put(count_at, (uint16_t)count);
		b->size = (size_t)(q - b->data);
		p.view[p.count] = buf_view(b);
		counts[p.count++] = count;
	}
	list_again(&p, counts);
	l = decode(&p);
	for (size_t i = 0; i < p.count; i++)
		assert_int_equal(segment_check(l, i, p.view[i]), ERR_OK);
	expect_join(l, p.view, ERR_COMPONENT_FORMAT);
	component_list_free(&l);
	parts_free(&p);
}

static void
put_array_header(struct buf *to, uint32_t count)
{
	uint8_t *p = buf_reserve(to, MP_HEADER_SIZE_MAX);

	assert_non_null(p);
	to->size += (size_t)(mp_put_array(p, count) - p);
}

/* A segment of files from number `i` on, each with a detail a name, and its entry; the next one. */
static unsigned
put_files(const uint8_t *names, unsigned i, unsigned end, struct buf *segments, struct buf *entries)
{
	const size_t begin = segments->size;
	struct buf items = BUF_INIT;
	struct digest digest;
	uint32_t count = 0;
	bool ends = false;
	uint8_t *p;

	while (i < end && count < COMPONENT_SEGMENT_ITEMS_MAX && !ends) {
		char path[16];

		(void)snprintf(path, sizeof(path), "/f%06u", i++);
		ends = component_ends_segment(view_of_string(path));
		assert_non_null(p = buf_reserve(&items, 256));
		p = mp_put_bin(mp_put_array(p, 8), view_of_string(path));
		p = mp_put_bin(p, (struct view){DIGEST_ZERO.bytes, DIGEST_SIZE});
		for (unsigned column = 0; column < 5; column++)
			p = mp_put_uint(p, 0);
		p = mp_put_array(p, COMPONENT_DETAILS_MAX);
		for (unsigned d = 0; d < COMPONENT_DETAILS_MAX; d++) {
			const uint8_t detail[] = {names[d], '='};

			p = mp_put_bin(p, (struct view){detail, sizeof(detail)});
		}
		items.size = (size_t)(p - items.data);
		count++;
	}
	buf_append_view(segments, V("\x93\245files\x03"));
	put_array_header(segments, count);
	buf_append_view(segments, buf_view(&items));
	digest_of(segments->data + begin, segments->size - begin, &digest);
	assert_non_null(p = buf_reserve(entries, 64));
	p = mp_put_bin(mp_put_array(p, 3), (struct view){digest.bytes, DIGEST_SIZE});
	p = mp_put_uint(mp_put_uint(p, count), segments->size - begin);
	entries->size = (size_t)(p - entries->data);
	buf_free(&items);
	return i;
}

/* So are details, 16 of a file: 25,001 files with so many are too many. */
static void
details_are_bounded_over_all_segments(void **state)
{
	static const uint8_t names[] = "0123456789abcdef";
	struct buf segments = BUF_INIT, entries = BUF_INIT, list = BUF_INIT;
	const unsigned enough = COMPONENT_VALUES_MAX / COMPONENT_DETAILS_MAX;
	struct component_list *l;
	struct component *c;
	uint32_t segment_count;

	(void)state;
	for (unsigned total = enough; total <= enough + 1; total++) {
		buf_clear(&segments);
		buf_clear(&entries);
		buf_clear(&list);
		segment_count = 0;
		for (unsigned i = 0; i < total; segment_count++)
			i = put_files(names, i, total, &segments, &entries);
		buf_append_view(&list, V("\x94\245files\x02\x90"));
		put_array_header(&list, segment_count);
		buf_append_view(&list, buf_view(&entries));
		assert_int_equal(component_list_decode(buf_view(&list), &l), ERR_OK);
		assert_int_equal(component_list_join(l, buf_view(&segments), &c),
		    total == enough ? ERR_OK : ERR_COMPONENT_FORMAT);
		component_free(&c);
		component_list_free(&l);
	}
	buf_free(&segments);
	buf_free(&entries);
	buf_free(&list);
}

static void
forms_are_told_apart(void **state)
{
	enum component_kind kind;
	enum component_form form;

	(void)state;
	assert_int_equal(component_form_of(V("\x94\245files\x01\x90\x90"), &kind, &form), ERR_OK);
	assert_int_equal(kind, COMPONENT_FILES);
	assert_int_equal(form, COMPONENT_FORM_PLAIN);
	assert_int_equal(component_form_of(V("\x94\244host\x02\x90\x90"), &kind, &form), ERR_OK);
	assert_int_equal(kind, COMPONENT_HOST);
	assert_int_equal(form, COMPONENT_FORM_LIST);
	assert_int_equal(component_form_of(V("\x93\244host\x03\x90"), &kind, &form), ERR_OK);
	assert_int_equal(form, COMPONENT_FORM_SEGMENT);
	assert_int_equal(
	    component_form_of(V("\x94\244host\x03\x90\x90"), &kind, &form), ERR_COMPONENT_FORMAT);
	assert_int_equal(
	    component_form_of(V("\x93\244host\x01\x90"), &kind, &form), ERR_COMPONENT_FORMAT);
	assert_int_equal(
	    component_form_of(V("\x94\244host\x04\x90\x90"), &kind, &form), ERR_COMPONENT_FORMAT);
	assert_int_equal(component_form_of(V(""), &kind, &form), ERR_COMPONENT_FORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bad_lists_are_refused),
	    cmocka_unit_test(sums_of_a_list_are_bounded),
	    cmocka_unit_test(cut_or_extended_vectors_are_refused),
	    cmocka_unit_test(boundaries_are_checked),
	    cmocka_unit_test(order_goes_across_segments),
	    cmocka_unit_test(segments_of_another_form_are_refused),
	    cmocka_unit_test(values_are_bounded_over_all_segments),
	    cmocka_unit_test(details_are_bounded_over_all_segments),
	    cmocka_unit_test(forms_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
