#include "register/relay/signer_link.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "config/pass_phrase.h"
#include "log/inputfile.h"
#include "proto/wire/frame.h"
#include "trust/authorities.h"
#include "trust/crypto_reason.h"
#include "trust/own_chain.h"
#include "trust/verifier.h"

#define READ_SIZE 16384         /* bytes: a TLS record */
#define FILE_MAX  (1024 * 1024) /* bytes of certificates */

struct link {
	const struct register_signer *signer;
	uint64_t deadline_ms;
	SSL_CTX *tls;
	SSL *ssl;
	int fd;
	size_t used; /* of the answer's bytes: frames that were looked at */
	char *why;
};

static const unsigned char alpn[] = "\x08" PROTOCOL_ALPN; /* a length and the name */

static enum err failed(struct link *l, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static enum err load(struct link *l);
static enum err load_own(struct link *l);
static enum err load_ca(struct link *l);
static enum err connect_any(struct link *l);
static enum err connect_one(struct link *l, const struct addrinfo *a);
static enum err handshake(struct link *l);
static enum err set_name(SSL *ssl, const char *name);
static enum err send_all(struct link *l, struct view bytes);
static enum err say_hello(struct link *l, struct signer_answer *a);
static enum err next_message(struct link *l, struct signer_answer *a);
static enum err await_answer(struct link *l, struct signer_answer *a);
static enum err wait_tls(struct link *l, int result, enum err broken, const char *doing);
static bool wait_fd(struct link *l, short events);

enum err
signer_link_ask(const struct register_signer *signer, struct view frame, uint64_t deadline_ms,
    struct signer_answer *out, char why[SIGNER_LINK_WHY_SIZE])
{
	struct link l = {.signer = signer, .deadline_ms = deadline_ms, .fd = -1, .why = why};
	enum err e = ERR_MEMORY;

	*out = (struct signer_answer){.bytes = BUF_INIT};
	(void)snprintf(why, SIGNER_LINK_WHY_SIZE, "out of memory");
	if ((out->decoder = message_decoder_new()) != NULL && (e = load(&l)) == ERR_OK &&
	    (e = connect_any(&l)) == ERR_OK && (e = handshake(&l)) == ERR_OK &&
	    (e = say_hello(&l, out)) == ERR_OK && (e = send_all(&l, frame)) == ERR_OK)
		e = await_answer(&l, out);
	if (l.ssl != NULL && e == ERR_OK)
		(void)SSL_shutdown(l.ssl);
	SSL_free(l.ssl);
	SSL_CTX_free(l.tls);
	if (l.fd >= 0)
		(void)close(l.fd);
	ERR_clear_error();
	return e;
}

void
signer_answer_free(struct signer_answer *a)
{
	message_decoder_free(&a->decoder);
	buf_free(&a->bytes);
}

uint64_t
signer_link_now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static enum err
failed(struct link *l, enum err e, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(l->why, SIGNER_LINK_WHY_SIZE, format, arguments);
	va_end(arguments);
	return e;
}

static enum err
load(struct link *l)
{
	enum err e;

	ERR_clear_error();
	if ((l->tls = SSL_CTX_new(TLS_client_method())) == NULL ||
	    SSL_CTX_set_min_proto_version(l->tls, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_alpn_protos(l->tls, alpn, sizeof(alpn) - 1) != 0)
		return ERR_MEMORY;
	if ((e = load_own(l)) != ERR_OK || (e = load_ca(l)) != ERR_OK)
		return e;
	SSL_CTX_set_verify(l->tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(l->tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
				     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
	return ERR_OK;
}

static enum err
load_own(struct link *l)
{
	const char *why = "no such file, or not readable";
	struct buf pem = BUF_INIT;
	enum err e = inputfile_read(AT_FDCWD, l->signer->certificate, FILE_MAX, &pem);

	if (e == ERR_OK)
		e = own_chain_use(l->tls, NULL, buf_view(&pem), &why);
	buf_free(&pem);
	if (e != ERR_OK)
		return failed(l, ERR_CONFIG,
		    "signer.certificate %s: expected a PEM certificate chain, found %s",
		    l->signer->certificate, why);
	SSL_CTX_set_default_passwd_cb(l->tls, pass_phrase_refuse);
	if (SSL_CTX_use_PrivateKey_file(l->tls, l->signer->key, SSL_FILETYPE_PEM) == 1)
		return ERR_OK;
	return failed(l, ERR_CONFIG,
	    "signer.key %s: expected the PEM private key of signer.certificate, without a pass "
	    "phrase",
	    l->signer->key);
}

static enum err
load_ca(struct link *l)
{
	struct faults faults = FAULTS_INIT;
	struct authorities *a = NULL;
	struct buf pem = BUF_INIT;
	X509_STORE *store;
	enum err e = inputfile_read(AT_FDCWD, l->signer->ca, FILE_MAX, &pem);

	if (e == ERR_OK)
		e = authorities_parse(
		    l->signer->ca, "signer.ca", buf_view(&pem), NULL, &faults, &a);
	faults_free(&faults);
	buf_free(&pem);
	if (e != ERR_OK)
		return failed(
		    l, ERR_CONFIG, "signer.ca %s: expected certificates in PEM", l->signer->ca);
	store = verifier_new(a, NULL); /* takes them */
	e = store != NULL ? verifier_attach(store, l->tls) : ERR_MEMORY;
	X509_STORE_free(store);
	return e;
}

static enum err
connect_any(struct link *l)
{
	const struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG};
	struct addrinfo *list;
	enum err e = ERR_IO;
	char port[8];
	int reason;

	(void)snprintf(port, sizeof(port), "%u", (unsigned)l->signer->port);
	if ((reason = getaddrinfo(l->signer->host, port, &hints, &list)) != 0)
		return failed(
		    l, ERR_IO, "the signer's address does not resolve: %s", gai_strerror(reason));
	for (const struct addrinfo *a = list; a != NULL && e != ERR_OK; a = a->ai_next)
		e = connect_one(l, a);
	freeaddrinfo(list);
	return e;
}

static enum err
connect_one(struct link *l, const struct addrinfo *a)
{
	socklen_t size = sizeof(int);
	int on = 1, reason;

	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
	if (l->fd < 0)
		return failed(l, ERR_IO, "no socket: %s", strerror(errno));
	(void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	reason = connect(l->fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
	if (reason == EINPROGRESS) {
		if (!wait_fd(l, POLLOUT))
			return failed(
			    l, ERR_TIMEOUT_HANDSHAKE, "the signer cannot be reached in time");
		if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &reason, &size) != 0)
			reason = errno;
	}
	return reason == 0 ? ERR_OK
			   : failed(l, ERR_IO, "the signer is not there: %s", strerror(reason));
}

static enum err
handshake(struct link *l)
{
	const char *reason;
	int result;
	enum err e;

	if ((l->ssl = SSL_new(l->tls)) == NULL || SSL_set_fd(l->ssl, l->fd) != 1 ||
	    set_name(l->ssl, l->signer->server_name) != ERR_OK)
		return ERR_MEMORY;
	for (;;) {
		ERR_clear_error();
		if ((result = SSL_connect(l->ssl)) == 1)
			return ERR_OK;
		if ((e = wait_tls(l, result, ERR_TLS_HANDSHAKE, "the handshake")) == ERR_OK)
			continue;
		if ((reason = verifier_reason(l->ssl)) != NULL)
			return failed(l, e, "the signer's certificate: %s", reason);
		return e;
	}
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

static enum err
send_all(struct link *l, struct view bytes)
{
	size_t written;
	int result;
	enum err e;

	while (bytes.size > 0) {
		ERR_clear_error();
		if ((result = SSL_write_ex(l->ssl, bytes.data, bytes.size, &written)) == 1)
			bytes = (struct view){bytes.data + written, bytes.size - written};
		else if ((e = wait_tls(l, result, ERR_IO, "sending")) != ERR_OK)
			return e;
	}
	return ERR_OK;
}

static enum err
say_hello(struct link *l, struct signer_answer *a)
{
	const struct message_hello hello = {
	    1, {PROTOCOL_VERSION}, view_of_string("hallmark-register " HALLMARK_VERSION)};
	struct buf frame = BUF_INIT;
	enum err e;

	message_write_hello(&frame, &hello);
	e = buf_status(&frame) == ERR_OK ? send_all(l, buf_view(&frame)) : ERR_MEMORY;
	buf_free(&frame);
	if (e != ERR_OK || (e = next_message(l, a)) != ERR_OK)
		return e;
	if (a->message.type == MESSAGE_REFUSAL)
		return failed(l, a->message.body.refusal.code, "the signer refuses: %s",
		    err_text(a->message.body.refusal.code));
	return a->message.type == MESSAGE_WELCOME
		   ? ERR_OK
		   : failed(l, ERR_MSG_ORDER, "the signer does not greet");
}

/* The message before is gone with it. */
static enum err
next_message(struct link *l, struct signer_answer *a)
{
	struct view payload;
	size_t used, got;
	uint8_t *room;
	int result;
	enum err e;

	buf_consume(&a->bytes, l->used);
	l->used = 0;
	for (;;) {
		if ((e = frame_next(buf_view(&a->bytes), &payload, &used)) != ERR_OK)
			return failed(l, e, "the signer's answer: %s", err_text(e));
		if (used > 0) {
			l->used = used;
			e = message_decode(a->decoder, payload, &a->message);
			return e == ERR_OK ? e
					   : failed(l, e, "the signer's answer: %s", err_text(e));
		}
		if ((room = buf_reserve(&a->bytes, READ_SIZE)) == NULL)
			return ERR_MEMORY;
		ERR_clear_error();
		if ((result = SSL_read_ex(l->ssl, room, READ_SIZE, &got)) == 1)
			a->bytes.size += got;
		else if ((e = wait_tls(l, result, ERR_IO, "its answer")) != ERR_OK)
			return e;
	}
}

static enum err
await_answer(struct link *l, struct signer_answer *a)
{
	const struct message *m = &a->message;
	uint64_t id = 0;
	enum err e;

	if ((e = next_message(l, a)) != ERR_OK)
		return e;
	if (m->type == MESSAGE_REFUSAL && !m->body.refusal.has_id)
		return failed(l, m->body.refusal.code, "the signer refuses: %s",
		    err_text(m->body.refusal.code));
	if (m->type == MESSAGE_REFUSAL)
		id = m->body.refusal.id;
	else if (m->type == MESSAGE_CHALLENGED)
		id = m->body.challenged.id;
	else if (m->type == MESSAGE_NOTED)
		id = m->body.noted.id;
	return id == SIGNER_LINK_ID ? ERR_OK
				    : failed(l, ERR_MISMATCH, "the signer answers something else");
}

/* ERR_OK: try again. */
static enum err
wait_tls(struct link *l, int result, enum err broken, const char *doing)
{
	const int what = SSL_get_error(l->ssl, result);
	const char *reason;

	if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE) {
		if (wait_fd(l, what == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT))
			return ERR_OK;
		return failed(l, ERR_TIMEOUT_FRAME, "no answer of the signer in time");
	}
	reason = crypto_reason();
	return failed(l, broken, "the signer's connection ended at %s%s%s", doing,
	    reason != NULL ? ": " : "", reason != NULL ? reason : "");
}

static bool
wait_fd(struct link *l, short events)
{
	struct pollfd ready = {l->fd, events, 0};
	uint64_t now_ms;

	while ((now_ms = signer_link_now_ms()) < l->deadline_ms) {
		const int count = poll(&ready, 1, (int)(l->deadline_ms - now_ms));

		if (count > 0)
			return true;
		if (count < 0 && errno != EINTR)
			return false;
	}
	return false;
}
