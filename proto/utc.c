#include "proto/utc.h"

#include <string.h>
#include <time.h>

#define FORMAT "%Y-%m-%dT%H:%M:%SZ"

/* What is read is written again and must be the same: so there is one spelling, and no 31 June. */
enum err
utc_parse(struct view text, uint64_t *out)
{
	struct buf again = BUF_INIT;
	char spelled[UTC_SIZE + 1];
	struct tm tm = {0};
	const char *end;
	enum err e = ERR_FORMAT;
	time_t t;

	if (text.size != UTC_SIZE)
		return ERR_FORMAT;
	memcpy(spelled, text.data, UTC_SIZE);
	spelled[UTC_SIZE] = '\0';
	end = strptime(spelled, FORMAT, &tm);
	if (end != spelled + UTC_SIZE || (t = timegm(&tm)) <= 0)
		return ERR_FORMAT;
	utc_append(&again, (uint64_t)t);
	if ((e = buf_status(&again)) == ERR_OK && !view_equal(buf_view(&again), text))
		e = ERR_FORMAT;
	buf_free(&again);
	if (e == ERR_OK)
		*out = (uint64_t)t;
	return e;
}

void
utc_append(struct buf *to, uint64_t seconds)
{
	const time_t t = (time_t)seconds;
	char text[UTC_SIZE + 1];
	struct tm tm;

	if (seconds <= UTC_MAX_S && gmtime_r(&t, &tm) != NULL &&
	    strftime(text, sizeof(text), FORMAT, &tm) == UTC_SIZE)
		buf_append(to, text, UTC_SIZE);
	else
		buf_append_decimal(to, seconds);
}
