/* The order of items, by keys that are nearly the same; and items that several threads gather. */
#include "tests/unit/component_fixture.h"

#include "proto/evidence/component_builder.h"

#define ITEMS 3000

/* Long beginnings in common, keys that go on where others end, and bytes that no sign may spoil. */
static size_t
make_path(unsigned number, char *path)
{
	static const char *const before[] = {
	    "/", "/usr/share/long/enough/", "/usr/share/long/enough/a", "/usr/share/long/enoug"};
	static const char signs[] = {'a', 'b', '/', '.', '\x7f', '\x80', '\xff', 1};
	uint32_t chance = number * 2654435761U;
	size_t size = strlen(before[number % 4]);

	memcpy(path, before[number % 4], size);
	for (uint32_t rest = chance >> 16 & 15; rest > 0; rest--) {
		chance = chance * 1103515245U + 12345;
		path[size++] = signs[(chance >> 20) % (rest > 12 ? 2 : 8)];
	}
	return size;
}

static void
add(struct component_builder *b, unsigned number)
{
	char path[64];
	const size_t size = make_path(number, path);
	const struct component_file f = {
	    .path = {(const uint8_t *)path, size}, .size = number % 3, .mode = 0100644};

	assert_int_equal(component_add_file(b, &f), ERR_OK);
}

static struct component_builder *
new_builder(void)
{
	struct component_builder *b = component_builder_new(COMPONENT_FILES);

	assert_non_null(b);
	return b;
}

static void
expect_rising(const struct component_builder *b)
{
	size_t size = 0;

	for (size_t i = 0; i < b->count; i++) {
		const struct component_entry *e = &b->entries[i];
		int order;

		size += e->size;
		if (i == 0)
			continue;
		order = view_compare(component_entry_key(e - 1), component_entry_key(e));
		assert_true(order <= 0);
		/* The same path: what stands behind it decides, and is not the same. */
		if (order == 0)
			assert_true(memcmp(e[-1].bytes, e->bytes, e->size) < 0);
	}
	assert_int_equal(b->size, size);
}

static void
items_rise_and_none_is_there_twice(void **state)
{
	struct component_builder *b = new_builder();

	(void)state;
	for (unsigned i = 0; i < 2 * ITEMS; i++)
		add(b, i % ITEMS);
	assert_int_equal(component_builder_sort(b), ERR_OK);
	assert_true(b->count > ITEMS / 2 && b->count <= ITEMS);
	expect_rising(b);
	/* And again, with what came behind. */
	for (unsigned i = ITEMS; i < ITEMS + 500; i++)
		add(b, i);
	assert_int_equal(component_builder_sort(b), ERR_OK);
	expect_rising(b);
	component_builder_free(&b);
}

static void
whatever_order_they_come_in(void **state)
{
	struct component_builder *forward = new_builder(), *backward = new_builder();

	(void)state;
	for (unsigned i = 0; i < ITEMS; i++) {
		add(forward, i);
		add(backward, ITEMS - 1 - i);
	}
	assert_int_equal(component_builder_sort(forward), ERR_OK);
	assert_int_equal(component_builder_sort(backward), ERR_OK);
	assert_int_equal(forward->count, backward->count);
	for (size_t i = 0; i < forward->count; i++)
		assert_true(
		    view_equal((struct view){forward->entries[i].bytes, forward->entries[i].size},
			(struct view){backward->entries[i].bytes, backward->entries[i].size}));
	component_builder_free(&forward);
	component_builder_free(&backward);
}

static enum err
take_segment(void *context, struct view bytes, const struct digest *digest)
{
	struct buf *all = context;

	buf_append(all, digest->bytes, DIGEST_SIZE);
	buf_append_view(all, bytes);
	return buf_status(all);
}

static void
finish(struct component_builder *b, struct buf *to, size_t *count)
{
	struct buf list = BUF_INIT;

	assert_int_equal(component_finish_listed(b, take_segment, to, &list, count), ERR_OK);
	buf_append_view(to, buf_view(&list));
	buf_free(&list);
}

static void
parts_make_what_one_would(void **state)
{
	struct component_builder *one = new_builder(), *first = new_builder(), *part[3];
	struct buf expected = BUF_INIT, found = BUF_INIT;
	size_t count, found_count;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		part[i] = component_builder_part(first);
		assert_non_null(part[i]);
	}
	for (unsigned i = 0; i < ITEMS; i++) {
		add(one, i);
		add(i % 4 == 3 ? first : part[i % 4 == 2 ? 0 : 1], i);
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(component_builder_join(first, &part[i]), ERR_OK);
		assert_null(part[i]);
		add(first, i);
	}
	finish(one, &expected, &count);
	finish(first, &found, &found_count);
	assert_int_equal(count, found_count);
	assert_true(count > COMPONENT_PLAIN_ITEMS_MAX);
	assert_true(view_equal(buf_view(&expected), buf_view(&found)));
	buf_free(&expected);
	buf_free(&found);
	component_builder_free(&one);
	component_builder_free(&first);
}

static enum err
screen(const void *context, const struct component_file *f, struct component_builder *to)
{
	struct component_file other = *f;

	other.uid = *(const uint32_t *)context;
	return component_add_file(to, &other);
}

static void
a_part_has_the_screens(void **state)
{
	const uint32_t uid = 77;
	struct component_builder *b = new_builder(), *part;
	struct buf bytes = BUF_INIT;
	struct component *c;
	size_t count;

	(void)state;
	component_builder_screen(b, NULL, screen, &uid);
	part = component_builder_part(b);
	assert_non_null(part);
	add(part, 1);
	assert_int_equal(component_builder_join(b, &part), ERR_OK);
	assert_int_equal(component_finish(b, &bytes, &count), ERR_OK);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	assert_int_equal(c->item_count, 1);
	assert_int_equal(c->items.files[0].uid, uid);
	component_free(&c);
	buf_free(&bytes);
	component_builder_free(&b);
}

static void
together_they_are_held_to_the_limits_of_one(void **state)
{
	struct component_builder *b = new_builder(), *part = component_builder_part(b);

	(void)state;
	assert_non_null(part);
	add(b, 1);
	add(part, 2);
	part->value_count = COMPONENT_VALUES_MAX;
	b->value_count = 1;
	assert_int_equal(component_builder_join(b, &part), ERR_MSG_RANGE);
	assert_null(part);
	assert_int_equal(b->count, 1);
	component_builder_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(items_rise_and_none_is_there_twice),
	    cmocka_unit_test(whatever_order_they_come_in),
	    cmocka_unit_test(parts_make_what_one_would),
	    cmocka_unit_test(a_part_has_the_screens),
	    cmocka_unit_test(together_they_are_held_to_the_limits_of_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
