/*
 * Hosts by their numbers.
 */
#ifndef HALLMARK_SIGNER_LEARN_HOST_SET_H
#define HALLMARK_SIGNER_LEARN_HOST_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised: nobody. */
struct host_set {
	uint8_t *bits;
	size_t size; /* bytes */
};

/* False for want of memory. */
bool host_set_add(struct host_set *s, size_t host);
bool host_set_join(struct host_set *s, const struct host_set *more);

size_t host_set_count(const struct host_set *s);

/* The first one at or behind `from`; SIZE_MAX if there is none. */
size_t host_set_next(const struct host_set *s, size_t from);

void host_set_free(struct host_set *s);

#endif
