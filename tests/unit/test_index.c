/* What is put into the index comes out of it again, in the next process too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "signer/ledger/store/index.h"

static char directory[64], path[80];
static struct log_index *x;

static const struct chain_head head = {.seq = 3,
    .time_ms = 1800000000123,
    .index = 40,
    .last_signed_s = 1700000000,
    .bundle_digest = {{1, 2, 3}},
    .entry_index = 44,
    .entry_leaf = {{4, 5, 6}},
    .due = {.at_s = 1800086400, .grace_s = 60, .count = 2},
    .verdict = {.since_s = 4000000000, .status = 96, .finding = 200, .group = 32, .falls = true}};

static struct notice_row
row(uint64_t index)
{
	return (struct notice_row){.index = index,
	    .issued_s = 1800000000 + index,
	    .from_s = index % 2 == 0 ? 1700000000 + index : 0,
	    .kind = index % 2 == 0 ? NOTICE_START : NOTICE_STATEMENT,
	    .leaf = {{7, 7}},
	    .in_force = {{8}},
	    .subject = {{(uint8_t)index}}};
}

static void
put(void)
{
	const struct index_state state = {.log_size = 50, .log_root = {{9}}};

	assert_int_equal(index_begin(x), ERR_OK);
	assert_int_equal(index_put_workload(x, "spiffe://t/a", "app", &head), ERR_OK);
	for (uint64_t index = 11; index > 0; index--) {
		const struct notice_row n = row(index - 1);

		assert_int_equal(index_put_notice(x, &n), ERR_OK);
	}
	assert_int_equal(index_commit(x, &state), ERR_OK);
}

static void
reopen(void)
{
	index_close(&x);
	assert_int_equal(index_open(path, &x), ERR_OK);
}

static enum err
see_head(void *context, const char *collector, const char *name, const struct chain_head *found)
{
	++*(unsigned *)context;
	assert_string_equal(collector, "spiffe://t/a");
	assert_string_equal(name, "app");
	assert_int_equal(found->seq, head.seq);
	assert_int_equal(found->time_ms, head.time_ms);
	assert_int_equal(found->index, head.index);
	assert_int_equal(found->last_signed_s, head.last_signed_s);
	assert_true(digest_equal(&found->bundle_digest, &head.bundle_digest));
	assert_int_equal(found->entry_index, head.entry_index);
	assert_true(digest_equal(&found->entry_leaf, &head.entry_leaf));
	assert_int_equal(found->due.at_s, head.due.at_s);
	assert_int_equal(found->due.grace_s, head.due.grace_s);
	assert_int_equal(found->due.count, head.due.count);
	assert_int_equal(found->verdict.since_s, head.verdict.since_s);
	assert_int_equal(found->verdict.status, head.verdict.status);
	assert_int_equal(found->verdict.finding, head.verdict.finding);
	assert_int_equal(found->verdict.group, head.verdict.group);
	assert_true(found->verdict.falls);
	return ERR_OK;
}

static enum err
see_notice(void *context, const struct notice_row *found)
{
	uint64_t *next = context;
	const struct notice_row expected = row((*next)++);

	assert_int_equal(found->index, expected.index);
	assert_int_equal(found->issued_s, expected.issued_s);
	assert_int_equal(found->from_s, expected.from_s);
	assert_int_equal(found->kind, expected.kind);
	assert_true(digest_equal(&found->leaf, &expected.leaf));
	assert_true(digest_equal(&found->in_force, &expected.in_force));
	assert_true(digest_equal(&found->subject, &expected.subject));
	return ERR_OK;
}

static enum err
stop_at_5(void *context, const struct notice_row *found)
{
	++*(uint64_t *)context;
	return found->index == 5 ? ERR_FORMAT : ERR_OK;
}

static void
heads_and_notices_come_out_as_they_were_put(void **state)
{
	unsigned heads = 0;
	uint64_t notices = 0;

	(void)state;
	put();
	reopen();
	assert_int_equal(index_each_workload(x, see_head, &heads), ERR_OK);
	assert_int_equal(heads, 1);
	assert_int_equal(index_each_notice(x, see_notice, &notices), ERR_OK);
	assert_int_equal(notices, 11); /* in the log's order, whatever the order of putting */
}

static void
an_error_ends_a_walk_and_the_next_one_begins_anew(void **state)
{
	uint64_t seen = 0, notices = 0;

	(void)state;
	put();
	assert_int_equal(index_each_notice(x, stop_at_5, &seen), ERR_FORMAT);
	assert_int_equal(seen, 6);
	assert_int_equal(index_each_notice(x, see_notice, &notices), ERR_OK);
	assert_int_equal(notices, 11);
}

static void
clearing_forgets_the_log(void **state)
{
	struct index_state found;
	unsigned heads = 0;
	uint64_t notices = 0;

	(void)state;
	put();
	assert_int_equal(index_clear_log(x), ERR_OK);
	reopen();
	index_state(x, &found);
	assert_int_equal(found.log_size, 0);
	assert_int_equal(index_each_workload(x, see_head, &heads), ERR_OK);
	assert_int_equal(index_each_notice(x, see_notice, &notices), ERR_OK);
	assert_int_equal(heads + notices, 0);
}

/* One bit of a notice: the index is made anew. */
static void
a_notice_that_rotted_is_not_believed(void **state)
{
	/* Not {7}: such is a version of 7 with the zeros behind it, in the file's header. */
	static const uint8_t leaf[DIGEST_SIZE] = {7, 7};
	uint64_t notices = 0;
	uint8_t *bytes = malloc(1 << 20);
	FILE *file;
	size_t size, at = 0;

	(void)state;
	put();
	index_close(&x);
	file = fopen(path, "r+b");
	assert_non_null(file);
	size = fread(bytes, 1, 1 << 20, file);
	while (at + DIGEST_SIZE <= size && memcmp(bytes + at, leaf, DIGEST_SIZE) != 0)
		at++;
	assert_true(at + DIGEST_SIZE <= size);
	fseek(file, (long)at + 5, SEEK_SET);
	fputc(1, file);
	fclose(file);
	free(bytes);
	assert_int_equal(index_open(path, &x), ERR_OK);
	assert_int_equal(index_each_notice(x, see_notice, &notices), ERR_OK);
	assert_int_equal(notices, 0);
}

static int
setup(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/hallmark-test-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/index.db", directory);
	return index_open(path, &x) != ERR_OK;
}

static int
teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char name[96];

	(void)state;
	index_close(&x);
	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		(void)unlink(name);
	}
	return rmdir(directory);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    ROW(heads_and_notices_come_out_as_they_were_put),
	    ROW(an_error_ends_a_walk_and_the_next_one_begins_anew),
	    ROW(clearing_forgets_the_log),
	    ROW(a_notice_that_rotted_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
