#include "register/answer/answer_query.h"

#include <string.h>

#include "proto/encoding.h"
#include "proto/glob.h"
#include "proto/text.h"
#include "proto/utc.h"
#include "register/answer/answer_terms.h"

#define VALUE_SIZE_MAX                                                                             \
	1024           /* bytes: an identity of 512, each of its bytes escaped in a pattern        \
			*/
#define CURSOR_SIZE 21 /* bytes: resource, log, two numbers */

static const char *const names[PARAMETERS] = {
#define ANSWER_PARAMETER_NAME(identifier, name) [identifier] = (name),
    ANSWER_PARAMETER_MAP(ANSWER_PARAMETER_NAME)
#undef ANSWER_PARAMETER_NAME
};

static const char *take_pair(struct view pair, unsigned takes, struct answer_query *q);
static bool decode(struct view encoded, struct buf *to);
static const char *judge(struct answer_query *q, const char **code);
static const char *judge_at(struct answer_query *q);
static bool judge_tier(struct answer_query *q);
static bool parse_cursor(struct view text, struct answer_cursor *out);

const char *
answer_query_parse(struct view query, unsigned takes, struct answer_query *out, const char **code)
{
	const char *wrong = NULL;
	const uint8_t *end;

	memset(out, 0, sizeof(*out));
	out->limit = ANSWER_LIMIT_DEFAULT;
	*code = "bad-parameter";
	if (query.size > ANSWER_QUERY_MAX)
		return "the query is longer than 2,048 bytes";
	while (wrong == NULL && query.size > 0) {
		struct view pair = query;

		if ((end = memchr(query.data, '&', query.size)) != NULL)
			pair.size = (size_t)(end - query.data);
		query.data += pair.size + (end != NULL);
		query.size -= pair.size + (end != NULL);
		wrong = take_pair(pair, takes, out);
	}
	return wrong != NULL ? wrong : judge(out, code);
}

void
answer_query_free(struct answer_query *q)
{
	for (unsigned i = 0; i < PARAMETERS; i++)
		buf_free(&q->value[i]);
}

bool
answer_query_has(const struct answer_query *q, enum answer_parameter p)
{
	return (q->given & TAKES(p)) != 0;
}

bool
answer_query_matches(const struct answer_query *q, enum answer_parameter p, struct view text)
{
	return !answer_query_has(q, p) || glob_match(buf_view(&q->value[p]), text,
					      p == PARAMETER_HOST ? GLOB_IDENTITY : GLOB_TEXT);
}

void
answer_cursor_append(const struct answer_cursor *c, struct buf *to)
{
	uint8_t bytes[CURSOR_SIZE];

	bytes[0] = c->resource;
	be32_put(bytes + 1, c->log);
	be64_put(bytes + 5, c->first);
	be64_put(bytes + 13, c->second);
	base64url_append(to, (struct view){bytes, sizeof(bytes)});
}

static const char *
take_pair(struct view pair, unsigned takes, struct answer_query *q)
{
	const uint8_t *equals = memchr(pair.data, '=', pair.size);
	struct view name = pair, value;
	unsigned p = 0;

	if (equals == NULL)
		return "a parameter has no value; expected NAME=VALUE, with & between them";
	name.size = (size_t)(equals - pair.data);
	value = (struct view){equals + 1, pair.size - name.size - 1};
	while (p < PARAMETERS && !view_equal(name, view_of_string(names[p])))
		p++;
	if (p == PARAMETERS || (takes & TAKES(p)) == 0)
		return "there is no such parameter here; doc/openapi.yaml has those that there are";
	if ((q->given & TAKES(p)) != 0)
		return "a parameter stands there twice";
	q->given |= TAKES(p);
	if (!decode(value, &q->value[p]) || q->value[p].size == 0 ||
	    q->value[p].size > VALUE_SIZE_MAX || !text_is_printable(buf_view(&q->value[p]), true))
		return "a parameter's value is empty, too long, not printable UTF-8, or badly "
		       "escaped";
	return NULL;
}

