/*
 * Text from outside: is it UTF-8, may it be shown, and how is it written into a log or into JSON.
 *
 * "Printable" here means: well-formed UTF-8 (no surrogates, no over-long forms, nothing over
 * U+10FFFF) without control characters (C0, DEL, C1), without the line and paragraph separators,
 * and without what nobody sees: all of Unicode's Default_Ignorable_Code_Point (bidirectional
 * controls, zero-width characters, fillers, variation selectors, tags), interlinear annotation and
 * the blank Braille pattern. Such text cannot forge a log line nor show a terminal something other
 * than its bytes, and two names that differ look different.
 */
#ifndef HALLMARK_PROTO_TEXT_H
#define HALLMARK_PROTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/bytes.h"

/* Takes one character off `rest`. False (and `rest` unmoved) at its end or where it is not UTF-8.
 */
bool text_next(struct view *rest, uint32_t *character);

bool text_is_utf8(struct view v);

/* All of it is printable; white space as Unicode has it is allowed only where `spaces` says so. */
bool text_is_printable(struct view v, bool spaces);

/*
 * Appends `raw` as printable UTF-8, at most `size_max` bytes (cut with "..."): a backslash and
 * every byte of a character that is not printable, or that is not UTF-8, become \xNN in lower case.
 */
void text_append_printable(struct buf *to, struct view raw, size_t size_max);

/*
 * Appends `s` as a JSON string with its quotes: '"', '\\' and the characters below U+0020 are
 * escaped (\b \f \n \r \t, else \u00xx in lower case), all else stands as it is. `s` should be
 * UTF-8; a byte that is not becomes U+FFFD, so that the JSON is valid whatever comes.
 */
void json_append_string(struct buf *to, struct view s);

/*
 * The same into memory that has room: at least 6 bytes for each of `s` and 2 more. Returns the
 * first byte behind.
 */
uint8_t *json_put_string(uint8_t *to, struct view s);

#endif
