/*
 * The collector's side of the protocol over links: says hello, takes frames apart.
 */
#ifndef HALLMARK_LOAD_SESSION_H
#define HALLMARK_LOAD_SESSION_H

#include "proto/wire/message.h"
#include "tests/bench/load/link.h"

#define SESSION_ALPN "\x08" PROTOCOL_ALPN

/* Appends the hello to what the link sends. */
void session_greet(struct link *l);

/* Called for each message of the signer; views are valid during the call. */
typedef void session_handler(void *context, struct link *l, const struct message *m);

/*
 * Takes all whole frames off `bytes` until the handler closes the link; returns their size. A frame
 * or message that cannot be read ends the program.
 */
size_t session_take(struct link *l, struct view bytes, session_handler *handler, void *context);

#endif
