#include "signer/session/service.h"

#include <string.h>

#include "journal/logger.h"
#include "proto/utc.h"
#include "signer/ground/machine_clock.h"

static uint64_t not_before_log(const struct service *s, uint64_t wall_ms);
static void look(struct service *s);
static void read_facts(struct service *s);
static enum chronicle_taking taking_of(struct service *s);
static void say_state(const struct service *s);
static void say_jump(struct service *s);
static void say_behind(const struct service *s, uint64_t wall_s);

void
service_begin_clock(struct service *s)
{
	s->last_issued_s = ledger_last_issued_s(s->ledger);
	read_facts(s);
	clock_begin(&s->clock, &s->clock_facts);
	(void)service_now_s(s);
}

uint64_t
service_now_s(struct service *s)
{
	uint64_t wall_s;

	look(s);
	wall_s = s->clock_facts.wall_ms / 1000;
	/* A log without entries has no other time. */
	if (s->clock_state != CLOCK_TRUSTED && s->last_issued_s > 0)
		return s->last_issued_s;
	if (wall_s < s->last_issued_s && !s->clock_behind)
		say_behind(s, wall_s);
	s->clock_behind = wall_s < s->last_issued_s;
	if (!s->clock_behind)
		s->last_issued_s = wall_s;
	return s->last_issued_s;
}

uint64_t
service_entry_s(struct service *s)
{
	(void)service_now_s(s);
	return service_entry_as_looked_s(s);
}

uint64_t
service_entry_as_looked_s(struct service *s)
{
	const uint64_t now_s = s->last_issued_s;
	const enum chronicle_taking taking = taking_of(s);

	if (now_s == s->looked_s && taking == CHRONICLE_TAKES)
		return now_s;
	chronicle_look(&s->chronicle, now_s, taking);
	if (taking == CHRONICLE_TAKES)
		s->looked_s = now_s;
	return now_s;
}

uint64_t
service_wall_s(struct service *s)
{
	look(s);
	return s->clock_facts.wall_ms / 1000;
}

/* Judgements that are kept go by what is over, which may not be any more. */
void
service_set_back(struct service *s, uint64_t iat_s)
{
	s->last_issued_s = s->looked_s = iat_s;
	s->policy_generation++;
	chronicle_set_back(&s->chronicle, iat_s);
	clock_rely(&s->clock, &s->clock_facts);
	(void)service_now_s(s);
}

void
service_hear_time(
    struct service *s, const char *identity, uint64_t measured_ms, uint64_t nonce_age_ms)
{
	witnesses_hear(s->witnesses, identity, measured_ms, nonce_age_ms, machine_clock_boot_ms());
}

void
service_has_dated(struct service *s)
{
	clock_rely(&s->clock, &s->clock_facts);
}

uint64_t
service_wall_ms(const struct service *s)
{
	uint64_t wall_ms, boot_ms;

	machine_clock_read(&wall_ms, &boot_ms);
	return not_before_log(s, wall_ms);
}

uint64_t
service_wall_as_looked_ms(const struct service *s)
{
	return not_before_log(s, s->clock_facts.wall_ms);
}

bool
service_is_relay(const struct service *s, const char *identity)
{
	for (size_t i = 0; i < s->config->relay_count; i++)
		if (strcmp(s->config->relays[i], identity) == 0)
			return true;
	return false;
}

void
service_count(struct service *s, enum err e)
{
	s->counters.refusals[err_index(e)]++;
}

static uint64_t
not_before_log(const struct service *s, uint64_t wall_ms)
{
	return wall_ms > s->last_issued_s * 1000 ? wall_ms : s->last_issued_s * 1000;
}

