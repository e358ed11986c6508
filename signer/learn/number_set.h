/*
 * Hosts, or components, by their numbers: sets of small whole numbers.
 */
#ifndef HALLMARK_SIGNER_LEARN_NUMBER_SET_H
#define HALLMARK_SIGNER_LEARN_NUMBER_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised: empty. */
struct number_set {
	uint8_t *bits;
	size_t size; /* bytes */
};

/* False for want of memory. */
bool number_set_add(struct number_set *s, size_t number);
bool number_set_join(struct number_set *s, const struct number_set *more);

bool number_set_meet(const struct number_set *a, const struct number_set *b);

size_t number_set_count(const struct number_set *s);

/* The first one at or behind `from`; SIZE_MAX if there is none. */
size_t number_set_next(const struct number_set *s, size_t from);

void number_set_free(struct number_set *s);

#endif
