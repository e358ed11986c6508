/*
 * Happy path: the program is checked, started in a session of its own with three pipes, given its
 * input, read, and waited for; what it left running is ended; what it said and how it ended is
 * told.
 *
 * It may take no input (EPIPE: no fault), write without end (the beginning is kept, the rest read
 * and dropped), close its outputs and stay, hang, leave children behind in other sessions that
 * hold the pipes: none of that keeps it longer than its time and HOOK_END_MS. What forks faster
 * than it is killed is left to the limits of the unit, and said.
 */
#include "collector/act/hook_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/act/hook_program.h"
#include "collector/ground/interrupt.h"
#include "config/collector/hook_config.h"

#define SLICE_MS 200 /* who wants it is looked for so often */
#define PAUSE_MS 5   /* between two looks at what is left */
#define NOT_RUN  127 /* as a shell says it */

struct keeper {
	struct hook_done *done;
	struct view input; /* what is left of it */
	pid_t program, maker;
	int in, out, pidfd, control; /* in, out: -1 when closed */
	uint64_t until_ms;
};

static bool start(struct keeper *k, const struct collector_hook *hook);
static void become(const struct collector_hook *hook, int in, int out) __attribute__((noreturn));
static bool await(struct keeper *k, int *status);
static void give(struct keeper *k);
static void take(struct keeper *k);
static void drop(int *fd);
static uint64_t result_of(int status);
static uint32_t end_all(void);
static size_t kill_children(void);

void
hook_keeper_run(
    const struct collector_hook *hook, struct view input, int control, struct hook_done *done)
{
	struct keeper k = {.done = done,
	    .input = input,
	    .maker = getppid(),
	    .in = -1,
	    .out = -1,
	    .pidfd = -1,
	    .control = control,
	    .until_ms = interrupt_clock_ms() + (uint64_t)hook->timeout_s * 1000};
	int status = 0;

	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	done->result = BUNDLE_ACTION_REFUSED;
	if (hook_program_check(hook->arguments[0], &done->why) != ERR_OK)
		return;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0 || !start(&k, hook)) {
		(void)trouble_set(&done->why, ERR_IO, "%s cannot be started: %s",
		    hook->arguments[0], strerror(errno));
		return;
	}
	done->result = await(&k, &status) ? result_of(status) : BUNDLE_ACTION_OVERDUE;
	done->left = end_all();
	take(&k); /* what lies in the pipe yet */
	drop(&k.in);
	drop(&k.out);
}

/* False with errno. */
static bool
start(struct keeper *k, const struct collector_hook *hook)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) != 0)
		return false;
	if (pipe2(out, O_CLOEXEC) != 0 || (k->program = fork()) < 0)
		return false;
	if (k->program == 0)
		become(hook, in[0], out[1]);
	(void)close(in[0]);
	(void)close(out[1]);
	k->in = in[1];
	k->out = out[0];
	(void)fcntl(k->in, F_SETFL, O_NONBLOCK);
	(void)fcntl(k->out, F_SETFL, O_NONBLOCK);
	k->pidfd = (int)syscall(SYS_pidfd_open, k->program, 0);
	return k->pidfd >= 0;
}

/* Nothing of ours goes with it: no descriptor, no environment, no signal that is ignored. */
static void
become(const struct collector_hook *hook, int in, int out)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", language[] = "LANG=C.UTF-8";
	char *const environment[] = {path, language, NULL};
	const char *arguments[HOOK_ARGUMENTS_MAX + 1] = {NULL};
	sigset_t none;

	for (size_t i = 0; i < hook->argument_count && i < HOOK_ARGUMENTS_MAX; i++)
		arguments[i] = hook->arguments[i];
	(void)sigemptyset(&none);
	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (setsid() < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0 || chdir("/") != 0 ||
	    syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, 0) != 0)
		_exit(NOT_RUN);
	(void)umask(077);
	(void)execve(arguments[0], (char *const *)(uintptr_t)arguments, environment);
	_exit(NOT_RUN);
}

/* Until it has ended; false: its time is over, or nobody wants it any more. */
static bool
await(struct keeper *k, int *status)
{
	for (;;) {
		const uint64_t now_ms = interrupt_clock_ms();
		struct pollfd fds[] = {
		    {.fd = k->pidfd, .events = POLLIN},
		    {.fd = k->out, .events = POLLIN},
		    {.fd = k->in, .events = POLLOUT},
		    {.fd = k->control},
		};
		const uint64_t left_ms = k->until_ms > now_ms ? k->until_ms - now_ms : 0;

		if (left_ms == 0 || getppid() != k->maker)
			return false;
		if (poll(fds, 4, left_ms < SLICE_MS ? (int)left_ms : SLICE_MS) < 0 &&
		    errno != EINTR)
			return false;
		if ((fds[3].revents & (POLLHUP | POLLERR)) != 0)
			return false;
		if (fds[2].revents != 0)
			give(k);
		if (fds[1].revents != 0)
			take(k);
		if (fds[0].revents != 0)
			return waitpid(k->program, status, WNOHANG) == k->program;
	}
}

static void
give(struct keeper *k)
{
	const ssize_t size = write(k->in, k->input.data, k->input.size);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (size > 0)
		k->input = (struct view){k->input.data + size, k->input.size - (size_t)size};
	if (size < 0 || k->input.size == 0)
		drop(&k->in);
}

/* No more at a time than a pipe holds: one that writes without end keeps nobody here. */
static void
take(struct keeper *k)
{
	struct hook_done *d = k->done;
	uint8_t bytes[4096];

	for (int i = 0; i < 16 && k->out >= 0; i++) {
		const ssize_t size = read(k->out, bytes, sizeof(bytes));
		size_t room = sizeof(d->output) - d->output_size;

		if (size < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (size <= 0) {
			drop(&k->out);
			return;
		}
		if ((size_t)size < room)
			room = (size_t)size;
		memcpy(d->output + d->output_size, bytes, room);
		d->output_size += (uint32_t)room;
	}
}

static void
drop(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static uint64_t
result_of(int status)
{
	return WIFSIGNALED(status) ? BUNDLE_ACTION_SIGNALLED + (uint64_t)WTERMSIG(status)
				   : (uint64_t)WEXITSTATUS(status);
}

/* Whose parent ends becomes a child of this process: until there is none. Returns what is left. */
static uint32_t
end_all(void)
{
	const uint64_t until_ms = interrupt_clock_ms() + HOOK_END_MS;
	size_t left;

	for (;;) {
		left = kill_children();
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return 0;
		if (interrupt_clock_ms() >= until_ms)
			return left > 0 ? (uint32_t)left : 1;
		(void)poll(NULL, 0, PAUSE_MS);
	}
}

static size_t
kill_children(void)
{
	FILE *list = fopen("/proc/thread-self/children", "re");
	char word[16]; /* a pid has seven digits at most */
	size_t count = 0;
	long pid;

	while (
	    list != NULL && fscanf(list, "%15s", word) == 1 && (pid = strtol(word, NULL, 10)) > 0) {
		(void)kill((pid_t)pid, SIGKILL);
		count++;
	}
	if (list != NULL)
		(void)fclose(list);
	return count;
}
