/* A measurement kept in memory, of a process that may say what is none. */
#include "collector/measure/gathered.h"
#include "tests/unit/component_fixture.h"

static void
take(struct gathered *g, const char *list, const char *const *segments, size_t count)
{
	struct trouble t = TROUBLE_INIT;
	struct buf bytes = BUF_INIT;

	for (size_t i = 0; i < count; i++) {
		buf_clear(&bytes);
		vector_wire(segments[i], &bytes);
		assert_int_equal(
		    gathered_take_segment(g, COMPONENT_CONFIG, buf_view(&bytes), &DIGEST_ZERO, &t),
		    ERR_OK);
	}
	buf_clear(&bytes);
	vector_wire(list, &bytes);
	assert_int_equal(
	    gathered_take(g, COMPONENT_CONFIG, buf_view(&bytes), &DIGEST_ZERO, &t), ERR_OK);
	buf_free(&bytes);
}

static const char *const all[] = {
    "component-segment-1", "component-segment-2", "component-segment-3"};

static void
test_a_list_is_put_together(void **state)
{
	struct gathered g = {.workload = "app"};
	struct component *c;

	(void)state;
	take(&g, "component-list", all, 3);
	assert_int_equal(gathered_component(&g, COMPONENT_CONFIG, &c), ERR_OK);
	assert_true(c->item_count > 0);
	component_free(&c);
	gathered_free(&g);
}

static void
test_of_a_list_that_could_not_be_made_nothing_is_left(void **state)
{
	static const char *const segments[] = {"component-segment-2", "component-segment-1",
	    "component-segment-2", "component-segment-3"};
	struct gathered g = {.workload = "app"};
	struct component *c;

	(void)state;
	take(&g, "component-list", segments, 4);
	assert_int_equal(gathered_component(&g, COMPONENT_CONFIG, &c), ERR_OK);
	component_free(&c);
	take(&g, "component-list", all, 3); /* it is measured again */
	assert_int_equal(gathered_component(&g, COMPONENT_CONFIG, &c), ERR_OK);
	component_free(&c);
	gathered_free(&g);
}

static void
test_refused_a_list_of_what_did_not_come(void **state)
{
	struct component *c = (struct component *)(void *)1;
	struct gathered g = {.workload = "app"};

	(void)state;
	take(&g, "component-list", all, 0);
	assert_int_equal(gathered_component(&g, COMPONENT_CONFIG, &c), ERR_FORMAT);
	assert_null(c);
	gathered_free(&g);
	take(&g, "component-list", all, 1);
	assert_int_equal(gathered_component(&g, COMPONENT_CONFIG, &c), ERR_FORMAT);
	gathered_free(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_list_is_put_together),
	    cmocka_unit_test(test_of_a_list_that_could_not_be_made_nothing_is_left),
	    cmocka_unit_test(test_refused_a_list_of_what_did_not_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
