#include "log/findings.h"

#include <stdio.h>
#include <stdlib.h>

enum outcome
findings_step(const struct findings *f, const char *step, enum outcome o, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	findings_tell(f, FINDING_STEP, o, step, format, arguments);
	va_end(arguments);
	return o;
}

void
findings_warn(const struct findings *f, const char *step, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	findings_tell(f, FINDING_WARN, OUTCOME_GOOD, step, format, arguments);
	va_end(arguments);
}

void
findings_note(const struct findings *f, const char *where, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	findings_tell(f, FINDING_NOTE, OUTCOME_GOOD, where, format, arguments);
	va_end(arguments);
}

void
findings_tell(const struct findings *f, enum finding_kind kind, enum outcome o, const char *where,
    const char *format, va_list arguments)
{
	struct finding finding = {kind, o, where, NULL};
	char *text;

	if (f->tell == NULL)
		return;
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	finding.text = text;
	f->tell(f->context, &finding);
	free(text);
}

void
findings_progress(const struct findings *f, uint64_t done, uint64_t total)
{
	if (f->progress != NULL)
		f->progress(f->context, done, total);
}
