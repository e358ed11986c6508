#include "collector/report/channel.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "collector/ground/interrupt.h"
#include "collector/report/channel_context.h"
#include "proto/wire/frame.h"
#include "trust/alert.h"
#include "trust/verifier.h"

#define READ_SIZE 16384 /* bytes: a TLS record */

/*
 * Messages of TLS's own with nothing of the signer's between them. A ticket comes behind each
 * handshake, and KeyUpdate is due once in millions of records (RFC 8446, 5.5); OpenSSL goes on with
 * them until there is data, and a signer that sends nothing else would never be left.
 */
#define TLS_MESSAGES_MAX 64

struct channel {
	SSL *ssl;  /* NULL: a channel that is lent */
	X509 *own; /* of one that is lent */
	int what;  /* SSL_ERROR_*, of what such a one did last */
	int fd;
	bool broken;       /* no good-bye is possible */
	bool open;         /* hands are shaken */
	unsigned messages; /* of TLS's own, since there was data */
	const char *alert; /* by which the signer has ended it; NULL: none came */
	struct buf input;  /* `used` bytes of it were given out */
	size_t used;
};

static void drop_used(struct channel *c);
static enum err next_frame(struct channel *c, struct view *payload, struct trouble *t);
static enum err fill(struct channel *c, int *result);
static int get(struct channel *c, uint8_t *to, size_t size, size_t *got);
static int put(struct channel *c, struct view bytes, size_t *written);
static int moved(struct channel *c, ssize_t size, int again, size_t *count);
static int what_of(const struct channel *c, int result);
static enum err connect_lent(struct channel *c, const char *path, struct trouble *t);
static enum err be_let_in(struct channel *c, const char *path, struct trouble *t);
static enum err connect_any(const struct collector_signer *s, int *fd, struct trouble *t);
static enum err connect_one(const struct addrinfo *a, int *fd);
static enum err handshake(struct channel *c, const struct collector_signer *s, struct trouble *t);
static void on_tls_message(
    int sent, int version, int type, const void *bytes, size_t size, SSL *ssl, void *context);
static enum err end_of_stream(const struct channel *c);
static enum err set_name(SSL *ssl, const char *name);
static enum err wait_for(
    struct channel *c, int result, uint64_t deadline_ms, enum interrupt_wait wait);
static const char *find_alert(struct channel *c, int what);
static enum err ended(struct channel *c, enum err e, const char *doing, struct trouble *t);
static enum err handshake_failed(
    struct channel *c, const struct collector_signer *s, enum err e, struct trouble *t);

enum err
channel_open(
    struct channel_context *context, size_t signer, struct channel **out, struct trouble *t)
{
	const struct collector_signer *s = &context->config->signers[signer];
	struct channel *c = calloc(1, sizeof(*c));
	enum err e = ERR_MEMORY;

	*out = NULL;
	if (c == NULL)
		return ERR_MEMORY;
	c->input = BUF_INIT;
	c->broken = true;
	if ((e = connect_any(s, &c->fd, t)) != ERR_OK) {
		c->fd = -1;
	} else if ((c->ssl = SSL_new(context->ssl)) == NULL || SSL_set_fd(c->ssl, c->fd) != 1 ||
		   set_name(c->ssl, s->server_name) != ERR_OK) {
		e = ERR_MEMORY;
	} else {
		SSL_set_app_data(c->ssl, &context->tickets[signer]);
		SSL_set_msg_callback(c->ssl, on_tls_message);
		SSL_set_msg_callback_arg(c->ssl, c);
		if (context->tickets[signer] != NULL)
			(void)SSL_set_session(c->ssl, context->tickets[signer]);
		e = handshake(c, s, t);
	}
	if (e == ERR_OK)
		*out = c;
	else
		channel_close(&c);
	return e;
}

enum err
channel_open_lent(const char *path, size_t signer, const char *certificate, struct channel **out,
    struct trouble *t)
{
	const uint8_t number = (uint8_t)signer;
	struct channel *c = calloc(1, sizeof(*c));
	FILE *file = fopen(certificate, "re");
	enum err e = ERR_MEMORY;

