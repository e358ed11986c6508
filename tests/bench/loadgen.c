/*
 * Load for a signer: connections with many workloads each, every workload sending its next bundle
 * as soon as its receipt is there. Counts receipts, measures latency, verifies a sample completely.
 *
 *   loadgen --port N --ca FILE --cert FILE --key FILE --log-cert FILE [--connections N]
 *           [--workloads N] [--seconds N] [--sample N] [--change] [--rate N] [--prefix TEXT]
 *
 * One thread, epoll: the load must not need more than its own core. Prints one JSON object.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "proto/checkpoint.h"
#include "proto/frame.h"
#include "proto/message.h"
#include "proto/note.h"

#define BUCKETS   10000 /* of latency, 10 us each: up to 100 ms, the last for all above */
#define BUCKET_US 10
#define READ_SIZE (256 * 1024)

struct options {
	const char *ca, *cert, *key, *log_cert, *prefix;
	uint16_t port;
	unsigned connections, workloads, seconds, sample, rate;
	bool change;
};

struct load_workload {
	char name[64];
	uint64_t seq;
	struct digest prev;
	struct buf component;
	uint64_t sent_us; /* 0: idle */
};

struct load_connection {
	int fd;
	SSL *ssl;
	struct buf in, out;
	uint8_t nonce[NONCE_SIZE];
	bool welcomed, write_blocked;
	struct load_workload *workload;
	unsigned next; /* workload to send when the rate allows */
};

struct load {
	struct options o;
	SSL_CTX *tls;
	struct message_decoder *decoder;
	struct note_verifier *verifier;
	struct load_connection *connection;
	int epoll;
	uint64_t receipts, refusals, verified, report_bytes, receipt_bytes;
	uint64_t began_us, due; /* due: bundles that the rate has allowed so far */
	uint64_t latency[BUCKETS];
	bool stopping;
	uint8_t scratch[READ_SIZE];
};

static void die(const char *what);
static uint64_t now_us(void);
static void parse_options(int argc, char **argv, struct options *o);
static void make_verifier(struct load *l);
static void connect_all(struct load *l);
static void make_component(struct load_workload *w, uint64_t salt);
static void send_bundle(struct load *l, struct load_connection *c, struct load_workload *w);
static void send_components(
    struct load *l, struct load_connection *c, const struct message_want *w);
static void on_receipt(struct load *l, struct load_connection *c, const struct message_receipt *r);
static void verify(struct load *l, const struct message_receipt *r);
static void on_message(struct load *l, struct load_connection *c, const struct message *m);
static void drive(struct load *l, struct load_connection *c);
static void flush(struct load *l, struct load_connection *c);
static struct load_workload *find_workload(
    struct load *l, struct load_connection *c, struct view name);
static void pace(struct load *l);
static uint64_t quantile_us(const struct load *l, double q);

int
main(int argc, char **argv)
{
	static struct load l;
	struct epoll_event events[64];
	uint64_t end_us, took_us;

	parse_options(argc, argv, &l.o);
	if ((l.decoder = message_decoder_new()) == NULL)
		die("memory");
	make_verifier(&l);
	connect_all(&l);
	l.began_us = now_us();
	end_us = l.began_us + (uint64_t)l.o.seconds * 1000000;
	while (now_us() < end_us) {
		int count = epoll_wait(l.epoll, events, 64, l.o.rate > 0 ? 1 : 100);

		for (int i = 0; i < count; i++)
			drive(&l, &l.connection[events[i].data.u32]);
		if (l.o.rate > 0)
			pace(&l);
	}
	took_us = now_us() - l.began_us;
	printf("{\"receipts\":%llu,\"refusals\":%llu,\"verified\":%llu,\"seconds\":%.3f,"
	       "\"per_second\":%.1f,\"report_bytes\":%llu,\"receipt_bytes\":%llu,"
	       "\"p50_us\":%llu,\"p99_us\":%llu,\"p999_us\":%llu}\n",
	    (unsigned long long)l.receipts, (unsigned long long)l.refusals,
	    (unsigned long long)l.verified, (double)took_us / 1e6,
	    (double)l.receipts * 1e6 / (double)took_us,
	    (unsigned long long)(l.receipts > 0 ? l.report_bytes / l.receipts : 0),
	    (unsigned long long)(l.receipts > 0 ? l.receipt_bytes / l.receipts : 0),
	    (unsigned long long)quantile_us(&l, 0.5), (unsigned long long)quantile_us(&l, 0.99),
	    (unsigned long long)quantile_us(&l, 0.999));
	return l.refusals == 0 && l.receipts > 0 ? 0 : 1;
}

