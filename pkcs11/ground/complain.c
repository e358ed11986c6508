#include "pkcs11/ground/complain.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "journal/sink.h"
#include "proto/text.h"
#include "trust/crypto_reason.h"

#define LINE_MAX_SIZE 2048

/* "2026-11-24T10:00:00.123Z" and NUL. */
#define STAMP_SIZE 25

/* Whether lines are a log's, and what stands around the text of one that a signal handler says. */
static bool as_log;
static struct logger_frame frame = {"hallmark-hsm: ", "", "\n"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char last[2 * LINE_MAX_SIZE]; /* under the lock; ends with NUL */

static void stamp_write(char to[STAMP_SIZE]);
static void digits_write(char *to, unsigned digits, long value);
static void print_line(const char *text, const char *reason);

void
complain_as_log(enum logger_format format)
{
	const struct logger_settings settings = {format, LOGGER_INFO};

	as_log = true;
	logger_open("hallmark-hsm");
	logger_configure(&settings);
	logger_frame(LOGGER_WARNING, "key-process", &frame);
}

void
complain(const char *format, ...)
{
	char text[LINE_MAX_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_line(text, NULL);
}

void
complain_crypto(const char *format, ...)
{
	const char *reason = crypto_reason_newest();
	char text[LINE_MAX_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_line(text, reason);
}

void
complain_append_last(struct buf *to)
{
	pthread_mutex_lock(&lock);
	buf_append_string(to, last);
	pthread_mutex_unlock(&lock);
}

void
complain_from_signal(const char *text)
{
	char line[LINE_MAX_SIZE], stamp[STAMP_SIZE] = "";
	const char *const parts[] = {frame.before, stamp, frame.between, text, frame.end};
	size_t size = 0;

	if (as_log)
		stamp_write(stamp);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const size_t more = strlen(parts[i]);

		if (more > sizeof(line) - size)
			return; /* no text is that long */
		memcpy(line + size, parts[i], more);
		size += more;
	}
	if (sink_send((struct view){(const uint8_t *)line, size}) < 0)
		return; /* there is nobody to tell */
}

static void
print_line(const char *text, const char *reason)
{
	const char *const between = reason != NULL ? ": " : "";
	struct buf said = BUF_INIT;

	text_append_printable(&said, view_of_string(text), LINE_MAX_SIZE);
	buf_append_string(&said, between);
	text_append_printable(&said, view_of_string(reason != NULL ? reason : ""), LINE_MAX_SIZE);
	pthread_mutex_lock(&lock);
	snprintf(last, sizeof(last), "%.*s", (int)said.size, (const char *)said.data);
	pthread_mutex_unlock(&lock);
	if (as_log)
		logger_say(
		    LOGGER_WARNING, "key-process", "%.*s", (int)said.size, (const char *)said.data);
	else
		fprintf(stderr, "hallmark-hsm: %.*s\n", (int)said.size, (const char *)said.data);
	buf_free(&said);
}

/*
 * UTC with milliseconds. By hand, because gmtime_r takes a lock that the code which a signal has
 * interrupted may hold. The days are Howard Hinnant's days_from_civil turned round: years begin in
 * March, eras of 400 years have 146,097 days.
 */
static void
stamp_write(char to[STAMP_SIZE])
{
	struct timespec now;
	long day, era_day, era_year, year_day, march_month, month, second;

	clock_gettime(CLOCK_REALTIME, &now);
	day = now.tv_sec / 86400 + 719468; /* since 0000-03-01; a clock before 1970 is not meant */
	second = now.tv_sec % 86400;
	era_day = day % 146097;
	era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
	march_month = (5 * year_day + 2) / 153;
	month = march_month < 10 ? march_month + 3 : march_month - 9;
	memcpy(to, "0000-00-00T00:00:00.000Z", STAMP_SIZE);
	digits_write(to, 4, day / 146097 * 400 + era_year + (month <= 2 ? 1 : 0));
	digits_write(to + 5, 2, month);
	digits_write(to + 8, 2, year_day - (153 * march_month + 2) / 5 + 1);
	digits_write(to + 11, 2, second / 3600);
	digits_write(to + 14, 2, second / 60 % 60);
	digits_write(to + 17, 2, second % 60);
	digits_write(to + 20, 3, now.tv_nsec / 1000000);
}

static void
digits_write(char *to, unsigned digits, long value)
{
	for (; digits-- > 0; value /= 10)
		to[digits] = (char)('0' + value % 10);
}
