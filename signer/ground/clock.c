#include "signer/ground/clock.h"

static bool is_contradicted(const struct clock *c, const struct clock_facts *f);
static bool is_moved(const struct clock *c, const struct clock_facts *f);
static bool is_unsynchronised(const struct clock *c, const struct clock_facts *f);
static bool is_behind(const struct clock *c, const struct clock_facts *f);
static bool has_left_base(const struct clock *c, const struct clock_facts *f);
static int64_t offset_ms(const struct clock_facts *f);
static int64_t skew_ms(const struct clock_facts *f);

/* The first that holds. */
static const struct {
	enum clock_state state;
	bool (*holds)(const struct clock *c, const struct clock_facts *f);
} rules[] = {
    {CLOCK_CONTRADICTED, is_contradicted},
    {CLOCK_MOVED, is_moved},
    {CLOCK_UNSYNCHRONISED, is_unsynchronised},
    {CLOCK_BEHIND, is_behind},
};

#define CLOCK_STATE_TEXT(identifier, name, text) {name, text},
static const struct {
	const char *name, *text;
} states[] = {CLOCK_STATE_MAP(CLOCK_STATE_TEXT)};
#undef CLOCK_STATE_TEXT

/* An older boot is the one that the newest entry was written in: the clock has run since. */
void
clock_begin(struct clock *c, const struct clock_facts *f)
{
	*c = (struct clock){
	    .booted = f->newest_s != 0 && offset_ms(f) > (int64_t)f->newest_s * 1000 + skew_ms(f)};
}

enum clock_state
clock_look(struct clock *c, const struct clock_facts *f)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].holds(c, f))
			return rules[i].state;
	if (!c->has_base || has_left_base(c, f))
		clock_rely(c, f);
	return CLOCK_TRUSTED;
}

void
clock_rely(struct clock *c, const struct clock_facts *f)
{
	*c = (struct clock){.has_base = true, .base_ms = offset_ms(f)};
}

bool
clock_asks_kernel(const struct clock *c, const struct clock_facts *f)
{
	return c->booted || has_left_base(c, f);
}

const char *
clock_state_name(enum clock_state state)
{
	return states[state].name;
}

const char *
clock_state_text(enum clock_state state)
{
	return states[state].text;
}

static bool
is_contradicted(const struct clock *c, const struct clock_facts *f)
{
	(void)c;
	return f->heard >= CLOCK_WITNESSES_MIN && f->against > f->heard - f->against;
}

static bool
is_moved(const struct clock *c, const struct clock_facts *f)
{
	const bool confirmed =
	    f->heard >= CLOCK_WITNESSES_MIN && f->heard - f->against > f->against;

	return has_left_base(c, f) && !f->synchronised && !confirmed;
}

static bool
is_unsynchronised(const struct clock *c, const struct clock_facts *f)
{
	const size_t agree = f->heard - f->against;

	return c->booted && !f->synchronised && (agree == 0 || f->against > agree);
}

static bool
is_behind(const struct clock *c, const struct clock_facts *f)
{
	(void)c;
	return f->newest_s * 1000 > f->wall_ms + (uint64_t)skew_ms(f);
}

static bool
has_left_base(const struct clock *c, const struct clock_facts *f)
{
	const int64_t by_ms = offset_ms(f) - c->base_ms;

	return c->has_base && (by_ms > skew_ms(f) || by_ms < -skew_ms(f));
}

static int64_t
offset_ms(const struct clock_facts *f)
{
	return (int64_t)f->wall_ms - (int64_t)f->boot_ms;
}

static int64_t
skew_ms(const struct clock_facts *f)
{
	return f->skew_ms > CLOCK_STEP_MS ? (int64_t)f->skew_ms : CLOCK_STEP_MS;
}
