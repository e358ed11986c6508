/* The file system of an image while its layers are laid one over the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "policy/images/image_tree.h"

static const struct image_node directory = {.type = IMAGE_DIRECTORY};

static const char *
put(struct image_tree *t, const char *path, enum image_node_type type)
{
	struct image_node n = {.type = type, .mode = 0644};

	n.target = type == IMAGE_LINK ? view_of_string("target") : (struct view){NULL, 0};
	digest_of(path, 1, &n.digest);
	return image_tree_put(t, view_of_string(path), &n);
}

static bool
has(const struct image_tree *t, const char *path)
{
	return image_tree_find(t, view_of_string(path)) != NULL;
}

static void
test_a_layer_hides_only_what_is_before_it(void **state)
{
	struct image_tree *t = image_tree_new();

	(void)state;
	image_tree_begin_layer(t);
	assert_null(put(t, "d/old", IMAGE_FILE));
	assert_null(put(t, "d/deep/er", IMAGE_FILE));
	assert_null(put(t, "gone/x", IMAGE_FILE));
	image_tree_begin_layer(t);
	assert_null(put(t, "d/new", IMAGE_FILE));
	image_tree_hide(t, view_of_string("d"), true);
	image_tree_hide(t, view_of_string("gone"), false);
	image_tree_hide(t, view_of_string("never"), false);
	assert_true(has(t, "d/new"));
	assert_false(has(t, "d/old") || has(t, "d/deep") || has(t, "gone"));
	image_tree_begin_layer(t);
	image_tree_hide(t, view_of_string(""), true);
	assert_false(has(t, "d"));
	image_tree_free(&t);
}

static void
test_what_lies_over_another_takes_its_place(void **state)
{
	struct image_tree *t = image_tree_new();

	(void)state;
	image_tree_begin_layer(t);
	assert_null(put(t, "a/b", IMAGE_FILE));
	assert_null(put(t, "l", IMAGE_LINK));
	image_tree_begin_layer(t);
	assert_null(put(t, "a", IMAGE_LINK));
	assert_false(has(t, "a/b"));
	assert_null(image_tree_put(t, view_of_string("l"), &directory));
	assert_null(put(t, "l/x", IMAGE_FILE));
	image_tree_begin_layer(t);
	assert_null(image_tree_put(t, view_of_string("l"), &directory));
	assert_true(has(t, "l/x"));
	image_tree_free(&t);
}

static void
test_what_no_packer_writes_is_refused(void **state)
{
	struct image_tree *t = image_tree_new();

	(void)state;
	image_tree_begin_layer(t);
	assert_null(put(t, "f", IMAGE_FILE));
	assert_null(put(t, "l", IMAGE_LINK));
	assert_null(put(t, "d/x", IMAGE_FILE));
	assert_non_null(put(t, "f", IMAGE_FILE));
	assert_non_null(put(t, "f/x", IMAGE_FILE));
	assert_non_null(put(t, "l/x", IMAGE_FILE));
	assert_non_null(put(t, "d", IMAGE_FILE));
	image_tree_free(&t);
}

static void
test_names_are_bounded(void **state)
{
	struct image_tree *t = image_tree_new();
	char path[64];
	const char *wrong = NULL;
	size_t count = 0;

	(void)state;
	image_tree_begin_layer(t);
	for (; wrong == NULL && count <= IMAGE_TREE_NODES_MAX; count++) {
		(void)snprintf(path, sizeof(path), "%zu", count);
		wrong = put(t, path, IMAGE_FILE);
	}
	assert_non_null(wrong);
	assert_int_equal(count, IMAGE_TREE_NODES_MAX + 1);
	/* What is taken away makes room. */
	image_tree_begin_layer(t);
	image_tree_hide(t, view_of_string("1"), false);
	assert_null(put(t, "another", IMAGE_FILE));
	assert_non_null(put(t, "and another", IMAGE_FILE));
	image_tree_free(&t);
}

/* A layer may say it once for each member that an image may have: of each file, that is 1e11 steps.
 */
static void
test_what_is_hidden_again_costs_nothing(void **state)
{
	enum { FILES = 60000, AGAIN = 200000 };
	struct image_tree *t = image_tree_new();
	const clock_t begun = clock();
	char path[64];

	(void)state;
	image_tree_begin_layer(t);
	assert_null(put(t, "d/old", IMAGE_FILE));
	image_tree_begin_layer(t);
	for (size_t i = 0; i < FILES; i++) {
		(void)snprintf(path, sizeof(path), "d/e/%zu", i);
		assert_null(put(t, path, IMAGE_FILE));
	}
	for (size_t i = 0; i < AGAIN; i++) {
		image_tree_hide(t, view_of_string("d"), true);
		image_tree_hide(t, view_of_string("d/e"), false);
	}
	assert_false(has(t, "d/old"));
	assert_true(has(t, "d/e/0"));
	assert_true((clock() - begun) / CLOCKS_PER_SEC < 10);
	image_tree_begin_layer(t);
	image_tree_hide(t, view_of_string("d"), false);
	assert_false(has(t, "d"));
	image_tree_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_layer_hides_only_what_is_before_it),
	    cmocka_unit_test(test_what_lies_over_another_takes_its_place),
	    cmocka_unit_test(test_what_no_packer_writes_is_refused),
	    cmocka_unit_test(test_names_are_bounded),
	    cmocka_unit_test(test_what_is_hidden_again_costs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
