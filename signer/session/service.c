#include "signer/session/service.h"

#include <string.h>
#include <time.h>

#include "proto/utc.h"
#include "signer/ground/logger.h"

/* A move of the wall clock that is worth a line: more than rounding and a leap second. */
#define CLOCK_STEP_S 2

static enum chronicle_taking taking_of(struct service *s);
static void say_jump(struct service *s, int64_t wall_s);
static void say_behind(const struct service *s, uint64_t wall_s);
static struct timespec wall_clock(void);

uint64_t
service_now_s(struct service *s)
{
	uint64_t wall_s = (uint64_t)wall_clock().tv_sec;

	say_jump(s, (int64_t)wall_s);
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
	const uint64_t now_s = service_now_s(s);
	enum chronicle_taking taking;

	if (now_s == s->looked_s)
		return now_s;
	taking = taking_of(s);
	chronicle_look(&s->chronicle, now_s, taking);
	if (taking == CHRONICLE_TAKES)
		s->looked_s = now_s;
	return now_s;
}

void
service_has_issued(struct service *s, uint64_t issued_s)
{
	if (issued_s > s->last_issued_s)
		s->last_issued_s = issued_s;
}

uint64_t
service_wall_ms(const struct service *s)
{
	struct timespec now = wall_clock();
	uint64_t wall_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;

	return wall_ms > s->last_issued_s * 1000 ? wall_ms : s->last_issued_s * 1000;
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

static enum chronicle_taking
taking_of(struct service *s)
{
	if (s->storage.low)
		return CHRONICLE_STORAGE_LOW;
	return !s->stopping && ledger_has_room(s->ledger) ? CHRONICLE_TAKES : CHRONICLE_NO_ROOM;
}

/* A clock that is set moves against the monotonic one; one that is slewed does not. */
static void
say_jump(struct service *s, int64_t wall_s)
{
	struct timespec monotonic;
	struct logline l;
	int64_t ahead_s, by_s;
	char clock[UTC_TEXT_SIZE];

	clock_gettime(CLOCK_MONOTONIC_COARSE, &monotonic);
	ahead_s = wall_s - monotonic.tv_sec;
	by_s = ahead_s - s->wall_ahead_s;
	if (s->wall_known && by_s >= -CLOCK_STEP_S && by_s <= CLOCK_STEP_S)
		return;
	if (s->wall_known) {
		logline_begin(&l, LOGGER_WARNING, "clock-jump");
		logline_string(&l, "direction", by_s < 0 ? "back" : "forth");
		logline_number(&l, "by_s", (uint64_t)(by_s < 0 ? -by_s : by_s));
		logline_string(&l, "clock", utc_text((uint64_t)wall_s, clock));
		logline_end(&l);
	}
	s->wall_known = true;
	s->wall_ahead_s = ahead_s;
}

static void
say_behind(const struct service *s, uint64_t wall_s)
{
	char clock[UTC_TEXT_SIZE], last[UTC_TEXT_SIZE];
	struct logline l;

	logline_begin(&l, LOGGER_WARNING, "clock-back");
	logline_string(&l, "last_issued", utc_text(s->last_issued_s, last));
	logline_string(&l, "clock", utc_text(wall_s, clock));
	logline_string(&l, "text",
	    "reports bear the time of the last one until the clock has caught up with it");
	logline_end(&l);
}

static struct timespec
wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return now;
}
