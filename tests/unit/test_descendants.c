/* The processes below one: all generations, those of other threads, none beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/subject/descendants.h"

/* A process that forks in the way of `make`, says so, and stays until the test closes its end. */
struct family {
	pid_t main;
	int said, stays;
};

static void
stay(int fd)
{
	char byte;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(fd, &byte, 1) > 0)
		;
	_exit(0);
}

static void
begin(struct family *f, void (*make)(int stays))
{
	int said[2], stays[2];
	char byte;

	assert_int_equal(pipe(said), 0);
	assert_int_equal(pipe(stays), 0);
	assert_true((f->main = fork()) >= 0);
	if (f->main == 0) {
		(void)close(said[0]);
		(void)close(stays[1]);
		make(stays[0]);
		(void)!write(said[1], "", 1);
		stay(stays[0]);
	}
	(void)close(said[1]);
	(void)close(stays[0]);
	f->said = said[0];
	f->stays = stays[1];
	assert_int_equal(read(f->said, &byte, 1), 1);
}

static void
end(const struct family *f)
{
	(void)close(f->stays);
	(void)close(f->said);
	assert_int_equal(waitpid(f->main, NULL, 0), f->main);
}

static void
child(int stays)
{
	if (fork() == 0)
		stay(stays);
}

static void *
child_of_a_thread(void *context)
{
	child(*(int *)context);
	(void)pause(); /* or its child would be the first thread's */
	return NULL;
}

static void
two_and_a_grandchild(int stays)
{
	int said[2];
	char byte;

	child(stays);
	if (pipe(said) == 0 && fork() == 0) {
		child(stays);
		(void)!write(said[1], "", 1);
		stay(stays);
	}
	(void)!read(said[0], &byte, 1);
}

static void
of_a_thread(int stays)
{
	static int fd;
	pthread_t thread;

	fd = stays;
	(void)pthread_create(&thread, NULL, child_of_a_thread, &fd);
}

static void
many(int stays)
{
	for (int i = 0; i <= DESCENDANTS_MAX; i++)
		child(stays);
}

static void
all_generations_are_there(void **state)
{
	struct process_table table;
	struct family f;
	size_t grandchildren = 0;

	(void)state;
	begin(&f, two_and_a_grandchild);
	assert_int_equal(descendants_read(f.main, &table), ERR_OK);
	assert_int_equal(table.count, 4);
	assert_int_equal(process_table_count(&table, PROCESS_YES), 4);
	assert_non_null(process_table_find(&table, f.main));
	assert_int_equal(process_table_find(&table, f.main)->parent, getpid());
	for (size_t i = 0; i < table.count; i++) {
		assert_true(table.list[i].start_ticks > 0);
		assert_true(i == 0 || table.list[i - 1].pid < table.list[i].pid);
		grandchildren += table.list[i].parent != f.main && table.list[i].parent != getpid();
	}
	assert_int_equal(grandchildren, 1);
	process_table_free(&table);
	end(&f);
}

static void
children_of_other_threads_are_there(void **state)
{
	struct process_table table;
	struct family f;
	size_t count = 1;

	(void)state;
	begin(&f, of_a_thread);
	while (count == 1) {
		assert_int_equal(descendants_read(f.main, &table), ERR_OK);
		count = table.count;
		process_table_free(&table);
	}
	assert_int_equal(count, 2);
	end(&f);
}

static void
many_are_left_to_a_table_of_all(void **state)
{
	struct process_table table;
	struct family f;

	(void)state;
	begin(&f, many);
	assert_int_equal(descendants_read(f.main, &table), ERR_UNSUPPORTED);
	end(&f);
}

static void
who_has_ended_is_left_to_a_table_of_all(void **state)
{
	struct process_table table;
	struct family f;

	(void)state;
	begin(&f, child);
	end(&f);
	assert_int_equal(descendants_read(f.main, &table), ERR_UNSUPPORTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_generations_are_there),
	    cmocka_unit_test(children_of_other_threads_are_there),
	    cmocka_unit_test(many_are_left_to_a_table_of_all),
	    cmocka_unit_test(who_has_ended_is_left_to_a_table_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