static void
die(const char *what)
{
	fprintf(stderr, "loadgen: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void
parse_options(int argc, char **argv, struct options *o)
{
	*o = (struct options){
	    .connections = 32, .workloads = 32, .seconds = 5, .sample = 1000, .prefix = "w"};
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--change") == 0) {
			o->change = true;
			continue;
		}
		if (strcmp(argv[i], "--port") == 0)
			o->port = (uint16_t)atoi(value);
		else if (strcmp(argv[i], "--ca") == 0)
			o->ca = value;
		else if (strcmp(argv[i], "--cert") == 0)
			o->cert = value;
		else if (strcmp(argv[i], "--key") == 0)
			o->key = value;
		else if (strcmp(argv[i], "--log-cert") == 0)
			o->log_cert = value;
		else if (strcmp(argv[i], "--prefix") == 0)
			o->prefix = value;
		else if (strcmp(argv[i], "--connections") == 0)
			o->connections = (unsigned)atoi(value);
		else if (strcmp(argv[i], "--workloads") == 0)
			o->workloads = (unsigned)atoi(value);
		else if (strcmp(argv[i], "--seconds") == 0)
			o->seconds = (unsigned)atoi(value);
		else if (strcmp(argv[i], "--sample") == 0)
			o->sample = (unsigned)atoi(value);
		else if (strcmp(argv[i], "--rate") == 0)
			o->rate = (unsigned)atoi(value);
		else
			die(argv[i]);
		i++;
	}
	if (o->ca == NULL || o->cert == NULL || o->key == NULL || o->log_cert == NULL ||
	    o->port == 0)
		die("--port, --ca, --cert, --key and --log-cert are needed");
}

static void
make_verifier(struct load *l)
{
	FILE *file = fopen(l->o.log_cert, "r");
	X509 *x = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

	if (x == NULL ||
	    note_verifier_new("hallmark.test/log", X509_get0_pubkey(x), &l->verifier) != ERR_OK)
		die(l->o.log_cert);
	X509_free(x);
	fclose(file);
}

