#include "register/front/http_io.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>

/*
 * Steps of TLS's own a read. What can come once hands are shaken is KeyUpdate, once in millions of
 * records: OpenSSL goes on with them, and answers them, until there is data, and a peer that sends
 * nothing else would have the loop to itself.
 */
#define TLS_STEPS_MAX 64

static void on_tls_step(const SSL *ssl, int where, int result);
static enum http_want tls_want(struct http_conn *c, int result);

bool
http_io_begin(struct http_conn *c, SSL_CTX *tls)
{
	if ((c->ssl = SSL_new(tls)) == NULL || SSL_set_fd(c->ssl, c->fd) != 1)
		return false;
	SSL_set_accept_state(c->ssl);
	SSL_set_app_data(c->ssl, c);
	SSL_set_info_callback(c->ssl, on_tls_step);
	return true;
}

enum http_want
http_io_shake(struct http_conn *c)
{
	const int result = SSL_do_handshake(c->ssl);

	return result == 1 ? HTTP_WANT_NOTHING : tls_want(c, result);
}

enum http_want
http_io_read(struct http_conn *c, uint8_t *to, size_t room, size_t *got)
{
	ssize_t size;

	*got = 0;
	if (c->ssl != NULL) {
		int result;

		c->tls_steps = 0;
		result = SSL_read_ex(c->ssl, to, room, got);
		return result == 1 ? HTTP_WANT_NOTHING : tls_want(c, result);
	}
	do
		size = recv(c->fd, to, room, MSG_DONTWAIT);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return errno == EAGAIN ? HTTP_WANT_READ : HTTP_WANT_CLOSE;
	*got = (size_t)size;
	return size > 0 ? HTTP_WANT_NOTHING : HTTP_WANT_CLOSE;
}

enum http_want
http_io_write(struct http_conn *c, const uint8_t *from, size_t size, size_t *sent)
{
	ssize_t done;

	*sent = 0;
	if (c->ssl != NULL) {
		const int result = SSL_write_ex(c->ssl, from, size, sent);

		return result == 1 ? HTTP_WANT_NOTHING : tls_want(c, result);
	}
	do
		done = send(c->fd, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return errno == EAGAIN ? HTTP_WANT_WRITE : HTTP_WANT_CLOSE;
	*sent = (size_t)done;
	return HTTP_WANT_NOTHING;
}

void
http_io_finish(struct http_conn *c)
{
	if (c->ssl != NULL && SSL_is_init_finished(c->ssl))
		(void)SSL_shutdown(c->ssl);
	ERR_clear_error();
	(void)shutdown(c->fd, SHUT_WR); /* of a peer that is gone there is nothing to end */
}

static void
on_tls_step(const SSL *ssl, int where, int result)
{
	struct http_conn *c = SSL_get_app_data(ssl);

	(void)result;
	if (where == SSL_CB_ACCEPT_LOOP && c->state != HTTP_HANDSHAKE &&
	    ++c->tls_steps > TLS_STEPS_MAX)
		SSL_set_shutdown(c->ssl, SSL_RECEIVED_SHUTDOWN);
}

static enum http_want
tls_want(struct http_conn *c, int result)
{
	switch (SSL_get_error(c->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return HTTP_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return HTTP_WANT_WRITE;
	default:
		return HTTP_WANT_CLOSE;
	}
}
