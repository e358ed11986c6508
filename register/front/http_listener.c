#include "register/front/http_listener.h"

#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/logger.h"
#include "register/front/http_conn.h"

#define BACKLOG 4096 /* the kernel caps it at somaxconn */

/* Accepted in one go, so that connections at work get their turn. */
#define ACCEPTS_PER_TURN 64

/* Of a host's name or address, with NUL. */
#define HOST_SIZE 256

static int bind_address(struct http_listener *l, const char *address);
static bool split_address(const char *address, char host[HOST_SIZE], char **port);
static bool is_loopback(const struct sockaddr *a);
static int bind_path(const char *path, const char *group);
static bool is_left_behind(const struct sockaddr_un *at);
static bool give_to_group(const char *path, const char *group);
static void on_poll(uv_poll_t *poll, int status, int events);
static void take(struct http_listener *l, int fd);
static bool make_room(struct http_server *s);
static void pause_accepting(struct http_server *s);
static void on_closed(uv_handle_t *handle);

enum err
http_listener_open(struct http_listener *l, struct http_server *s, const struct http_listen *listen,
    struct faults *faults)
{
	const char *where = listen->socket != NULL ? listen->socket : listen->address;
	enum err e;

	l->server = s;
	l->listen = listen;
	l->fd = listen->socket != NULL ? bind_path(listen->socket, listen->group)
				       : bind_address(l, listen->address);
	l->local = l->local || listen->socket != NULL;
	if (l->fd < 0) {
		faults_add(faults, where, 0, "listen: expected to listen on %s, found: %s", where,
		    strerror(errno));
		return ERR_IO;
	}
	if (listen->tls != NULL)
		return (e = http_tls_context(listen->tls, faults, &l->tls)) == ERR_CRYPTO
			   ? ERR_MEMORY
			   : e;
	if (l->local)
		return ERR_OK;
	faults_add(faults, where, 0,
	    "listen: expected tls, or an address of the loopback, found %s without tls; let a "
	    "proxy on this host stand before it, or give it certificate and key",
	    where);
	return ERR_CONFIG;
}

void
http_listener_begin(struct http_listener *l)
{
	if (uv_poll_init(l->server->loop, &l->poll, l->fd) != 0) {
		logger_say(LOGGER_ERROR, "listen-failed", "the loop does not take the socket");
		http_listener_discard(l);
		return;
	}
	l->open = true;
	l->poll.data = l;
	l->server->handles++;
	(void)uv_poll_start(&l->poll, UV_READABLE, on_poll);
}

void
http_listener_resume(struct http_listener *l)
{
	if (!l->open || !l->paused)
		return;
	l->paused = false;
	(void)uv_poll_start(&l->poll, UV_READABLE, on_poll);
}

void
http_listener_close(struct http_listener *l)
{
	if (!l->open)
		return;
	l->open = false;
	(void)uv_poll_stop(&l->poll);
	uv_close((uv_handle_t *)&l->poll, on_closed);
}

void
http_listener_discard(struct http_listener *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	SSL_CTX_free(l->tls);
	l->tls = NULL;
}

static int
bind_address(struct http_listener *l, const char *address)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *found = NULL;
	char host[HOST_SIZE], *port;
	int fd, yes = 1, reason;

	if (!split_address(address, host, &port) || getaddrinfo(host, port, &hints, &found) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	l->local = is_loopback(found->ai_addr);
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
		bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)) {
		reason = errno;
		close(fd);
		errno = reason;
		fd = -1;
	}
	reason = errno;
	freeaddrinfo(found);
	errno = reason;
	return fd;
}

