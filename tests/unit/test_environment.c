/* The variables of all processes of a workload, each once, whatever a hostile one has of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "collector/runtime/count_class.h"
#include "collector/runtime/environment.h"

#define MANY      200000 /* different variables of one process */
#define SECONDS   20 /* of processor time: they took 0.2, and minutes when each was looked for */
#define PROCESSES 3

static void
finish(struct environment *e, struct buf *bytes, struct component **out)
{
	struct component_builder *b = component_builder_new(COMPONENT_RUNTIME);
	size_t count;

	assert_non_null(b);
	assert_int_equal(environment_add(e, b), ERR_OK);
	assert_int_equal(component_finish(b, bytes, &count), ERR_OK);
	component_builder_free(&b);
	assert_int_equal(component_decode(buf_view(bytes), out), ERR_OK);
	environment_free(e);
}

static void
main_first_and_others_once(void **state)
{
	static const char *const names[] = {"A", "B"};
	static const char *const expected[] = {"B=2", "A=1", "A=1", "A=0", "B=3"};
	struct environment e = {.names = names, .name_count = 2};
	struct buf bytes = BUF_INIT;
	struct component *c;

	(void)state;
	assert_int_equal(environment_note(&e, VIEW_LITERAL("B=2\0AB=x\0A=1\0A=1\0"), true), ERR_OK);
	assert_int_equal(environment_note(&e, VIEW_LITERAL("B=3\0A=1\0B=2\0"), false), ERR_OK);
	assert_int_equal(environment_note(&e, VIEW_LITERAL("A=0\0B=3\0A"), false), ERR_OK);
	finish(&e, &bytes, &c);
	assert_int_equal(c->items.facts[0].value_count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_true(view_equal(c->items.facts[0].values[i], view_of_string(expected[i])));
	component_free(&c);
	buf_free(&bytes);
}

static void
a_process_with_very_many(void **state)
{
	static const char *const names[] = {"A"};
	struct environment e = {.names = names, .name_count = 1};
	const clock_t begun = clock();
	struct buf text = BUF_INIT, bytes = BUF_INIT;
	struct component *c;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		buf_append_format(&text, "A=%u", i * 2654435761U);
		buf_append_byte(&text, '\0');
	}
	for (unsigned i = 0; i < PROCESSES; i++)
		assert_int_equal(environment_note(&e, buf_view(&text), false), ERR_OK);
	assert_in_range(e.others.text.size, 1, 2 * text.size); /* not as much for each process */
	finish(&e, &bytes, &c);
	assert_int_equal(c->items.facts[0].value_count, MANY);
	assert_in_range((clock() - begun) / CLOCKS_PER_SEC, 0, SECONDS);
	component_free(&c);
	buf_free(&bytes);
	buf_free(&text);
}

static void
names_of_all(void **state)
{
	static const char *const expected[] = {"A", "AB", "C", "D"};
	struct environment e = {.names = NULL};
	struct buf bytes = BUF_INIT;
	struct component *c;

	(void)state;
	assert_int_equal(
	    environment_note(&e, VIEW_LITERAL("D=2\0AB=x=y\0a title\0"), true), ERR_OK);
	assert_int_equal(
	    environment_note(&e, VIEW_LITERAL("C=\0A=secret\0=x\0D=3"), false), ERR_OK);
	finish(&e, &bytes, &c);
	assert_int_equal(c->item_count, 1);
	assert_true(view_equal(c->items.facts[0].name, VIEW_LITERAL("environment_names")));
	assert_int_equal(c->items.facts[0].value_count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_true(view_equal(c->items.facts[0].values[i], view_of_string(expected[i])));
	component_free(&c);
	buf_free(&bytes);
}

/* One name more than is told, or a longer one. */
static void
too_many_names_and_too_long_ones(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct environment e = {.names = NULL};
		struct buf text = BUF_INIT, bytes = BUF_INIT;
		struct component *c;

		for (unsigned j = 0; j < ENVIRONMENT_NAMES_MAX + (i == 1) && i < 2; j++) {
			buf_append_format(&text, "N%u=", j);
			buf_append_byte(&text, '\0');
		}
		for (unsigned j = 0; j < ENVIRONMENT_NAME_MAX + (i == 3) && i >= 2; j++)
			buf_append_byte(&text, 'N');
		buf_append_byte(&text, '=');
		assert_int_equal(environment_note(&e, buf_view(&text), false), ERR_OK);
		finish(&e, &bytes, &c);
		assert_int_equal(c->item_count, 1);
		assert_int_equal(
		    view_equal(c->items.facts[0].name, VIEW_LITERAL("environment_names")),
		    i % 2 == 0);
		assert_int_equal(c->items.facts[0].value_count, i == 0 ? ENVIRONMENT_NAMES_MAX : 1);
		component_free(&c);
		buf_free(&bytes);
		buf_free(&text);
	}
}

static void
classes_of_counts(void **state)
{
	static const struct {
		size_t count;
		const char *word;
	} of[] = {{0, "0"}, {1, "1"}, {2, "2-9"}, {9, "2-9"}, {10, "10-99"}, {99, "10-99"},
	    {100, "100-999"}, {1000, "1000-9999"}, {9999, "1000-9999"}, {10000, "10000-"},
	    {SIZE_MAX, "10000-"}};

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		assert_string_equal(count_class(of[i].count), of[i].word);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(main_first_and_others_once),
	    cmocka_unit_test(a_process_with_very_many),
	    cmocka_unit_test(names_of_all),
	    cmocka_unit_test(too_many_names_and_too_long_ones),
	    cmocka_unit_test(classes_of_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
