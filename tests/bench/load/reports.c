/*
 * Bundles and their receipts. Every workload has at most one bundle under way. Without a rate it
 * sends the next one when the receipt is there; with a rate, bundle k is due k/rate seconds after
 * the start, and whichever workload is free then takes it (pace.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/load/chain.h"
#include "tests/bench/load/clock.h"
#include "tests/bench/load/fail.h"
#include "tests/bench/load/histogram.h"
#include "tests/bench/load/modes.h"
#include "tests/bench/load/pace.h"
#include "tests/bench/load/sample.h"
#include "tests/bench/load/session.h"
#include "tests/bench/load/usage.h"

#define OPENING_MAX 64     /* handshakes at once; more gain nothing and time out */
#define WAIT_US     100000 /* for whatever comes; nothing is decided by it */

struct counts {
	uint64_t receipts, report_bytes, receipt_bytes;
};

struct reports {
	const struct options *o;
	struct links links;
	uint8_t (*nonce)[NONCE_SIZE]; /* of each link */
	struct chain *chain;          /* o->workloads of each link */
	struct chain *idle_first, *idle_last;
	unsigned opened, welcomed;
	bool sending;     /* all are welcomed */
	struct pace pace; /* with a rate */
	struct counts counts;
	uint64_t refusals, ended;
	struct histogram latency;
	struct sample *sample;
};

static void make_chains(struct reports *r);
static void open_next(struct reports *r);
static void begin(struct reports *r);
static void send_due(struct reports *r);
static void run_until(struct reports *r, uint64_t end_us);
static void print(struct reports *r, const struct usage *from, const struct usage *to);
static void send_next(struct reports *r, struct chain *c, uint64_t due_us);
static void put_idle(struct reports *r, struct chain *c);
static void on_opened(void *context, struct link *l);
static size_t on_received(void *context, struct link *l, struct view bytes);
static void on_ended(void *context, struct link *l);
static void on_message(void *context, struct link *l, const struct message *m);
static void on_receipt(struct reports *r, struct link *l, const struct message_receipt *m);
static struct chain *find_chain(struct reports *r, const struct link *l, struct view name);

int
reports_run(const struct options *o)
{
	static struct reports r;
	struct usage from, to;

	r.o = o;
	r.sample = sample_new(o->log_cert);
	links_init(&r.links, o, SESSION_ALPN);
	r.links.events = (struct link_events){on_opened, on_received, on_ended};
	r.links.context = &r;
	make_chains(&r);
	for (unsigned i = 0; i < OPENING_MAX; i++)
		open_next(&r);
	while (r.welcomed < o->connections)
		links_turn(&r.links, WAIT_US);
	begin(&r);
	run_until(&r, clock_us() + o->warm_ms * 1000ULL);
	memset(&r.counts, 0, sizeof(r.counts));
	histogram_clear(&r.latency);
	usage_read(o, &from);
	run_until(&r, from.at_us + o->seconds * 1000000ULL);
	usage_read(o, &to);
	print(&r, &from, &to);
	links_close(&r.links);
	sample_free(&r.sample);
	return r.refusals == 0 && r.ended == 0 && r.counts.receipts > 0 ? 0 : 1;
}

static void
make_chains(struct reports *r)
{
	const unsigned links = r->o->connections, workloads = r->o->workloads;

	r->nonce = calloc(links, sizeof(*r->nonce));
	r->chain = calloc((size_t)links * workloads, sizeof(*r->chain));
	if (r->nonce == NULL || r->chain == NULL)
		fail("memory");
	/* The idle ones are ordered so that bundles in a row go over different links. */
	for (unsigned k = 0; k < workloads; k++) {
		for (unsigned i = 0; i < links; i++) {
			struct chain *c = &r->chain[(size_t)i * workloads + k];

			snprintf(c->name, sizeof(c->name), "%s-%u-%u", r->o->prefix, i, k);
			c->link = &r->links.link[i];
			put_idle(r, c);
		}
	}
}

static void
open_next(struct reports *r)
{
	if (r->opened < r->o->connections)
		link_open(&r->links.link[r->opened++]);
}

static void
begin(struct reports *r)
{
	uint64_t now = clock_us();
	struct chain *c;

	r->sending = true;
	pace_begin(&r->pace, r->o->rate, now);
	if (r->o->rate > 0)
		return;
	while ((c = r->idle_first) != NULL) {
		r->idle_first = c->next;
		send_next(r, c, now);
	}
}

static void
run_until(struct reports *r, uint64_t end_us)
{
	while (clock_us() < end_us) {
		bool waits;

		if (r->o->rate > 0)
			send_due(r);
		waits = r->o->rate > 0 && r->idle_first != NULL;
		links_turn(&r->links, waits ? pace_wait_us(&r->pace, clock_us()) : WAIT_US);
	}
}

