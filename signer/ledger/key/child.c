#include "signer/ledger/key/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 8

enum phase { PHASE_STARTING, PHASE_RUNNING, PHASE_ENDED };

struct child {
	struct child_calls calls;
	char *arguments[ARGUMENTS_MAX + 1];
	int channel_fd, channel_as;
	uv_thread_t thread;
	uv_async_t wake;
	uv_mutex_t lock; /* of the four below */
	enum phase phase;
	pid_t pid;
	int error;
	bool kill_wanted;
	bool started_said; /* the loop's */
	bool ended_said;
};

static void thread_main(void *argument);
static int spawn(struct child *c, pid_t *pid);
static int prepare(
    const struct child *c, posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes);
static void wait_for_end(pid_t pid);
static void on_wake(uv_async_t *handle);
static void end(struct child *c);
static void on_closed(uv_handle_t *handle);
static void on_never_started(uv_handle_t *handle);
static void child_free(struct child *c);

enum err
child_start(uv_loop_t *loop, const char *const *arguments, int channel_fd, int channel_as,
    const struct child_calls *calls, struct child **out)
{
	struct child *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (c == NULL) {
		close(channel_fd);
		return ERR_MEMORY;
	}
	c->calls = *calls;
	c->channel_fd = channel_fd;
	c->channel_as = channel_as;
	for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i] != NULL; i++)
		if ((c->arguments[i] = strdup(arguments[i])) == NULL)
			abort(); /* a few bytes more than what was just given */
	c->wake.data = c;
	if (uv_mutex_init(&c->lock) != 0 || uv_async_init(loop, &c->wake, on_wake) != 0)
		abort(); /* needs nothing of the system that the loop does not have */
	if (uv_thread_create(&c->thread, thread_main, c) != 0) {
		close(channel_fd);
		uv_close((uv_handle_t *)&c->wake, on_never_started);
		return ERR_MEMORY;
	}
	*out = c;
	return ERR_OK;
}

const char *
child_end_text(int status, int signal_number, char to[CHILD_END_SIZE])
{
	const char *name = sigabbrev_np(signal_number);

	if (status < 0)
		snprintf(to, CHILD_END_SIZE, "it cannot be started: %s", uv_strerror(status));
	else if (signal_number == 0)
		snprintf(to, CHILD_END_SIZE, "it ended with status %d", status);
	else if (name != NULL)
		snprintf(to, CHILD_END_SIZE, "it was killed by SIG%s", name);
	else
		snprintf(to, CHILD_END_SIZE, "it was killed by signal %d", signal_number);
	return to;
}

int
child_pid(struct child *c)
{
	pid_t pid;

	uv_mutex_lock(&c->lock);
	pid = c->pid;
	uv_mutex_unlock(&c->lock);
	return (int)pid;
}

/* A child that has ended is a zombie until the loop has said so: its number is nobody else's. */
void
child_kill(struct child *c)
{
	uv_mutex_lock(&c->lock);
	c->kill_wanted = true;
	if (c->pid != 0)
		kill(c->pid, SIGKILL);
	uv_mutex_unlock(&c->lock);
}

static void
thread_main(void *argument)
{
	struct child *c = argument;
	pid_t pid = 0;
	int error = spawn(c, &pid);

	close(c->channel_fd);
	uv_mutex_lock(&c->lock);
	c->error = error;
	c->pid = error == 0 ? pid : 0;
	c->phase = error == 0 ? PHASE_RUNNING : PHASE_ENDED;
	if (error == 0 && c->kill_wanted)
		kill(pid, SIGKILL);
	uv_mutex_unlock(&c->lock);
	uv_async_send(&c->wake);
	if (error != 0)
		return;
	wait_for_end(pid);
	uv_mutex_lock(&c->lock);
	c->phase = PHASE_ENDED;
	uv_mutex_unlock(&c->lock);
	uv_async_send(&c->wake);
}

/* Only this thread is held up until the child has executed its program. */
static int
spawn(struct child *c, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int error;

	if ((error = posix_spawn_file_actions_init(&files)) != 0)
		return error;
	if ((error = posix_spawnattr_init(&attributes)) == 0) {
		if ((error = prepare(c, &files, &attributes)) == 0)
			error = posix_spawn(
			    pid, c->arguments[0], &files, &attributes, c->arguments, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&files);
	return error;
}

/* Signals as they are by default, none blocked: ours are not the child's. */
static int
prepare(const struct child *c, posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes)
{
	sigset_t all, none;
	int error;

	sigfillset(&all);
	sigemptyset(&none);
	if ((error = posix_spawn_file_actions_adddup2(files, c->channel_fd, c->channel_as)) == 0 &&
	    (error = posix_spawn_file_actions_addopen(
		 files, STDIN_FILENO, "/dev/null", O_RDWR, 0)) == 0 &&
	    (error = posix_spawn_file_actions_adddup2(files, STDERR_FILENO, STDOUT_FILENO)) == 0 &&
	    (error = posix_spawnattr_setsigdefault(attributes, &all)) == 0 &&
	    (error = posix_spawnattr_setsigmask(attributes, &none)) == 0)
		error = posix_spawnattr_setflags(
		    attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	return error;
}

/* It stays a zombie, for the loop to collect. */
static void
wait_for_end(pid_t pid)
{
	siginfo_t info;

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
		;
}

static void
on_wake(uv_async_t *handle)
{
	struct child *c = handle->data;
	bool running, ended;

	uv_mutex_lock(&c->lock);
	running = c->pid != 0;
	ended = c->phase == PHASE_ENDED;
	uv_mutex_unlock(&c->lock);
	if (running && !c->started_said) {
		c->started_said = true;
		c->calls.started(c->calls.context);
	}
	if (ended && !c->ended_said) {
		c->ended_said = true;
		end(c);
	}
}

static void
end(struct child *c)
{
	int status = 0;

	uv_thread_join(&c->thread);
	if (c->pid == 0)
		c->calls.ended(c->calls.context, -c->error, 0);
	else if (waitpid(c->pid, &status, 0) == c->pid && WIFSIGNALED(status))
		c->calls.ended(c->calls.context, 0, WTERMSIG(status));
	else
		c->calls.ended(c->calls.context, WEXITSTATUS(status), 0);
	uv_close((uv_handle_t *)&c->wake, on_closed);
}

static void
on_closed(uv_handle_t *handle)
{
	struct child *c = handle->data;
	struct child_calls calls = c->calls;

	child_free(c);
	calls.closed(calls.context);
}

/* Whoever wanted it was told at once. */
static void
on_never_started(uv_handle_t *handle)
{
	child_free(handle->data);
}

static void
child_free(struct child *c)
{
	for (size_t i = 0; i < ARGUMENTS_MAX; i++)
		free(c->arguments[i]);
	uv_mutex_destroy(&c->lock);
	free(c);
}
