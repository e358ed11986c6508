/*
 * Paragraphs of lines "name: value", one a package, with an empty line between: what dpkg
 * (deb822(5)) and apk keep. A line that begins with white space carries on the field before it, and
 * is passed over; so is a line without a colon. Any bytes are taken.
 */
#ifndef HALLMARK_COLLECTOR_PACKAGES_PARAGRAPH_H
#define HALLMARK_COLLECTOR_PACKAGES_PARAGRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"

/* A field that is wanted. `value` is without white space around it; empty if it is not there. */
struct paragraph_field {
	const char *name;
	struct view value; /* of the first, where it stands twice */
	size_t count;
};

/*
 * Takes the next paragraph off `rest` and fills the fields' values and counts. `any_case`: names
 * are told in capitals and small letters. False at the end; then nothing was filled.
 */
bool paragraph_next(
    struct view *rest, struct paragraph_field *fields, size_t field_count, bool any_case);

#endif
