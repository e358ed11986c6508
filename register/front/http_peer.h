/*
 * Who is at the other end of a connection, for what he may and for the log.
 */
#ifndef HALLMARK_REGISTER_FRONT_HTTP_PEER_H
#define HALLMARK_REGISTER_FRONT_HTTP_PEER_H

#include "register/front/http_state.h"

/*
 * Of a Unix socket the process that has connected, as the kernel has it; of TLS the certificate,
 * once hands are shaken; else nobody in particular. ERR_IDENTITY, ERR_IO, ERR_MEMORY.
 */
enum err http_peer_know(struct http_conn *c, const struct http_listener *l) MUST_USE;

/* One line, by ration: what was refused, with which status (0: none), and to whom. */
void http_peer_log(const struct http_conn *c, unsigned status, const char *words);

#endif
