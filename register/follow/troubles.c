#include "register/follow/troubles.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void find(void *context, const struct finding *f);
static uint64_t now_ms(void);

void
troubles_begin(struct troubles *t, uint32_t grace_s)
{
	t->findings = (struct findings){.tell = find, .context = t};
	t->grace_ms = (uint64_t)grace_s * 1000;
}

void
troubles_free(struct troubles *t)
{
	buf_free(&t->found);
}

void
troubles_clear(struct troubles *t)
{
	buf_clear(&t->found);
}

const char *
troubles_words(struct troubles *t)
{
	buf_append_byte(&t->found, '\0');
	if (buf_status(&t->found) != ERR_OK)
		abort();
	return (const char *)t->found.data;
}

void
troubles_lack(struct troubles *t, enum followed_alarm_kind kind, const char *words)
{
	if (troubles_is_over(t, &t->lacking_since_ms))
		alarm_teller_raise(&t->alarms, kind, FOLLOWED_NO_ENTRY, words);
}

bool
troubles_is_over(const struct troubles *t, uint64_t *since_ms)
{
	const uint64_t now = now_ms();

	if (*since_ms == 0)
		*since_ms = now;
	return now - *since_ms >= t->grace_ms;
}

void
troubles_of_entry(struct troubles *t, const struct walk_visited *v, uint32_t within_s)
{
	static const enum followed_alarm_kind kinds[WALK_ABOUT_COUNT] = {
	    [WALK_ABOUT_ENTRY] = FOLLOWED_BAD_ENTRY,
	    [WALK_ABOUT_VERDICT] = FOLLOWED_BAD_VERDICT,
	    [WALK_ABOUT_POLICY] = FOLLOWED_UNAPPROVED,
	    [WALK_ABOUT_VOUCHER] = FOLLOWED_UNVOUCHED,
	};
	char words[ALARM_WORDS_SIZE];

	for (unsigned i = 0; i < WALK_ABOUT_COUNT; i++) {
		if (v->found[i].outcome == OUTCOME_BAD)
			alarm_teller_raise(&t->alarms, kinds[i], v->index, v->found[i].text);
		else if (v->found[i].outcome == OUTCOME_UNKNOWN)
			alarm_teller_raise(&t->alarms,
			    v->lacks_evidence ? FOLLOWED_MISSING : FOLLOWED_UNREADABLE, v->index,
			    v->found[i].text);
	}
	if (within_s == 0 || v->unvouched == 0 || v->issued_s - v->unvouched_from_s <= within_s)
		return;
	(void)snprintf(words, sizeof(words),
	    "nobody who was named vouches for this report and those behind it: expected a "
	    "signature within %" PRIu32 " s, found none for %" PRIu64 " s",
	    within_s, v->issued_s - v->unvouched_from_s);
	alarm_teller_raise(&t->alarms, FOLLOWED_UNVOUCHED, v->unvouched_from, words);
}

static void
find(void *context, const struct finding *f)
{
	struct troubles *t = context;

	if (f->outcome != OUTCOME_GOOD && t->found.size == 0)
		buf_append_format(&t->found, "%s: %s", f->where, f->text);
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
