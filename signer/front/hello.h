/*
 * How large a peer's hello may be.
 *
 * OpenSSL takes, and fills, as much memory for a handshake message as the message says it is long,
 * before it has come: 150 KiB for four bytes of a stranger. So the bytes are looked at before
 * OpenSSL has them. What is not encrypted yet is a hello, or another one that the signer asked for
 * (RFC 8446, 4.1.4); it must be the whole of a record, as all clients send it. Of the certificates,
 * which come encrypted, OpenSSL bounds the size itself.
 */
#ifndef HALLMARK_SIGNER_FRONT_HELLO_H
#define HALLMARK_SIGNER_FRONT_HELLO_H

#include <openssl/ssl.h>
#include <stdint.h>

/* Bytes of a handshake message; OpenSSL has room for so many in any case. Clients send 2 KiB. */
#define HELLO_SIZE_MAX (16 * 1024)

/* Where in the stream of records the peer is. All zero at first. */
struct hello_watch {
	uint8_t head[9]; /* of the record, and of the message in it */
	uint8_t head_size;
	uint16_t skip; /* bytes of the record behind it */
};

/* Until hello_watch_end a larger one fails the handshake. `w` must live as long. */
void hello_watch_begin(SSL *ssl, struct hello_watch *w);
void hello_watch_end(SSL *ssl);

#endif
