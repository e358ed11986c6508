#include "signer/ledger/told_seen.h"

#include "journal/logger.h"

static void refuse(enum err e);

bool
told_seen_take(struct told_seen *t, struct view *rest)
{
	struct view line = *rest;
	enum err e = token_seen_take(rest, &t->seen, &t->strings);
	bool is_new;

	line.size -= rest->size;
	is_new = !view_equal(line, buf_view(&t->line));
	buf_clear(&t->line);
	buf_append_view(&t->line, line);
	/* Read again where it stays. */
	line = buf_view(&t->line);
	if (e == ERR_OK && (e = buf_status(&t->line)) == ERR_OK)
		e = token_seen_take(&line, &t->seen, &t->strings);
	t->known = e == ERR_OK;
	if (e != ERR_OK && e != ERR_NOT_FOUND)
		refuse(e);
	return is_new;
}

static void
refuse(enum err e)
{
	struct logline l;

	logline_begin(&l, LOGGER_WARNING, "token-told-ignored");
	logline_error(&l, e);
	logline_string(&l, "text", "what the key process tells of its token has another form");
	logline_end(&l);
}

void
told_seen_free(struct told_seen *t)
{
	buf_free(&t->line);
	buf_free(&t->strings);
}
