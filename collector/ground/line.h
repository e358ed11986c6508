/*
 * Lines of text files, and what is around words in them. Any bytes are taken.
 */
#ifndef HALLMARK_COLLECTOR_GROUND_LINE_H
#define HALLMARK_COLLECTOR_GROUND_LINE_H

#include "proto/bytes.h"

/* Takes the next line off `rest`, without its line feed, which the last one need not have. */
struct view line_take(struct view *rest);

/* Without white space (space, tab, carriage return) at both ends. */
struct view line_trim(struct view v);

#endif
