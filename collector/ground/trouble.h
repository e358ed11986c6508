/*
 * What went wrong, in words, on its way from where it happened to where it is told, once.
 *
 * The sentence says what was expected, what was found and where, and how to mend it. It may hold
 * names from outside as they are: whoever shows it goes through text_append_printable.
 */
#ifndef HALLMARK_COLLECTOR_GROUND_TROUBLE_H
#define HALLMARK_COLLECTOR_GROUND_TROUBLE_H

#include "journal/logger.h"
#include "proto/err.h"

#define TROUBLE_TEXT_SIZE 768 /* bytes with NUL; a longer sentence is cut */

struct trouble {
	char text[TROUBLE_TEXT_SIZE];
};

#define TROUBLE_INIT ((struct trouble){{0}})

/* Writes the sentence and returns `e`, so that a function can fail in one line. */
enum err trouble_set(struct trouble *t, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds error=<name> and text=<the trouble's sentence, or the error's own>. `t` may be NULL. */
void trouble_log(struct logline *l, enum err e, const struct trouble *t);

#endif