/* Each reading of the clock that dates an entry is judged, this one. */
static void
look(struct service *s)
{
	const enum clock_state before = s->clock_state;
	struct clock_facts *f = &s->clock_facts;

	read_facts(s);
	f->synchronised = clock_asks_kernel(&s->clock, f) &&
			  machine_clock_is_kept(f->wall_ms) == MACHINE_CLOCK_SYNCHRONISED;
	s->clock_state = clock_look(&s->clock, f);
	say_jump(s);
	if (s->clock_state == before)
		return;
	ledger_trust_clock(s->ledger, s->clock_state == CLOCK_TRUSTED);
	if (s->clock_state != CLOCK_TRUSTED)
		chronicle_look(&s->chronicle, s->last_issued_s, CHRONICLE_NO_TIME);
	say_state(s);
}

static void
read_facts(struct service *s)
{
	struct clock_facts *f = &s->clock_facts;

	*f = (struct clock_facts){
	    .newest_s = s->last_issued_s, .skew_ms = s->config->limits.clock_skew_s * 1000ULL};
	machine_clock_read(&f->wall_ms, &f->boot_ms);
	witnesses_count(s->witnesses, f->wall_ms, f->boot_ms, f->skew_ms, &f->heard, &f->against);
}

static enum chronicle_taking
taking_of(struct service *s)
{
	if (s->storage.low)
		return CHRONICLE_STORAGE_LOW;
	if (s->clock_state != CLOCK_TRUSTED)
		return CHRONICLE_NO_TIME;
	return !s->stopping && ledger_has_room(s->ledger) ? CHRONICLE_TAKES : CHRONICLE_NO_ROOM;
}

static void
say_state(const struct service *s)
{
	const struct clock_facts *f = &s->clock_facts;
	const bool trusted = s->clock_state == CLOCK_TRUSTED;
	char clock[UTC_TEXT_SIZE], last[UTC_TEXT_SIZE];
	struct logline l;

	logline_begin_alarm(&l, trusted ? LOGGER_INFO : LOGGER_ERROR, "clock");
	logline_string(&l, "state", clock_state_name(s->clock_state));
	logline_string(&l, "clock", utc_text(f->wall_ms / 1000, clock));
	logline_string(&l, "last_issued", utc_text(s->last_issued_s, last));
	logline_number(&l, "identities", f->heard);
	logline_number(&l, "against", f->against);
	logline_string(&l, "text", clock_state_text(s->clock_state));
	logline_end(&l);
}

/* A clock that is set moves against the time since boot; one that is slewed does not. */
static void
say_jump(struct service *s)
{
	const struct clock_facts *f = &s->clock_facts;
	const int64_t ahead_ms = (int64_t)f->wall_ms - (int64_t)f->boot_ms;
	const int64_t by_ms = ahead_ms - s->wall_ahead_ms;
	char clock[UTC_TEXT_SIZE];
	struct logline l;

	if (s->wall_known && by_ms >= -CLOCK_STEP_MS && by_ms <= CLOCK_STEP_MS)
		return;
	if (s->wall_known) {
		logline_begin_alarm(&l, LOGGER_WARNING, "clock-jump");
		logline_string(&l, "direction", by_ms < 0 ? "back" : "forth");
		logline_number(&l, "by_s", ((uint64_t)(by_ms < 0 ? -by_ms : by_ms) + 500) / 1000);
		logline_string(&l, "clock", utc_text(f->wall_ms / 1000, clock));
		logline_end(&l);
	}
	s->wall_known = true;
	s->wall_ahead_ms = ahead_ms;
}

static void
say_behind(const struct service *s, uint64_t wall_s)
{
	char clock[UTC_TEXT_SIZE], last[UTC_TEXT_SIZE];
	struct logline l;

	logline_begin_alarm(&l, LOGGER_WARNING, "clock-back");
	logline_string(&l, "last_issued", utc_text(s->last_issued_s, last));
	logline_string(&l, "clock", utc_text(wall_s, clock));
	logline_string(&l, "text",
	    "reports bear the time of the last one until the clock has caught up with it");
	logline_end(&l);
}
