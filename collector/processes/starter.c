#include "collector/processes/starter.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/files/filehash.h"
#include "collector/machine/listeners.h"
#include "collector/processes/apart.h"
#include "collector/processes/measuring.h"
#include "collector/processes/pages.h"
#include "collector/processes/remembered.h"
#include "collector/processes/rights.h"
#include "proto/evidence/bundle.h"

/* A measuring process that is there. The workload by its name: numbers change with a reload. */
struct child {
	char workload[BUNDLE_WORKLOAD_MAX + 1];
	pid_t pid;
	int pidfd;
	uint32_t number; /* of its order */
	bool told;       /* to end */
};

struct starter {
	const char *path;
	struct collector_config *config;
	bool tells_progress;
	struct filter_made *filter; /* theirs */
	struct filehash *hash;      /* each child has its own copy of it */
	struct remembered remembered;
	int control;
	int pages; /* to who fetches them; -1: nobody does */
	struct child *children;
	struct pollfd *fds; /* one more than children */
	size_t count, capacity;
};

static void serve(struct starter *s) __attribute__((noreturn));
static void await(struct starter *s);
static void reap(struct starter *s, size_t index);
static void obey(struct starter *s);
static void measure(struct starter *s, const struct starter_order *order);
static bool may_start(struct starter *s, const char *workload);
static bool make_room(struct starter *s);
static bool start(struct starter *s, const struct starter_order *order, struct child *out);
static int watch_instance(const struct starter *s);
static void run(struct starter *s, pid_t parent, int channel, int instance, uint32_t workload,
    struct known_files *known) __attribute__((noreturn));
static void end(struct child *c);
static void reload(struct starter *s);
static void say(const struct starter *s, enum starter_event event, uint32_t number,
    const struct trouble *why, const int *fds, size_t count);
static uint64_t spent_us(void);
static void say_end(const struct starter *s, uint32_t number, int status);

enum err
starter_begin(const char *path, struct collector_config *config, bool tells_progress, int *control,
    struct trouble *t)
{
	struct starter s = {.path = path, .config = config, .tells_progress = tells_progress};
	const pid_t parent = getpid();
	int pair[2];
	pid_t child;

	enum err e;

	*control = -1;
	if ((e = pages_begin(path, config, &s.pages, t)) != ERR_OK)
		return e;
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
		apart_follow(parent);
		apart_name("hallmark-start");
		apart_detach();
		serve(&s);
	}
	(void)close(pair[1]);
	if (s.pages >= 0)
		(void)close(s.pages);
	*control = pair[0];
	return ERR_OK;
}

static void
serve(struct starter *s)
{
	struct trouble t = TROUBLE_INIT;

	/* What it says then is about no order, and its end is seen: the program ends, too. */
	if ((s->hash = filehash_new()) == NULL || !make_room(s))
		(void)trouble_set(&t, ERR_MEMORY, "out of memory, or there is no SHA-256");
	else if (filter_make(&s->filter, &t) == ERR_OK && rights_start(&t) == ERR_OK)
		for (;;)
			await(s);
	say(s, STARTER_ENDED, 0, &t, NULL, 0);
	_exit(1);
}

/* Ends first: whose process has just ended may be measured again. */
static void
await(struct starter *s)
{
	const size_t count = s->count;

	s->fds[0] = (struct pollfd){.fd = s->control, .events = POLLIN};
	for (size_t i = 0; i < count; i++)
		s->fds[1 + i] = (struct pollfd){.fd = s->children[i].pidfd, .events = POLLIN};
	if (poll(s->fds, 1 + count, -1) < 0)
		return;
	for (size_t i = count; i-- > 0;)
		if (s->fds[1 + i].revents != 0)
			reap(s, i);
	if (s->fds[0].revents != 0)
		obey(s);
}

