/*
 * hallmark-web: fetches pages for a collector, which starts it, and gives it the configuration's
 * path and a descriptor (collector/processes/pages.h). It is a program of its own: what speaks HTTP
 * and parses HTML, and the libraries for it, are in none of the collector's processes.
 *
 * It waits for orders, and makes a process for each that fetches the pages of one workload and
 * ends. It parses nothing but the configuration. It ends when its collector does.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collector/measure/web_answer.h"
#include "collector/processes/apart.h"
#include "collector/processes/pages.h"
#include "collector/processes/rights.h"
#include "collector/web/fetch.h"
#include "collector/web/fetching.h"
#include "config/collector/collector_config.h"

struct child {
	char workload[BUNDLE_WORKLOAD_MAX + 1];
	int pidfd;
};

struct server {
	const char *path;
	struct collector_config *config;
	int control;
	struct child *children;
	size_t count;
};

static void serve(struct server *s) __attribute__((noreturn));
static int receive(const struct server *s, struct pages_order *order);
static void obey(struct server *s, const struct pages_order *order, int channel);
static void load(struct server *s);
static void fetch(struct server *s, const struct collector_workload *w, int channel);
static void drop_ended(struct server *s);
static void refuse(int channel, enum err e, const char *why);

int
main(int argc, char **argv)
{
	struct server s = {.control = -1};
	struct trouble t = TROUBLE_INIT;

	if (argc != 3 || (s.control = (int)strtol(argv[2], NULL, 10)) <= STDERR_FILENO) {
		(void)fprintf(stderr,
		    "hallmark-web is started by hallmark-collector, for pages that collector.yaml "
		    "names\n");
		return 2;
	}
	s.path = argv[1];
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		return 1;
	apart_detach();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGCHLD, SIG_IGN); /* nobody waits for its children */
	if (rights_serve_pages(&t) != ERR_OK || fetch_prepare(&t) != ERR_OK)
		return 1;
	load(&s);
	serve(&s);
}

static void
serve(struct server *s)
{
	for (;;) {
		struct pages_order order;
		const int channel = receive(s, &order);

		drop_ended(s);
		if (channel < 0)
			continue;
		obey(s, &order, channel);
		(void)close(channel);
	}
}

/* -1: nothing that is an order. */
static int
receive(const struct server *s, struct pages_order *order)
{
	struct iovec part = {order, sizeof(*order)};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	const ssize_t size = recvmsg(s->control, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *h = CMSG_FIRSTHDR(&message);
	int channel = -1;

	if (size == 0 || (size < 0 && errno != EINTR))
		_exit(0); /* who orders is gone */
	if (size > 0 && h != NULL && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS &&
	    h->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&channel, CMSG_DATA(h), sizeof(channel));
	if (size == (ssize_t)sizeof(*order) &&
	    memchr(order->workload, '\0', sizeof(order->workload)) != NULL)
		return channel;
	if (channel >= 0)
		(void)close(channel);
	return -1;
}

static void
obey(struct server *s, const struct pages_order *order, int channel)
{
	if (s->config == NULL || !digest_equal(&s->config->source, &order->configuration))
		load(s);
	if (s->config == NULL || !digest_equal(&s->config->source, &order->configuration)) {
		refuse(channel, ERR_CHANGED, "the configuration has changed; it is read again");
		return;
	}
	for (size_t i = 0; i < s->config->workload_count; i++)
		if (strcmp(s->config->workloads[i].name, order->workload) == 0) {
			fetch(s, &s->config->workloads[i], channel);
			return;
		}
	refuse(channel, ERR_NOT_FOUND, "there is no such workload");
}

/* Its faults are told by who has read it before. */
static void
load(struct server *s)
{
	struct faults faults = FAULTS_INIT;
	struct collector_config *fresh;

	if (collector_config_load(s->path, &faults, &fresh) == ERR_OK) {
		collector_config_free(&s->config);
		s->config = fresh;
	}
	faults_free(&faults);
}

/* Of one workload there is one at a time: who asks again has given up the one before. */
static void
fetch(struct server *s, const struct collector_workload *w, int channel)
{
	struct child *grown = reallocarray(s->children, s->count + 1, sizeof(*grown));
	const pid_t parent = getpid();
	pid_t pid;

	if (grown == NULL) {
		refuse(channel, ERR_MEMORY, "no memory");
		return;
	}
	s->children = grown;
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->children[i].workload, w->name) == 0)
			(void)syscall(
			    SYS_pidfd_send_signal, s->children[i].pidfd, SIGKILL, NULL, 0);
	if ((pid = fork()) == 0) {
		(void)close(s->control);
		apart_follow(parent);
		apart_name("hallmark-fetch");
		fetching_run(channel, w);
	}
	grown[s->count].pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	if (pid < 0)
		refuse(channel, ERR_IO, "no process can be made");
	if (grown[s->count].pidfd < 0)
		return; /* it has ended already, or ends by itself */
	memcpy(grown[s->count].workload, w->name, strlen(w->name) + 1);
	s->count++;
}

static void
drop_ended(struct server *s)
{
	for (size_t i = s->count; i-- > 0;) {
		struct pollfd ended = {.fd = s->children[i].pidfd, .events = POLLIN};

		if (poll(&ended, 1, 0) != 1)
			continue;
		(void)close(s->children[i].pidfd);
		s->children[i] = s->children[--s->count];
	}
}

static void
refuse(int channel, enum err e, const char *why)
{
	struct web_answer answer = {.code = e};

	(void)trouble_set(&answer.why, e, "%s", why);
	(void)!write(channel, &answer, sizeof(answer));
}
