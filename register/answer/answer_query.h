/*
 * The query of a request, and the cursor that leads from one page to the next.
 *
 * Each resource has its parameters; one that it has not, one twice, and a value in another form are
 * refused: a filter that is misspelt must not give more than was asked for.
 */
#ifndef HALLMARK_REGISTER_ANSWER_ANSWER_QUERY_H
#define HALLMARK_REGISTER_ANSWER_ANSWER_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/bytes.h"
#include "proto/report/report.h"

/* X(identifier, name): bits of what a resource takes. */
#define ANSWER_PARAMETER_MAP(X)                                                                    \
	X(PARAMETER_LIMIT, "limit")       /* items of a page */                                    \
	X(PARAMETER_CURSOR, "cursor")     /* from the page before */                               \
	X(PARAMETER_LOG, "log")           /* a log's name */                                       \
	X(PARAMETER_HOST, "host")         /* pattern of an identity, as proto/glob.h has it */     \
	X(PARAMETER_WORKLOAD, "workload") /* pattern of a name */                                  \
	X(PARAMETER_TIER, "tier")         /* "affirming", ... */                                   \
	X(PARAMETER_CODE, "code")         /* of a finding */                                       \
	X(PARAMETER_KIND, "kind")         /* of a notice */                                        \
	X(PARAMETER_SILENT, "silent")     /* "true", "false" */                                    \
	X(PARAMETER_AT, "at")             /* an entry's index, or a time of RFC 3339 */

#define ANSWER_PARAMETER_ENUM(identifier, name) identifier,
enum answer_parameter { ANSWER_PARAMETER_MAP(ANSWER_PARAMETER_ENUM) PARAMETERS };
#undef ANSWER_PARAMETER_ENUM

#define TAKES(parameter) (1U << (parameter))

/* Where a page ends: a resource, a log, and up to two numbers of its last row. */
struct answer_cursor {
	uint8_t resource;
	uint32_t log; /* its number, and in the upper half some bits of its name */
	uint64_t first, second;
};

struct answer_query {
	struct buf value[PARAMETERS]; /* decoded */
	unsigned given;               /* bits */
	unsigned limit;
	enum report_status tier;
	bool silent;
	bool at_is_time;
	uint64_t at; /* entry, or seconds since 1970 */
	struct answer_cursor cursor;
};

/*
 * NULL, or a sentence that says what is wrong. `code` is the refusal's then: "bad-parameter",
 * "bad-cursor". To be freed whatever comes out.
 */
const char *answer_query_parse(
    struct view query, unsigned takes, struct answer_query *out, const char **code);
void answer_query_free(struct answer_query *q);

bool answer_query_has(const struct answer_query *q, enum answer_parameter p);

/* Whether a pattern that was given matches; true where none was. */
bool answer_query_matches(const struct answer_query *q, enum answer_parameter p, struct view text);

/* Appends it, base64url. */
void answer_cursor_append(const struct answer_cursor *c, struct buf *to);

#endif
