/* What is printed of an input that is accepted: lines for a terminal, whatever the input says. */
#ifndef HALLMARK_TESTS_FUZZ_PRINTED_LINES_H
#define HALLMARK_TESTS_FUZZ_PRINTED_LINES_H

#include <stdlib.h>
#include <string.h>

#include "proto/bytes.h"
#include "proto/text.h"

/* Aborts unless each line of `words` ends in a newline and is printable. */
static inline void
printed_lines_check(const struct buf *words)
{
	struct view line, rest;
	uint8_t *end;

	if (buf_status(words) != ERR_OK)
		abort();
	for (rest = buf_view(words); rest.size > 0;) {
		if ((end = memchr(rest.data, '\n', rest.size)) == NULL)
			abort();
		line = (struct view){rest.data, (size_t)(end - rest.data)};
		if (!text_is_printable(line, true))
			abort();
		rest = (struct view){end + 1, rest.size - line.size - 1};
	}
}

#endif