	*out = NULL;
	if (c == NULL)
		goto end;
	c->input = BUF_INIT;
	c->fd = -1;
	c->own = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
	ERR_clear_error();
	if (c->own == NULL)
		e = trouble_set(t, ERR_CONFIG,
		    "tls.certificate %s: expected this host's certificate in PEM, readable for who "
		    "runs the gate",
		    certificate);
	else if ((e = connect_lent(c, path, t)) == ERR_OK && (e = be_let_in(c, path, t)) == ERR_OK)
		e = channel_write(c, (struct view){&number, sizeof(number)}, t);
	if (e == ERR_OK)
		*out = c;
	else
		channel_close(&c);
end:
	if (file != NULL)
		(void)fclose(file);
	return e;
}

void
channel_close(struct channel **c)
{
	if (*c == NULL)
		return;
	if ((*c)->ssl != NULL) {
		ERR_clear_error();
		if (!(*c)->broken)
			(void)SSL_shutdown((*c)->ssl);
		SSL_free((*c)->ssl);
	}
	if ((*c)->fd >= 0)
		(void)close((*c)->fd);
	X509_free((*c)->own);
	buf_free(&(*c)->input);
	free(*c);
	*c = NULL;
}

bool
channel_was_resumed(const struct channel *c)
{
	return c->ssl != NULL && SSL_session_reused(c->ssl) == 1;
}

X509 *
channel_certificate(const struct channel *c)
{
	return c->ssl != NULL ? SSL_get_certificate(c->ssl) : c->own;
}

enum err
channel_write(struct channel *c, struct view frames, struct trouble *t)
{
	const uint64_t deadline_ms = interrupt_clock_ms() + CHANNEL_WRITE_MS;
	enum err e;

	while (frames.size > 0) {
		size_t written = 0;
		int result;

		ERR_clear_error();
		result = put(c, frames, &written);
		if (result == 1) {
			frames = (struct view){frames.data + written, frames.size - written};
			continue;
		}
		if ((e = wait_for(c, result, deadline_ms, INTERRUPT_LAST_WORD)) != ERR_OK)
			return ended(c, e, "sending to the signer", t);
	}
	return ERR_OK;
}

enum err
channel_read(struct channel *c, uint64_t timeout_ms, struct view *payload, struct trouble *t)
{
	const uint64_t deadline_ms = interrupt_clock_ms() + timeout_ms;
	int result;
	enum err e;

	drop_used(c);
	for (;;) {
		if ((e = next_frame(c, payload, t)) != ERR_OK || payload->size > 0)
			return e;
		if ((e = fill(c, &result)) != ERR_OK)
			return e;
		if (result == 1)
			continue;
		e = wait_for(c, result, deadline_ms, INTERRUPT_LAST_WORD);
		if (e == ERR_CLOSED && c->input.size > 0)
			e = ERR_TRUNCATED;
		if (e != ERR_OK)
			return ended(c, e, "waiting for the signer's answer", t);
	}
}

/* A ticket that arrives late is read on the way, and is no news. */
enum err
channel_take(struct channel *c, struct view *payload, struct trouble *t)
{
	int result;
	enum err e;

	drop_used(c);
	for (;;) {
		if ((e = next_frame(c, payload, t)) != ERR_OK || payload->size > 0)
			return e;
		if ((e = fill(c, &result)) != ERR_OK)
			return e;
		if (result == 1)
			continue;
		switch (what_of(c, result)) {
		case SSL_ERROR_WANT_READ:
		case SSL_ERROR_WANT_WRITE:
			return ERR_OK;
		case SSL_ERROR_ZERO_RETURN:
			if ((e = end_of_stream(c)) == ERR_CLOSED)
				return e;
			return ended(c, e, "between reports", t);
		default:
			c->broken = true;
			c->alert = alert_received();
			return c->alert != NULL ? ended(c, ERR_TLS_RECORD, "between reports", t)
						: ERR_CLOSED;
		}
	}
}