/* One that has ended; the last one takes its place. */
static void
reap(struct starter *s, size_t index)
{
	struct child *c = &s->children[index];
	int status = 0;

	if (waitpid(c->pid, &status, WNOHANG) != c->pid)
		return;
	if (!c->told && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		say_end(s, c->number, status);
	(void)close(c->pidfd);
	*c = s->children[--s->count];
	if (s->count == 0)
		say(s, STARTER_RESTING, 0, &TROUBLE_INIT, NULL, 0);
}

static void
obey(struct starter *s)
{
	struct starter_order order;

	if (recv(s->control, &order, sizeof(order), 0) != (ssize_t)sizeof(order))
		_exit(0); /* who asks is gone */
	switch (order.what) {
	case STARTER_MEASURE:
		measure(s, &order);
		break;
	case STARTER_END:
		for (size_t i = 0; i < s->count; i++)
			if (s->children[i].number == order.number)
				end(&s->children[i]);
		break;
	case STARTER_RELOAD:
		reload(s);
		break;
	default:
		_exit(1);
	}
}

static void
measure(struct starter *s, const struct starter_order *order)
{
	struct trouble why = TROUBLE_INIT;
	const char *name;
	struct child c;

	if (order->workload >= s->config->workload_count) {
		(void)trouble_set(&why, ERR_MISMATCH, "there is no workload of that number");
		say(s, STARTER_ENDED, order->number, &why, NULL, 0);
		return;
	}
	name = s->config->workloads[order->workload].name;
	if (!may_start(s, name)) {
		say(s, STARTER_STUCK, order->number, &why, NULL, 0);
		return;
	}
	if (!make_room(s) || !start(s, order, &c)) {
		(void)trouble_set(&why, ERR_IO, "none can be started: %s", strerror(errno));
		say(s, STARTER_ENDED, order->number, &why, NULL, 0);
		return;
	}
	memcpy(c.workload, name, strlen(name) + 1);
	s->children[s->count++] = c;
}

/* Whoever asks again has given up the one before. */
static bool
may_start(struct starter *s, const char *workload)
{
	struct pollfd ended = {.events = POLLIN};
	size_t i = 0;

	while (i < s->count && strcmp(s->children[i].workload, workload) != 0)
		i++;
	if (i == s->count)
		return true;
	end(&s->children[i]);
	ended.fd = s->children[i].pidfd;
	if (poll(&ended, 1, STARTER_END_MS) <= 0)
		return false;
	reap(s, i);
	return true;
}

/* For one more; also for none. */
static bool
make_room(struct starter *s)
{
	const size_t capacity = s->capacity == 0 ? 16 : 2 * s->capacity;
	struct child *children;
	struct pollfd *fds;

	if (s->count < s->capacity)
		return true;
	if ((children = realloc(s->children, capacity * sizeof(*children))) == NULL)
		return false;
	s->children = children;
	if ((fds = realloc(s->fds, (1 + capacity) * sizeof(*fds))) == NULL)
		return false;
	s->fds = fds;
	s->capacity = capacity;
	return true;
}

/* False with errno. */
static bool
start(struct starter *s, const struct starter_order *order, struct child *out)
{
	struct known_files *known = remembered_of(&s->remembered, s->config, order->workload);
	const pid_t parent = getpid();
	int pair[2], reason, fds[STARTER_DESCRIPTORS];

	*out = (struct child){.number = order->number, .pidfd = -1};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	fds[0] = pair[0];
	fds[1] = watch_instance(s);
	if (known != NULL)
		known_files_lend(known, true);
	if ((out->pid = fork()) == 0) {
		(void)close(pair[0]);
		run(s, parent, pair[1], fds[1], order->workload, known);
	}
	reason = errno;
	if (known != NULL)
		known_files_lend(known, false);
	(void)close(pair[1]);
	if (out->pid > 0 && (out->pidfd = (int)syscall(SYS_pidfd_open, out->pid, 0)) < 0) {
		reason = errno;
		(void)kill(out->pid, SIGKILL);
		(void)waitpid(out->pid, NULL, 0);
	}
	if (out->pidfd >= 0)
		say(s, STARTER_MEASURING, order->number, &TROUBLE_INIT, fds, fds[1] >= 0 ? 2 : 1);
	if (fds[1] >= 0)
		(void)close(fds[1]);
	(void)close(pair[0]);
	errno = reason;
	return out->pidfd >= 0;
}

/* -1 where none is wanted, or the kernel gives its user no more. */
static int
watch_instance(const struct starter *s)
{
	return s->config->watch_rest_s > 0 ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1;
}

/* The new process: it has nothing of the others. */
static void
run(struct starter *s, pid_t parent, int channel, int instance, uint32_t workload,
    struct known_files *known)
{
	const struct collector_workload *w = &s->config->workloads[workload];
	const struct measuring_given given = {.instance = instance,
	    .watches = s->config->watch_rest_s > 0,
	    .listeners = w->measure[COMPONENT_HOST] ? listeners_socket() : -1,
	    .pages = w->measure[COMPONENT_WEB] ? pages_order(s->pages, s->config, w) : -1,
	    .tells = s->tells_progress,
	    .filter = s->filter};

	(void)close(s->control);
	if (s->pages >= 0)
		(void)close(s->pages);
	for (size_t i = 0; i < s->count; i++)
		(void)close(s->children[i].pidfd);
	apart_follow(parent);
	apart_name("hallmark-measur");
	_exit(measuring_run(channel, &given, w, s->hash, known));
}

static void
end(struct child *c)
{
	c->told = true;
	(void)kill(c->pid, SIGKILL);
}

/* Its faults are told by who asks for it, and has read it before. */
static void
reload(struct starter *s)
{
	struct faults faults = FAULTS_INIT;
	struct collector_config *fresh;

	for (size_t i = 0; i < s->count; i++)
		end(&s->children[i]);
	if (collector_config_load(s->path, &faults, &fresh) == ERR_OK) {
		remembered_reload(&s->remembered, s->config, fresh);
		collector_config_free(&s->config);
		s->config = fresh;
	}
	faults_free(&faults);
}

/* `count` descriptors go with it. */
static void
say(const struct starter *s, enum starter_event event, uint32_t number, const struct trouble *why,
    const int *fds, size_t count)
{
	const struct starter_message m = {event, number, s->config->source, *why, spent_us()};
	struct iovec part = {(void *)(uintptr_t)&m, sizeof(m)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(STARTER_DESCRIPTORS * sizeof(int))];
	} control;

	if (count > 0) {
		memset(&control, 0, sizeof(control));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	}
	while (sendmsg(s->control, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			_exit(0); /* who hears it is gone */
}

/* Of this process, and of those that were its own and have ended. */
static uint64_t
spent_us(void)
{
	static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
	uint64_t sum = 0;
	struct rusage r;

	for (size_t i = 0; i < sizeof(whose) / sizeof(whose[0]); i++)
		if (getrusage(whose[i], &r) == 0)
			sum += (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000 +
			       (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
	return sum;
}

static void
say_end(const struct starter *s, uint32_t number, int status)
{
	struct trouble why;

	if (WIFSIGNALED(status))
		(void)trouble_set(&why, ERR_OK, "killed by signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		(void)trouble_set(&why, ERR_OK, "ended with status %d", WEXITSTATUS(status));
	say(s, STARTER_ENDED, number, &why, NULL, 0);
}
