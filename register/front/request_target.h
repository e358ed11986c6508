/*
 * What a request is about: its target (RFC 9112, 3.2), as a path and a query.
 *
 * A path is cut at its slashes first, and each segment decoded then, where somebody asks for it: a
 * %2F within a segment is a slash of a name, and cuts nothing. What decodes to a control character
 * is refused; "." and ".." mean nothing here, and nobody is led out of anything by them.
 */
#ifndef HALLMARK_REGISTER_FRONT_REQUEST_TARGET_H
#define HALLMARK_REGISTER_FRONT_REQUEST_TARGET_H

#include <stdbool.h>

#include "proto/bytes.h"

/* Views into the target. */
struct request_target {
	struct view path;  /* with the slash that it begins with; "*" of OPTIONS alone */
	struct view query; /* behind the first '?'; of nothing if there is none */
};

/*
 * Of origin form ("/a?b"), absolute form ("http://host/a?b": scheme and authority are passed over)
 * or "*" where the method is OPTIONS. False for any other, and where there is a '#'.
 */
bool request_target_parse(struct view target, struct view method, struct request_target *out);

/* Takes the next segment, as it is sent, off a path; false where there is none. */
bool request_target_segment(struct view *path, struct view *segment);

/* Appends it decoded. False for a % without two hexadecimal digits, and for control characters. */
bool request_target_decode(struct view encoded, struct buf *to);

/*
 * Appends the value of the first parameter of this name, decoded; '+' is a plus, not a space. 1: it
 * is there; 0: it is not; -1: it cannot be decoded.
 */
int request_target_parameter(struct view query, const char *name, struct buf *to);

#endif
