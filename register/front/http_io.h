/*
 * Bytes of a connection's socket, with TLS or without: each call goes as far as it can at once, and
 * says what it waits for.
 */
#ifndef HALLMARK_REGISTER_FRONT_HTTP_IO_H
#define HALLMARK_REGISTER_FRONT_HTTP_IO_H

#include <stddef.h>
#include <stdint.h>

#include "register/front/http_state.h"

enum http_want {
	HTTP_WANT_NOTHING,
	HTTP_WANT_READ,
	HTTP_WANT_WRITE,
	HTTP_WANT_CLOSE, /* the peer has ended it, or it is broken */
};

/* Begins TLS on an accepted socket; false for want of memory. */
bool http_io_begin(struct http_conn *c, SSL_CTX *tls);

/* Goes on with the handshake; HTTP_WANT_NOTHING: it is done. */
enum http_want http_io_shake(struct http_conn *c);

/* Some bytes, of which there are *got; 0 of them where anything else than NOTHING comes back. */
enum http_want http_io_read(struct http_conn *c, uint8_t *to, size_t room, size_t *got);
enum http_want http_io_write(struct http_conn *c, const uint8_t *from, size_t size, size_t *sent);

/* Says that nothing more will come. */
void http_io_finish(struct http_conn *c);

#endif
