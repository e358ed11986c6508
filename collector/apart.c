#include "collector/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/command.h"
#include "collector/processes/apart.h"
#include "collector/processes/rights.h"
#include "collector/store/savefile.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true /* it reserves more than any limit */
#else
#define SANITIZED false
#endif

static int run(apart_work *work, void *context, const char *output, bool confined);
static int give_up(void);
static int work_alone(apart_work *work, void *context, int to);
static bool hand_over(int to, struct view bytes);
static int wait_for(pid_t child);
static int take(int from, const char *output);
static int fail(const char *what);

int
apart_run(apart_work *work, void *context, const char *output)
{
	return run(work, context, output, true);
}

int
apart_run_confining(apart_work *work, void *context, const char *output)
{
	return run(work, context, output, false);
}

/* `confined`: before the work begins. */
static int
run(apart_work *work, void *context, const char *output, bool confined)
{
	const int made = memfd_create("made", MFD_CLOEXEC);
	const pid_t parent = getpid();
	pid_t child;
	int status;

	if (made < 0 || fflush(stdout) != 0 || (child = fork()) < 0) {
		status = fail("a process of its own cannot be made");
	} else if (child == 0) {
		apart_follow(parent);
		status = confined ? give_up() : 0;
		_exit(status == 0 ? work_alone(work, context, made) : status);
	} else {
		status = wait_for(child);
		if (status == 0 && output != NULL)
			status = take(made, output);
	}
	if (made >= 0)
		(void)close(made);
	return status;
}

int
apart_save(const char *output, struct view bytes)
{
	char *path = strdup(output), *name = strdup(output);
	const mode_t mask = umask(0);
	struct trouble t = TROUBLE_INIT;
	enum err e = ERR_IO;
	const char *base;
	int dir;

	(void)umask(mask);
	if (path == NULL || name == NULL)
		abort();
	base = basename(name);
	if ((dir = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		(void)trouble_set(&t, e, "%s", strerror(errno));
	else if ((e = savefile_write(dir, base, bytes, &t)) == ERR_OK &&
		 fchmodat(dir, base, 0644 & ~mask, 0) != 0)
		e = trouble_set(&t, ERR_IO, "its mode cannot be set: %s", strerror(errno));
	if (e != ERR_OK)
		command_trouble(output, &t);
	if (dir >= 0)
		(void)close(dir);
	free(path);
	free(name);
	return e == ERR_OK ? 0 : 1;
}

static int
give_up(void)
{
	const rlim_t memory = (rlim_t)APART_MEMORY_MEBIBYTES << 20;
	const struct rlimit most = {memory, memory};
	struct trouble t = TROUBLE_INIT;

	if (!SANITIZED && setrlimit(RLIMIT_DATA, &most) != 0)
		return fail("its memory cannot be limited");
	if (rights_measure(&t) == ERR_OK)
		return 0;
	command_trouble("cannot begin", &t);
	return 1;
}

static int
work_alone(apart_work *work, void *context, int to)
{
	struct buf made = BUF_INIT;
	int status = work(context, &made);

	if (status == 0 && !hand_over(to, buf_view(&made)))
		status = fail("what was made cannot be handed over");
	if (fflush(stdout) != 0 && status == 0)
		status = fail("stdout cannot be written");
	buf_free(&made);
	return status;
}

/* Not by its offset: the filter does not know that. */
static bool
hand_over(int to, struct view bytes)
{
	ssize_t put = 1;

	while (put > 0 && bytes.size > 0) {
		put = write(to, bytes.data, bytes.size);
		if (put > 0)
			bytes = (struct view){bytes.data + put, bytes.size - (size_t)put};
	}
	return bytes.size == 0;
}

static int
wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return fail("the process cannot be waited for");
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	(void)fprintf(stderr,
	    "hallmark-collector: the process that was reading it ended by signal %d; nothing was "
	    "made\n",
	    WTERMSIG(status));
	return 1;
}

static int
take(int from, const char *output)
{
	struct buf bytes = BUF_INIT;
	ssize_t got = 1;
	struct stat st;
	uint8_t *room;
	int status = 1;

	if (fstat(from, &st) == 0 && (room = buf_reserve(&bytes, (size_t)st.st_size + 1)) != NULL) {
		while (got > 0 && bytes.size < (size_t)st.st_size) {
			got = pread(from, room + bytes.size, (size_t)st.st_size - bytes.size,
			    (off_t)bytes.size);
			bytes.size += got > 0 ? (size_t)got : 0;
		}
		status = got > 0 ? apart_save(output, buf_view(&bytes)) : fail("nothing was made");
	}
	buf_free(&bytes);
	return status;
}

static int
fail(const char *what)
{
	(void)fprintf(stderr, "hallmark-collector: %s: %s\n", what, strerror(errno));
	return 1;
}
