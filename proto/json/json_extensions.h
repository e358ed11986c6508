/*
 * Extension maps in JSON: what entries of a log and statements may say beyond what this version
 * knows. A key that a reader does not know is carried, decides nothing, and is named to people.
 *
 *   {"<key>":<value>,...}
 *
 * Keys are 1 to 32 bytes of a-z, 0-9 and '-', rising bytewise, 1 to 16 in the map. A value is a
 * string, an integer from 0 to 2^53-1, `true`, `false`, an array of values, or an object with the
 * same rules for its keys, which may be empty; arrays and objects are nested at most 3 deep within
 * the map. All of it in the one spelling of proto/json/json_write.h, at most 4,096 bytes.
 */
#ifndef HALLMARK_PROTO_JSON_JSON_EXTENSIONS_H
#define HALLMARK_PROTO_JSON_JSON_EXTENSIONS_H

#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/err.h"
#include "proto/json/json_read.h"

#define JSON_EXTENSIONS_SIZE_MAX  4096 /* bytes: sixteen entries of a hundred digests in all */
#define JSON_EXTENSIONS_KEYS_MAX  16   /* of each object */
#define JSON_EXTENSIONS_KEY_MAX   32   /* bytes */
#define JSON_EXTENSIONS_DEPTH_MAX 3    /* arrays and objects within the map */

/* Takes a map off a document; `out` is its bytes, in the document. */
bool json_extensions_read(struct json_reader *r, struct view *out);

/* ERR_FORMAT unless all of `map` is one; ERR_MEMORY. */
enum err json_extensions_check(struct view map) MUST_USE;

/*
 * The members of a map that was checked, one by one: `rest` is the map before the first. False
 * behind the last. Keys without quotes; values as they stand.
 */
bool json_extensions_next(struct view *rest, struct view *key, struct view *value);

#endif
