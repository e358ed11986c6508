/*
 * Configurations in JSON (RFC 8259): a key for each value that is no object and no list, or an
 * empty one, called by its place (keypath.h).
 *
 * Numbers, true, false and null are as they are spelled. A string is its text, escapes resolved,
 * between two quotation marks, so that "1000" and 1000 differ; {} and [] are an empty object and
 * list. A name that stands twice in an object has both values. A mark of byte order at the
 * beginning is passed over.
 */
#ifndef HALLMARK_COLLECTOR_KEYS_JSON_H
#define HALLMARK_COLLECTOR_KEYS_JSON_H

#include "collector/keys/keyed.h"

/* ERR_FORMAT for what is no JSON text, ERR_FORMAT_SIZE over a limit, ERR_MEMORY. */
enum err json_keys_read(struct view text, struct keyed *to) MUST_USE;

#endif
