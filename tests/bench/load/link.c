#include "tests/bench/load/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/load/fail.h"
#include "tests/bench/load/identity.h"

#define SCRATCH_SIZE    (256 * 1024) /* bytes */
#define EVENTS_PER_TURN 512

/*
 * Connections come from 127.0.1.1 and its 63 neighbours in turn: one address has 28,000 ports, and
 * each closed connection keeps one for a minute.
 */
#define SOURCE_FIRST 0x7f000101U
#define SOURCE_COUNT 64

/* A busy link reads several records at once; idle ones, of which there are thousands, do not. */
#define BUSY_CONNECTIONS_MAX 512
#define BUSY_READ_SIZE       (64 * 1024) /* bytes */

static int on_ticket(SSL *ssl, SSL_SESSION *session);
static void drive(struct link *l);
static bool handshake(struct link *l);
static void receive(struct link *l);
static bool hand_over(struct link *l, struct view bytes);
static void flush(struct link *l);
static void end(struct link *l);
static bool would_block(const struct link *l, int result);

void
links_init(struct links *s, const struct options *o, const char *alpn)
{
	memset(s, 0, sizeof(*s));
	s->o = o;
	s->alpn = alpn;
	s->identities = identities_new(o);
	s->scratch = malloc(SCRATCH_SIZE);
	s->link = calloc(o->connections, sizeof(*s->link));
	s->dirty = calloc(o->connections, sizeof(struct link *));
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	/* As cheap as the signer's own, so that it is the signer that a handshake waits for. */
	if (tls_library_new(&s->library) != ERR_OK)
		fail("OpenSSL");
	s->tls = SSL_CTX_new_ex(tls_library_context(s->library), NULL, TLS_client_method());
	if (s->scratch == NULL || s->link == NULL || s->dirty == NULL || s->epoll < 0 ||
	    s->tls == NULL)
		fail("memory");
	for (unsigned i = 0; i < o->connections; i++)
		s->link[i] = (struct link){.links = s, .number = i, .fd = -1};
	SSL_CTX_set_min_proto_version(s->tls, TLS1_3_VERSION);
	SSL_CTX_set_verify(s->tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(s->tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
				     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_read_ahead(s->tls, 1);
	if (o->connections <= BUSY_CONNECTIONS_MAX)
		SSL_CTX_set_default_read_buffer_len(s->tls, BUSY_READ_SIZE);
	SSL_CTX_set_alpn_protos(s->tls, (const unsigned char *)alpn, (unsigned)strlen(alpn));
	SSL_CTX_set_session_cache_mode(s->tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(s->tls, on_ticket);
	if (SSL_CTX_load_verify_file(s->tls, o->ca) != 1)
		fail(o->ca);
	/* Waits are to end when they are due, not 50 us later. */
	prctl(PR_SET_TIMERSLACK, 1);
}

void
links_close(struct links *s)
{
	for (unsigned i = 0; i < s->o->connections; i++) {
		link_close(&s->link[i]);
		SSL_SESSION_free(s->link[i].ticket);
		buf_free(&s->link[i].in);
		buf_free(&s->link[i].out);
	}
	SSL_CTX_free(s->tls);
	tls_library_free(&s->library);
	identities_free(&s->identities);
	close(s->epoll);
	free(s->link);
	free(s->dirty);
	free(s->scratch);
}

void
link_open(struct link *l)
{
	struct links *s = l->links;
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)s->o->port),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in from = {
	    .sin_family = AF_INET, .sin_addr = {htonl(SOURCE_FIRST + s->opened++ % SOURCE_COUNT)}};
	struct epoll_event event = {
	    .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.u32 = l->number};
	int yes = 1;

	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0 ||
	    setsockopt(l->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes)) != 0 ||
	    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) != 0 ||
	    bind(l->fd, (struct sockaddr *)&from, sizeof(from)) != 0)
		fail("a socket");
	if (connect(l->fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS)
		fail("connect");
	if ((l->ssl = SSL_new(s->tls)) == NULL || SSL_set_fd(l->ssl, l->fd) != 1)
		fail("memory");
	SSL_set_app_data(l->ssl, l);
	SSL_set_connect_state(l->ssl);
	if (l->ticket != NULL && s->o->resume) {
		SSL_set_session(l->ssl, l->ticket);
		SSL_SESSION_free(l->ticket);
		l->ticket = NULL; /* RFC 8446, C.4: each serves once */
	}
	identities_apply(s->identities, l->ssl, l->number);
	l->resumed = false;
	l->write_blocked = false;
	l->state = LINK_CONNECTING;
	buf_clear(&l->in);
	buf_clear(&l->out);
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, l->fd, &event) != 0)
		fail("epoll");
}

