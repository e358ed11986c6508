/*
 * Logs as C2SP's tlog-tiles has them, for tools and auditors, of what was followed:
 *
 *   /logs/<log>/checkpoint   the newest checkpoint that was accepted
 *   /logs/<log>/tile/...     its tiles and entries
 *
 * and without /logs/<log> where one log alone is followed. A partial tile of any width that the
 * log was once signed at is cut from a wider one: a signer publishes few of them. Nothing here is
 * vouched for by the register: who reads checks it against the checkpoint.
 *
 * Handlers for threads: they read files.
 */
#ifndef HALLMARK_REGISTER_PUBLISH_PUBLISHED_H
#define HALLMARK_REGISTER_PUBLISH_PUBLISHED_H

#include "config/register_config.h"
#include "register/front/route.h"

/* route_handlers; the context is the const struct register_config. */
void published_checkpoint(void *context, const struct request *r, struct response *out);
void published_tile(void *context, const struct request *r, struct response *out);

/* A tile by its path: "/<level>/<index>" or "/entries/<index>", with ".p/<width>". */
struct published_tile {
	bool entries;
	unsigned level, width; /* 1 to 256 */
	uint64_t index;
};

/* False for any other spelling than that of C2SP. */
bool published_tile_parse(struct view path, struct published_tile *out);

#endif
