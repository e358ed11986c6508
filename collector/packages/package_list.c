#include "collector/packages/package_list.h"

static bool append_word(struct buf *to, struct view word);

enum err
package_list_add(struct values *l, const struct package *p)
{
	bool good;

	if (l->count == PACKAGES_MAX)
		return ERR_FORMAT_SIZE;
	good = append_word(&l->text, p->name);
	buf_append_byte(&l->text, ' ');
	good = append_word(&l->text, p->version) && good;
	buf_append_byte(&l->text, ' ');
	good = append_word(&l->text, p->architecture) && good;
	if (p->odd || !good) {
		buf_append_string(&l->text, " odd");
	} else if (p->state.size > 0) {
		buf_append_byte(&l->text, ' ');
		buf_append_view(&l->text, p->state);
		buf_append_string(&l->text, p->flag.size > 0 ? " " : "");
		buf_append_view(&l->text, p->flag);
	}
	values_end(l);
	return buf_status(&l->text);
}

/* False if it is no word. */
static bool
append_word(struct buf *to, struct view word)
{
	bool good = word.size <= PACKAGE_WORD_MAX;

	for (size_t i = 0; good && i < word.size; i++)
		good = word.data[i] > ' ' && word.data[i] <= '~';
	if (good && word.size > 0)
		buf_append_view(to, word);
	else
		buf_append_byte(to, '-');
	return good;
}
