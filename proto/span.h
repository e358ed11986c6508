/*
 * A span of time as people say it, in one unit: "4 s", "12 min", "3 h", "16 d".
 */
#ifndef HALLMARK_PROTO_SPAN_H
#define HALLMARK_PROTO_SPAN_H

#include <stdint.h>

#define SPAN_SIZE 32 /* bytes with NUL */

/* Rounded down; returns `to`. */
const char *span_text(uint64_t seconds, char to[SPAN_SIZE]);

/* With tenths below ten seconds. */
const char *span_text_ms(uint64_t ms, char to[SPAN_SIZE]);

#endif