/* "host:port", "[v6]:port". */
static bool
split_address(const char *address, char host[HOST_SIZE], char **port)
{
	const bool bracket = address[0] == '[';
	char *colon, *end;

	if (strlen(address) >= HOST_SIZE)
		return false;
	(void)strcpy(host, address + (bracket ? 1 : 0));
	if ((colon = strrchr(host, ':')) == NULL)
		return false;
	*colon = '\0';
	*port = colon + 1;
	end = strchr(host, ']');
	if (!bracket)
		return end == NULL && strchr(host, ':') == NULL;
	if (end == NULL || end[1] != '\0')
		return false;
	*end = '\0';
	return true;
}

static bool
is_loopback(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, a, sizeof(v4));
		return ntohl(v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	}
	if (a->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;

		memcpy(&v6, a, sizeof(v6));
		return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
	}
	return false;
}

/* Only its own user may connect until the group has it, if there is one. */
static int
bind_path(const char *path, const char *group)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	mode_t mask;
	int fd, reason;

	if (strlen(path) >= sizeof(at.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	(void)strcpy(at.sun_path, path);
	if (is_left_behind(&at))
		(void)unlink(path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
		return -1;
	mask = umask(0177);
	reason = bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ? errno : 0;
	(void)umask(mask);
	if (reason == 0 &&
	    ((group != NULL && !give_to_group(path, group)) || listen(fd, BACKLOG) != 0))
		reason = errno;
	if (reason == 0)
		return fd;
	close(fd);
	errno = reason;
	return -1;
}

static bool
is_left_behind(const struct sockaddr_un *at)
{
	struct stat there;
	int fd, reason;

	if (lstat(at->sun_path, &there) != 0 || !S_ISSOCK(there.st_mode))
		return false;
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
		return false;
	reason = connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 ? errno : 0;
	close(fd);
	return reason == ECONNREFUSED;
}

static bool
give_to_group(const char *path, const char *group)
{
	const struct group *g;

	errno = 0;
	if ((g = getgrnam(group)) == NULL) {
		errno = errno != 0 ? errno : EINVAL;
		return false;
	}
	return chown(path, (uid_t)-1, g->gr_gid) == 0 && chmod(path, 0660) == 0;
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct http_listener *l = poll->data;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN && l->open && !l->paused; i++) {
		const int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			take(l, fd);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_accepting(l->server);
		else if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

static void
take(struct http_listener *l, int fd)
{
	struct http_server *s = l->server;
	const int yes = 1;

	if (s->counts.open >= s->settings.connections_max && !make_room(s)) {
		s->counts.crowded_out++;
		close(fd);
		return;
	}
	/* Answers are written whole: there is nothing to wait for. A failure costs latency only. */
	if (l->listen->socket == NULL)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	http_conn_open(l, fd);
}

/* Who has said nothing for longest makes way. */
static bool
make_room(struct http_server *s)
{
	static const enum http_due kinds[] = {HTTP_DUE_IDLE, HTTP_DUE_HANDSHAKE, HTTP_DUE_DRAIN};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (s->due[kinds[i]] == NULL)
			continue;
		s->counts.crowded_out++;
		http_conn_end(s->due[kinds[i]]);
		return true;
	}
	return false;
}

/* Until the next look at deadlines. */
static void
pause_accepting(struct http_server *s)
{
	static const struct ration_about about = {.event = "accept-paused", .called = "peer"};
	struct logline line;

	logline_begin_rationed(&line, LOGGER_WARNING, &about);
	logline_errno(&line, errno);
	logline_number(&line, "connections", s->counts.open);
	logline_string(&line, "mend", "raise LimitNOFILE above limits.connections");
	logline_end(&line);
	(void)make_room(s);
	for (size_t i = 0; i < s->listeners; i++) {
		if (!s->listener[i].open)
			continue;
		s->listener[i].paused = true;
		(void)uv_poll_stop(&s->listener[i].poll);
	}
}

static void
on_closed(uv_handle_t *handle)
{
	struct http_listener *l = handle->data;

	l->server->handles--;
	http_listener_discard(l);
	if (l->listen->socket != NULL)
		(void)unlink(l->listen->socket);
}
