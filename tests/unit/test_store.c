/* What the ledger builds on, whatever form a store has: see store.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/tlog/tile.h"
#include "signer/ledger/store/record.h"
#include "signer/ledger/store/store.h"

struct fixture {
	char directory[64];
	struct store *store;
	struct merkle_frontier tree; /* of all that was staged */
	char taken[64];              /* by the last recovery: what the reports say, in order */
};

static enum err
take(void *context, struct view report)
{
	struct fixture *f = context;

	assert_int_equal(report.size, 1);
	f->taken[strlen(f->taken)] = (char)report.data[0];
	return ERR_OK;
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->directory, sizeof(f->directory), "/tmp/hallmark-store-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	assert_int_equal(store_open(f->directory, &f->store), ERR_OK);
	merkle_frontier_init(&f->tree);
	*state = f;
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	store_close(&f->store);
	assert_int_equal(nftw(f->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(f);
	return 0;
}

/* Commits a batch of reports of one character each. */
static void
commit(struct fixture *f, const char *reports)
{
	struct store_commit_job job = {0};
	uint64_t first = f->tree.size;
	struct buf record = BUF_INIT;
	struct digest hash;

	record_begin(&record);
	for (const char *c = reports; *c != '\0'; c++) {
		buf_append(&record, "\0\1", 2);
		buf_append(&record, c, 1);
		merkle_leaf((struct view){(const uint8_t *)c, 1}, &hash);
		merkle_frontier_append(&f->tree, &hash);
	}
	merkle_frontier_root(&f->tree, &hash);
	assert_int_equal(record_end(&record, first, strlen(reports), &hash), ERR_OK);
	store_stage(f->store, first, buf_view(&record), &job);
	assert_int_equal(store_commit(f->store, &job), ERR_OK);
	buf_free(&record);
}

/* As a process that comes after one that was killed, with `published` reports in the tiles. */
static void
recover(struct fixture *f, const char *published)
{
	struct merkle_frontier tree;
	struct digest hash;

	store_close(&f->store);
	assert_int_equal(store_open(f->directory, &f->store), ERR_OK);
	merkle_frontier_init(&tree);
	for (const char *c = published; *c != '\0'; c++) {
		merkle_leaf((struct view){(const uint8_t *)c, 1}, &hash);
		merkle_frontier_append(&tree, &hash);
	}
	memset(f->taken, 0, sizeof(f->taken));
	assert_int_equal(store_recover(f->store, &tree, take, f), ERR_OK);
	assert_int_equal(tree.size, f->tree.size);
}

/* Into a store where nothing is published yet. */
static void
publish(struct fixture *f, const char *reports, bool all)
{
	struct buf entries = BUF_INIT;
	struct digest leaf[8];
	size_t count = strlen(reports);

	for (size_t i = 0; i < count; i++) {
		buf_append(&entries, "\0\1", 2);
		buf_append(&entries, &reports[i], 1);
		merkle_leaf((struct view){(const uint8_t *)&reports[i], 1}, &leaf[i]);
	}
	store_retire_begin(f->store, count, all);
	assert_int_equal(store_publish_open(f->store, 0), ERR_OK);
	store_publish_begin(f->store, true);
	assert_true(store_publish_room(f->store) >= count);
	assert_int_equal(store_publish_add(f->store, buf_view(&entries), leaf, count), ERR_OK);
	assert_int_equal(store_publish(f->store, VIEW_LITERAL("a note")), ERR_OK);
	store_retire_end(f->store);
	buf_free(&entries);
}

static void
what_was_committed_is_found(void **state)
{
	struct fixture *f = *state;

	recover(f, "");
	assert_string_equal(f->taken, "");
	commit(f, "abc");
	commit(f, "d");
	recover(f, "");
	assert_string_equal(f->taken, "abcd");
	assert_int_equal(store_mend(f->store), ERR_OK);
	commit(f, "ef"); /* behind what was recovered */
	recover(f, "");
	assert_string_equal(f->taken, "abcdef");
}

static void
what_was_published_is_read_and_not_found_again(void **state)
{
	struct fixture *f = *state;
	struct store_tree tree = {f->store, 3};
	struct buf bytes = BUF_INIT;
	struct digest leaf, node;

	assert_int_equal(store_read_checkpoint(f->store, &bytes), ERR_NOT_FOUND);
	commit(f, "abc");
	publish(f, "abc", true);
	commit(f, "d");
	assert_int_equal(store_read_checkpoint(f->store, &bytes), ERR_OK);
	assert_true(view_equal(buf_view(&bytes), VIEW_LITERAL("a note")));
	buf_clear(&bytes);
	assert_int_equal(store_read_entry(&tree, 1, &bytes), ERR_OK);
	assert_true(view_equal(buf_view(&bytes), VIEW_LITERAL("b")));
	buf_clear(&bytes);
	assert_int_equal(store_read_entries(&tree, 0, &bytes), ERR_OK);
	assert_memory_equal(bytes.data, "\0\1a\0\1b\0\1c", 9);
	merkle_leaf(VIEW_LITERAL("c"), &leaf);
	assert_int_equal(store_read_node(&tree, 0, 2, &node), ERR_OK);
	assert_true(digest_equal(&leaf, &node));
	buf_free(&bytes);
	recover(f, "abc");
	assert_string_equal(f->taken, "d");
}

/* A batch that is on its way while another is published outlives it. */
static void
what_is_committed_beside_a_publication_is_found(void **state)
{
	struct fixture *f = *state;

	commit(f, "abc");
	commit(f, "de");
	publish(f, "abc", false);
	commit(f, "f");
	recover(f, "abc");
	assert_string_equal(f->taken, "def");
}

static void
one_process_has_it(void **state)
{
	struct fixture *f = *state;
	struct store *other;

	assert_int_equal(store_open(f->directory, &other), ERR_IO);
	assert_null(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(what_was_committed_is_found, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		what_was_published_is_read_and_not_found_again, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		what_is_committed_beside_a_publication_is_found, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(one_process_has_it, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
