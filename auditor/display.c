#include "auditor/display.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "proto/text.h"

#define YEAR_9999_END_S 253402300799ULL
#define LINE_SIZE_MAX   (1024 * 1024) /* bytes shown: a line of a report has under 4 KiB */

static void show(const struct display *d, const char *head, const char *format, va_list arguments);

void
display_line(const struct display *d, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	show(d, "", format, arguments);
	va_end(arguments);
}

void
display_field(const struct display *d, const char *label, const char *format, ...)
{
	char head[64];
	va_list arguments;

	(void)snprintf(head, sizeof(head), "%-20s ", label);
	va_start(arguments, format);
	show(d, head, format, arguments);
	va_end(arguments);
}

enum outcome
display_step(const struct display *d, const char *step, enum outcome o, const char *format, ...)
{
	static const char *const marks[] = {"ok", "BAD", "?"};
	char head[64];
	va_list arguments;

	(void)snprintf(head, sizeof(head), "%-14s %-5s ", step, marks[o]);
	va_start(arguments, format);
	show(d, head, format, arguments);
	va_end(arguments);
	return o;
}

void
display_warn(const struct display *d, const char *step, const char *format, ...)
{
	char head[64];
	va_list arguments;

	(void)snprintf(head, sizeof(head), "%-14s %-5s ", step, "warn");
	va_start(arguments, format);
	show(d, head, format, arguments);
	va_end(arguments);
}

void
display_gap(const struct display *d)
{
	if (d->to != NULL)
		(void)fputc('\n', d->to);
}

const char *
display_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

int
display_size(struct view v)
{
	return v.size > INT_MAX ? INT_MAX : (int)v.size;
}

const char *
display_time(uint64_t seconds, char to[DISPLAY_TIME_SIZE])
{
	const time_t time = (time_t)seconds;
	struct tm tm;

	if (seconds > YEAR_9999_END_S || gmtime_r(&time, &tm) == NULL ||
	    strftime(to, DISPLAY_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(to, DISPLAY_TIME_SIZE, "%" PRIu64, seconds);
	return to;
}

static void
show(const struct display *d, const char *head, const char *format, va_list arguments)
{
	struct buf shown = BUF_INIT;
	char *text = NULL;
	struct view raw;

	if (d->to == NULL)
		return;
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	raw = view_of_string(text);
	buf_append_string(&shown, d->margin);
	buf_append_string(&shown, head);
	if (text_is_printable(raw, true))
		buf_append_view(&shown, raw);
	else
		text_append_printable(&shown, raw, LINE_SIZE_MAX);
	buf_append_byte(&shown, '\n');
	if (buf_status(&shown) != ERR_OK)
		abort();
	(void)fwrite(shown.data, 1, shown.size, d->to);
	buf_free(&shown);
	free(text);
}
