#include "signer/front/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "journal/logger.h"

/* A storm of collectors that reconnect at once waits here; the kernel caps it at somaxconn. */
#define BACKLOG 8192

/*
 * Bytes that the kernel keeps for one who does not read, which it doubles; of itself it would keep
 * 4 MiB. Sockets that are accepted have it from the one that listens.
 */
#define SEND_BUFFER (128 * 1024)

/* Accepted in one go, so that connections at work get their turn. */
#define ACCEPTS_PER_TURN 64

/*
 * Descriptors that connections leave free: a commit, a publication and a start of the key process
 * open files, and one that fails ends the signer.
 */
#define DESCRIPTORS_KEPT 32

/* For one more connection; crowded, somebody makes way for it. */
enum room { ROOM_ENOUGH, ROOM_CROWDED, ROOM_NONE };

static int bind_socket(const struct signer_config *config);
static void on_poll(uv_poll_t *poll, int status, int events);
static void take(struct listener *l, int fd, const union peer *peer);
static enum room room_for(struct service *service, int fd);
static void pause_accepting(struct listener *l);
static void say_crowded(void);
static void on_closed(uv_handle_t *handle);

enum err
listener_open(
    struct listener *l, uv_loop_t *loop, struct service *service, struct front_set *fronts)
{
	const struct signer_config *config = service->config;
	struct logline line;

	memset(l, 0, sizeof(*l));
	l->service = service;
	l->fronts = fronts;
	l->fd = bind_socket(config);
	if (l->fd < 0 || uv_poll_init(loop, &l->poll, l->fd) != 0) {
		logline_begin(&line, LOGGER_ERROR, "listen-failed");
		logline_string(&line, "host", config->listen_host);
		logline_number(&line, "port", config->listen_port);
		logline_errno(&line, errno);
		logline_end(&line);
		if (l->fd >= 0)
			close(l->fd);
		return ERR_IO;
	}
	l->open = true;
	l->poll.data = l;
	uv_poll_start(&l->poll, UV_READABLE, on_poll);
	return ERR_OK;
}

void
listener_resume(struct listener *l)
{
	if (!l->open || !l->paused)
		return;
	l->paused = false;
	uv_poll_start(&l->poll, UV_READABLE, on_poll);
}

void
listener_close(struct listener *l)
{
	if (!l->open)
		return;
	l->open = false;
	uv_poll_stop(&l->poll);
	uv_close((uv_handle_t *)&l->poll, on_closed);
}

static int
bind_socket(const struct signer_config *config)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *found = NULL;
	char port[8];
	int fd, yes = 1, send_buffer = SEND_BUFFER;

	snprintf(port, sizeof(port), "%u", config->listen_port);
	if (getaddrinfo(config->listen_host, port, &hints, &found) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer)) != 0 ||
		bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)) {
		int reason = errno;

		close(fd);
		errno = reason;
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct listener *l = poll->data;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN && l->open && !l->paused; i++) {
		union peer peer = {0};
		socklen_t size = sizeof(peer);
		int fd = accept4(l->fd, &peer.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			take(l, fd, &peer);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_accepting(l);
		else if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

static void
take(struct listener *l, int fd, const union peer *peer)
{
	struct service *service = l->service;
	struct front_set *fronts = l->fronts;
	struct letter *letter;
	int yes = 1;
	enum room room = room_for(service, fd);

	if (room != ROOM_ENOUGH && !l->crowded)
		say_crowded();
	l->crowded = room != ROOM_ENOUGH;
	if (room == ROOM_NONE) {
		service_count(service, ERR_CONNECTIONS);
		close(fd);
		return;
	}
	if ((letter = letter_new(LETTER_SOCKET)) == NULL) {
		service_count(service, ERR_MEMORY);
		close(fd);
		return;
	}
	/* Receipts are written whole: there is nothing to wait for. A failure costs latency only.
	 */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	letter->fd = fd;
	letter->peer = *peer;
	letter->number = ++l->last_number;
	letter->crowded = l->crowded;
	service->counters.connections_accepted++;
	traffic_opened(&service->traffic);
	front_post(fronts->front[fronts->next], letter);
	fronts->next = (fronts->next + 1) % fronts->count;
}

/* The lowest free number is what the system gives: one near the limit says that few are left. */
static enum room
room_for(struct service *service, int fd)
{
	struct rlimit files = {.rlim_cur = RLIM_INFINITY};

	(void)getrlimit(RLIMIT_NOFILE, &files); /* cannot fail; without it there is no limit */
	if ((rlim_t)fd + DESCRIPTORS_KEPT >= files.rlim_cur)
		return ROOM_NONE;
	if (traffic_connections(&service->traffic) >= service->config->limits.connections ||
	    (rlim_t)fd + 2 * DESCRIPTORS_KEPT >= files.rlim_cur)
		return ROOM_CROWDED;
	return ROOM_ENOUGH;
}

static void
pause_accepting(struct listener *l)
{
	static const struct ration_about about = {.event = "accept-paused", .called = "peer"};
	struct logline line;

	logline_begin_rationed(&line, LOGGER_WARNING, &about);
	logline_errno(&line, errno);
	logline_number(&line, "connections", traffic_connections(&l->service->traffic));
	logline_string(&line, "mend", "raise LimitNOFILE above limits.connections");
	logline_end(&line);
	service_count(l->service, ERR_CONNECTIONS);
	l->paused = true;
	uv_poll_stop(&l->poll);
}

static void
say_crowded(void)
{
	static const struct ration_about about = {.event = "connection-limit", .called = "peer"};
	struct logline line;

	logline_begin_rationed(&line, LOGGER_WARNING, &about);
	logline_string(&line, "text",
	    "limits.connections, or the system's limit of open files, is nearly reached; the "
	    "oldest "
	    "that have not shaken hands make way, counted as too-many-connections");
	logline_end(&line);
}

static void
on_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;

	close(l->fd);
}
