/* Lists of segments: names alone decide where one ends, and all of it is checked when put together.
 */
#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "proto/digest.h"
#include "proto/evidence/component_list.h"
#include "proto/mp_write.h"

#define V(s) VIEW_LITERAL(s)

#define SEGMENTS_MAX 64 /* of a test */

/* A list and its segments, as a builder or a test made them. */
struct parts {
	struct buf list;
	size_t count;
	struct buf segment[SEGMENTS_MAX];
	struct view view[SEGMENTS_MAX];
	enum err sink; /* what the sink answers */
};

static enum err
keep_segment(void *context, struct view bytes, const struct digest *digest)
{
	struct parts *p = context;
	struct digest made;

	assert_in_range(p->count, 0, SEGMENTS_MAX - 1);
	digest_of(bytes.data, bytes.size, &made);
	assert_true(digest_equal(&made, digest));
	buf_append_view(&p->segment[p->count], bytes);
	p->view[p->count] = buf_view(&p->segment[p->count]);
	p->count++;
	return p->sink;
}

static void
parts_free(struct parts *p)
{
	buf_free(&p->list);
	for (size_t i = 0; i < p->count; i++)
		buf_free(&p->segment[i]);
}

/* Facts "<prefix>0000" and so on, from back to front. */
static enum err
build(struct parts *p, const char *prefix, unsigned count, size_t *item_count)
{
	struct component_builder *b = component_builder_new(COMPONENT_CONFIG);
	static const struct view by_hand = {(const uint8_t *)"by hand", 7};
	const struct component_fact made = {V("options"), 1, &by_hand};
	struct component_fact f = {.value_count = 0};
	char name[32];
	enum err e;

	memset(p, 0, sizeof(*p));
	assert_int_equal(component_set_made(b, &made, 1), ERR_OK);
	for (unsigned i = count; i-- > 0;) {
		(void)snprintf(name, sizeof(name), "%s%04u", prefix, i);
		f.name = view_of_string(name);
		assert_int_equal(component_add_fact(b, &f), ERR_OK);
	}
	e = component_finish_listed(b, keep_segment, p, &p->list, item_count);
	component_builder_free(&b);
	return e;
}

static void
expect_list(struct view bytes, enum err expected)
{
	uint8_t *copy = malloc(bytes.size + 1);
	struct component_list *l = (struct component_list *)(void *)1;

	assert_non_null(copy);
	memcpy(copy, bytes.data, bytes.size);
	copy = realloc(copy, bytes.size > 0 ? bytes.size : 1);
	assert_int_equal(component_list_decode((struct view){copy, bytes.size}, &l), expected);
	if (expected != ERR_OK)
		assert_null(l);
	component_list_free(&l);
	free(copy);
}

static struct component_list *
decode(const struct parts *p)
{
	struct component_list *l;

	assert_int_equal(component_list_decode(buf_view(&p->list), &l), ERR_OK);
	assert_int_equal(l->segment_count, p->count);
	return l;
}

static enum err
segment_check(const struct component_list *l, size_t index, struct view bytes)
{
	return component_segment_check(
	    l->kind, &l->segments[index], index + 1 == l->segment_count, bytes);
}

static struct view
joined(const struct component_list *l, const struct view *segments, struct buf *bytes)
{
	for (size_t i = 0; i < l->segment_count; i++)
		buf_append_view(bytes, segments[i]);
	return buf_view(bytes);
}

