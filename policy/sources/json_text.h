/*
 * JSON from outside, read by Jansson within bounds.
 */
#ifndef HALLMARK_POLICY_SOURCES_JSON_TEXT_H
#define HALLMARK_POLICY_SOURCES_JSON_TEXT_H

#include <jansson.h>

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/err.h"

#define JSON_TEXT_VALUES_MAX 4000000 /* 150 bytes each in memory */
#define JSON_TEXT_DEPTH_MAX  64      /* the deepest format of those read here has some 12 */

/*
 * An object, to be released by json_decref. ERR_CONFIG, with a fault, if it is none or over a
 * limit; names that an object has twice are refused. *out is NULL then.
 */
enum err json_text_parse(
    const char *file, struct view text, struct faults *faults, json_t **out) MUST_USE;

/* Member of an object that is a text; false if it is not there or something else. */
bool json_text_member(const json_t *object, const char *name, struct view *out);

#endif
