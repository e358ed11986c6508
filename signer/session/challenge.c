#include "signer/session/challenge.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "journal/logger.h"
#include "proto/evidence/identity.h"
#include "proto/wire/message.h"
#include "signer/session/roster.h"

struct challenge {
	struct challenge *next, *previous;             /* of all */
	struct challenge *next_asked, *previous_asked; /* of the session's */
	struct session *session; /* that was asked; NULL when there is nothing to wait for there */
	struct workload *workload; /* has a head, and so is never forgotten */
	uint8_t nonce[BUNDLE_CHALLENGE_MAX];
	size_t nonce_size; /* bytes */
	uint64_t deadline_ms;
	uint64_t seq; /* of the bundle that answers it; 0: none so far */
	struct challenge_asker asker;
};

static enum err check(struct service *s, struct view collector, struct view workload,
    struct workload **w, struct session **session);
static struct challenge *find(const struct service *s, const struct workload *w);
static void ask(struct challenge *c, struct session *s);
static void ask_no_more(struct challenge *c);
static void end(struct service *s, struct challenge *c);
static void answer(
    struct service *s, struct challenge *c, enum err e, const struct ledger_receipt *r);
static void say_answered(const struct challenge *c, const struct ledger_receipt *r);

enum err
challenge_begin(struct service *s, struct view collector, struct view workload, struct view nonce,
    const struct challenge_asker *asker)
{
	struct session *session;
	struct challenge *c;
	struct workload *w;
	enum err e = check(s, collector, workload, &w, &session);

	if (e != ERR_OK)
		return e;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return ERR_MEMORY;
	c->workload = w;
	c->asker = *asker;
	c->deadline_ms = uv_hrtime() / 1000000 + CHALLENGE_TIMEOUT_S * 1000;
	memcpy(c->nonce, nonce.data, nonce.size);
	c->nonce_size = nonce.size;
	w->challenged = true;
	c->previous = s->challenges.last;
	if (c->previous != NULL)
		c->previous->next = c;
	else
		s->challenges.first = c;
	s->challenges.last = c;
	s->challenges.count++;
	s->counters.challenges++;
	ask(c, session);
	return ERR_OK;
}

void
challenge_withdraw(struct service *s, const void *context)
{
	for (struct challenge *c = s->challenges.first, *next; c != NULL; c = next) {
		next = c->next;
		if (c->asker.context == context)
			end(s, c);
	}
}

void
challenge_on_staged(struct service *s, const struct filing *f)
{
	struct challenge *c = find(s, f->workload);
	const struct view nonce = {c->nonce, c->nonce_size};

	if (c->seq != 0 || !view_equal(f->bundle.extensions.challenge, nonce))
		return;
	c->seq = f->bundle.seq;
	ask_no_more(c);
}

void
challenge_on_receipt(struct service *s, const struct ledger_receipt *r)
{
	struct challenge *c = find(s, r->workload);

	if (c->seq == r->seq)
		answer(s, c, ERR_OK, r);
}

void
challenge_on_session_end(struct session *s)
{
	struct challenge *c;

	while ((c = s->asked) != NULL) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): ask_no_more has unlinked the last */
		const struct view collector = workload_collector(c->workload);
		struct session *other =
		    roster_find(s->service->roster, collector, (uint32_t)s->number);

		ask_no_more(c);
		if (other != NULL)
			ask(c, other);
		else
			answer(s->service, c, ERR_NOT_CONNECTED, NULL);
	}
}

void
challenge_expire(struct service *s, uint64_t now_ms)
{
	struct challenge *c;

	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what is answered is unlinked */
	while ((c = s->challenges.first) != NULL && c->deadline_ms <= now_ms)
		answer(s, c, ERR_UNANSWERED, NULL);
}

static enum err
check(struct service *s, struct view collector, struct view workload, struct workload **w,
    struct session **session)
{
	char identity[IDENTITY_SIZE_MAX + 1];

	if (s->stopping || s->challenges.count >= CHALLENGES_MAX)
		return ERR_BUSY;
	if (s->storage.low)
		return ERR_STORAGE; /* as the bundle would be refused */
	if (s->clock_state != CLOCK_TRUSTED)
		return ERR_CLOCK;
	if (!identity_is_valid(collector))
		return ERR_NOT_CONNECTED;
	memcpy(identity, collector.data, collector.size);
	identity[collector.size] = '\0';
	*w = workload_find(s->workloads, collector, workload);
	if (*w == NULL || !(*w)->has_head || service_is_relay(s, identity) ||
	    (*session = roster_find(s->roster, collector, (*w)->connection)) == NULL)
		return ERR_NOT_CONNECTED;
	return (*w)->challenged ? ERR_IN_FLIGHT : ERR_OK;
}

/* That of a workload that is challenged. */
static struct challenge *
find(const struct service *s, const struct workload *w)
{
	struct challenge *c = s->challenges.first;

	while (c->workload != w)
		c = c->next;
	return c;
}

static void
ask(struct challenge *c, struct session *s)
{
	const struct message_measure m = {
	    workload_name(c->workload), (struct view){c->nonce, c->nonce_size}};

	c->session = s;
	c->previous_asked = NULL;
	c->next_asked = s->asked;
	if (c->next_asked != NULL)
		c->next_asked->previous_asked = c;
	s->asked = c;
	message_write_measure(s->output.bytes, &m);
	s->output.wake(s->output.context);
}

static void
ask_no_more(struct challenge *c)
{
	if (c->session == NULL)
		return;
	if (c->previous_asked != NULL)
		c->previous_asked->next_asked = c->next_asked;
	else
		c->session->asked = c->next_asked;
	if (c->next_asked != NULL)
		c->next_asked->previous_asked = c->previous_asked;
	c->session = NULL;
}

static void
end(struct service *s, struct challenge *c)
{
	ask_no_more(c);
	c->workload->challenged = false;
	if (c->previous != NULL)
		c->previous->next = c->next;
	else
		s->challenges.first = c->next;
	if (c->next != NULL)
		c->next->previous = c->previous;
	else
		s->challenges.last = c->previous;
	s->challenges.count--;
	free(c);
}

/* The asker may ask again at once: the challenge is gone when he is told. */
static void
answer(struct service *s, struct challenge *c, enum err e, const struct ledger_receipt *r)
{
	const struct challenge_asker asker = c->asker;

	if (e == ERR_OK) {
		s->counters.challenges_answered++;
		say_answered(c, r);
	}
	end(s, c);
	asker.answer(asker.context, asker.id, e, r);
}

static void
say_answered(const struct challenge *c, const struct ledger_receipt *r)
{
	struct logline l;

	logline_begin(&l, LOGGER_INFO, "challenged");
	logline_view(&l, "collector", workload_collector(c->workload));
	logline_view(&l, "workload", workload_name(c->workload));
	logline_number(&l, "index", r->index);
	logline_string(&l, "by", c->asker.name);
	logline_end(&l);
}
