/*
 * The token watched: what others do to it while it is ours. Logins that failed, another serial
 * number or firmware, objects that were made or removed. Nothing is decided by it: each is said
 * once in the key process's own log, with its number, for an operator (doc/operations.md), and what
 * matters is told the signer, which notes it in the log (proto/report/token_seen.h): of objects
 * only that there are more.
 *
 * What was seen last is kept in the guard's directory (watch_record.h), so that it is said once
 * over all restarts, and what changed while nothing ran is seen too. Where it cannot be kept, that
 * is said, and what is seen is compared with what this process has seen. Who may write there may
 * hide a change. What matters is kept before it is told, the newest of each kind, and told to every
 * signer that comes: which of it the log has already, that one knows.
 *
 * Flags, serial number and firmware are looked at at the start, as the token told them before the
 * login, which takes the flags away; and all of it beside each keep-alive of the first session, so
 * only while that idles, and never with keepalive_s 0.
 */
#ifndef HALLMARK_PKCS11_SERVE_WATCH_H
#define HALLMARK_PKCS11_SERVE_WATCH_H

#include <pthread.h>
#include <stdbool.h>

#include "config/hsm_config.h"
#include "pkcs11/serve/watch_record.h"
#include "pkcs11/token/token.h"
#include "proto/err.h"

struct watch {
	const struct hsm_config *config;
	struct watch_record record; /* of who looks */
	bool known;                 /* what it has of the token is of a look before */
	bool blind;                 /* the token or the disk has failed: no more is tried */
	pthread_mutex_t mutex;      /* of what is below */
	struct watch_record kept;   /* that may be told */
	bool news;                  /* and was not yet */
};

/* At the start, by the thread that has opened the token. */
void watch_begin(struct watch *w, const struct hsm_config *config, const struct token *token);

/* By one thread, in the session of its signer. */
void watch_look(struct watch *w, struct token_signer *signer);

/* By any thread: whether there is more to tell than was told, and the line that tells it. */
bool watch_has_news(struct watch *w);
enum err watch_tell(struct watch *w, struct buf *to) MUST_USE;

#endif
