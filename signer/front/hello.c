#include "signer/front/hello.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdbool.h>

#define RECORD_HEADER_SIZE  5 /* type, version, length: RFC 8446, 5.1 */
#define MESSAGE_HEADER_SIZE 4 /* type, length: RFC 8446, 4 */

static long on_call(BIO *bio, int call, const char *data, size_t size, int argi, long argl,
    int result, size_t *done);
static bool watch(struct hello_watch *w, const uint8_t *data, size_t size);
static bool watch_head(struct hello_watch *w);

void
hello_watch_begin(SSL *ssl, struct hello_watch *w)
{
	BIO *bio = SSL_get_rbio(ssl);

	BIO_set_callback_arg(bio, (char *)w);
	BIO_set_callback_ex(bio, on_call);
}

void
hello_watch_end(SSL *ssl)
{
	BIO_set_callback_ex(SSL_get_rbio(ssl), NULL);
}

static long
on_call(BIO *bio, int call, const char *data, size_t size, int argi, long argl, int result,
    size_t *done)
{
	struct hello_watch *w = (struct hello_watch *)(void *)BIO_get_callback_arg(bio);

	(void)size;
	(void)argi;
	(void)argl;
	if (call != (BIO_CB_READ | BIO_CB_RETURN) || result <= 0 ||
	    watch(w, (const uint8_t *)data, *done))
		return result;
	ERR_raise(ERR_LIB_SSL, SSL_R_EXCESSIVE_MESSAGE_SIZE);
	return -1;
}

/* False as soon as the size of a message is known to be too large. */
static bool
watch(struct hello_watch *w, const uint8_t *data, size_t size)
{
	size_t at = 0;

	while (at < size) {
		size_t skipped = w->skip < size - at ? w->skip : size - at;

		if (skipped > 0) {
			w->skip = (uint16_t)(w->skip - skipped);
			at += skipped;
			continue;
		}
		w->head[w->head_size++] = data[at++];
		if (w->head_size >= RECORD_HEADER_SIZE && !watch_head(w))
			return false;
	}
	return true;
}

/* The record's header is there, and perhaps the message's. */
static bool
watch_head(struct hello_watch *w)
{
	const uint8_t *message = w->head + RECORD_HEADER_SIZE;
	uint16_t record_size = (uint16_t)(w->head[3] << 8 | w->head[4]);
	uint32_t message_size;

	if (w->head[0] != SSL3_RT_HANDSHAKE) { /* encrypted, an alert, or nothing of TLS */
		w->head_size = 0;
		w->skip = record_size;
		return true;
	}
	if (w->head_size < sizeof(w->head))
		return true;
	message_size = (uint32_t)message[1] << 16 | (uint32_t)message[2] << 8 | message[3];
	w->head_size = 0;
	w->skip = (uint16_t)(record_size - MESSAGE_HEADER_SIZE);
	return message_size + MESSAGE_HEADER_SIZE == record_size && record_size <= HELLO_SIZE_MAX;
}
