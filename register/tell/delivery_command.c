#include "register/tell/delivery_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 100 /* how often it is asked whether to go on */

static enum err write_input(const struct event_row *event, int *fd);
static int start(const struct teller *whom, int input, pid_t *pid);
static enum err await(const struct teller *whom, pid_t pid, bool (*cancelled)(void *context),
    void *context, char why[DELIVERY_WHY_SIZE]);
static bool has_ended(
    int process, int64_t until_ms, bool (*cancelled)(void *context), void *context);
static int64_t now_ms(void);

enum err
delivery_command(const struct teller *whom, const struct event_row *event,
    bool (*cancelled)(void *context), void *context, char why[DELIVERY_WHY_SIZE])
{
	pid_t pid;
	int input, failure;
	enum err e = write_input(event, &input);

	if (e != ERR_OK) {
		(void)snprintf(
		    why, DELIVERY_WHY_SIZE, "its input could not be made: %s", strerror(errno));
		return e;
	}
	failure = start(whom, input, &pid);
	(void)close(input);
	if (failure != 0) {
		(void)snprintf(why, DELIVERY_WHY_SIZE, "%s could not be started: %s",
		    whom->arguments[0], strerror(failure));
		return ERR_IO;
	}
	return await(whom, pid, cancelled, context, why);
}

/* A file of no name: so a program that does not read it holds nobody up. */
static enum err
write_input(const struct event_row *event, int *fd)
{
	struct buf text = BUF_INIT;
	enum err e;

	*fd = memfd_create("hallmark-event", MFD_CLOEXEC);
	buf_append_view(&text, event->json);
	buf_append_byte(&text, '\n');
	e = *fd < 0 ? ERR_IO : buf_status(&text);
	if (e == ERR_OK && (write(*fd, text.data, text.size) != (ssize_t)text.size ||
			       lseek(*fd, 0, SEEK_SET) != 0))
		e = ERR_IO;
	buf_free(&text);
	if (e != ERR_OK && *fd >= 0)
		(void)close(*fd);
	return e;
}

/* 0, or errno. */
static int
start(const struct teller *whom, int input, pid_t *pid)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *arguments[TELLER_ARGUMENTS_MAX + 1], *environment[] = {path, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none, all;
	int failure;

	for (size_t i = 0; i < whom->argument_count; i++)
		arguments[i] = (char *)(uintptr_t)whom->arguments[i];
	arguments[whom->argument_count] = NULL;
	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	if (posix_spawn_file_actions_init(&files) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&how) != 0) {
		(void)posix_spawn_file_actions_destroy(&files);
		return ENOMEM;
	}
	(void)posix_spawnattr_setflags(
	    &how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setpgroup(&how, 0);
	(void)posix_spawnattr_setsigmask(&how, &none);
	(void)posix_spawnattr_setsigdefault(&how, &all);
	if ((failure = posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO)) == 0 &&
	    (failure = posix_spawn_file_actions_addopen(
		 &files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)) == 0 &&
	    (failure = posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO)) ==
		0 &&
	    (failure = posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1)) == 0)
		failure =
		    posix_spawn(pid, whom->arguments[0], &files, &how, arguments, environment);
	(void)posix_spawnattr_destroy(&how);
	(void)posix_spawn_file_actions_destroy(&files);
	return failure;
}

static enum err
await(const struct teller *whom, pid_t pid, bool (*cancelled)(void *context), void *context,
    char why[DELIVERY_WHY_SIZE])
{
	const int process = (int)syscall(SYS_pidfd_open, pid, 0);
	const bool in_time =
	    process >= 0 &&
	    has_ended(process, now_ms() + (int64_t)whom->timeout_s * 1000, cancelled, context);
	int status = 0;

	/* Its descendants too, however it ended. */
	(void)kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (process >= 0)
		(void)close(process);
	if (!in_time)
		(void)snprintf(why, DELIVERY_WHY_SIZE, "%s had not ended after %lu s",
		    whom->arguments[0], (unsigned long)whom->timeout_s);
	else if (WIFSIGNALED(status))
		(void)snprintf(why, DELIVERY_WHY_SIZE, "%s was ended by signal %d",
		    whom->arguments[0], WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		(void)snprintf(why, DELIVERY_WHY_SIZE, "%s ended with %d, expected 0",
		    whom->arguments[0], WEXITSTATUS(status));
	else
		return ERR_OK;
	return ERR_IO;
}

static bool
has_ended(int process, int64_t until_ms, bool (*cancelled)(void *context), void *context)
{
	struct pollfd ended = {.fd = process, .events = POLLIN};

	while (!cancelled(context)) {
		const int64_t left_ms = until_ms - now_ms();

		if (left_ms <= 0)
			return false;
		if (poll(&ended, 1, left_ms < LOOK_MS ? (int)left_ms : LOOK_MS) > 0)
			return true;
	}
	return false;
}

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
