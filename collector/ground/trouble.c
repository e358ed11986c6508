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