static void
expect_join(const struct component_list *l, const struct view *segments, enum err expected)
{
	struct component *c = (struct component *)(void *)1;
	struct buf bytes = BUF_INIT;

	assert_int_equal(component_list_join(l, joined(l, segments, &bytes), &c), expected);
	if (expected != ERR_OK)
		assert_null(c);
	component_free(&c);
	buf_free(&bytes);
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
the_vectors_are_built_and_joined(void **state)
{
	struct buf expected = BUF_INIT;
	struct component_list *l;
	struct buf bytes = BUF_INIT;
	struct component *c;
	struct parts p;
	char name[48];
	size_t count;

	(void)state;
	assert_int_equal(build(&p, "c579.", 1100, &count), ERR_OK);
	assert_int_equal(count, 1100);
	vector_wire("component-list", &expected);
	assert_true(view_equal(buf_view(&p.list), buf_view(&expected)));
	assert_int_equal(p.count, 3);
	for (size_t i = 0; i < p.count; i++) {
		(void)snprintf(name, sizeof(name), "component-segment-%zu", i + 1);
		buf_clear(&expected);
		vector_wire(name, &expected);
		assert_true(view_equal(p.view[i], buf_view(&expected)));
	}
	l = decode(&p);
	assert_int_equal(l->item_count, 1100);
	assert_int_equal(l->segments[0].count, 5);
	assert_int_equal(l->listed_size, p.view[0].size + p.view[1].size + p.view[2].size);
	assert_int_equal(component_list_join(l, joined(l, p.view, &bytes), &c), ERR_OK);
	/* What was put together needs the list no more, only its bytes. */
	component_list_free(&l);
	assert_int_equal(c->kind, COMPONENT_CONFIG);
	assert_int_equal(c->made_count, 1);
	assert_true(view_equal(c->made[0].values[0], V("by hand")));
	assert_int_equal(c->item_count, 1100);
	for (unsigned i = 0; i < 1100; i++) {
		(void)snprintf(name, sizeof(name), "c579.%04u", i);
		assert_true(view_equal(c->items.facts[i].name, view_of_string(name)));
	}
	component_free(&c);
	/* Nothing is missing, and nothing is over. */
	l = decode(&p);
	for (size_t size = 0; size <= bytes.size; size++)
		assert_int_equal(component_list_join(l, (struct view){bytes.data, size}, &c),
		    size < bytes.size ? ERR_COMPONENT_FORMAT : ERR_OK);
	component_free(&c);
	buf_append_byte(&bytes, 0);
	assert_int_equal(component_list_join(l, buf_view(&bytes), &c), ERR_COMPONENT_FORMAT);
	component_list_free(&l);
	buf_free(&bytes);
	buf_free(&expected);
	parts_free(&p);
}

static void
values_of_all_segments_are_in_their_places(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_RUNTIME);
	struct parts p = {.count = 0};
	struct component_list *l;
	struct buf bytes = BUF_INIT;
	struct component *c;
	struct view value[2];
	char name[32];
	size_t count;

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		(void)snprintf(name, sizeof(name), "n%04u", i);
		value[0] = value[1] = view_of_string(name);
		assert_int_equal(component_add_fact(b,
				     &(struct component_fact){view_of_string(name), i % 3, value}),
		    ERR_OK);
	}
	assert_int_equal(component_finish_listed(b, keep_segment, &p, &p.list, &count), ERR_OK);
	l = decode(&p);
	assert_int_equal(component_list_join(l, joined(l, p.view, &bytes), &c), ERR_OK);
	for (unsigned i = 0; i < 3000; i++) {
		const struct component_fact *f = &c->items.facts[i];

		assert_int_equal(f->value_count, i % 3);
		for (size_t v = 0; v < f->value_count; v++)
			assert_true(view_equal(f->values[v], f->name));
	}
	component_free(&c);
	buf_free(&bytes);
	component_list_free(&l);
	component_builder_free(&b);
	parts_free(&p);
}

static void
few_items_are_no_list(void **state)
{
	struct component *c;
	struct parts p;
	size_t count;

	(void)state;
	assert_int_equal(build(&p, "p", COMPONENT_PLAIN_ITEMS_MAX, &count), ERR_OK);
	assert_int_equal(count, COMPONENT_PLAIN_ITEMS_MAX);
	assert_int_equal(p.count, 0);
	assert_int_equal(component_decode(buf_view(&p.list), &c), ERR_OK);
	assert_int_equal(c->made_count, 1);
	component_free(&c);
	parts_free(&p);
	assert_int_equal(build(&p, "p", COMPONENT_PLAIN_ITEMS_MAX + 1, &count), ERR_OK);
	assert_in_range(p.count, 1, SEGMENTS_MAX);
	expect_list(buf_view(&p.list), ERR_OK);
	parts_free(&p);
}

