/*
 * What --json prints: one object on one line, its keys as doc/outputs.md has them. Texts from
 * outside are made printable, as on a terminal.
 */
#ifndef HALLMARK_AUDITOR_TELL_JSON_H
#define HALLMARK_AUDITOR_TELL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "log/outcome.h"
#include "proto/bytes.h"
#include "proto/digest.h"

/* Zero-initialised: nothing was written yet. */
struct json {
	struct buf text;
	bool comma; /* something stands before, at this depth */
};

/* `key` is NULL in an array and at the top; `bracket` is '{' or '[', and its twin closes it. */
void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);

void json_string(struct json *j, const char *key, const char *value);
void json_view(struct json *j, const char *key, struct view value);
void json_number(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);
void json_digest(struct json *j, const char *key, const struct digest *value);
void json_time(struct json *j, const char *key, uint64_t seconds); /* RFC 3339 */

/* Another one's text, which is whole, as it stands; that one starts anew. */
void json_embed(struct json *j, const char *key, struct json *whole);

/* A value that was written elsewhere, as it stands. */
void json_raw(struct json *j, const char *key, struct view value);

/* Members of the open object that another one wrote, as they stand. */
void json_members(struct json *j, struct view members);

/* "good", "bad" or "unknown" under the key "outcome". */
void json_outcome(struct json *j, enum outcome o);

/* Prints the line, and starts anew. False for want of memory. */
bool json_print(struct json *j, FILE *to);

#endif