static void
connect_all(struct load *l)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	    .sin_port = htons(l->o.port),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct message_hello hello = {
	    .version_count = 1, .versions = {PROTOCOL_VERSION}, .agent = VIEW_LITERAL("loadgen")};
	static const unsigned char alpn[] = "\x08hallmark";
	int yes = 1;

	l->tls = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_min_proto_version(l->tls, TLS1_3_VERSION);
	SSL_CTX_set_verify(l->tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(
	    l->tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(l->tls, 1);
	SSL_CTX_set_alpn_protos(l->tls, alpn, sizeof(alpn) - 1);
	if (SSL_CTX_load_verify_file(l->tls, l->o.ca) != 1 ||
	    SSL_CTX_use_certificate_chain_file(l->tls, l->o.cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(l->tls, l->o.key, SSL_FILETYPE_PEM) != 1)
		die("certificates");
	l->epoll = epoll_create1(0);
	l->connection = calloc(l->o.connections, sizeof(*l->connection));
	for (unsigned i = 0; i < l->o.connections; i++) {
		struct load_connection *c = &l->connection[i];
		struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = i};

		c->fd = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(c->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
			die("connect");
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
		c->ssl = SSL_new(l->tls);
		SSL_set_fd(c->ssl, c->fd);
		if (SSL_connect(c->ssl) != 1)
			die("handshake");
		fcntl(c->fd, F_SETFL, O_NONBLOCK);
		epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event);
		c->workload = calloc(l->o.workloads, sizeof(*c->workload));
		for (unsigned k = 0; k < l->o.workloads; k++) {
			snprintf(c->workload[k].name, sizeof(c->workload[k].name), "%s-%u-%u",
			    l->o.prefix, i, k);
			make_component(&c->workload[k], 0);
		}
		message_write_hello(&c->out, &hello);
		flush(l, c);
	}
}

/* /usr/bin/app with the content "app", as the tests' policy knows it; `salt` makes it unknown. */
static void
make_component(struct load_workload *w, uint64_t salt)
{
	struct component_builder *b = component_builder_new(COMPONENT_EXECUTABLE);
	struct component_file f = {
	    .path = VIEW_LITERAL("/usr/bin/app"), .size = 3, .mode = 0100755};
	char text[128] = "app";
	size_t count;

	if (salt != 0)
		snprintf(text, sizeof(text), "%s %llu", w->name, (unsigned long long)salt);
	digest_of(text, strlen(text), &f.digest);
	buf_clear(&w->component);
	if (b == NULL || component_add_file(b, &f) != ERR_OK ||
	    component_finish(b, &w->component, &count) != ERR_OK)
		die("component");
	component_builder_free(&b);
}

static void
send_bundle(struct load *l, struct load_connection *c, struct load_workload *w)
{
	static struct buf bytes;
	struct message_bundle m = {.signature = {NULL, 0}};
	struct bundle b;
	struct timespec t;

	memset(&b, 0, sizeof(b));
	if (l->o.change)
		make_component(w, w->seq + 1);
	clock_gettime(CLOCK_REALTIME, &t);
	b.workload = view_of_string(w->name);
	b.seq = ++w->seq;
	b.prev = w->prev;
	memcpy(b.nonce, c->nonce, NONCE_SIZE);
	b.time_ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
	b.component[COMPONENT_EXECUTABLE] =
	    (struct bundle_component){.present = true, .count = 1, .size = w->component.size};
	digest_of(w->component.data, w->component.size, &b.component[COMPONENT_EXECUTABLE].digest);
	buf_clear(&bytes);
	bundle_encode(&b, &bytes);
	digest_of(bytes.data, bytes.size, &w->prev);
	m.bundle = buf_view(&bytes);
	message_write_bundle(&c->out, &m);
	w->sent_us = now_us();
}

static void
send_components(struct load *l, struct load_connection *c, const struct message_want *want)
{
	struct load_workload *w = find_workload(l, c, want->workload);
	struct message_part part = {.digest = want->digests[0], .data = buf_view(&w->component)};

	message_write_part(&c->out, &part);
}

static void
on_receipt(struct load *l, struct load_connection *c, const struct message_receipt *r)
{
	struct load_workload *w = find_workload(l, c, r->workload);
	uint64_t bucket = (now_us() - w->sent_us) / BUCKET_US;

	if (r->seq != w->seq)
		die("a receipt for another bundle");
	l->latency[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
	l->receipts++;
	l->report_bytes += r->report.size;
	l->receipt_bytes += r->report.size + r->proof.count * DIGEST_SIZE + r->checkpoint.size;
	memcpy(c->nonce, r->nonce, NONCE_SIZE);
	w->sent_us = 0;
	if (l->o.sample > 0 && l->receipts % l->o.sample == 0)
		verify(l, r);
	if (l->o.rate == 0)
		send_bundle(l, c, w);
}

static void
verify(struct load *l, const struct message_receipt *r)
{
	struct checkpoint checkpoint;
	struct digest leaf;
	struct note note;

	merkle_leaf(r->report, &leaf);
	if (note_parse(r->checkpoint, &note) != ERR_OK ||
	    note_verify(&note, l->verifier) != ERR_OK ||
	    checkpoint_parse(note.text, &checkpoint) != ERR_OK ||
	    merkle_verify_inclusion(
		&leaf, r->index, checkpoint.size, &checkpoint.root, &r->proof) != ERR_OK)
		die("a receipt does not verify");
	l->verified++;
}

static void
on_message(struct load *l, struct load_connection *c, const struct message *m)
{
	switch (m->type) {
	case MESSAGE_WELCOME:
		memcpy(c->nonce, m->body.welcome.nonce, NONCE_SIZE);
		c->welcomed = true;
		for (unsigned i = 0; l->o.rate == 0 && i < l->o.workloads; i++)
			send_bundle(l, c, &c->workload[i]);
		break;
	case MESSAGE_WANT:
		send_components(l, c, &m->body.want);
		break;
	case MESSAGE_RECEIPT:
		on_receipt(l, c, &m->body.receipt);
		break;
	default:
		if (l->refusals++ == 0)
			fprintf(stderr, "loadgen: refused: %s\n", err_name(m->body.refusal.code));
		break;
	}
}

static void
drive(struct load *l, struct load_connection *c)
{
	struct message m;
	struct view payload;
	size_t got, used, taken;

	c->write_blocked = false;
	while (SSL_read_ex(c->ssl, l->scratch, READ_SIZE, &got) == 1) {
		buf_append(&c->in, l->scratch, got);
		for (taken = 0;; taken += used) {
			if (frame_next((struct view){c->in.data + taken, c->in.size - taken},
				&payload, &used) != ERR_OK)
				die("a frame");
			if (used == 0)
				break;
			if (message_decode(l->decoder, payload, &m) != ERR_OK)
				die("a message");
			on_message(l, c, &m);
		}
		buf_consume(&c->in, taken);
	}
	flush(l, c);
}

static void
flush(struct load *l, struct load_connection *c)
{
	size_t written;

	(void)l;
	while (c->out.size > 0 && !c->write_blocked) {
		if (SSL_write_ex(c->ssl, c->out.data, c->out.size, &written) == 1)
			buf_consume(&c->out, written);
		else
			c->write_blocked = true;
	}
}

/* Names end in the workload's number. */
static struct load_workload *
find_workload(struct load *l, struct load_connection *c, struct view name)
{
	unsigned number = 0, power = 1;

	for (size_t i = name.size; i-- > 0 && name.data[i] != '-'; power *= 10)
		number += power * (unsigned)(name.data[i] - '0');
	if (number >= l->o.workloads || !view_equal(name, view_of_string(c->workload[number].name)))
		die("a workload that is none of ours");
	return &c->workload[number];
}

/* Sends what the rate has allowed since the last call, round the connections and workloads. */
static void
pace(struct load *l)
{
	static unsigned turn;
	uint64_t allowed = (now_us() - l->began_us) * l->o.rate / 1000000;

	for (unsigned tried = 0; l->due < allowed && tried < l->o.connections; tried++) {
		struct load_connection *c = &l->connection[turn++ % l->o.connections];
		struct load_workload *w = &c->workload[c->next % l->o.workloads];

		if (!c->welcomed || w->sent_us != 0)
			continue;
		c->next++;
		l->due++;
		tried = 0;
		send_bundle(l, c, w);
		flush(l, c);
	}
}

static uint64_t
quantile_us(const struct load *l, double q)
{
	uint64_t wanted = (uint64_t)(q * (double)l->receipts), seen = 0;

	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += l->latency[i];
		if (seen > wanted)
			return (uint64_t)(i + 1) * BUCKET_US;
	}
	return (uint64_t)BUCKETS * BUCKET_US;
}
