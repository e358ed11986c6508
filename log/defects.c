#include "log/defects.h"

#include <stdarg.h>

void
defects_begin(struct defects *f, const struct findings *to, uint64_t max)
{
	*f = (struct defects){.findings = to, .max = max};
}

void
defects_add(struct defects *f, enum outcome o, const char *what, const char *format, ...)
{
	va_list arguments;

	if (o == OUTCOME_BAD)
		f->bad++;
	else
		f->unknown++;
	if (f->bad + f->unknown > f->max)
		return;
	va_start(arguments, format);
	findings_tell(f->findings, FINDING_DEFECT, o, what, format, arguments);
	va_end(arguments);
}

void
defects_remark(struct defects *f, const char *what, const char *format, ...)
{
	va_list arguments;

	if (f->remarks++ >= f->max)
		return;
	va_start(arguments, format);
	findings_tell(f->findings, FINDING_NOTE, OUTCOME_GOOD, what, format, arguments);
	va_end(arguments);
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
