/*
 * All links of a signer, on the ledger's loop: each connection's frames go to its session, and what
 * the session answers goes back to the front that has the connection (front.h).
 *
 * A session without room leaves frames lying in their letters. What was taken is told to the front
 * with the next answer, and the front hands over only so much before that (conn_frames.c): so a
 * peer that sends more than is answered is stopped at its socket.
 */
#ifndef HALLMARK_SIGNER_FRONT_LINKS_H
#define HALLMARK_SIGNER_FRONT_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "signer/front/front.h"
#include "signer/front/link_state.h"
#include "signer/front/mailbox.h"
#include "signer/session/service.h"

struct links {
	struct service *service;
	struct front_set *fronts;
	struct link *all; /* doubly linked */
	struct link_list in[LINK_PLACES];
	struct letter_list out[FRONTS_MAX];
};

void links_init(struct links *s, struct service *service, struct front_set *fronts);

/* A letter from a front. */
void links_on_letter(struct links *s, struct letter *letter);

/*
 * Takes frames wherever there are some and there is room, some of each link in turn, until a time
 * of uv_hrtime; false if there was nothing to look at.
 */
bool links_drive(struct links *s, uint64_t until_ns);

/* Whether the time was too short for all. */
bool links_are_ready(const struct links *s);

/* Sends the fronts what the turn has brought about. */
void links_flush(struct links *s);

/* The ledger has room again. */
void links_resume(struct links *s);

/* When all fronts have ended, and what they sent has been delivered. */
void links_close(struct links *s);

#endif
