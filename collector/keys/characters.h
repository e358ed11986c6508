/*
 * Characters that strings of a configuration spell by number.
 */
#ifndef HALLMARK_COLLECTOR_KEYS_CHARACTERS_H
#define HALLMARK_COLLECTOR_KEYS_CHARACTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"

/* UTF-8's mark of byte order at the beginning counts for nothing. */
struct view characters_begin(struct view text);

/* Takes exactly so many hexadecimal digits, in either case, off `rest`. False: they are not there.
 */
bool characters_take_hex(struct view *rest, unsigned digits, uint32_t *out);

/* Appends its UTF-8. False for what is no character: a surrogate, or over U+10FFFF. */
bool characters_append(struct buf *to, uint32_t character);

#endif
