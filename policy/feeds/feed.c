#include "policy/feeds/feed.h"

#include <stdlib.h>

enum err
feed_make(const char *file, struct buf *text, struct faults *faults, struct feed **out)
{
	struct feed *f = calloc(1, sizeof(*f));
	enum err e = ERR_MEMORY;

	*out = NULL;
	if (f == NULL) {
		buf_free(text);
		return ERR_MEMORY;
	}
	f->text = *text;
	*text = BUF_INIT; /* moved */
	e = advisories_parse(file, buf_view(&f->text), faults, &f->advisories);
	if (e != ERR_OK) {
		feed_free(&f);
		return e;
	}
	digest_of(f->text.data, f->text.size, &f->digest);
	*out = f;
	return ERR_OK;
}

void
feed_free(struct feed **f)
{
	if (*f == NULL)
		return;
	advisories_free(&(*f)->advisories);
	buf_free(&(*f)->text);
	free(*f);
	*f = NULL;
}
