/*
 * All who listen to what is heard of logs, as one listener: each is told in the order in which they
 * were added, which is that of who needs the other's work done first.
 */
#ifndef HALLMARK_REGISTER_LISTENERS_H
#define HALLMARK_REGISTER_LISTENERS_H

#include <stddef.h>

#include "register/follow/followed.h"

#define LISTENERS_MAX 8 /* the parts of the register that listen, and room */

/* Zero-initialised. Filled before the first log is followed, and not changed afterwards. */
struct listeners {
	size_t count;
	struct followed_listener listener[LISTENERS_MAX];
};

void listeners_add(struct listeners *all, const struct followed_listener *one);

/* `all` must outlive it. A log may go on behind what the least of them has kept. */
struct followed_listener listeners_whole(struct listeners *all);

#endif