/* As far as there are idle workloads. */
static void
send_due(struct reports *r)
{
	uint64_t now = clock_us(), due;
	struct chain *c;

	if (!pace_is_ready(&r->pace, now))
		return;
	while ((c = r->idle_first) != NULL && pace_take(&r->pace, now, &due)) {
		r->idle_first = c->next;
		send_next(r, c, due);
	}
}

static void
print(struct reports *r, const struct usage *from, const struct usage *to)
{
	const struct counts *n = &r->counts;
	uint64_t each = n->receipts > 0 ? n->receipts : 1;

	printf("{\"receipts\":%llu,\"refusals\":%llu,\"ended\":%llu,\"verified\":%zu,"
	       "\"per_second\":%.1f,\"report_bytes\":%llu,\"receipt_bytes\":%llu,",
	    (unsigned long long)n->receipts, (unsigned long long)r->refusals,
	    (unsigned long long)r->ended, sample_verify(r->sample),
	    (double)n->receipts * 1e6 / (double)(to->at_us - from->at_us),
	    (unsigned long long)(n->report_bytes / each),
	    (unsigned long long)(n->receipt_bytes / each));
	histogram_print(&r->latency);
	usage_print(r->o, from, to);
	printf("}\n");
}

static void
send_next(struct reports *r, struct chain *c, uint64_t due_us)
{
	if (r->o->change)
		chain_change(c);
	c->due_us = due_us;
	chain_bundle(c, r->nonce[c->link->number], &c->link->out);
	link_wake(c->link);
}

static void
put_idle(struct reports *r, struct chain *c)
{
	c->next = NULL;
	c->due_us = 0;
	if (r->idle_first == NULL)
		r->idle_first = c;
	else
		r->idle_last->next = c;
	r->idle_last = c;
}

static void
on_opened(void *context, struct link *l)
{
	(void)context;
	session_greet(l);
}

static size_t
on_received(void *context, struct link *l, struct view bytes)
{
	return session_take(l, bytes, on_message, context);
}

static void
on_ended(void *context, struct link *l)
{
	struct reports *r = context;

	if (!r->sending)
		fail("a connection was refused or ended before the load began");
	if (r->ended++ == 0)
		fprintf(stderr, "load: the signer ended connection %u\n", l->number);
}

static void
on_message(void *context, struct link *l, const struct message *m)
{
	struct reports *r = context;

	switch (m->type) {
	case MESSAGE_WELCOME:
		memcpy(r->nonce[l->number], m->body.welcome.nonce, NONCE_SIZE);
		r->welcomed++;
		open_next(r);
		break;
	case MESSAGE_WANT:
		chain_part(find_chain(r, l, m->body.want.workload), &l->out);
		link_wake(l);
		break;
	case MESSAGE_RECEIPT:
		on_receipt(r, l, &m->body.receipt);
		break;
	default:
		if (r->refusals++ == 0)
			fprintf(stderr, "load: refused: %s\n", err_name(m->body.refusal.code));
		break;
	}
}

static void
on_receipt(struct reports *r, struct link *l, const struct message_receipt *m)
{
	struct chain *c = find_chain(r, l, m->workload);
	uint64_t now = clock_us();

	if (m->seq != c->seq || c->due_us == 0)
		fail("a receipt for another bundle");
	histogram_add(&r->latency, now - c->due_us);
	r->counts.receipts++;
	r->counts.report_bytes += m->report.size;
	r->counts.receipt_bytes +=
	    m->report.size + m->proof.count * DIGEST_SIZE + m->checkpoint.size;
	memcpy(r->nonce[l->number], m->nonce, NONCE_SIZE);
	if (r->o->sample > 0 && r->counts.receipts % r->o->sample == 0)
		sample_keep(r->sample, m);
	if (r->o->rate == 0)
		send_next(r, c, now);
	else
		put_idle(r, c);
}

/* Names end in the workload's number on its link. */
static struct chain *
find_chain(struct reports *r, const struct link *l, struct view name)
{
	unsigned number = 0, power = 1;
	struct chain *c;

	for (size_t i = name.size; i-- > 0 && name.data[i] != '-'; power *= 10)
		number += power * (unsigned)(name.data[i] - '0');
	if (number >= r->o->workloads)
		fail("a workload that is none of ours");
	c = &r->chain[(size_t)l->number * r->o->workloads + number];
	if (!view_equal(name, view_of_string(c->name)))
		fail("a workload that is none of ours");
	return c;
}