/* With 3,000 names only the segments change in which one is new. */
static void
one_more_item_changes_one_segment(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_FILES);
	struct component_file f = {.mode = 0100644};
	struct parts before = {.count = 0}, after = {.count = 0};
	size_t count, changed = 0;
	char path[32];

	(void)state;
	for (unsigned i = 0; i < 3000; i++) {
		(void)snprintf(path, sizeof(path), "/usr/lib/%04u", i);
		f.path = view_of_string(path);
		assert_int_equal(component_add_file(b, &f), ERR_OK);
	}
	assert_int_equal(
	    component_finish_listed(b, keep_segment, &before, &before.list, &count), ERR_OK);
	f.path = V("/usr/lib/1500a");
	assert_int_equal(component_add_file(b, &f), ERR_OK);
	assert_int_equal(
	    component_finish_listed(b, keep_segment, &after, &after.list, &count), ERR_OK);
	assert_int_equal(count, 3001);
	assert_in_range(before.count, 3, SEGMENTS_MAX);
	assert_int_equal(after.count, before.count);
	for (size_t i = 0; i < before.count; i++)
		changed += !view_equal(before.view[i], after.view[i]);
	assert_int_equal(changed, 1);
	component_builder_free(&b);
	parts_free(&before);
	parts_free(&after);
}

static void
a_run_without_boundaries_is_cut_at_its_length(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_FILES);
	struct component_file f = {.path = V("/usr/bin/one")};
	struct parts p = {.count = 0};
	struct component_list *l;
	size_t count;

	(void)state;
	/* All of one name: its digest ends no segment. */
	for (unsigned i = 0; i < 2 * COMPONENT_SEGMENT_ITEMS_MAX + 1; i++) {
		f.size = i;
		assert_int_equal(component_add_file(b, &f), ERR_OK);
	}
	assert_int_equal(component_finish_listed(b, keep_segment, &p, &p.list, &count), ERR_OK);
	assert_int_equal(p.count, 3);
	l = decode(&p);
	assert_int_equal(l->segments[0].count, COMPONENT_SEGMENT_ITEMS_MAX);
	assert_int_equal(l->segments[2].count, 1);
	expect_join(l, p.view, ERR_OK);
	component_list_free(&l);
	component_builder_free(&b);
	parts_free(&p);
}

static void
an_error_of_the_sink_ends_it(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_FILES);
	struct component_file f = {.path = V("/usr/bin/one")};
	struct parts p = {.sink = ERR_IO};
	size_t count = 7;

	(void)state;
	for (unsigned i = 0; i < 2 * COMPONENT_SEGMENT_ITEMS_MAX; i++) {
		f.size = i;
		assert_int_equal(component_add_file(b, &f), ERR_OK);
	}
	assert_int_equal(component_finish_listed(b, keep_segment, &p, &p.list, &count), ERR_IO);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.list.size, 0);
	assert_int_equal(count, 7);
	component_builder_free(&b);
	parts_free(&p);
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
	    cmocka_unit_test(the_vectors_are_built_and_joined),
	    cmocka_unit_test(values_of_all_segments_are_in_their_places),
	    cmocka_unit_test(few_items_are_no_list),
	    cmocka_unit_test(one_more_item_changes_one_segment),
	    cmocka_unit_test(a_run_without_boundaries_is_cut_at_its_length),
	    cmocka_unit_test(an_error_of_the_sink_ends_it),
	    cmocka_unit_test(bad_lists_are_refused),
	    cmocka_unit_test(sums_of_a_list_are_bounded),
	    cmocka_unit_test(cut_or_extended_vectors_are_refused),
	    cmocka_unit_test(boundaries_are_checked),
	    cmocka_unit_test(order_goes_across_segments),
	    cmocka_unit_test(segments_of_another_form_are_refused),
	    cmocka_unit_test(values_are_bounded_over_all_segments),
	    cmocka_unit_test(forms_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
