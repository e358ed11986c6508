#include "register/progress.h"

#include <stdlib.h>
#include <time.h>

#include "journal/logger.h"

#define SAY_EVERY_S 10 /* while it is behind */

/* Of one log; its follower's thread alone touches it. */
struct log_progress {
	uint64_t good, bad, unknown; /* entries since the start */
	uint64_t told_to;            /* at the last state */
	time_t said_s;
	bool caught_up;
};

struct progress {
	const struct register_config *config;
	struct log_progress log[];
};

static void take_entry(void *context, const struct followed_entry *entry);
static void take_state(void *context, const struct followed_state *state);
static void say(const struct progress *p, const struct followed_state *s, enum logger_level level,
    const char *event);

struct progress *
progress_new(const struct register_config *config)
{
	struct progress *p =
	    calloc(1, sizeof(*p) + config->log_count * sizeof(struct log_progress));

	if (p != NULL)
		p->config = config;
	return p;
}

void
progress_free(struct progress **p)
{
	free(*p);
	*p = NULL;
}

struct followed_listener
progress_listener(struct progress *p)
{
	return (struct followed_listener){.context = p, .entry = take_entry, .state = take_state};
}

static void
take_entry(void *context, const struct followed_entry *entry)
{
	struct progress *p = context;
	struct log_progress *l = &p->log[entry->log];

	l->good += entry->outcome == OUTCOME_GOOD;
	l->bad += entry->outcome == OUTCOME_BAD;
	l->unknown += entry->outcome == OUTCOME_UNKNOWN;
}

static void
take_state(void *context, const struct followed_state *s)
{
	struct progress *p = context;
	struct log_progress *l = &p->log[s->log];
	const bool caught_up = s->replayed_to == s->size;
	const time_t now_s = time(NULL);

	if (s->replayed_to != l->told_to)
		say(p, s, LOGGER_DEBUG, "followed");
	l->told_to = s->replayed_to;
	if (caught_up ? !l->caught_up : now_s - l->said_s >= SAY_EVERY_S) {
		say(p, s, LOGGER_INFO, caught_up ? "caught-up" : "behind");
		l->said_s = now_s;
	}
	/* Batches that it is behind for a moment are no news. */
	l->caught_up = caught_up || (l->caught_up && now_s - l->said_s < SAY_EVERY_S);
}

static void
say(const struct progress *p, const struct followed_state *s, enum logger_level level,
    const char *event)
{
	const struct log_progress *l = &p->log[s->log];
	struct logline line;

	logline_begin(&line, level, event);
	logline_string(&line, "log", p->config->logs[s->log].name);
	logline_number(&line, "size", s->size);
	logline_number(&line, "checked", s->checked_to);
	logline_number(&line, "replayed", s->replayed_to);
	logline_number(&line, "good", l->good);
	logline_number(&line, "bad", l->bad);
	logline_number(&line, "unknown", l->unknown);
	logline_end(&line);
}
