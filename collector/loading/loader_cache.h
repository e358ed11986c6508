/*
 * /etc/ld.so.cache: where the loader of glibc finds a library by its name.
 */
#ifndef HALLMARK_COLLECTOR_LOADING_LOADER_CACHE_H
#define HALLMARK_COLLECTOR_LOADING_LOADER_CACHE_H

#include <stddef.h>

#include "proto/bytes.h"

#define LOADER_CACHE_SIZE_MAX (16 * 1024 * 1024) /* bytes; a large host has 200 KiB */

/*
 * The path of the next entry of that name, of any processor's; NULL: there is none, also in what is
 * no such cache. `place` is 0 at first. A view into the cache, with its NUL.
 */
const char *loader_cache_next(struct view cache, const char *name, size_t *place);

#endif
