/*
 * A link's insides, and where it may stand in a turn: for link.c, which makes one, and links.h,
 * which has them all. Nobody else includes this.
 */
#ifndef HALLMARK_SIGNER_FRONT_LINK_STATE_H
#define HALLMARK_SIGNER_FRONT_LINK_STATE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "signer/front/mailbox.h"

struct links;
struct session;

/* Where a link stands in the turn; it is in one of these lists or in none. */
enum link_place {
	LINK_IDLE,    /* in none */
	LINK_READY,   /* has frames, or was woken: to be driven */
	LINK_DRIVEN,  /* may have something to tell to its front */
	LINK_BLOCKED, /* has frames that there was no room for */
	LINK_PLACES,
};

/* In the order of arrival, so that nobody waits for ever. */
struct link_list {
	struct link *first, *last;
};

struct link {
	/* As the front made it; never changes. */
	struct conn *conn;
	unsigned front; /* its number */
	uint64_t number;
	char *identity;
	STACK_OF(X509) * chain; /* the peer's, its own certificate first */
	struct letter farewell; /* of the side that has the link */
	/* Of the ledger's loop. */
	struct links *links;
	struct link *next, *previous;
	struct link *next_in_place, *previous_in_place;
	enum link_place place;
	struct session *session;
	struct letter_list frames; /* not taken yet, but for `offset` bytes of the first */
	size_t offset;
	struct buf out;
	size_t taken; /* bytes that the front does not know of */
	size_t taken_frames;
	bool greeted; /* as the front knows it */
	bool lost;    /* the stream cannot go on; the front is to close it */
	bool told;    /* that it is lost */
	bool over;    /* the connection is gone; so is the link, when its frames are taken */
};

#endif
