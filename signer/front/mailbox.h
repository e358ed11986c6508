/*
 * Letters between the event loops: from a front to the ledger's loop and back (front.h).
 *
 * A sender collects the letters of a turn in a list and posts them together: one lock and one
 * wake-up a turn, however many connections had something to say. They arrive in order, on the
 * receiver's thread, which then owns them. Nothing else is shared between loops but counters.
 */
#ifndef HALLMARK_SIGNER_FRONT_MAILBOX_H
#define HALLMARK_SIGNER_FRONT_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "signer/front/peer.h"
#include "signer/ground/waker.h"

struct conn;
struct link;
struct conn_settings;

enum letter_kind {
	/* To a front. */
	LETTER_SOCKET,   /* a connected socket to take over: fd, peer, number, crowded */
	LETTER_ANSWER,   /* to conn: bytes to send; taken, greeted, waiting, owed, close */
	LETTER_GONE,     /* to conn: no letter comes any more; the link is the front's to free */
	LETTER_SETTINGS, /* settings, moved: for the connections to come */
	LETTER_STOP,     /* close everything and end */
	/* To the ledger's loop. */
	LETTER_LINK,   /* a connection has shaken hands */
	LETTER_FRAMES, /* bytes: whole frames */
	LETTER_BROKEN, /* the bytes behind the last frames are no frame: error */
	LETTER_CLOSED, /* the connection is gone; the last letter of its link */
};

struct letter {
	struct letter *next;
	enum letter_kind kind;
	struct conn *conn; /* to a front: whom it is for */
	struct link *link; /* from a front: whom it is of */
	struct buf bytes;
	enum err error;
	size_t taken; /* bytes of frames that were dealt with since the last answer */
	size_t taken_frames;
	bool greeted; /* the hello has been taken */
	bool waiting; /* the peer has reason to be silent: something is in flight */
	bool owed;    /* the peer has components to send */
	bool close;   /* after these bytes */
	int fd;
	union peer peer;
	uint64_t number;
	bool crowded; /* the limit is reached: somebody who has not shaken hands makes way */
	struct conn_settings *settings;
};

struct letter_list {
	struct letter *first, *last;
};

/* NULL for want of memory. Frees bytes too; settings and descriptors are the receiver's. */
struct letter *letter_new(enum letter_kind kind);
void letter_free(struct letter *l);

void letter_list_add(struct letter_list *list, struct letter *l);
struct letter *letter_list_take(struct letter_list *list); /* the first; NULL if empty */

/* Lives in its owner; delivers on the loop's thread. */
struct mailbox {
	struct waker waker;
	uv_mutex_t mutex;
	struct letter_list letters; /* under the mutex */
	void (*deliver)(void *context, struct letter *letter);
	void *context;
};

/* Aborts where the system gives no mutex or wake-up: nothing was promised yet. */
void mailbox_init(struct mailbox *m, uv_loop_t *loop,
    void (*deliver)(void *context, struct letter *letter), void *context);

/* Any thread. Takes the letters and leaves the list empty; an empty one is no news. */
void mailbox_post(struct mailbox *m, struct letter_list *list);

/* Hands over what has arrived, one by one, in order. */
void mailbox_deliver(struct mailbox *m);

/* On the loop's thread, when no one posts any more. The mailbox must live until the loop ends. */
void mailbox_close(struct mailbox *m);

#endif
