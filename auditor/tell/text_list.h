/*
 * Texts of two reports that are compared as lists: which of them only one has.
 */
#ifndef HALLMARK_AUDITOR_TELL_TEXT_LIST_H
#define HALLMARK_AUDITOR_TELL_TEXT_LIST_H

#include <stddef.h>

#include "log/stored/component_difference.h"
#include "proto/bytes.h"

/* Zero-initialised: it has none. */
struct text_list {
	struct buf words; /* one behind the other: append a text, then end it */
	size_t count, room;
	size_t *end; /* of each, in `words` */
};

/* What was appended to `words` since the last is one text. */
void text_list_end(struct text_list *l);

/* As value_difference_make; valid as long as both lists. */
enum err text_list_difference(
    const struct text_list *a, const struct text_list *b, struct value_difference *out) MUST_USE;

void text_list_free(struct text_list *l);

#endif