/* %XX; a plus is a plus: times with an offset are not taken, and names may have one. */
static bool
decode(struct view encoded, struct buf *to)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < encoded.size; i++) {
		const char *high, *low;

		if (encoded.data[i] != '%') {
			buf_append_byte(to, encoded.data[i]);
			continue;
		}
		if (encoded.size - i < 3 || encoded.data[i + 1] == 0 || encoded.data[i + 2] == 0 ||
		    (high = strchr(digits, encoded.data[i + 1] | 0x20)) == NULL ||
		    (low = strchr(digits, encoded.data[i + 2] | 0x20)) == NULL)
			return false;
		buf_append_byte(to, (uint8_t)((high - digits) << 4 | (low - digits)));
		i += 2;
	}
	return buf_status(to) == ERR_OK;
}

static const char *
judge(struct answer_query *q, const char **code)
{
	const struct buf *v = q->value;
	uint64_t number;

	if (answer_query_has(q, PARAMETER_LIMIT)) {
		if (decimal_decode(buf_view(&v[PARAMETER_LIMIT]), &number) != ERR_OK ||
		    number < 1 || number > ANSWER_LIMIT_MAX)
			return "limit is not a number of 1 to 500";
		q->limit = (unsigned)number;
	}
	if (answer_query_has(q, PARAMETER_HOST) &&
	    glob_check(buf_view(&v[PARAMETER_HOST])) != ERR_OK)
		return "host is not a pattern: a backslash stands before *, ? or \\ alone";
	if (answer_query_has(q, PARAMETER_WORKLOAD) &&
	    glob_check(buf_view(&v[PARAMETER_WORKLOAD])) != ERR_OK)
		return "workload is not a pattern: a backslash stands before *, ? or \\ alone";
	if (answer_query_has(q, PARAMETER_TIER) && !judge_tier(q))
		return "tier is none of affirming, none, warning, contraindicated";
	if (answer_query_has(q, PARAMETER_SILENT)) {
		q->silent = view_equal(buf_view(&v[PARAMETER_SILENT]), VIEW_LITERAL("true"));
		if (!q->silent &&
		    !view_equal(buf_view(&v[PARAMETER_SILENT]), VIEW_LITERAL("false")))
			return "silent is neither true nor false";
	}
	if (answer_query_has(q, PARAMETER_CURSOR) &&
	    !parse_cursor(buf_view(&v[PARAMETER_CURSOR]), &q->cursor)) {
		*code = "bad-cursor";
		return "the cursor is not one that a page of this register ended with";
	}
	return answer_query_has(q, PARAMETER_AT) ? judge_at(q) : NULL;
}

static bool
judge_tier(struct answer_query *q)
{
	static const enum report_status all[] = {
	    REPORT_NONE, REPORT_AFFIRMING, REPORT_WARNING, REPORT_CONTRAINDICATED};

	for (unsigned i = 0; i < 4; i++) {
		q->tier = all[i];
		if (view_equal(buf_view(&q->value[PARAMETER_TIER]),
			view_of_string(report_status_name(all[i]))))
			return true;
	}
	return false;
}

static const char *
judge_at(struct answer_query *q)
{
	const struct view v = buf_view(&q->value[PARAMETER_AT]);

	if (decimal_decode(v, &q->at) == ERR_OK && q->at < BUNDLE_SEQ_MAX)
		return NULL;
	q->at_is_time = true;
	if (utc_parse(v, &q->at) == ERR_OK)
		return NULL;
	return "at is neither an entry's index nor a time such as 2027-01-31T00:00:00Z";
}

static bool
parse_cursor(struct view text, struct answer_cursor *out)
{
	uint8_t bytes[CURSOR_SIZE];
	size_t size;

	if (base64url_decode_into(text, bytes, sizeof(bytes), &size) != ERR_OK ||
	    size != sizeof(bytes))
		return false;
	out->resource = bytes[0];
	out->log = be32_get(bytes + 1);
	out->first = be64_get(bytes + 5);
	out->second = be64_get(bytes + 13);
	return true;
}
