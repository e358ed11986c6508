/*
 * How many there are, as a word that stays the same while some come and go: a service whose workers
 * do is an unchanged one, and what is said of it does not change either.
 */
#ifndef HALLMARK_COLLECTOR_RUNTIME_COUNT_CLASS_H
#define HALLMARK_COLLECTOR_RUNTIME_COUNT_CLASS_H

#include <stddef.h>

/* "0", "1", "2-9", "10-99", "100-999", "1000-9999", and "10000-" for all above. */
const char *count_class(size_t count);

#endif
