/* All processes of this machine, and those alone that mean something to somebody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/subject/process_table.h"

static pid_t ended; /* says so when it is looked at, once */
static pid_t counted;
static unsigned looks; /* at that one */

/* This process and its child. */
static enum err
mark(void *context, int dir, struct process_entry *entry)
{
	const pid_t *child = context;

	(void)dir;
	looks += entry->pid == counted;
	if (entry->pid == ended) {
		ended = 0;
		return ERR_NOT_FOUND;
	}
	if (entry->pid == getpid() || entry->pid == *child)
		entry->mark = entry->pid == *child ? PROCESS_YES : PROCESS_STRANGER;
	return ERR_OK;
}

static void
with_child(void (*check)(pid_t child))
{
	const pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		for (;;)
			(void)pause();
	check(child);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void
check_both(pid_t child)
{
	struct process_table all, marked;
	struct trouble t = TROUBLE_INIT;
	const struct process_entry *a, *b;

	assert_int_equal(process_table_read(mark, &child, PROCESS_TABLE_ALL, &all, &t), ERR_OK);
	assert_int_equal(
	    process_table_read(mark, &child, PROCESS_TABLE_MARKED, &marked, &t), ERR_OK);
	assert_int_equal(marked.count, 2);
	assert_true(all.count >= 2);
	assert_int_equal(process_table_count(&marked, PROCESS_YES), 1);
	assert_int_equal(process_table_count(&marked, PROCESS_STRANGER), 1);
	assert_int_equal(process_table_count(&all, PROCESS_NONE), all.count - 2);
	a = process_table_find(&all, child);
	b = process_table_find(&marked, child);
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(a->parent, getpid());
	assert_int_equal(b->parent, getpid());
	assert_true(b->start_ticks > 0 && b->start_ticks == a->start_ticks);
	assert_null(process_table_find(&marked, getppid()));
	process_table_free(&all);
	process_table_free(&marked);
}

static void
test_marked_ones_are_known_as_all_are(void **state)
{
	(void)state;
	with_child(check_both);
}

static void
check_parents(pid_t child)
{
	struct process_table all, named;
	struct trouble t = TROUBLE_INIT;
	const struct process_entry *a, *b;

	assert_int_equal(process_table_read(mark, &child, PROCESS_TABLE_ALL, &all, &t), ERR_OK);
	assert_int_equal(
	    process_table_read(mark, &child, PROCESS_TABLE_MARKED, &named, &t), ERR_OK);
	assert_int_equal(process_table_add_parents(&named), ERR_OK);
	for (pid_t pid = child; pid > 0; pid = a->parent) {
		if ((a = process_table_find(&all, pid)) == NULL)
			break; /* it may be of another namespace */
		b = process_table_find(&named, pid);
		assert_non_null(b);
		assert_int_equal(b->parent, a->parent);
		assert_true(b->start_ticks == a->start_ticks && b->mark == a->mark);
	}
	assert_int_equal(process_table_count(&named, PROCESS_YES), 1);
	b = process_table_find(&named, child);
	assert_false(process_table_is_below(&named, b));
	named.list[0].mark = PROCESS_YES; /* the first of all, of whom the others are */
	assert_true(process_table_is_below(&named, b));
	process_table_free(&all);
	process_table_free(&named);
}

static void
test_the_parents_of_what_is_named(void **state)
{
	(void)state;
	with_child(check_parents);
}

static void
check_again(pid_t child)
{
	struct process_table table;
	struct trouble t = TROUBLE_INIT;

	ended = child;
	assert_int_equal(
	    process_table_read(mark, &child, PROCESS_TABLE_MARKED, &table, &t), ERR_OK);
	assert_int_equal(ended, 0);
	assert_int_equal(process_table_count(&table, PROCESS_YES), 1);
	process_table_free(&table);
}

static void
test_after_one_that_ended_it_is_read_again(void **state)
{
	(void)state;
	with_child(check_again);
}

/* How often the one that is counted is looked at when `gone` ends in the middle, once. */
static unsigned
looks_at(pid_t one, pid_t gone, enum process_table_which which)
{
	struct process_table table;
	struct trouble t = TROUBLE_INIT;

	counted = one;
	looks = 0;
	ended = gone;
	assert_int_equal(process_table_read(mark, &gone, which, &table, &t), ERR_OK);
	assert_int_equal(ended, 0);
	assert_non_null(process_table_find(&table, gone));
	assert_int_equal(process_table_find(&table, gone)->parent, getpid());
	assert_non_null(process_table_find(&table, getpid()));
	process_table_free(&table);
	counted = 0;
	return looks;
}

static void
check_looks(pid_t child)
{
	/* Those that were looked at have said all, unless their parent was that one. */
	assert_int_equal(looks_at(getpid(), child, PROCESS_TABLE_ALL), 1);
	assert_int_equal(looks_at(getpid(), child, PROCESS_TABLE_MARKED), 1);
	assert_int_equal(looks_at(child, child, PROCESS_TABLE_ALL), 2);
	assert_int_equal(looks_at(child, child, PROCESS_TABLE_MARKED), 2);
}

static void
test_what_was_looked_at_is_not_looked_at_again(void **state)
{
	(void)state;
	with_child(check_looks);
}

/* It has another parent now: that one has ended, or says so. */
static void
test_whose_parent_is_missed_is_looked_at_again(void **state)
{
	int ends[2];
	pid_t child, grandchild = 0;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		grandchild = fork();
		if (grandchild > 0 && write(ends[1], &grandchild, sizeof(grandchild)) < 0)
			_exit(1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(ends[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
	assert_int_equal(looks_at(grandchild, child, PROCESS_TABLE_ALL), 2);
	assert_int_equal(looks_at(grandchild, child, PROCESS_TABLE_MARKED), 1);
	assert_int_equal(kill(grandchild, SIGKILL), 0);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_was_looked_at_is_not_looked_at_again),
	    cmocka_unit_test(test_whose_parent_is_missed_is_looked_at_again),
	    cmocka_unit_test(test_marked_ones_are_known_as_all_are),
	    cmocka_unit_test(test_the_parents_of_what_is_named),
	    cmocka_unit_test(test_after_one_that_ended_it_is_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
