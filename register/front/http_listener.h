/*
 * Sockets that are listened on. Without TLS only a loopback's address and Unix sockets are: what
 * goes over a network in clear can be read and changed by everybody on its way.
 */
#ifndef HALLMARK_REGISTER_FRONT_HTTP_LISTENER_H
#define HALLMARK_REGISTER_FRONT_HTTP_LISTENER_H

#include "register/front/http_state.h"

/*
 * Binds and listens, and loads what TLS goes by. A Unix socket that a process left behind which is
 * gone is replaced; one that is in use is not. ERR_CONFIG, ERR_IO with faults.
 */
enum err http_listener_open(struct http_listener *l, struct http_server *s,
    const struct http_listen *listen, struct faults *faults) MUST_USE;

/* Begins to accept; from then on http_listener_close ends it. */
void http_listener_begin(struct http_listener *l);

/* Looks again whether there are descriptors. */
void http_listener_resume(struct http_listener *l);

void http_listener_close(struct http_listener *l);

/* Of one that has not begun. */
void http_listener_discard(struct http_listener *l);

#endif
