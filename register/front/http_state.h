/*
 * The insides of the server and its connections: http_server.c listens and looks after deadlines,
 * http_conn.c is a connection, http_io.c its socket, http_answer.c what is answered, http_work.c
 * runs handlers in threads, http_stream.c is what stays open. Nobody else includes this.
 */
#ifndef HALLMARK_REGISTER_FRONT_HTTP_STATE_H
#define HALLMARK_REGISTER_FRONT_HTTP_STATE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <uv.h>

#include "register/front/http_settings.h"
#include "register/front/request_scan.h"

#define HTTP_SCRATCH_SIZE (16 * 1024) /* bytes read at once: a record of TLS */
#define HTTP_DATE_SIZE    40          /* "Date: Mon, 30 Nov 2026 20:20:20 GMT\r\n" and NUL */

/* The moves are a table in http_conn.c. */
enum http_state {
	HTTP_HANDSHAKE,
	HTTP_READING,   /* a request, or nothing yet */
	HTTP_WORKING,   /* a thread has it */
	HTTP_STREAMING, /* the peer listens */
	HTTP_CLOSING,   /* sends what is left */
	HTTP_DRAINING,  /* has sent it, and reads until the peer has seen it: a reset would lose it
			 */
	HTTP_CLOSED,    /* waits for the loop to let go of the handle */
	HTTP_STATES,
};

/* How long each step may take; all of one kind are in a list, the first to expire in front. */
enum http_due {
	HTTP_DUE_NEVER,
	HTTP_DUE_HANDSHAKE,
	HTTP_DUE_HEAD, /* from its first byte to its last */
	HTTP_DUE_BODY,
	HTTP_DUE_READER, /* since the peer has read so much of what is there for him */
	HTTP_DUE_IDLE,
	HTTP_DUE_DRAIN,
	HTTP_DUE_NOW,
	HTTP_DUES,
};

struct http_job;

/* A connection's other face, for whom a stream is. */
struct http_stream {
	struct http_conn *conn;
	void (*ended)(void *context);
	void *context;
};

struct http_conn {
	uv_poll_t poll;
	struct http_server *server;
	const struct http_listen *listen;
	const struct http_listener *listener;
	struct http_conn *next, *prev;         /* all of the server */
	struct http_conn *due_next, *due_prev; /* of the same kind of deadline */
	uint64_t due_ms;
	uint64_t number;
	enum http_due due;
	enum http_state state;
	int fd, polled;
	SSL *ssl; /* NULL: none */
	unsigned tls_steps;
	struct caller caller;
	struct request_scan scan;
	size_t need;      /* bytes of the request that is being read, once its head is known */
	struct buf in;    /* of requests that are not whole, or wait for their turn */
	struct buf out;   /* answers, to be sent */
	size_t counted;   /* bytes of `in` and `out` that the server has counted */
	size_t read_back; /* bytes that the peer took since his deadline began */
	struct http_job *job;
	struct errand errand; /* of the request that was taken last, until a thread has it */
	struct http_stream stream;
	bool write_blocked, read_blocked; /* TLS may want the one for the other */
	bool ended_reading;               /* the peer sends nothing more */
	bool waits;                       /* for bytes: what is in `in` is not a whole request */
};

struct http_listener {
	uv_poll_t poll;
	struct http_server *server;
	const struct http_listen *listen;
	SSL_CTX *tls;
	int fd;
	bool local;
	bool open;
	bool paused; /* out of descriptors; goes on when there are some */
};

struct http_server {
	uv_loop_t *loop;
	struct http_settings settings;
	struct http_listener listener[HTTP_LISTENERS_MAX];
	size_t listeners;
	struct http_conn *all;
	struct http_conn *due[HTTP_DUES];
	uv_timer_t timer;
	struct http_counts counts;
	uint64_t last_number;
	uint64_t date_s; /* that `date` is of */
	char date[HTTP_DATE_SIZE];
	size_t held;      /* bytes of requests and answers, of all connections */
	unsigned jobs;    /* errands among them */
	unsigned errands; /* that have threads of their own */
	bool closing;
	uint64_t closing_ms;
	size_t handles; /* not yet let go of by the loop */
	void (*closed)(void *context);
	void *closed_context;
	uint8_t scratch[HTTP_SCRATCH_SIZE];
};

#endif
