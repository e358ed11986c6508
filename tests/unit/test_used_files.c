/*
 * The files that a process's arguments name are looked up as the process would, in its root
 * directory: a link of its own leads to nothing of the collector's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/scripts/used_files.h"

struct stand {
	char top[64];
	struct stat own, outside;
	pid_t process; /* in TOP/inside/desk, with the arguments below */
	int dir, root;
};

struct seen {
	const struct stand *stand;
	unsigned own, outside;
};

static void
make_file(const struct stand *st, const char *path, struct stat *s)
{
	char whole[128];
	int fd;

	(void)snprintf(whole, sizeof(whole), "%s/%s", st->top, path);
	fd = open(whole, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fstat(fd, s), 0);
	(void)close(fd);
}

static void
make_directory(const struct stand *st, const char *path)
{
	char whole[128];

	(void)snprintf(whole, sizeof(whole), "%s/%s", st->top, path);
	assert_int_equal(mkdir(whole, 0700), 0);
}

/* It stands in its directory, says so by closing a pipe, and waits. */
static void
start(struct stand *st)
{
	char desk[128], path[32], byte;
	int ready[2];

	(void)snprintf(desk, sizeof(desk), "%s/inside/desk", st->top);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	st->process = fork();
	if (st->process == 0) {
		if (chdir(desk) == 0)
			(void)execl("/bin/sh", "sh", "-c", "kill -STOP $$", "here/file",
			    "leads/file", (char *)NULL);
		_exit(1);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	(void)close(ready[0]);
	(void)snprintf(path, sizeof(path), "/proc/%d", (int)st->process);
	st->dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(st->dir >= 0);
}

static int
make_stand(void **state)
{
	struct stand *st = calloc(1, sizeof(*st));
	char target[128], link[128];

	assert_non_null(st);
	*state = st;
	(void)snprintf(st->top, sizeof(st->top), "/tmp/hallmark-used-XXXXXX");
	assert_non_null(mkdtemp(st->top));
	make_directory(st, "inside");
	make_directory(st, "inside/desk");
	make_directory(st, "inside/desk/here");
	make_directory(st, "outside");
	make_file(st, "inside/desk/here/file", &st->own);
	make_file(st, "outside/file", &st->outside);
	(void)snprintf(target, sizeof(target), "%s/outside", st->top);
	(void)snprintf(link, sizeof(link), "%s/inside/desk/leads", st->top);
	assert_int_equal(symlink(target, link), 0);
	(void)snprintf(link, sizeof(link), "%s/inside", st->top);
	st->root = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(st->root >= 0);
	start(st);
	return 0;
}

static int
free_stand(void **state)
{
	struct stand *st = *state;
	char command[128];
	int status;

	(void)kill(st->process, SIGKILL);
	(void)waitpid(st->process, &status, 0);
	(void)close(st->dir);
	(void)close(st->root);
	(void)snprintf(command, sizeof(command), "rm -rf %s", st->top);
	assert_int_equal(system(command), 0);
	free(st);
	return 0;
}

static enum err
take(void *context, int fd, const struct stat *s)
{
	struct seen *seen = context;

	(void)fd;
	seen->own += s->st_dev == seen->stand->own.st_dev && s->st_ino == seen->stand->own.st_ino;
	seen->outside +=
	    s->st_dev == seen->stand->outside.st_dev && s->st_ino == seen->stand->outside.st_ino;
	return ERR_OK;
}

/* Its directory has no place below that root, as one that is mounted over. */
static void
a_link_leads_to_nothing_outside_of_the_root(void **state)
{
	struct seen seen = {.stand = *state};

	assert_int_equal(used_files_each(seen.stand->dir, seen.stand->root, take, &seen), ERR_OK);
	assert_int_equal(seen.own, 1);
	assert_int_equal(seen.outside, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_link_leads_to_nothing_outside_of_the_root, make_stand, free_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
