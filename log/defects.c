#include "log/defects.h"

#include <stdarg.h>
#include <stdlib.h>

void
defects_begin(struct defects *f, const struct display *d, uint64_t max)
{
	*f = (struct defects){.display = d, .max = max};
}

void
defects_add(struct defects *f, enum outcome o, const char *what, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	if (o == OUTCOME_BAD)
		f->bad++;
	else
		f->unknown++;
	if (f->bad + f->unknown > f->max)
		return;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	display_line(f->display, "%-5s %s: %s", o == OUTCOME_BAD ? "BAD" : "?", what, text);
	free(text);
}

void
defects_remark(struct defects *f, const char *what, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	if (f->remarks++ >= f->max)
		return;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	display_line(f->display, "%-5s %s: %s", "note", what, text);
	free(text);
}

bool
defects_full(const struct defects *f)
{
	return f->bad + f->unknown >= f->max;
}

enum outcome
defects_outcome(const struct defects *f)
{
	return f->bad > 0 ? OUTCOME_BAD : f->unknown > 0 ? OUTCOME_UNKNOWN : OUTCOME_GOOD;
}
