#include "policy/advice/advising.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
advise(const struct advising *a, const char *key, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	advices_add(a->to, a->file, yaml_file_line(a->policy->yaml, key), "%s", text);
	free(text);
}
