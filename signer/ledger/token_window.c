#include "signer/ledger/token_window.h"

/* One part in so many of a new time goes into the average. */
#define AVERAGED 4

static void measure(struct token_window *w, uint64_t took_ms);

bool
token_window_is_open(const struct token_window *w)
{
	return w->asked < 1 + w->more;
}

void
token_window_ask(struct token_window *w, uint64_t now_ms, struct token_asked *out)
{
	*out = (struct token_asked){.at_ms = now_ms, .among = ++w->asked};
}

void
token_window_answer(
    struct token_window *w, uint64_t now_ms, const struct token_asked *asked, bool made)
{
	const uint64_t took_ms = now_ms - asked->at_ms;
	const bool quick = took_ms <= TOKEN_WINDOW_QUICK_MS;
	uint64_t soon_ms;

	w->asked--;
	if (!made)
		return;
	if (asked->among == 1)
		measure(w, took_ms);
	/* One before it, and a little. */
	soon_ms = 2 * w->alone_ms + w->alone_ms / 4;
	if (quick || took_ms <= soon_ms)
		w->more += (quick || asked->among > w->more) && 1 + w->more < TOKEN_WINDOW_MAX;
	else if (asked->among > 1 && asked->among <= 1 + w->more)
		w->more = asked->among - 2;
}

void
token_window_restart(struct token_window *w)
{
	*w = (struct token_window){0};
}

static void
measure(struct token_window *w, uint64_t took_ms)
{
	if (w->alone_ms == 0)
		w->alone_ms = took_ms;
	else
		w->alone_ms = ((AVERAGED - 1) * w->alone_ms + took_ms) / AVERAGED;
}
