#include "policy/advice/advice.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_before(const struct advice *a, const struct advice *b);

void
advices_add(struct advices *to, const char *file, unsigned line, const char *format, ...)
{
	struct advice *grown = realloc(to->advice, (to->count + 1) * sizeof(*grown));
	struct advice *one;
	va_list arguments;

	if (grown == NULL)
		abort();
	to->advice = grown;
	one = &grown[to->count++];
	*one = (struct advice){.file = strdup(file), .line = line};
	va_start(arguments, format);
	if (one->file == NULL || vasprintf(&one->text, format, arguments) < 0)
		abort();
	va_end(arguments);
}

void
advices_mend(struct advices *to, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&to->advice[to->count - 1].mend, format, arguments) < 0)
		abort();
	va_end(arguments);
}

/* By insertion: they come nearly in this order. */
void
advices_sort(struct advices *a)
{
	for (size_t i = 1; i < a->count; i++) {
		const struct advice one = a->advice[i];
		size_t at = i;

		for (; at > 0 && is_before(&one, &a->advice[at - 1]); at--)
			a->advice[at] = a->advice[at - 1];
		a->advice[at] = one;
	}
}

void
advices_free(struct advices *a)
{
	for (size_t i = 0; i < a->count; i++) {
		free(a->advice[i].file);
		free(a->advice[i].text);
		free(a->advice[i].mend);
	}
	free(a->advice);
	*a = ADVICES_INIT;
}

static bool
is_before(const struct advice *a, const struct advice *b)
{
	const int by_file = strcmp(a->file, b->file);

	return by_file != 0 ? by_file < 0 : a->line < b->line;
}