int
channel_descriptor(const struct channel *c)
{
	return c->fd;
}

static void
drop_used(struct channel *c)
{
	buf_consume(&c->input, c->used);
	c->used = 0;
}

/* The frame at the front of what was read; size 0 if not all of it is there. */
static enum err
next_frame(struct channel *c, struct view *payload, struct trouble *t)
{
	enum err e = frame_next(buf_view(&c->input), payload, &c->used);

	if (e != ERR_OK) {
		c->broken = true;
		return trouble_set(t, e, "the signer's answer: %s", err_text(e));
	}
	if (c->used == 0)
		*payload = (struct view){NULL, 0};
	return ERR_OK;
}

/* Reads what TLS has, once; `result` is that of SSL_read_ex. */
static enum err
fill(struct channel *c, int *result)
{
	uint8_t *p = buf_reserve(&c->input, READ_SIZE);
	size_t got;

	if (p == NULL)
		return ERR_MEMORY;
	ERR_clear_error();
	*result = get(c, p, READ_SIZE, &got);
	if (*result == 1) {
		c->input.size += got;
		c->messages = 0;
	}
	return ERR_OK;
}

/* As SSL_read_ex and SSL_write_ex. */
static int
get(struct channel *c, uint8_t *to, size_t size, size_t *got)
{
	if (c->ssl != NULL)
		return SSL_read_ex(c->ssl, to, size, got);
	return moved(c, recv(c->fd, to, size, 0), SSL_ERROR_WANT_READ, got);
}

static int
put(struct channel *c, struct view bytes, size_t *written)
{
	if (c->ssl != NULL)
		return SSL_write_ex(c->ssl, bytes.data, bytes.size, written);
	return moved(
	    c, send(c->fd, bytes.data, bytes.size, MSG_NOSIGNAL), SSL_ERROR_WANT_WRITE, written);
}

/* What a call has moved, in the words of TLS. */
static int
moved(struct channel *c, ssize_t size, int again, size_t *count)
{
	c->what = size == 0                                         ? SSL_ERROR_ZERO_RETURN
		  : size < 0 && (errno == EAGAIN || errno == EINTR) ? again
								    : SSL_ERROR_SYSCALL;
	*count = size > 0 ? (size_t)size : 0;
	return size > 0;
}

static int
what_of(const struct channel *c, int result)
{
	return c->ssl != NULL ? SSL_get_error(c->ssl, result) : c->what;
}

/* Who listens there has an answer soon: it is a process of this host, or gone. */
static enum err
connect_lent(struct channel *c, const char *path, struct trouble *t)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, path, strlen(path) + 1); /* checked when it was loaded */
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd >= 0 && connect(c->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return ERR_OK;
	/* Where as many wait as may, it is there. */
	return trouble_set(t, errno == EAGAIN ? ERR_BUSY : ERR_NOT_FOUND, "gate.socket %s: %s",
	    path, strerror(errno));
}

/* Before anything is said: what is not read when the other end goes would take its word with it. */
static enum err
be_let_in(struct channel *c, const char *path, struct trouble *t)
{
	struct pollfd ready = {.fd = c->fd, .events = POLLIN};
	uint8_t word = 0;

	if (interrupt_poll(&ready, 1, CHANNEL_CONNECT_MS, INTERRUPT_STOP) <= 0)
		return trouble_set(t, ERR_TIMEOUT_FRAME,
		    "gate.socket %s: the running collector does not answer", path);
	if (recv(c->fd, &word, sizeof(word), 0) == 1 && word == CHANNEL_LENT_YOURS)
		return ERR_OK;
	if (word == CHANNEL_LENT_STRANGER)
		return trouble_set(t, ERR_UNAUTHORIZED,
		    "gate.socket %s: expected root, the collector's user or a member of "
		    "gate.group; this is user %u",
		    path, (unsigned)geteuid());
	return word == CHANNEL_LENT_BUSY
		   ? trouble_set(t, ERR_BUSY, "gate.socket %s: too many gates ask at once", path)
		   : trouble_set(
			 t, ERR_CLOSED, "gate.socket %s: the running collector ended", path);
}

