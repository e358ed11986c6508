#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "proto/tlog/tile.h"
#include "signer/ledger/batch.h"

static int
setup(void **state)
{
	*state = batch_new(0);
	return *state == NULL;
}

static int
teardown(void **state)
{
	batch_free((struct batch **)state);
	return 0;
}

static void
add(struct batch *b, const char *text)
{
	struct batch_entry *entry;

	buf_append_string(batch_entry_begin(b), text);
	assert_int_equal(batch_entry_end(b, &entry), ERR_OK);
	assert_int_equal(entry->size, strlen(text));
}

static void
keeps_reports_in_the_framing_of_the_log(void **state)
{
	struct batch *b = *state;
	struct view rest, entry;

	add(b, "one");
	add(b, "three");
	rest = batch_run(b, 0, b->count);
	assert_int_equal(tile_entry_next(&rest, &entry), ERR_OK);
	assert_true(view_equal(entry, VIEW_LITERAL("one")));
	assert_int_equal(tile_entry_next(&rest, &entry), ERR_OK);
	assert_true(view_equal(entry, VIEW_LITERAL("three")));
	assert_int_equal(rest.size, 0);
	assert_true(view_equal(batch_entry_view(b, 1), VIEW_LITERAL("three")));
}

static void
a_cancelled_report_leaves_no_trace(void **state)
{
	struct batch *b = *state;
	size_t before;

	add(b, "one");
	before = b->bytes.size;
	buf_append_string(batch_entry_begin(b), "half a rep");
	batch_entry_cancel(b);
	assert_int_equal(b->bytes.size, before);
	add(b, "two");
	assert_true(view_equal(batch_entry_view(b, 1), VIEW_LITERAL("two")));
}

static void
refuses_a_report_that_is_too_long(void **state)
{
	struct batch *b = *state;
	struct batch_entry *entry;
	uint8_t *room = buf_reserve(batch_entry_begin(b), ENTRY_SIZE_MAX + 1);

	memset(room, 'x', ENTRY_SIZE_MAX + 1);
	b->bytes.size += ENTRY_SIZE_MAX + 1;
	assert_int_equal(batch_entry_end(b, &entry), ERR_FORMAT_SIZE);
	assert_null(entry);
	assert_int_equal(b->count, 0);
	add(b, "next");
}

static void
sealing_gives_the_root_and_a_record_that_proves_itself(void **state)
{
	struct batch *b = *state;
	struct merkle_frontier tree, from_leaves;
	struct digest root, leaf;
	uint64_t first, size;
	uint32_t count;
	struct view end;

	merkle_frontier_init(&tree);
	for (int i = 0; i < 100; i++)
		add(b, i % 2 ? "a" : "b");
	assert_int_equal(batch_seal(b, &tree, &tree), ERR_OK);
	assert_int_equal(b->state, BATCH_WRITING);
	assert_int_equal(record_header_parse((struct view){b->bytes.data, RECORD_HEADER_SIZE},
			     &first, &count, &size),
	    ERR_OK);
	assert_int_equal(first, 0);
	assert_int_equal(count, 100);
	assert_int_equal(
	    RECORD_HEADER_SIZE + size + RECORD_TRAILER_SIZE + RECORD_END_SIZE, b->bytes.size);
	merkle_frontier_init(&from_leaves);
	for (int i = 0; i < 100; i++) {
		merkle_leaf(i % 2 ? VIEW_LITERAL("a") : VIEW_LITERAL("b"), &leaf);
		merkle_frontier_append(&from_leaves, &leaf);
	}
	merkle_frontier_root(&from_leaves, &root);
	end = (struct view){b->bytes.data + b->bytes.size - RECORD_END_SIZE, RECORD_END_SIZE};
	assert_memory_equal(end.data - DIGEST_SIZE, root.bytes, DIGEST_SIZE);
	assert_true(record_is_end(end));
	assert_int_equal(tree.size, 100);
}

/* After a recovery, the key process may have signed a part of what was pending. */
static void
seals_on_a_tree_that_holds_a_part_of_it(void **state)
{
	struct batch *b = *state;
	struct merkle_frontier part, whole;
	struct digest root, expected;

	add(b, "one");
	add(b, "two");
	add(b, "three");
	merkle_frontier_init(&part);
	batch_hash(b);
	merkle_frontier_append(&part, &b->leaf[0]);
	merkle_frontier_init(&whole);
	for (int i = 0; i < 3; i++)
		merkle_frontier_append(&whole, &b->leaf[i]);
	merkle_frontier_root(&whole, &expected);
	assert_int_equal(batch_seal(b, &part, &part), ERR_OK);
	assert_true(digest_equal(&b->root, &expected));
	merkle_frontier_root(&part, &root);
	assert_true(digest_equal(&root, &expected));
	assert_int_equal(merkle_batch_old_size(b->tree), 1);
}

/* A head gets the leaf hash of the newest entry of its chain, and of no other. */
static void
heads_get_the_leaf_of_their_newest_entry(void **state)
{
	struct batch *b = *state;
	struct workload w = {.has_head = true}, absent = {.has_head = true};
	struct batch_changes *changes = calloc(1, sizeof(*changes) + sizeof(changes->absent[0]));
	struct digest first, second, before;

	add(b, "report");
	b->entry[0].update = (struct workload_update){&w, {.index = 0, .entry_index = 0}};
	add(b, "again");
	b->entry[1].update = (struct workload_update){&w, {.index = 1, .entry_index = 1}};
	w.head = b->entry[1].update.head;
	add(b, "absence");
	merkle_leaf(VIEW_LITERAL("absence"), &absent.head.entry_leaf);
	absent.head.entry_index = 2;
	before = absent.head.entry_leaf;
	changes->count = 1;
	changes->absent[0] = (struct workload_update){&absent, absent.head};
	batch_entry_own(b, &b->entry[2], NULL, changes);
	batch_hash(b);
	merkle_leaf(VIEW_LITERAL("report"), &first);
	merkle_leaf(VIEW_LITERAL("again"), &second);
	assert_true(digest_equal(&b->entry[0].update.head.entry_leaf, &first));
	assert_true(digest_equal(&w.head.entry_leaf, &second));
	assert_true(digest_equal(&absent.head.entry_leaf, &before));
}

/* Freed with the batch, and with its next use: the leak checker sees what was forgotten. */
static void
what_an_entry_owns_goes_with_it(void **state)
{
	struct batch *b = *state;
	struct merkle_frontier tree;

	for (int round = 0; round < 2; round++) {
		merkle_frontier_init(&tree);
		add(b, "plain");
		add(b, "with a token");
		batch_entry_own(b, &b->entry[1], strdup("profile"), NULL);
		add(b, "a notice");
		batch_entry_own(b, &b->entry[2], NULL, calloc(1, sizeof(struct batch_changes)));
		assert_int_equal(b->token_count, 1);
		assert_int_equal(b->owner_count, 2);
		if (round > 0)
			break;
		assert_int_equal(batch_seal(b, &tree, &tree), ERR_OK);
		batch_move(b, BATCH_PUBLISHED);
		batch_reset(b, 3);
		assert_int_equal(b->owner_count, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		keeps_reports_in_the_framing_of_the_log, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_cancelled_report_leaves_no_trace, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		heads_get_the_leaf_of_their_newest_entry, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_an_entry_owns_goes_with_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(refuses_a_report_that_is_too_long, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		sealing_gives_the_root_and_a_record_that_proves_itself, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		seals_on_a_tree_that_holds_a_part_of_it, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
