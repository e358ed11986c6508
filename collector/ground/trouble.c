#include "collector/ground/trouble.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

enum err
trouble_set(struct trouble *t, enum err e, const char *format, ...)
{
	const int kept = errno; /* callers report and then look at it */
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(t->text, sizeof(t->text), format, arguments);
	va_end(arguments);
	errno = kept;
	return e;
}

void
trouble_log(struct logline *l, enum err e, const struct trouble *t)
{
	logline_string(l, "error", err_name(e));
	logline_string(l, "text", t != NULL && t->text[0] != '\0' ? t->text : err_text(e));
}