static enum err
connect_any(const struct collector_signer *s, int *fd, struct trouble *t)
{
	const struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
	struct addrinfo *list;
	enum err e = ERR_IO;
	int reason;

	if ((reason = getaddrinfo(s->host, s->port, &hints, &list)) != 0)
		return trouble_set(t, ERR_NOT_FOUND, "signer %s:%s: %s", s->host, s->port,
		    reason == EAI_SYSTEM ? strerror(errno) : gai_strerror(reason));
	for (const struct addrinfo *a = list; a != NULL && e != ERR_OK; a = a->ai_next)
		e = connect_one(a, fd);
	if (e != ERR_OK)
		(void)trouble_set(t, e, "signer %s:%s: %s", s->host, s->port, strerror(errno));
	freeaddrinfo(list);
	return e;
}

static enum err
connect_one(const struct addrinfo *a, int *fd)
{
	const uint64_t deadline_ms = interrupt_clock_ms() + CHANNEL_CONNECT_MS;
	struct pollfd ready = {-1, POLLOUT, 0};
	socklen_t size = sizeof(int);
	int on = 1, result, reason = 0;

	ready.fd =
	    socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
	if (ready.fd < 0)
		return ERR_IO;
	(void)setsockopt(ready.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	result = connect(ready.fd, a->ai_addr, a->ai_addrlen);
	reason = result == 0 ? 0 : errno;
	while (reason == EINPROGRESS || reason == EINTR) {
		const uint64_t now_ms = interrupt_clock_ms();

		result = now_ms < deadline_ms
			     ? interrupt_poll(&ready, 1, deadline_ms - now_ms, INTERRUPT_STOP)
			     : 0;
		if (result == 0)
			reason = ETIMEDOUT;
		else if (result < 0 && interrupt_cuts(INTERRUPT_STOP))
			reason = interrupt_stop() ? ECANCELED : ETIMEDOUT;
		else if (result > 0 &&
			 getsockopt(ready.fd, SOL_SOCKET, SO_ERROR, &reason, &size) != 0)
			reason = errno;
	}
	if (reason != 0) {
		(void)close(ready.fd);
		errno = reason;
		return ERR_IO;
	}
	*fd = ready.fd;
	return ERR_OK;
}

static enum err
handshake(struct channel *c, const struct collector_signer *s, struct trouble *t)
{
	const uint64_t deadline_ms = interrupt_clock_ms() + CHANNEL_HANDSHAKE_MS;
	const unsigned char *protocol;
	unsigned size;
	int result;
	enum err e;

	for (;;) {
		ERR_clear_error();
		if ((result = SSL_connect(c->ssl)) == 1)
			break;
		if ((e = wait_for(c, result, deadline_ms, INTERRUPT_STOP)) != ERR_OK)
			return handshake_failed(c, s, e, t);
	}
	SSL_get0_alpn_selected(c->ssl, &protocol, &size);
	if (size == 0) /* whatever listens there, it is no signer */
		return trouble_set(t, ERR_TLS_HANDSHAKE,
		    "signer %s:%s does not speak the protocol \"hallmark\" (ALPN)", s->host,
		    s->port);
	c->broken = false;
	c->open = true;
	return ERR_OK;
}

/* Too many, and the stream is taken for ended. */
static void
on_tls_message(
    int sent, int version, int type, const void *bytes, size_t size, SSL *ssl, void *context)
{
	struct channel *c = context;

	(void)version;
	(void)bytes;
	(void)size;
	if (!sent && type == SSL3_RT_HANDSHAKE && c->open && ++c->messages > TLS_MESSAGES_MAX)
		SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
}

static enum err
end_of_stream(const struct channel *c)
{
	return c->messages > TLS_MESSAGES_MAX ? ERR_TLS_RECORD : ERR_CLOSED;
}

static enum err
set_name(SSL *ssl, const char *name)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
		return ERR_OK;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(param, name, 0) == 1 &&
		       SSL_set_tlsext_host_name(ssl, name) == 1
		   ? ERR_OK
		   : ERR_MEMORY;
}

