/*
 * One connection. It lives until the loop has let go of its handle, and frees itself then; a thread
 * that has a request of it has a copy.
 */
#ifndef HALLMARK_REGISTER_FRONT_HTTP_CONN_H
#define HALLMARK_REGISTER_FRONT_HTTP_CONN_H

#include "register/front/http_state.h"

/* Takes the descriptor; without memory it is closed. */
void http_conn_open(struct http_listener *l, int fd);

/* Its time is up, or it makes way. */
void http_conn_expire(struct http_conn *c);
void http_conn_end(struct http_conn *c);

/* What is idle ends now, the rest with its answer. */
void http_conn_leave(struct http_conn *c);

/* By the table; a move that it does not have ends the program. */
void http_conn_move(struct http_conn *c, enum http_state to);

/* Does what can be done at once. It may have ended behind this. */
void http_conn_drive(struct http_conn *c, bool readable);

/* Tells the loop what is awaited, and the deadlines what is due. */
void http_conn_settle(struct http_conn *c);
void http_conn_set_due(struct http_conn *c, enum http_due due);

#endif
