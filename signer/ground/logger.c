#include "signer/ground/logger.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/report/report.h"

/* Bytes of one value: a log line stays readable whatever a peer sends. */
#define VALUE_SIZE_MAX 512

static atomic_bool use_json;

static const char *const level_names[] = {
    [LOGGER_ERROR] = "error", [LOGGER_WARNING] = "warning", [LOGGER_INFO] = "info"};

/* What is said where there is no memory to say more. */
static const char lost_text[] = "level=error event=log-line-lost error=\"out of memory\"\n";
static const char lost_json[] =
    "{\"level\":\"error\",\"event\":\"log-line-lost\",\"error\":\"out of memory\"}\n";

static bool needs_quotes(struct view v);

void
logger_use_json(bool json)
{
	atomic_store(&use_json, json);
}

void
logline_begin(struct logline *l, enum logger_level level, const char *event)
{
	struct timespec now;
	struct tm utc;
	char stamp[32];

	l->text = BUF_INIT;
	l->json = atomic_load(&use_json);
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
	buf_append_format(&l->text, l->json ? "{\"time\":\"%s.%03ldZ\"" : "time=%s.%03ldZ", stamp,
	    now.tv_nsec / 1000000);
	logline_string(l, "level", level_names[level]);
	logline_string(l, "event", event);
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

	text_append_printable(&printable, value, VALUE_SIZE_MAX);
	if (l->json) {
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
	buf_append_format(&l->text, l->json ? ",\"%s\":" : " %s=", key);
	buf_append_decimal(&l->text, value);
}

void
logline_error(struct logline *l, enum err e)
{
	logline_string(l, "code", err_name(e));
}

void
logline_errno(struct logline *l, int number)
{
	logline_string(l, "error", strerrordesc_np(number));
}

void
logline_end(struct logline *l)
{
	struct view line;

	buf_append_string(&l->text, l->json ? "}\n" : "\n");
	line = buf_view(&l->text);
	if (buf_status(&l->text) != ERR_OK)
		line = view_of_string(l->json ? lost_json : lost_text);
	/* A log that cannot be written must not stop the signer; there is nowhere to say it. */
	if (write(STDERR_FILENO, line.data, line.size) < 0) {
	}
	buf_free(&l->text);
}

void
logger_say(enum logger_level level, const char *event, const char *format, ...)
{
	struct logline l;
	char sentence[VALUE_SIZE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
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
