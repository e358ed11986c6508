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

#endif
