#include "policy/sources/left_out.h"

#include <stdlib.h>
#include <string.h>

#include "proto/text.h"

#define NAMES_SHOWN   3
#define NAME_SIZE_MAX 256 /* bytes of a name that is told */

void
left_out_add(struct left_out *l, struct view name, const char *why)
{
	struct left_out_reason *r = l->reason;

	while (r < l->reason + l->count && strcmp(r->why, why) != 0)
		r++;
	if (r == l->reason + LEFT_OUT_REASONS_MAX)
		abort();
	if (r == l->reason + l->count) {
		*r = (struct left_out_reason){.why = why, .names = BUF_INIT};
		l->count++;
	}
	if (r->count++ < NAMES_SHOWN && name.size > 0) {
		buf_append_string(&r->names, r->names.size > 0 ? ", " : ": ");
		text_append_printable(&r->names, name, NAME_SIZE_MAX);
	}
}

void
left_out_tell(const struct left_out *l, FILE *to)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct left_out_reason *r = &l->reason[i];

		(void)fprintf(to, "left out: %zu %s%.*s%s\n", r->count, r->why, (int)r->names.size,
		    (const char *)r->names.data,
		    r->names.size > 0 && r->count > NAMES_SHOWN ? ", ..." : "");
	}
}

void
left_out_free(struct left_out *l)
{
	for (size_t i = 0; i < l->count; i++)
		buf_free(&l->reason[i].names);
	l->count = 0;
}
