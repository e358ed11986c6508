#include "policy/advice/advising.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "policy/compile/draft.h"

void
advise(const struct advising *a, const char *key, const char *format, ...)
{
	va_list arguments;
	struct yaml_spot spot;
	char *text, *told;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	told = draft_as_written(a->policy->yaml, key, text, &spot);
	if (spot.file == NULL) /* it is not said */
		spot.file = yaml_file_spot(a->policy->yaml, "name", NULL).file;
	advices_add(a->to, spot.file, spot.line, "%s", told != NULL ? told : text);
	free(told);
	free(text);
}
