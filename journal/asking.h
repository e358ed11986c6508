/*
 * One question to a program that runs on this machine, by its socket, as its commands ask it.
 */
#ifndef HALLMARK_JOURNAL_ASKING_H
#define HALLMARK_JOURNAL_ASKING_H

#include <jansson.h>

#include "proto/bytes.h"

/* Who is asked, and the words for sentences about it. */
struct asked {
	const char *program; /* that says them: "hallmark-signer" */
	const char *role;    /* "signer" */
	const char *socket;  /* path */
};

/*
 * Sends the request (with its line feed, or empty) and appends the whole answer. 0, or 1 with a
 * sentence on stderr where there is none within `timeout_s`.
 */
int asking(const struct asked *of, struct view request, unsigned timeout_s, struct buf *answer);

/*
 * The answer, to be shown: whoever controls the program chooses what its strings say, so they are
 * made printable (proto/text.h). NULL if it is no JSON, or a name in it is not printable. The
 * caller releases it.
 */
json_t *asking_parse(const struct buf *answer);

/*
 * Says on stderr what an answer says instead of what was `expected`, such as "a receipt": that the
 * request was refused and why, or that this is no such program.
 */
void asking_say_refusal(const struct asked *of, const struct buf *answer, const char *expected);

#endif
