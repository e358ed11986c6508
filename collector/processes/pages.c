#include "collector/processes/pages.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collector/processes/apart.h"

static bool has_pages(const struct collector_config *config);
static enum err find_program(char path[PATH_MAX], struct trouble *t);
static void become(const char *program, const char *path, int control) __attribute__((noreturn));

enum err
pages_begin(
    const char *path, const struct collector_config *config, int *control, struct trouble *t)
{
	const pid_t parent = getpid();
	char program[PATH_MAX];
	pid_t child;
	int pair[2];
	enum err e;

	*control = -1;
	if (!has_pages(config))
		return ERR_OK;
	if ((e = find_program(program, t)) != ERR_OK)
		return e;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return trouble_set(t, ERR_IO, "a socket for %s: %s", program, strerror(errno));
	if ((child = fork()) == 0) {
		apart_follow(parent);
		become(program, path, pair[1]);
	}
	(void)close(pair[1]);
	if (child > 0) {
		*control = pair[0];
		return ERR_OK;
	}
	(void)close(pair[0]);
	return trouble_set(t, ERR_IO, "%s cannot be started: %s", program, strerror(errno));
}

static bool
has_pages(const struct collector_config *config)
{
	for (size_t i = 0; i < config->workload_count; i++)
		if (config->workloads[i].web_count > 0)
			return true;
	return false;
}

/* Beside this program, wherever that was started from. */
static enum err
find_program(char path[PATH_MAX], struct trouble *t)
{
	const ssize_t size = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	if (size <= 0)
		return trouble_set(t, ERR_IO, "/proc/self/exe: %s", strerror(errno));
	path[size] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL || (size_t)(slash - path) + sizeof(PAGES_PROGRAM) + 1 >= PATH_MAX)
		return trouble_set(t, ERR_IO, "%s: expected an absolute path", path);
	memcpy(slash + 1, PAGES_PROGRAM, sizeof(PAGES_PROGRAM));
	if (access(path, X_OK) != 0)
		return trouble_set(t, ERR_CONFIG,
		    "%s: %s; it belongs beside hallmark-collector, and fetches the pages that "
		    "`web` names",
		    path, strerror(errno));
	return ERR_OK;
}

/* With nothing of this program but the channel, and no environment. */
static void
become(const char *program, const char *path, int control)
{
	char number[16],
	    *arguments[] = {(char *)(uintptr_t)program, (char *)(uintptr_t)path, number, NULL};
	char *environment[] = {NULL};

	(void)dup2(control, STDERR_FILENO + 1);
	(void)snprintf(number, sizeof(number), "%d", STDERR_FILENO + 1);
	if (syscall(SYS_close_range, STDERR_FILENO + 2, UINT_MAX, 0) == 0)
		(void)execve(program, arguments, environment);
	_exit(1);
}

int
pages_order(int control, const struct collector_config *config, const struct collector_workload *w)
{
	struct pages_order order = {.configuration = config->source};
	struct iovec part = {&order, sizeof(order)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} with;
	int pair[2];

	if (control < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	memcpy(order.workload, w->name, strlen(w->name) + 1);
	memset(&with, 0, sizeof(with));
	message.msg_control = &with;
	message.msg_controllen = sizeof(with.room);
	with.header.cmsg_level = SOL_SOCKET;
	with.header.cmsg_type = SCM_RIGHTS;
	with.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&with.header), &pair[1], sizeof(int));
	if (sendmsg(control, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		(void)close(pair[0]);
		pair[0] = -1;
	}
	(void)close(pair[1]);
	return pair[0];
}
