#include "log/reason.h"

#include <stdarg.h>
#include <stdio.h>

void
reason_begin(struct reason *r)
{
	r->outcome = OUTCOME_GOOD;
	r->text[0] = '\0';
}

void
reason_add(struct reason *r, enum outcome o, const char *format, ...)
{
	va_list arguments;

	if (outcome_worse(o, r->outcome) == r->outcome)
		return;
	r->outcome = o;
	va_start(arguments, format);
	(void)vsnprintf(r->text, sizeof(r->text), format, arguments);
	va_end(arguments);
}

void
reason_add_digests(
    struct reason *r, const char *what, const struct digest *expected, const struct digest *found)
{
	char wanted[DIGEST_HEX_SIZE + 1], got[DIGEST_HEX_SIZE + 1];

	digest_to_hex(expected, wanted);
	digest_to_hex(found, got);
	reason_add(r, OUTCOME_BAD, "%s: expected %s, found %s", what, wanted, got);
}
