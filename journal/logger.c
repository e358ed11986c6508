#include "journal/logger.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "journal/backlog.h"
#include "journal/sink.h"
#include "proto/text.h"

/* Bytes of one value: a log line stays readable whatever a peer sends. */
#define VALUE_SIZE_MAX 1024

/* Of RFC 5424: system daemons. */
#define FACILITY_DAEMON 3

/* Of syslog and the journal: error is 3. */
#define SEVERITY_FIRST 3

static atomic_int format = LOGGER_TEXT;
static atomic_int level_most = LOGGER_INFO;

/* Set once, by logger_open. */
static const char *program_name = "-";
static char host_name[256] = "-";
static bool to_journal;

/* All that follows is under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct backlog backlog;
static struct rations rations;
static struct logger_counts counts;
static uint64_t unsaid; /* lines dropped since that was said last */

/* What is said where there is no memory to say more. */
static const char lost_text[] = "level=error event=log-line-lost error=\"out of memory\"\n";
static const char lost_json[] =
    "{\"level\":\"error\",\"event\":\"log-line-lost\",\"error\":\"out of memory\"}\n";

static void begin(struct logline *l, const char *event);
static void begin_rfc5424(struct logline *l, const char *stamp, const char *event);
static bool needs_quotes(struct view v);
static void add(struct logline *l);
static void say_dropped(void);
static void say_left_out(bool all);
static void say_left(const struct ration_left *left, uint64_t now);
static uint64_t now_ms(void);

