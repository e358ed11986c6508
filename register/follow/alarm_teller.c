#include "register/follow/alarm_teller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journal/logger.h"
#include "proto/text.h"

static void tell(struct alarm_teller *t, const struct followed_alarm *alarm);

enum err
alarm_teller_open(struct alarm_teller *t, unsigned log, const char *name, int dir,
    const struct followed_listener *heard)
{
	*t = (struct alarm_teller){.log = log, .name = name, .heard = heard};
	return alarms_open(&t->alarms, dir);
}

void
alarm_teller_close(struct alarm_teller *t)
{
	alarms_free(&t->alarms);
}

void
alarm_teller_begin(struct alarm_teller *t)
{
	for (size_t i = 0; i < t->alarms.count; i++) {
		const struct alarm *a = &t->alarms.alarm[i];

		tell(t, &(struct followed_alarm){t->log, a->kind, a->index, a->words, true});
	}
}

bool
alarm_teller_look(struct alarm_teller *t)
{
	if (!alarms_were_acknowledged(&t->alarms))
		return false;
	logger_say(LOGGER_NOTICE, "alarms-acknowledged", "those of %s", t->name);
	if (t->heard->acknowledged != NULL)
		t->heard->acknowledged(t->heard->context, t->log);
	return true;
}

void
alarm_teller_raise(
    struct alarm_teller *t, enum followed_alarm_kind kind, uint64_t index, const char *words)
{
	struct buf text = BUF_INIT;
	enum err e;

	text_append_printable(&text, view_of_string(words), ALARM_WORDS_SIZE);
	buf_append_byte(&text, '\0');
	if (buf_status(&text) != ERR_OK)
		abort(); /* an alarm would be lost */
	if (alarms_raise(&t->alarms, kind, index, (const char *)text.data, &e)) {
		if (e != ERR_OK)
			logger_say(LOGGER_ERROR, "state-unwritable",
			    "%s: an alarm cannot be kept: %s", t->name, strerror(errno));
		tell(t,
		    &(struct followed_alarm){t->log, kind, index, (const char *)text.data, false});
	}
	buf_free(&text);
}

static void
tell(struct alarm_teller *t, const struct followed_alarm *alarm)
{
	struct logline line;

	logline_begin_alarm(&line, LOGGER_ERROR, alarm->stood ? "log-alarm-stands" : "log-alarm");
	logline_string(&line, "log", t->name);
	logline_string(&line, "kind", followed_alarm_name(alarm->kind));
	if (alarm->index != FOLLOWED_NO_ENTRY)
		logline_number(&line, "entry", alarm->index);
	logline_string(&line, "text", alarm->words);
	logline_end(&line);
	if (t->heard->alarm != NULL)
		t->heard->alarm(t->heard->context, alarm);
}
