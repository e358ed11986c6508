#include "policy/draft.h"

#include <stdarg.h>
#include <stdlib.h>

void
draft_fault(struct draft *d, const char *key, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	faults_add_list(
	    d->faults, d->file, yaml_file_line(d->policy->yaml, key), format, arguments);
	va_end(arguments);
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