void
logger_open(const char *program)
{
	program_name = program;
	if (gethostname(host_name, sizeof(host_name)) != 0 || host_name[0] == '\0')
		(void)strcpy(host_name, "-");
	host_name[sizeof(host_name) - 1] = '\0';
	for (char *c = host_name; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			*c = '?';
	to_journal = sink_is_journal();
	sink_open();
	(void)atexit(logger_finish); /* without it a line may be lost where stderr is held up */
}

void
logger_configure(const struct logger_settings *settings)
{
	atomic_store(&format, (int)settings->format);
	atomic_store(&level_most, (int)settings->level);
}

void
logger_tend(void)
{
	pthread_mutex_lock(&lock);
	backlog_send(&backlog);
	say_dropped();
	say_left_out(false);
	pthread_mutex_unlock(&lock);
}

bool
logger_has_more(void)
{
	bool more;

	pthread_mutex_lock(&lock);
	more = backlog.used > 0 || unsaid > 0 || rations.say_ms != 0;
	pthread_mutex_unlock(&lock);
	return more;
}

void
logger_finish(void)
{
	const uint64_t until_ms = now_ms() + LOGGER_LAST_MS;
	uint64_t now;

	pthread_mutex_lock(&lock);
	say_left_out(true);
	for (;;) {
		backlog_send(&backlog);
		say_dropped();
		now = now_ms();
		if (backlog.used == 0 || now >= until_ms)
			break;
		(void)sink_wait((int)(until_ms - now));
	}
	pthread_mutex_unlock(&lock);
}

void
logger_counts(struct logger_counts *out)
{
	pthread_mutex_lock(&lock);
	*out = counts;
	pthread_mutex_unlock(&lock);
}

void
logger_frame(enum logger_level level, const char *event, struct logger_frame *out)
{
	const unsigned severity = SEVERITY_FIRST + (unsigned)level;
	const char *name = logger_level_name(level);
	char priority[8] = "";

	if (to_journal)
		snprintf(priority, sizeof(priority), "<%u>", severity);
	out->end = "\"\n";
	switch ((enum logger_format)atomic_load(&format)) {
	case LOGGER_TEXT:
		snprintf(out->before, sizeof(out->before), "%stime=", priority);
		snprintf(
		    out->between, sizeof(out->between), " level=%s event=%s text=\"", name, event);
		break;
	case LOGGER_JSON:
		snprintf(out->before, sizeof(out->before), "%s{\"time\":\"", priority);
		snprintf(out->between, sizeof(out->between),
		    "\",\"level\":\"%s\",\"event\":\"%s\",\"text\":\"", name, event);
		out->end = "\"}\n";
		break;
	case LOGGER_RFC5424:
		snprintf(
		    out->before, sizeof(out->before), "<%u>1 ", FACILITY_DAEMON * 8 + severity);
		snprintf(out->between, sizeof(out->between),
		    " %s %s %d %.32s - level=%s event=%s text=\"", host_name, program_name,
		    (int)getpid(), event, name, event);
		break;
	}
}

const char *
logger_level_name(enum logger_level level)
{
	static const char *const names[LOGGER_LEVELS] = {
	    [LOGGER_ERROR] = "error",
	    [LOGGER_WARNING] = "warning",
	    [LOGGER_NOTICE] = "notice",
	    [LOGGER_INFO] = "info",
	    [LOGGER_DEBUG] = "debug",
	};

	return names[level];
}

void
logline_begin(struct logline *l, enum logger_level level, const char *event)
{
	*l = (struct logline){.text = BUF_INIT,
	    .format = (enum logger_format)atomic_load(&format),
	    .level = level,
	    .off = (int)level > atomic_load(&level_most)};
	if (!l->off)
		begin(l, event);
}

void
logline_begin_alarm(struct logline *l, enum logger_level level, const char *event)
{
	*l = (struct logline){.text = BUF_INIT,
	    .format = (enum logger_format)atomic_load(&format),
	    .level = level,
	    .alarm = true};
	begin(l, event);
}

void
logline_begin_rationed(struct logline *l, enum logger_level level, const struct ration_about *about)
{
	const bool alarm = about->kind == RATION_ALARM;
	bool taken = alarm || (int)level <= atomic_load(&level_most);

	if (taken) {
		pthread_mutex_lock(&lock);
		taken = rations_take(&rations, about, now_ms());
		counts.left_out += taken ? 0 : 1;
		pthread_mutex_unlock(&lock);
	}
	if (taken && alarm)
		logline_begin_alarm(l, level, about->event);
	else if (taken)
		logline_begin(l, level, about->event);
	else
		*l = (struct logline){.text = BUF_INIT, .off = true};
}

static void
begin(struct logline *l, const char *event)
{
	const unsigned severity = SEVERITY_FIRST + (unsigned)l->level;
	struct timespec now;
	struct tm utc;
	char second[32], stamp[48];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(second, sizeof(second), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(stamp, sizeof(stamp), "%s.%03ldZ", second, now.tv_nsec / 1000000);
	if (l->format == LOGGER_RFC5424) {
		begin_rfc5424(l, stamp, event);
		return;
	}
	if (to_journal)
		buf_append_format(&l->text, "<%u>", severity);
	buf_append_format(
	    &l->text, l->format == LOGGER_JSON ? "{\"time\":\"%s\"" : "time=%s", stamp);
	logline_string(l, "level", logger_level_name(l->level));
	logline_string(l, "event", event);
}

/* No structured data: its names would need a number of IANA's. The message is key=value. */
static void
begin_rfc5424(struct logline *l, const char *stamp, const char *event)
{
	buf_append_format(&l->text, "<%u>1 %s %s %s %d %.32s - level=%s event=%s",
	    FACILITY_DAEMON * 8 + SEVERITY_FIRST + (unsigned)l->level, stamp, host_name,
	    program_name, (int)getpid(), event, logger_level_name(l->level), event);
}

void
logline_string(struct logline *l, const char *key, const char *value)
{
	logline_view(l, key, view_of_string(value));
}

void
logline_view(struct logline *l, const char *key, struct view value)
{
	struct buf printable = BUF_INIT;

	if (l->off)
		return;
	text_append_printable(&printable, value, VALUE_SIZE_MAX);
	if (l->format == LOGGER_JSON) {
		buf_append_format(&l->text, ",\"%s\":", key);
		json_append_string(&l->text, buf_view(&printable));
	} else if (needs_quotes(buf_view(&printable))) {
		buf_append_format(&l->text, " %s=", key);
		json_append_string(&l->text, buf_view(&printable));
	} else {
		buf_append_format(&l->text, " %s=", key);
		buf_append_view(&l->text, buf_view(&printable));
	}
	buf_free(&printable);
}

void
logline_number(struct logline *l, const char *key, uint64_t value)
{
	if (l->off)
		return;
	buf_append_format(&l->text, l->format == LOGGER_JSON ? ",\"%s\":" : " %s=", key);
	buf_append_decimal(&l->text, value);
}

void
logline_error(struct logline *l, enum err e)
{
	logline_string(l, "code", err_name(e));
}

void
logline_digest(struct logline *l, const char *key, const struct digest *value)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(value, hex);
	logline_string(l, key, hex);
}

void
logline_errno(struct logline *l, int number)
{
	logline_string(l, "error", strerrordesc_np(number));
}

void
logline_end(struct logline *l)
{
	if (l->off)
		return;
	pthread_mutex_lock(&lock);
	backlog_send(&backlog);
	say_dropped();
	add(l);
	pthread_mutex_unlock(&lock);
}

void
logger_say(enum logger_level level, const char *event, const char *sentence_format, ...)
{
	struct logline l;
	char sentence[VALUE_SIZE_MAX];
	va_list args;

	va_start(args, sentence_format);
	vsnprintf(sentence, sizeof(sentence), sentence_format, args);
	va_end(args);
	logline_begin(&l, level, event);
	logline_string(&l, "text", sentence);
	logline_end(&l);
}

static bool
needs_quotes(struct view v)
{
	if (v.size == 0)
		return true;
	for (size_t i = 0; i < v.size; i++)
		if (v.data[i] <= ' ' || v.data[i] == '"' || v.data[i] == '=')
			return true;
	return false;
}

/*
 * Ends the line: it is sent, kept or dropped. Once one was dropped, others follow it until that can
 * be said: a reader sees where something is missing.
 */
static void
add(struct logline *l)
{
	const bool json = l->format == LOGGER_JSON;
	struct view line;

	buf_append_string(&l->text, json ? "}\n" : "\n");
	line = buf_view(&l->text);
	if (buf_status(&l->text) != ERR_OK)
		line = view_of_string(json ? lost_json : lost_text);
	if ((unsaid == 0 || l->alarm) && backlog_add(&backlog, line, l->alarm)) {
		counts.said[l->level]++;
	} else {
		counts.dropped++;
		unsaid++;
	}
	buf_free(&l->text);
}

/* When half of the room is there again, so that not every other line is this one. */
static void
say_dropped(void)
{
	const uint64_t dropped = unsaid;
	struct logline l;

	if (dropped == 0 || backlog.used > BACKLOG_SIZE / 2)
		return;
	logline_begin_alarm(&l, LOGGER_WARNING, "lines-dropped");
	logline_number(&l, "dropped", dropped);
	logline_string(&l, "text", "nobody read what is logged here for a while");
	unsaid = 0;
	add(&l);
}

static void
say_left_out(bool all)
{
	struct ration_left left[RATION_SAID_MAX + 1];
	const uint64_t now = now_ms();
	const size_t count = rations_say(&rations, now, all, left);

	for (size_t i = 0; i < count; i++)
		say_left(&left[i], now);
}

static void
say_left(const struct ration_left *left, uint64_t now)
{
	struct logline l;

	logline_begin(&l, LOGGER_WARNING, "left-out");
	if (left->event != NULL)
		logline_string(&l, "about", left->event);
	if (left->code != NULL)
		logline_string(&l, "code", left->code);
	if (left->name != NULL)
		logline_string(&l, left->called, left->name);
	else
		logline_number(&l, "peers", left->peers);
	logline_number(&l, "lines", left->lines);
	logline_number(&l, "within_s", (now - left->since_ms) / 1000 + 1);
	if (!l.off)
		add(&l);
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}
