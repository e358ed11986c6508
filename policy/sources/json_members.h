/*
 * The members of a large JSON object one by one, so that not all of it is in memory at once.
 */
#ifndef HALLMARK_POLICY_SOURCES_JSON_MEMBERS_H
#define HALLMARK_POLICY_SOURCES_JSON_MEMBERS_H

#include <jansson.h>

#include "config/faults.h"
#include "proto/bytes.h"
#include "proto/err.h"

struct json_members {
	const char *file;
	struct view rest; /* behind the last member */
	bool begun;
};

/* `text` must outlive it. */
void json_members_begin(struct json_members *m, const char *file, struct view text);

/*
 * The next member as an object of its own, within the bounds of json_text.h, to be released by
 * json_decref; NULL behind the last. ERR_CONFIG, with a fault: the text is no object, or this
 * member is none that json_text_parse takes.
 */
enum err json_members_next(struct json_members *m, struct faults *faults, json_t **out) MUST_USE;

#endif
