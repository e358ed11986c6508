#include "signer/session/relay.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "signer/ground/rate.h"
#include "signer/session/challenge.h"
#include "signer/session/refusal.h"
#include "signer/session/statements.h"

/* As in workload.c: a table that cannot grow is as good as no memory at all. */
#define uthash_fatal(message) abort()
#include <uthash.h>

/*
 * What a relay has asked lately. It stays when the relay goes, for one that comes back is no other;
 * there are as many as names were ever configured.
 */
struct relay {
	char *identity;
	struct rate rate;
	UT_hash_handle hh;
};

struct relays {
	struct relay *known;
};

static enum err take(struct session *s);
static struct relay *relay_get(struct relays *r, const char *identity);
static void on_answer(void *context, uint64_t id, enum err e, const struct ledger_receipt *r);
static void on_noted(void *context, uint64_t id, const struct digest *statement, uint64_t index);

struct relays *
relays_new(void)
{
	return calloc(1, sizeof(struct relays));
}

void
relays_free(struct relays **r)
{
	struct relay *one, *next;

	if (*r == NULL)
		return;
	HASH_ITER (hh, (*r)->known, one, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the analyser loses uthash's links */
		HASH_DEL((*r)->known, one);
		free(one->identity);
		free(one);
	}
	free(*r);
	*r = NULL;
}

enum err
relay_on_challenge(struct session *s, const struct message_challenge *m)
{
	const struct challenge_asker asker = {on_answer, s, m->id, s->identity};
	enum err e = take(s);

	if (e == ERR_OK)
		e = challenge_begin(s->service, m->collector, m->workload, m->nonce, &asker);
	if (e == ERR_OK)
		s->asking++;
	else
		refusal_give_request(s, e, m->id);
	return e;
}

enum err
relay_on_statement(struct session *s, const struct message_statement *m)
{
	const struct statements_submitter submitter = {on_noted, s, m->id, s->identity};
	enum err e = take(s);

	if (e == ERR_OK)
		e = statements_submit(s->service, m->envelope, &submitter);
	if (e == ERR_OK)
		s->asking++;
	else
		refusal_give_request(s, e, m->id);
	return e;
}

void
relay_end(struct session *s)
{
	if (s->asking > 0) {
		challenge_withdraw(s->service, s);
		statements_withdraw(s->service, s);
	}
	s->asking = 0;
}

/*
 * Whether it may ask one more thing now. What is unanswered is bounded as a collector's bundles
 * are: each answer may be as large as a receipt.
 */
static enum err
take(struct session *s)
{
	struct relay *relay = relay_get(s->service->relays, s->identity);

	if (relay == NULL)
		return ERR_MEMORY;
	if (s->asking >= s->service->config->limits.in_flight_per_connection ||
	    !rate_take(&relay->rate, 1000000 / RATE_PER_S, RATE_BURST, uv_hrtime() / 1000))
		return ERR_BUSY;
	return ERR_OK;
}

static struct relay *
relay_get(struct relays *r, const char *identity)
{
	struct relay *one;

	HASH_FIND_STR(r->known, identity, one);
	if (one != NULL)
		return one;
	if ((one = calloc(1, sizeof(*one))) == NULL || (one->identity = strdup(identity)) == NULL) {
		free(one);
		return NULL;
	}
	HASH_ADD_KEYPTR(hh, r->known, one->identity, strlen(one->identity), one);
	return one;
}

static void
on_answer(void *context, uint64_t id, enum err e, const struct ledger_receipt *r)
{
	struct session *s = context;
	struct message_challenged m = {.id = id};

	s->asking--;
	if (e != ERR_OK) {
		refusal_give_request(s, e, id);
		return;
	}
	m.collector = workload_collector(r->workload);
	m.workload = workload_name(r->workload);
	m.index = r->index;
	m.report = r->report;
	m.proof = *r->proof;
	m.checkpoint = r->note;
	message_write_challenged(s->output.bytes, &m);
	s->output.wake(s->output.context);
}

static void
on_noted(void *context, uint64_t id, const struct digest *statement, uint64_t index)
{
	struct session *s = context;
	const struct message_noted m = {.id = id, .sha256 = *statement, .index = index};

	s->asking--;
	message_write_noted(s->output.bytes, &m);
	s->output.wake(s->output.context);
}
