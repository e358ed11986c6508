/*
 * Configurations of lines, `key = value`: with sections (INI) and without. As they are spelled:
 * quotes, escapes and what follows a value on its line belong to the value, because programs differ
 * in what they make of them.
 *
 * White space (space, tab, carriage return) around a line, a key and a value is none of theirs.
 * Empty lines and those that begin with "#" or ";" are passed over. The first "=" ends a key; a
 * line without one is a key with an empty value. Where there are sections, "[name]" begins one. A
 * mark of byte order at the beginning (UTF-8) is passed over.
 */
#ifndef HALLMARK_COLLECTOR_KEYS_LINES_H
#define HALLMARK_COLLECTOR_KEYS_LINES_H

#include <stdbool.h>

#include "collector/keys/keyed.h"

/* ERR_FORMAT for a NUL, for a "[" without "]" at the line's end, and for "=" without a key. */
enum err lines_read(struct view text, bool sections, struct keyed *to) MUST_USE;

#endif
