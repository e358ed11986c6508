/*
 * How many requests for tokens may be with the key process at once.
 *
 * Who is asked there cannot be overtaken any more, so they are to be few; and so many that no
 * session of it idles while the next is on its way. How many sessions it has, and how many
 * signatures its token makes at once (many take 16 sessions and make one), shows in time alone: one
 * that takes not much longer than one that has the token to itself had none before it to wait for,
 * or one. How many it was among says what that shows: when it came so soon, one more may be asked,
 * when it did not, one less. With a slow token that comes to twice the signatures that this makes
 * at once. It begins with one, and comes back to that if a token has become slower for good, which
 * is then measured again. Below TOKEN_WINDOW_QUICK_MS nobody minds to wait: for a fast token many
 * requests are always on their way.
 */
#ifndef HALLMARK_SIGNER_LEDGER_TOKEN_WINDOW_H
#define HALLMARK_SIGNER_LEDGER_TOKEN_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/* Less than an eye notices, and more than 16 signatures of a token in software take. */
#define TOKEN_WINDOW_QUICK_MS 20

/*
 * Below KEYCHANNEL_UNANSWERED_MAX, so that the key process goes on reading: a checkpoint never
 * waits before its door.
 */
#define TOKEN_WINDOW_MAX 128

/* Zero-initialised. */
struct token_window {
	unsigned more;     /* than one may be asked */
	unsigned asked;    /* with the key process */
	uint64_t alone_ms; /* what one takes that has the token to itself, on average */
};

/* When it was asked, and how many were with the key process then, itself among them. */
struct token_asked {
	uint64_t at_ms;
	unsigned among;
};

bool token_window_is_open(const struct token_window *w);
void token_window_ask(struct token_window *w, uint64_t now_ms, struct token_asked *out);

/* `made`: there is a token; a refusal says nothing about the time that one takes. */
void token_window_answer(
    struct token_window *w, uint64_t now_ms, const struct token_asked *asked, bool made);

/* Another key process, which has been asked nothing. */
void token_window_restart(struct token_window *w);

#endif