/* Waits until the call that gave `result` can go on; ERR_OK: try it again. */
static enum err
wait_for(struct channel *c, int result, uint64_t deadline_ms, enum interrupt_wait wait)
{
	const int what = what_of(c, result);
	const uint64_t now_ms = interrupt_clock_ms();
	struct pollfd ready = {c->fd, 0, 0};

	if (what == SSL_ERROR_ZERO_RETURN)
		return end_of_stream(c);
	if (what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE) {
		c->broken = true;
		c->alert = find_alert(c, what);
		if (what == SSL_ERROR_SYSCALL ||
		    ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
			return ERR_CLOSED;
		return ERR_TLS_RECORD;
	}
	ready.events = what == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
	if (now_ms < deadline_ms && interrupt_poll(&ready, 1, deadline_ms - now_ms, wait) > 0)
		return ERR_OK;
	if (interrupt_cuts(wait))
		return interrupt_stop() ? ERR_CLOSED : ERR_TIMEOUT_FRAME;
	return interrupt_clock_ms() < deadline_ms ? ERR_OK : ERR_TIMEOUT_FRAME;
}

/*
 * TLS 1.3 ends its handshake here before the signer has looked at this host's certificate: what
 * that thinks of it is an alert on what comes next. Whoever is writing then may find the connection
 * broken, with the alert still to be read.
 */
static const char *
find_alert(struct channel *c, int what)
{
	const char *alert = alert_received();
	uint8_t byte;
	size_t got;

	if (alert != NULL || what != SSL_ERROR_SYSCALL || c->ssl == NULL ||
	    !SSL_is_init_finished(c->ssl))
		return alert;
	ERR_clear_error();
	(void)SSL_read_ex(c->ssl, &byte, sizeof(byte), &got);
	return alert_received();
}

/* A session that is over, in words: by an alert, or by what was found here. */
static enum err
ended(struct channel *c, enum err e, const char *doing, struct trouble *t)
{
	if (c->alert != NULL)
		return trouble_set(t, ERR_TLS_RECORD,
		    "%s: the signer ended the connection: it sent the alert \"%s\"", doing,
		    c->alert);
	return trouble_set(
	    t, e, "%s: %s", doing, e == ERR_TIMEOUT_FRAME ? "it took too long" : err_text(e));
}

static enum err
handshake_failed(struct channel *c, const struct collector_signer *s, enum err e, struct trouble *t)
{
	const long verdict = SSL_get_verify_result(c->ssl);
	const char *why = verifier_reason(c->ssl);

	if (e == ERR_TIMEOUT_FRAME)
		return trouble_set(t, ERR_TIMEOUT_HANDSHAKE, "signer %s:%s: %s", s->host, s->port,
		    err_text(ERR_TIMEOUT_HANDSHAKE));
	if (c->alert != NULL)
		return trouble_set(t, ERR_TLS_HANDSHAKE,
		    "signer %s:%s: TLS handshake: it sent the alert \"%s\"", s->host, s->port,
		    c->alert);
	if (verdict != X509_V_OK)
		return trouble_set(t, ERR_TLS_HANDSHAKE,
		    "signer %s:%s: its certificate is refused (%s); expected one by tls.signer_ca "
		    "for %s",
		    s->host, s->port, why != NULL ? why : X509_verify_cert_error_string(verdict),
		    s->server_name);
	return trouble_set(t, ERR_TLS_HANDSHAKE, "signer %s:%s: TLS handshake: %s", s->host,
	    s->port, e == ERR_CLOSED ? "the signer closed" : channel_crypto_reason());
}
