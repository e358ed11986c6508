#include "collector/tell/answering.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "collector/ground/interrupt.h"

#define BACKLOG 16

struct answering {
	pthread_t thread;
	int listening;
	int end[2]; /* a pipe: closing its second end ends the thread */
	struct board *board;
};

static int listen_at(int fd, const struct sockaddr_un *address);
static void *answer_all(void *context);
static void answer_one(struct answering *a);
static void write_all(int fd, struct view bytes);
static enum err begin_thread(struct answering *a, struct trouble *t);

enum err
answering_listen(const char *path, int *listening, struct trouble *t)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *mend = "the directory must exist and be writable";
	struct stat st;
	int fd, reason;

	memcpy(
	    address.sun_path, path, strlen(path) + 1); /* its length is checked when it is loaded */
	*listening = -1;
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) >= 0) {
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
			(void)close(fd);
			return trouble_set(t, ERR_IO,
			    "status.socket %s: another collector answers there; end it, or give "
			    "each its own",
			    path);
		}
		/* What a dead one left behind. */
		if (errno == ECONNREFUSED && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
			(void)unlink(path);
		if (listen_at(fd, &address) == 0) {
			*listening = fd;
			return ERR_OK;
		}
	}
	reason = errno;
	if (reason == EADDRINUSE)
		mend = "something that is no socket has this name: move it away";
	if (fd >= 0)
		(void)close(fd);
	return trouble_set(t, ERR_IO, "status.socket %s: %s; %s", path, strerror(reason), mend);
}

enum err
answering_begin(int listening, struct board *board, struct answering **out, struct trouble *t)
{
	struct answering *a = calloc(1, sizeof(*a));
	enum err e;

	*out = NULL;
	if (a == NULL) {
		(void)close(listening);
		return ERR_MEMORY;
	}
	a->listening = listening;
	a->board = board;
	if (pipe2(a->end, O_CLOEXEC) != 0)
		e = trouble_set(t, ERR_IO, "the status socket: %s", strerror(errno));
	else if ((e = begin_thread(a, t)) == ERR_OK)
		*out = a;
	else {
		(void)close(a->end[0]);
		(void)close(a->end[1]);
	}
	if (e != ERR_OK) {
		(void)close(listening);
		free(a);
	}
	return e;
}

void
answering_end(struct answering **a)
{
	if (*a == NULL)
		return;
	(void)close((*a)->end[1]);
	(void)pthread_join((*a)->thread, NULL);
	(void)close((*a)->end[0]);
	(void)close((*a)->listening);
	free(*a);
	*a = NULL;
}

/* For its owner, and root. */
static int
listen_at(int fd, const struct sockaddr_un *address)
{
	const mode_t old = umask(0177);
	const int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));

	(void)umask(old);
	return result == 0 ? listen(fd, BACKLOG) : result;
}

/* Signals are the loop's. */
static enum err
begin_thread(struct answering *a, struct trouble *t)
{
	sigset_t all, before;
	int result;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &before);
	result = pthread_create(&a->thread, NULL, answer_all, a);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result != 0)
		return trouble_set(t, ERR_IO, "the status socket: no thread: %s", strerror(result));
	return ERR_OK;
}

static void *
answer_all(void *context)
{
	struct answering *a = context;
	struct pollfd events[2] = {
	    {.fd = a->listening, .events = POLLIN}, {.fd = a->end[0], .events = POLLIN}};

	for (;;) {
		if (poll(events, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (events[1].revents != 0)
			return NULL;
		if ((events[0].revents & POLLIN) != 0)
			answer_one(a);
	}
}

/* All of it or nothing: half an object is an answer that nobody should believe. */
static void
answer_one(struct answering *a)
{
	struct buf text = BUF_INIT;
	int fd = accept4(a->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	board_write(a->board, &text);
	if (buf_status(&text) == ERR_OK)
		write_all(fd, buf_view(&text));
	(void)close(fd);
	buf_free(&text);
}

/* A blocking send would wait anew behind each byte that is taken, and be patient without end. */
static void
write_all(int fd, struct view bytes)
{
	const uint64_t until_ms = interrupt_clock_ms() + ANSWERING_PATIENCE_S * 1000;
	struct pollfd event = {.fd = fd, .events = POLLOUT};
	uint64_t now_ms;

	while (bytes.size > 0 && (now_ms = interrupt_clock_ms()) < until_ms) {
		const ssize_t put = send(fd, bytes.data, bytes.size, MSG_NOSIGNAL);

		if (put > 0)
			bytes = (struct view){bytes.data + put, bytes.size - (size_t)put};
		else if (put < 0 && errno == EAGAIN)
			(void)poll(&event, 1, (int)(until_ms - now_ms));
		else if (put == 0 || errno != EINTR)
			return;
	}
}
