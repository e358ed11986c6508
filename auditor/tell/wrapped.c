#include "auditor/tell/wrapped.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "proto/text.h"

#define HANGING 2 /* columns, of what goes on below its head */

static size_t fitting(struct view text, size_t columns);

void
wrapped_view(const struct display *d, const char *head, struct view text)
{
	const size_t hanging = strlen(head) + HANGING;
	size_t columns = WRAPPED_COLUMNS - strlen(d->margin) - strlen(head), size;
	struct buf shown = BUF_INIT;
	struct view rest;

	if (d->to == NULL)
		return;
	if (text_is_printable(text, true))
		buf_append_view(&shown, text);
	else
		text_append_printable(&shown, text, SIZE_MAX);
	if (buf_status(&shown) != ERR_OK)
		abort();
	rest = buf_view(&shown);
	size = fitting(rest, columns);
	display_line(d, "%s%.*s", head, (int)size, (const char *)rest.data);
	for (columns -= HANGING; size < rest.size;) {
		rest = (struct view){rest.data + size, rest.size - size};
		while (rest.size > 0 && rest.data[0] == ' ')
			rest = (struct view){rest.data + 1, rest.size - 1};
		size = fitting(rest, columns);
		if (size > 0)
			display_line(
			    d, "%*s%.*s", (int)hanging, "", (int)size, (const char *)rest.data);
	}
	buf_free(&shown);
}

void
wrapped_line(const struct display *d, const char *head, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	wrapped_view(d, head, view_of_string(text));
	free(text);
}

/* How many bytes go on one line: up to a space in its second half, if there is one. */
static size_t
fitting(struct view text, size_t columns)
{
	struct view rest = text;
	size_t used = 0, space = 0;
	uint32_t character;

	while (rest.size > 0) {
		const size_t at = text.size - rest.size;

		if (!text_next(&rest, &character))
			return text.size; /* is printable, so this is not so */
		/* Letters of East Asia are twice as wide, and others of there no wider. */
		used += character >= 0x1100 ? 2 : 1;
		if (used > columns)
			return space > 0 ? space : at;
		if (character == ' ' && used > columns / 2)
			space = at;
	}
	return text.size;
}
