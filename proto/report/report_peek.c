#include "proto/report/report_peek.h"

#include <stdbool.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/report/report_dialect.h"

static bool skip(struct view *rest, const char *text);
static bool take_string(struct view *rest, struct view *out);
static bool take_number(struct view *rest, struct view *digits);

enum err
report_peek(struct view json, struct view *collector, struct view *workload)
{
	struct view other;

	/* The beginning of every report, in either dialect. */
	if (skip(&json, "{\"eat_profile\":") && take_string(&json, &other) &&
	    skip(&json, REPORT_TO_ISSUE) && take_number(&json, &other) &&
	    skip(&json, REPORT_TO_EXPIRY) && take_number(&json, &other) &&
	    skip(&json, REPORT_TO_ISSUER) && take_string(&json, &other) &&
	    skip(&json, REPORT_TO_COLLECTOR) && take_string(&json, collector) &&
	    skip(&json, REPORT_TO_JTI) && take_string(&json, &other) &&
	    (!skip(&json, REPORT_TO_NONCE) || take_string(&json, &other)) && skip(&json, ",") &&
	    take_string(&json, &other) && skip(&json, ":{\"developer\":") &&
	    take_string(&json, &other) && skip(&json, REPORT_TO_BUILD) &&
	    take_string(&json, &other) && skip(&json, REPORT_TO_WORKLOAD) &&
	    take_string(&json, workload) && skip(&json, ":{"))
		return ERR_OK;
	return ERR_UNSUPPORTED;
}

enum err
report_peek_expiry(struct view json, uint64_t *expires_s)
{
	struct view other;

	if (skip(&json, "{\"eat_profile\":") && take_string(&json, &other) &&
	    skip(&json, REPORT_TO_ISSUE) && take_number(&json, &other) &&
	    skip(&json, REPORT_TO_EXPIRY) && take_number(&json, &other) &&
	    decimal_decode(other, expires_s) == ERR_OK)
		return ERR_OK;
	return ERR_UNSUPPORTED;
}

static bool
skip(struct view *rest, const char *text)
{
	const size_t size = strlen(text);

	if (rest->size < size || memcmp(rest->data, text, size) != 0)
		return false;
	*rest = (struct view){rest->data + size, rest->size - size};
	return true;
}

/* Without the quotes. False for a string with an escape, whose end is not its first quote. */
static bool
take_string(struct view *rest, struct view *out)
{
	const uint8_t *end;

	if (!skip(rest, "\"") ||
	    (end = rest->size == 0 ? NULL : memchr(rest->data, '"', rest->size)) == NULL)
		return false;
	*out = (struct view){rest->data, (size_t)(end - rest->data)};
	if (out->size > 0 && memchr(out->data, '\\', out->size) != NULL)
		return false;
	*rest = (struct view){end + 1, rest->size - out->size - 1};
	return true;
}

static bool
take_number(struct view *rest, struct view *digits)
{
	*digits = (struct view){rest->data, 0};
	while (rest->size > 0 && rest->data[0] >= '0' && rest->data[0] <= '9') {
		*rest = (struct view){rest->data + 1, rest->size - 1};
		digits->size++;
	}
	return digits->size > 0;
}
