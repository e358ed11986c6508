/*
 * What a server is given, and what it counts.
 */
#ifndef HALLMARK_REGISTER_FRONT_HTTP_SETTINGS_H
#define HALLMARK_REGISTER_FRONT_HTTP_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "register/front/caller.h"
#include "register/front/http_tls.h"
#include "register/front/route.h"

#define HTTP_LISTENERS_MAX 8

/* One of `address` and `socket`. */
struct http_listen {
	const char *address; /* "127.0.0.1:7480", "[::1]:7480" */
	const char *socket;  /* path of a Unix socket; whoever may write to it may ask */
	const char *group;   /* whose members may; NULL: only the service's own user */
	const struct http_tls_files *tls; /* NULL: none; then the address has to be a loopback's */
	unsigned roles;                   /* of all who come here */
};

/* All of it borrowed, and lasts as long as the server. */
struct http_settings {
	const struct http_listen *listen;
	size_t listens;
	const struct grant *grants;
	size_t grant_count;
	const struct route *routes;
	size_t route_count;
	unsigned connections_max;
};

#define HTTP_CONNECTIONS_DEFAULT 20000

/* Since the start. */
struct http_counts {
	uint64_t accepted, open;
	uint64_t answered[6]; /* by the first digit of the status */
	uint64_t refused;     /* of those: what was no request that could be understood */
	uint64_t crowded_out; /* made way at the limit */
	uint64_t handshakes_failed;
	uint64_t timed_out; /* in the middle of something; idle ones are not counted */
	uint64_t streams;   /* open */
};

#endif
