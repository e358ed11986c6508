#include "policy/advice/advice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void free_one(struct advice *one);
static int compare(const void *a, const void *b);

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
	*one = (struct advice){.file = strdup(file), .line = line, .place = to->count};
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

void
advices_sort(struct advices *a)
{
	size_t kept = 0;

	if (a->count > 0)
		qsort(a->advice, a->count, sizeof(*a->advice), compare);
	for (size_t i = 0; i < a->count; i++) {
		struct advice *one = &a->advice[i];
		size_t same = kept;

		while (same > 0 && a->advice[same - 1].line == one->line &&
		       strcmp(a->advice[same - 1].file, one->file) == 0 &&
		       strcmp(a->advice[same - 1].text, one->text) != 0)
			same--;
		if (same > 0 && a->advice[same - 1].line == one->line &&
		    strcmp(a->advice[same - 1].file, one->file) == 0)
			free_one(one);
		else
			a->advice[kept++] = *one;
	}
	a->count = kept;
}

void
advices_free(struct advices *a)
{
	for (size_t i = 0; i < a->count; i++)
		free_one(&a->advice[i]);
	free(a->advice);
	*a = ADVICES_INIT;
}

static void
free_one(struct advice *one)
{
	free(one->file);
	free(one->text);
	free(one->mend);
}

static int
compare(const void *a, const void *b)
{
	const struct advice *x = a, *y = b;
	const int by_file = strcmp(x->file, y->file);

	if (by_file != 0)
		return by_file;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}
