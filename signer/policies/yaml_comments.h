/*
 * The comments of a YAML text, which libyaml passes over, and its blank lines.
 */
#ifndef HALLMARK_SIGNER_POLICIES_YAML_COMMENTS_H
#define HALLMARK_SIGNER_POLICIES_YAML_COMMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/bytes.h"

struct yaml_comment {
	unsigned line;    /* the first is 1 */
	size_t column;    /* bytes before it on its line */
	bool alone;       /* nothing stands before it on its line */
	struct view text; /* from its # on, without spaces at its end */
};

struct yaml_comments {
	size_t count;
	struct yaml_comment *comment; /* in their order */
	size_t line_count;
	/* Of each line, from 1: spaces that it begins with; blank: SIZE_MAX. */
	size_t *indent;
};

/*
 * Finds them all; the views point into the text, which has been read as YAML without a fault.
 * False if it has a text with | or >, in which a # is none. To be freed; aborts for want of memory.
 */
bool yaml_comments_find(struct view text, struct yaml_comments *out);
void yaml_comments_free(struct yaml_comments *c);

/* A line of the text is blank; none is behind its end. */
bool yaml_comments_is_blank(const struct yaml_comments *c, unsigned line);

#endif
