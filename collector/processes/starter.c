#include "collector/processes/starter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/ground/backoff.h"
#include "collector/ground/interrupt.h"
#include "collector/processes/measuring.h"
#include "collector/processes/rights.h"
#include "journal/sink.h"

/* AddressSanitizer's reports go there. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

struct starter {
	const char *path;
	struct collector_config *config; /* for the next measuring process */
	int control;
	uint32_t heard; /* requests */
	unsigned tries; /* that lived for a short time, in a row */
};

static void serve(struct starter *s) __attribute__((noreturn));
static void follow(pid_t parent, const char *name);
static void detach(void);
static pid_t start(struct starter *s);
static bool watch(struct starter *s, pid_t child, int *status);
static void obey(struct starter *s);
static void reload(struct starter *s);
static void rest(struct starter *s, uint64_t lived_ms);
static void say(
    const struct starter *s, enum starter_event event, const struct trouble *why, int fd);
static void say_end(const struct starter *s, int status);
static void say_no_start(const struct starter *s, int reason);

enum err
starter_begin(const char *path, struct collector_config *config, int *control, struct trouble *t)
{
	struct starter s = {.path = path, .config = config};
	const pid_t parent = getpid();
	int pair[2];
	pid_t child;

	*control = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return trouble_set(
		    t, ERR_IO, "a socket for the measuring process: %s", strerror(errno));
	if ((child = fork()) < 0) {
		(void)trouble_set(
		    t, ERR_IO, "the measuring process cannot be started: %s", strerror(errno));
		(void)close(pair[0]);
		(void)close(pair[1]);
		return ERR_IO;
	}
	if (child == 0) {
		(void)close(pair[0]);
		s.control = pair[1];
		follow(parent, "hallmark-start");
		detach();
		serve(&s);
	}
	(void)close(pair[1]);
	*control = pair[0];
	return ERR_OK;
}

static void
serve(struct starter *s)
{
	struct trouble t = TROUBLE_INIT;
	uint64_t began_ms;
	int status;
	pid_t child;

	if (rights_start(&t) != ERR_OK) {
		say(s, STARTER_ENDED, &t, -1);
		_exit(1);
	}
	for (;;) {
		began_ms = interrupt_clock_ms();
		if ((child = start(s)) < 0)
			say_no_start(s, errno);
		else if (watch(s, child, &status))
			continue; /* it was asked for */
		else
			say_end(s, status);
		rest(s, interrupt_clock_ms() - began_ms);
	}
}

/* Of a process that was forked: it ends with the one that did it. */
static void
follow(pid_t parent, const char *name)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
		_exit(1);
	(void)prctl(PR_SET_NAME, name, 0, 0, 0);
}

/*
 * Signals that steer the program are the other one's, and so are its input, its output and its log,
 * in which a hijacked measuring process could say anything.
 */
static void
detach(void)
{
	const int none = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	if (none < 0)
		_exit(1);
	(void)dup2(none, STDIN_FILENO);
	(void)dup2(none, STDOUT_FILENO);
	if (!SANITIZED)
		sink_leave(none);
	(void)close(none);
}

/* A measuring process, and tells where to reach it. -1 with errno: there is none. */
static pid_t
start(struct starter *s)
{
	const pid_t parent = getpid();
	int pair[2], reason;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	child = fork();
	reason = errno;
	if (child == 0) {
		(void)close(pair[0]);
		(void)close(s->control);
		follow(parent, "hallmark-measur");
		_exit(measuring_serve(pair[1], s->config));
	}
	(void)close(pair[1]);
	if (child > 0)
		say(s, STARTER_MEASURER, &TROUBLE_INIT, pair[0]);
	(void)close(pair[0]);
	errno = reason;
	return child;
}

/* Until it has ended. True: that was asked for. */
static bool
watch(struct starter *s, pid_t child, int *status)
{
	struct pollfd fds[] = {{.fd = s->control, .events = POLLIN},
	    {.fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN}};
	bool asked = false;

	if (fds[1].fd >= 0) {
		while (poll(fds, 2, -1) < 0)
			continue;
		asked = fds[0].revents != 0;
		(void)close(fds[1].fd);
	}
	(void)kill(child, SIGKILL);
	while (waitpid(child, status, 0) < 0 && errno == EINTR)
		continue;
	if (asked)
		obey(s);
	return asked;
}

static void
obey(struct starter *s)
{
	uint32_t request;

	if (recv(s->control, &request, sizeof(request), 0) != (ssize_t)sizeof(request))
		_exit(0); /* who asks is gone */
	s->heard++;
	if (request == STARTER_RELOAD)
		reload(s);
}

/* Its faults are told by who asks for it, and has read it before. */
static void
reload(struct starter *s)
{
	struct faults faults = FAULTS_INIT;
	struct collector_config *fresh;

	if (collector_config_load(s->path, &faults, &fresh) == ERR_OK) {
		collector_config_free(&s->config);
		s->config = fresh;
	}
	faults_free(&faults);
}

static void
rest(struct starter *s, uint64_t lived_ms)
{
	struct pollfd asked = {.fd = s->control, .events = POLLIN};
	uint64_t wait_ms;

	if (lived_ms >= STARTER_LIVED_MS)
		s->tries = 0;
	wait_ms = backoff_ms(s->tries++, STARTER_BACK_FIRST_MS, STARTER_BACK_MOST_MS);
	if (poll(&asked, 1, (int)wait_ms) > 0)
		obey(s);
}

/* `fd` goes with it unless it is -1. */
static void
say(const struct starter *s, enum starter_event event, const struct trouble *why, int fd)
{
	const struct starter_message m = {event, s->heard, *why};
	struct iovec part = {(void *)(uintptr_t)&m, sizeof(m)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;

	if (fd >= 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.room);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	}
	while (sendmsg(s->control, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			_exit(0); /* who hears it is gone */
}

static void
say_end(const struct starter *s, int status)
{
	struct trouble why;

	if (WIFSIGNALED(status))
		(void)trouble_set(&why, ERR_OK, "killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		(void)trouble_set(&why, ERR_OK, "ended with status %d", WEXITSTATUS(status));
	say(s, STARTER_ENDED, &why, -1);
}

static void
say_no_start(const struct starter *s, int reason)
{
	struct trouble why;

	(void)trouble_set(&why, ERR_IO, "none can be started: %s", strerror(reason));
	say(s, STARTER_ENDED, &why, -1);
}