void
link_close(struct link *l)
{
	if (l->state == LINK_CLOSED)
		return;
	if (l->state == LINK_OPEN)
		SSL_shutdown(l->ssl);
	ERR_clear_error();
	SSL_free(l->ssl);
	close(l->fd);
	l->ssl = NULL;
	l->fd = -1;
	l->state = LINK_CLOSED;
}

void
link_wake(struct link *l)
{
	struct links *s = l->links;

	if (l->dirty)
		return;
	l->dirty = true;
	s->dirty[s->dirty_count++] = l;
}

void
links_turn(struct links *s, uint64_t timeout_us)
{
	struct timespec timeout = {.tv_sec = (time_t)(timeout_us / 1000000),
	    .tv_nsec = (long)(timeout_us % 1000000) * 1000};
	struct epoll_event events[EVENTS_PER_TURN];
	int count;

	for (unsigned i = 0; i < s->dirty_count; i++) {
		s->dirty[i]->dirty = false;
		flush(s->dirty[i]);
	}
	s->dirty_count = 0;
	count = epoll_pwait2(s->epoll, events, EVENTS_PER_TURN, &timeout, NULL);
	if (count < 0 && errno != EINTR)
		fail("epoll");
	for (int i = 0; i < count; i++)
		drive(&s->link[events[i].data.u32]);
}

static int
on_ticket(SSL *ssl, SSL_SESSION *session)
{
	struct link *l = SSL_get_app_data(ssl);

	SSL_SESSION_free(l->ticket);
	l->ticket = session;
	return 1; /* the session is ours now */
}

static void
drive(struct link *l)
{
	l->write_blocked = false;
	if (l->state == LINK_CONNECTING && !handshake(l))
		return;
	if (l->state == LINK_OPEN)
		receive(l);
	if (l->state == LINK_OPEN && l->out.size > 0)
		link_wake(l);
}

/* Whether the link is open now. */
static bool
handshake(struct link *l)
{
	int result = SSL_do_handshake(l->ssl);

	if (result != 1) {
		if (!would_block(l, result))
			end(l);
		return false;
	}
	l->state = LINK_OPEN;
	l->resumed = SSL_session_reused(l->ssl) == 1;
	l->links->events.opened(l->links->context, l);
	return l->state == LINK_OPEN;
}

static void
receive(struct link *l)
{
	struct links *s = l->links;
	size_t got;
	int result;

	while ((result = SSL_read_ex(l->ssl, s->scratch, SCRATCH_SIZE, &got)) == 1)
		if (!hand_over(l, (struct view){s->scratch, got}))
			return;
	if (!would_block(l, result))
		end(l);
}

/* False if the link was closed over it. */
static bool
hand_over(struct link *l, struct view bytes)
{
	struct links *s = l->links;
	size_t taken;

	if (l->in.size > 0) {
		buf_append_view(&l->in, bytes);
		bytes = buf_view(&l->in);
	}
	taken = s->events.received(s->context, l, bytes);
	if (l->state != LINK_OPEN)
		return false;
	if (l->in.size > 0)
		buf_consume(&l->in, taken);
	else
		buf_append(&l->in, bytes.data + taken, bytes.size - taken);
	if (buf_status(&l->in) != ERR_OK)
		fail("memory");
	return true;
}

static void
flush(struct link *l)
{
	size_t written, sent = 0;

	if (l->state != LINK_OPEN)
		return;
	while (l->out.size > sent && !l->write_blocked) {
		if (SSL_write_ex(l->ssl, l->out.data + sent, l->out.size - sent, &written) == 1)
			sent += written;
		else
			l->write_blocked = true; /* a failure shows in the next read */
	}
	buf_consume(&l->out, sent);
	ERR_clear_error();
}

static void
end(struct link *l)
{
	link_close(l);
	l->links->events.ended(l->links->context, l);
}

static bool
would_block(const struct link *l, int result)
{
	int reason = SSL_get_error(l->ssl, result);

	return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE;
}
