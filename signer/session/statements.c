#include "signer/session/statements.h"

#include <stdlib.h>

#include "journal/logger.h"
#include "signer/ledger/ledger_stage.h"
#include "signer/session/key_retired.h"
#include "signer/session/policy_change.h"
#include "signer/session/recall.h"

struct statement_wait {
	struct service *service;
	struct statements_submitter submitter; /* `answer` NULL: he is gone */
	struct digest statement;
	struct statement_wait *next, **link;
};

static enum err take(
    struct service *s, struct view envelope, struct statement_wait *wait, const char *name);
static bool is_of_clock(struct view envelope);
static void say_taken(const struct statement_document *d, uint64_t index, const char *name);
static void wait_free(struct statement_wait *wait);

enum err
statements_submit(
    struct service *s, struct view envelope, const struct statements_submitter *submitter)
{
	struct statement_wait *wait = calloc(1, sizeof(*wait));
	enum err e;

	if (wait == NULL)
		return ERR_MEMORY;
	wait->service = s;
	wait->submitter = *submitter;
	if ((e = take(s, envelope, wait, submitter->name)) != ERR_OK) {
		free(wait);
		return e;
	}
	wait->link = &s->statement_waits;
	wait->next = s->statement_waits;
	if (wait->next != NULL)
		wait->next->link = &wait->next;
	s->statement_waits = wait;
	s->counters.statements++;
	policy_change_look(s);
	return ERR_OK;
}

void
statements_withdraw(struct service *s, const void *context)
{
	for (struct statement_wait *w = s->statement_waits; w != NULL; w = w->next)
		if (w->submitter.context == context)
			w->submitter.answer = NULL;
}

void
statements_on_noted(void *waiter, uint64_t index)
{
	struct statement_wait *wait = waiter;

	if (wait->submitter.answer != NULL)
		wait->submitter.answer(
		    wait->submitter.context, wait->submitter.id, &wait->statement, index);
	wait_free(wait);
}

void
statements_free(struct service *s)
{
	for (struct statement_wait *w = s->statement_waits, *next; w != NULL; w = next) {
		next = w->next;
		free(w);
	}
	s->statement_waits = NULL;
}

static enum err
take(struct service *s, struct view envelope, struct statement_wait *wait, const char *name)
{
	const struct statement_document *d;
	struct revoke revoke;
	bool sets_back;
	uint64_t iat_s;
	enum err e;

	if (s->storage.low)
		return ERR_STORAGE;
	if (s->stopping || !s->chronicle.begun || !ledger_entry_fits(s->ledger))
		return ERR_BUSY;
	sets_back = is_of_clock(envelope);
	iat_s = sets_back ? service_wall_s(s) : service_entry_s(s);
	if (absences_are_moving(&s->chronicle.absences))
		return ERR_BUSY;
	e = notice_writer_put_statement(&s->chronicle.notices, envelope, iat_s, wait, &d);
	if (e == ERR_FORMAT_SIZE)
		return ERR_BUSY; /* the list is full until the time of others is over */
	if (e != ERR_OK)
		return e;
	wait->statement = *statement_document_digest(d);
	absences_on_statement(&s->chronicle.absences, statement_document_statement(d), iat_s);
	if (sets_back)
		service_set_back(s, iat_s);
	say_taken(d, s->chronicle.notices.newest.index, name);
	key_retired_say(s, statement_document_statement(d));
	if (revoke_of_statement(d, &revoke))
		recall_begin(s, &revoke);
	return ERR_OK;
}

/* Then its notice is of the wall clock's time; one that cannot be read is refused as any other. */
static bool
is_of_clock(struct view envelope)
{
	struct statement_document *d;
	bool is;

	if (statement_parse(envelope, &d) != ERR_OK)
		return false;
	is = statement_kind(statement_document_statement(d)) == STATEMENT_CLOCK;
	statement_document_free(&d);
	return is;
}

static void
say_taken(const struct statement_document *d, uint64_t index, const char *name)
{
	const struct statement *said = statement_document_statement(d);
	char hex[DIGEST_HEX_SIZE + 1];
	struct logline l;

	logline_begin(&l, LOGGER_INFO, "statement");
	logline_view(&l, "kind", said->kind_name);
	digest_to_hex(statement_document_digest(d), hex);
	logline_string(&l, "sha256", hex);
	digest_to_hex(statement_document_key_id(d), hex);
	logline_string(&l, "key", hex);
	logline_number(&l, "number", said->number);
	logline_number(&l, "index", index);
	logline_string(&l, "from", name);
	logline_end(&l);
}

static void
wait_free(struct statement_wait *wait)
{
	*wait->link = wait->next;
	if (wait->next != NULL)
		wait->next->link = wait->link;
	free(wait);
}
