#include "signer/chronicle/chronicle.h"

#include <stdlib.h>
#include <string.h>

#include "signer/ledger/ledger_stage.h"

static void put_start(
    struct chronicle *c, enum notice_cause cause, uint64_t iat_s, const struct digest *transcript);
static enum notice_cause cause_of(const struct chronicle *c);

enum err
chronicle_init(struct chronicle *c, const char *origin, struct evidence_store *evidence,
    struct workload_table *workloads, const struct policy *configured)
{
	struct standing *nothing;
	enum err e;

	*c = (struct chronicle){.origin = strdup(origin)};
	if (c->origin == NULL)
		return ERR_MEMORY;
	if ((e = standing_new(view_of_string(c->origin), &nothing)) != ERR_OK)
		return e;
	notice_writer_init(&c->notices, view_of_string(c->origin), evidence, nothing);
	absences_init(&c->absences, workloads, &c->notices);
	return replay_new(&c->notices, workloads, configured, &c->replay);
}

void
chronicle_free(struct chronicle *c)
{
	replay_free(&c->replay);
	absences_free(&c->absences);
	notice_writer_free(&c->notices);
	free(c->origin);
}

struct ledger_replay
chronicle_replay(struct chronicle *c)
{
	return replay_events(c->replay);
}

void
chronicle_begin(
    struct chronicle *c, struct ledger *ledger, uint64_t iat_s, const struct digest *transcript)
{
	replay_free(&c->replay);
	c->notices.ledger = ledger;
	put_start(c, NOTICE_CAUSE_START, iat_s, transcript);
	if (notice_writer_owes_token(&c->notices, iat_s))
		notice_writer_put_token(&c->notices, iat_s);
	c->taking_s = iat_s;
	c->begun = true;
}

const struct digest *
chronicle_transcript(const struct chronicle *c)
{
	return digest_equal(&c->notices.transcript, &DIGEST_ZERO) ? NULL : &c->notices.transcript;
}

void
chronicle_look(struct chronicle *c, uint64_t iat_s, enum chronicle_taking taking)
{
	if (!c->begun)
		return;
	if (taking != CHRONICLE_TAKES) {
		c->storage_was_low = c->storage_was_low || taking == CHRONICLE_STORAGE_LOW;
		c->had_no_time = c->had_no_time || taking == CHRONICLE_NO_TIME;
		return;
	}
	if (iat_s > c->taking_s + CHRONICLE_HELD_S) {
		put_start(c, cause_of(c), iat_s, NULL);
	}
	c->taking_s = iat_s;
	c->storage_was_low = c->had_no_time = false;
	absences_sweep(&c->absences, iat_s);
}

void
chronicle_set_back(struct chronicle *c, uint64_t iat_s)
{
	c->taking_s = iat_s;
	c->storage_was_low = c->had_no_time = false;
}

bool
chronicle_go_on(struct chronicle *c)
{
	if (!c->begun || !c->absences.behind || !ledger_entry_fits(c->notices.ledger))
		return false;
	absences_sweep(&c->absences, c->absences.swept_s);
	return c->absences.behind;
}

bool
chronicle_is_late(const struct chronicle *c)
{
	return absences_is_late(&c->absences);
}

static void
put_start(
    struct chronicle *c, enum notice_cause cause, uint64_t iat_s, const struct digest *transcript)
{
	uint64_t from_s;

	absences_settle(&c->absences);
	from_s = notice_writer_put_start(&c->notices, cause, iat_s, transcript);
	absences_on_start(&c->absences, from_s, iat_s);
}

static enum notice_cause
cause_of(const struct chronicle *c)
{
	if (c->had_no_time)
		return NOTICE_CAUSE_CLOCK;
	return c->storage_was_low ? NOTICE_CAUSE_STORAGE : NOTICE_CAUSE_STALL;
}
