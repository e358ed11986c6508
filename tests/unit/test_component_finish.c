/* Lists of segments as they are built: names alone decide where a segment ends. */
#include "tests/unit/component_list_fixture.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
