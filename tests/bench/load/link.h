/*
 * Links: any number of TLS connections to one server on one thread and one epoll, nothing of which
 * blocks. What is written goes out at the end of the turn; what is read is handed over as it comes.
 *
 * A link is open when TLS is done on this side. The server may still refuse the certificate: only
 * its first byte shows that it did not.
 */
#ifndef HALLMARK_LOAD_LINK_H
#define HALLMARK_LOAD_LINK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "signer/front/tls_library.h"
#include "tests/bench/load/options.h"

enum link_state { LINK_CLOSED, LINK_CONNECTING, LINK_OPEN };

struct links;
struct identities;

struct link {
	struct links *links;
	unsigned number;
	enum link_state state;
	int fd;
	SSL *ssl;
	SSL_SESSION *ticket; /* of the last connection; NULL: none, or used */
	bool resumed;        /* this connection began with a ticket, and the server took it */
	bool write_blocked;
	bool dirty;
	struct buf in;  /* the start of what is not complete */
	struct buf out; /* append, then call link_wake */
};

struct link_events {
	void (*opened)(void *context, struct link *l);
	/* Returns how many bytes were taken; the rest comes again with more. */
	size_t (*received)(void *context, struct link *l, struct view bytes);
	/* The server has closed, or the connection has failed: the link is closed now. */
	void (*ended)(void *context, struct link *l);
};

struct links {
	const struct options *o;
	const char *alpn; /* length-prefixed, as OpenSSL takes it */
	struct link_events events;
	void *context;
	struct identities *identities;
	struct link *link; /* o->connections of them */
	struct link **dirty;
	unsigned dirty_count;
	unsigned opened; /* so far; chooses the source address */
	struct tls_library *library;
	SSL_CTX *tls;
	int epoll;
	uint8_t *scratch;
};

/* Ends the program if anything fails. */
void links_init(struct links *s, const struct options *o, const char *alpn);

/* Closes all, politely, so that the server does not count failures. */
void links_close(struct links *s);

/* Begins to connect a closed link. */
void link_open(struct link *l);
void link_close(struct link *l);

/* There is something to be sent. */
void link_wake(struct link *l);

/* Sends, waits up to `timeout_us` (or not at all) for something to happen, and handles it. */
void links_turn(struct links *s, uint64_t timeout_us);

#endif
