#include "policy/draft.h"

#include <stdarg.h>
#include <stdlib.h>

void
draft_fault(struct draft *d, const char *key, const char *format, ...)
{
	va_list arguments;
	char *text;
	int size;

	va_start(arguments, format);
	size = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (size < 0)
		abort();
	faults_add(d->faults, d->file, yaml_file_line(d->policy->yaml, key), "%s", text);
	free(text);
}

void *
draft_memory(struct policy *p, size_t count, size_t size)
{
	void **grown = realloc(p->owned, (p->owned_count + 1) * sizeof(*grown));

	if (grown == NULL)
		abort();
	p->owned = grown;
	if ((p->owned[p->owned_count] = calloc(count > 0 ? count : 1, size)) == NULL)
		abort();
	return p->owned[p->owned_count++];
}
