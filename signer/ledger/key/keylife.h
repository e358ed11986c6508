/*
 * One life of the key process: the channel, the child where it is ours to start, what it says, and
 * why it ended. When the next one begins, what is asked and how long an answer may take is for
 * keyprocess.h.
 *
 * Happy path: the program of the configuration is started with one end of the channel, or what
 * somebody else starts is reached by its Unix socket; bytes go out, answers come in.
 *
 * An end has two parts, which come in either order: the channel is closed, and the child is gone
 * (of a process by a socket, the channel alone). At the first, `ending` is called, since what is
 * still to come may say why; when nothing more can come, `over` is. Why it ended is what it said
 * itself last (keylife_last_word), or else how the system says that the child ended, or else that
 * it closed the channel without a word.
 *
 * A life that cannot go on, and has not ended, is `over` at once: it cannot be connected to or read
 * from, or its bytes are not an answer.
 */
#ifndef HALLMARK_SIGNER_LEDGER_KEY_KEYLIFE_H
#define HALLMARK_SIGNER_LEDGER_KEY_KEYLIFE_H

#include <uv.h>

#include "config/signer_config.h"
#include "proto/wire/keychannel.h"

/* Bytes of the sentence about an end that is kept, with its NUL. */
#define KEYLIFE_END_SIZE 512

struct keylife;

/* None but `closed` comes after keylife_close, also in the middle of what one read brought. */
struct keylife_events {
	void (*answer)(void *context, const struct keychannel_answer *answer);
	/* All answers that came with one read were given. */
	void (*answered)(void *context);
	/* Some of its end has been seen. How long the rest is waited for is the caller's. */
	void (*ending)(void *context);
	/* Nothing more comes of it, and this is why. It has to be closed here. */
	void (*over)(void *context, const char *reason);
	/* Nothing of it is left. */
	void (*closed)(void *context);
	void *context;
};

/* Nothing is started yet. Belongs to the caller, who closes it. ERR_MEMORY. */
enum err keylife_new(
    uv_loop_t *loop, const struct keylife_events *events, struct keylife **out) MUST_USE;

/*
 * Once, as the configuration says, which is not kept. Returns NULL, or why it cannot be started:
 * the life is of no use then, and is closed like any other.
 */
const char *keylife_start(struct keylife *life, const struct signer_config *config) MUST_USE;

/* Kills the child, and closes all handles, of which `closed` tells. */
void keylife_close(struct keylife **life);

/* Sends `bytes`, which are moved. Returns NULL, or why that failed: the life is of no use then. */
const char *keylife_send(struct keylife *life, struct buf *bytes) MUST_USE;

/* Why it will end, as it has said itself: a code, or ERR_OK for none, and a sentence. */
void keylife_last_word(struct keylife *life, enum err code, struct view sentence);

/* Why it ended, as far as is known; the code that it said with that, or ERR_OK. */
const char *keylife_end(const struct keylife *life);
enum err keylife_end_code(const struct keylife *life);

/* 0 until it has started, after its end, and by a socket. */
int keylife_pid(const struct keylife *life);

/* A sentence of the process's as it is kept: printable, and cut. Returns `to`. */
const char *keylife_sentence(struct view said, char to[KEYLIFE_END_SIZE]);

#endif
