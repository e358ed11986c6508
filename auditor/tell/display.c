#include "auditor/tell/display.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "proto/text.h"

#define LINE_SIZE_MAX (1024 * 1024) /* bytes shown: a line of a report has under 4 KiB */

static const char *const marks[] = {
    [OUTCOME_GOOD] = "ok", [OUTCOME_BAD] = "BAD", [OUTCOME_UNKNOWN] = "?"};

static void tell(void *context, const struct finding *f);
static void tell_defect(
    const struct display *d, const char *kind, const char *mark, const struct finding *f);
static void show_progress(void *context, uint64_t done, uint64_t total);
static void record(const struct display *d, const char *kind, enum outcome o, const char *where,
    const char *format, va_list arguments) __attribute__((format(printf, 5, 0)));
static void record_text(
    const struct display *d, const char *kind, enum outcome o, const char *where, const char *text);
static void show(const struct display *d, const char *head, const char *format, va_list arguments);
static void put(const struct display *d, const char *head, struct view raw);

struct findings
display_findings(const struct display *d)
{
	/* The callbacks only read it. */
	return (struct findings){tell, show_progress, (void *)(uintptr_t)d};
}

void
display_line(const struct display *d, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	show(d, "", format, arguments);
	va_end(arguments);
}

void
display_raw(const struct display *d, const char *head, struct view raw)
{
	if (d->to != NULL)
		put(d, head, raw);
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

void
display_digest(const struct display *d, const char *label, const struct digest *digest)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(digest, hex);
	display_field(d, label, "%s", hex);
}

enum outcome
display_step(const struct display *d, const char *step, enum outcome o, const char *format, ...)
{
	char head[64];
	va_list arguments;

	(void)snprintf(head, sizeof(head), "%-14s %-5s ", step, marks[o]);
	va_start(arguments, format);
	if (!d->brief || o != OUTCOME_GOOD)
		show(d, head, format, arguments);
	va_end(arguments);
	va_start(arguments, format);
	record(d, "step", o, step, format, arguments);
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
	va_start(arguments, format);
	record(d, "warning", OUTCOME_GOOD, step, format, arguments);
	va_end(arguments);
}

void
display_gap(const struct display *d)
{
	if (d->to != NULL)
		(void)fputc('\n', d->to);
}

void
display_stopped(const struct display *d, const struct defects *defects)
{
	if (defects_full(defects))
		display_field(d, "stopped", "at %" PRIu64 " faults; there may be more (--faults N)",
		    defects->max);
}

const char *
display_age(uint64_t seconds, char to[DISPLAY_AGE_SIZE])
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	size_t i = 0;

	/* Of two units the larger one from twice of it on: "119 s", "2 min". */
	while (units[i].seconds > 1 && seconds < 2 * units[i].seconds)
		i++;
	(void)snprintf(
	    to, DISPLAY_AGE_SIZE, "%" PRIu64 " %s", seconds / units[i].seconds, units[i].name);
	return to;
}

uint64_t
display_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec > 0 ? (uint64_t)now.tv_sec : 0;
}

const char *
display_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void
tell(void *context, const struct finding *f)
{
	const struct display *d = context;

	switch (f->kind) {
	case FINDING_STEP:
		(void)display_step(d, f->where, f->outcome, "%s", f->text);
		break;
	case FINDING_WARN:
		display_warn(d, f->where, "%s", f->text);
		break;
	case FINDING_DEFECT:
		tell_defect(d, "defect", marks[f->outcome], f);
		break;
	case FINDING_NOTE:
		tell_defect(d, "note", "note", f);
		break;
	}
}

static void
tell_defect(const struct display *d, const char *kind, const char *mark, const struct finding *f)
{
	display_line(d, "%-5s %s: %s", mark, f->where, f->text);
	record_text(d, kind, f->outcome, f->where, f->text);
}

static void
show_progress(void *context, uint64_t done, uint64_t total)
{
	const struct display *d = context;

	if (d->progress != NULL)
		progress_at(d->progress, done, total);
}

static void
record(const struct display *d, const char *kind, enum outcome o, const char *where,
    const char *format, va_list arguments)
{
	char *text;

	if (d->found == NULL)
		return;
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	record_text(d, kind, o, where, text);
	free(text);
}

static void
record_text(
    const struct display *d, const char *kind, enum outcome o, const char *where, const char *text)
{
	if (d->found == NULL)
		return;
	json_open(d->found, NULL, '{');
	json_string(d->found, "kind", kind);
	json_outcome(d->found, o);
	json_string(d->found, "where", where);
	json_string(d->found, "text", text);
	json_close(d->found, '{');
}

static void
show(const struct display *d, const char *head, const char *format, va_list arguments)
{
	char *text = NULL;

	if (d->to == NULL)
		return;
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	put(d, head, view_of_string(text));
	free(text);
}

static void
put(const struct display *d, const char *head, struct view raw)
{
	struct buf shown = BUF_INIT;

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
}
