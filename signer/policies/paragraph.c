#include "signer/policies/paragraph.h"

#include <stdlib.h>
#include <string.h>

#include "proto/text.h"

static size_t columns_of(struct view text);
static struct view take_word(struct view *rest);

void
paragraph_print(FILE *to, size_t indent, const char *label, size_t column, struct view words)
{
	struct buf shown = BUF_INIT;
	size_t at = indent + columns_of(view_of_string(label));
	struct view rest, word;

	if (text_is_printable(words, true))
		buf_append_view(&shown, words);
	else
		text_append_printable(&shown, words, SIZE_MAX);
	if (buf_status(&shown) != ERR_OK)
		abort();
	fprintf(to, "%*s%s", (int)indent, "", label);
	if (at >= column && label[0] != '\0')
		column = at + 2;
	fprintf(to, "%*s", (int)(column - at), "");
	at = column;
	rest = buf_view(&shown);
	while ((word = take_word(&rest)).size > 0) {
		const size_t wide = columns_of(word);

		if (at > column && at + 1 + wide > PARAGRAPH_COLUMNS) {
			fprintf(to, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			fputc(' ', to);
			at++;
		}
		(void)fwrite(word.data, 1, word.size, to);
		at += wide;
	}
	fputc('\n', to);
	buf_free(&shown);
}

/* Letters of East Asia are twice as wide as others, and those of there that are not do no harm. */
static size_t
columns_of(struct view text)
{
	size_t columns = 0;
	uint32_t character;

	while (text_next(&text, &character))
		columns += character >= 0x1100 ? 2 : 1;
	return columns;
}

static struct view
take_word(struct view *rest)
{
	struct view word;
	size_t end = 0;

	while (rest->size > 0 && rest->data[0] == ' ')
		*rest = (struct view){rest->data + 1, rest->size - 1};
	while (end < rest->size && rest->data[end] != ' ')
		end++;
	word = (struct view){rest->data, end};
	*rest = (struct view){rest->data + end, rest->size - end};
	return word;
}
