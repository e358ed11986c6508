#include "proto/utc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define FORMAT "%Y-%m-%dT%H:%M:%SZ"

/* What is read is written again and must be the same: so there is one spelling, and no 31 June. */
enum err
utc_parse(struct view text, uint64_t *out)
{
	char spelled[UTC_SIZE + 1], again[UTC_TEXT_SIZE];
	struct tm tm = {0};
	const char *end;
	time_t t;

	if (text.size != UTC_SIZE)
		return ERR_FORMAT;
	memcpy(spelled, text.data, UTC_SIZE);
	spelled[UTC_SIZE] = '\0';
	end = strptime(spelled, FORMAT, &tm);
	if (end != spelled + UTC_SIZE || (t = timegm(&tm)) <= 0 ||
	    strcmp(utc_text((uint64_t)t, again), spelled) != 0)
		return ERR_FORMAT;
	*out = (uint64_t)t;
	return ERR_OK;
}

enum err
utc_parse_date(struct view text, uint64_t *out)
{
	static const char first_second[] = "T00:00:00Z";
	const size_t date_size = UTC_SIZE - (sizeof(first_second) - 1);
	uint8_t whole[UTC_SIZE];

	if (text.size != date_size)
		return utc_parse(text, out);
	memcpy(whole, text.data, date_size);
	memcpy(whole + date_size, first_second, sizeof(first_second) - 1);
	return utc_parse((struct view){whole, UTC_SIZE}, out);
}

const char *
utc_text(uint64_t seconds, char to[UTC_TEXT_SIZE])
{
	const time_t t = (time_t)seconds;
	struct tm tm;

	if (seconds > UTC_MAX_S || gmtime_r(&t, &tm) == NULL ||
	    strftime(to, UTC_TEXT_SIZE, FORMAT, &tm) == 0)
		(void)snprintf(to, UTC_TEXT_SIZE, "%" PRIu64, seconds);
	return to;
}

void
utc_append(struct buf *to, uint64_t seconds)
{
	char text[UTC_TEXT_SIZE];

	buf_append_string(to, utc_text(seconds, text));
}

const char *
utc_text_ms(uint64_t ms, char to[UTC_TEXT_SIZE])
{
	char *end;

	(void)utc_text(ms / 1000, to);
	if ((end = strchr(to, 'Z')) != NULL)
		(void)snprintf(
		    end, (size_t)(to + UTC_TEXT_SIZE - end), ".%03uZ", (unsigned)(ms % 1000));
	else
		(void)snprintf(to, UTC_TEXT_SIZE, "%" PRIu64, ms);
	return to;
}

const char *
utc_text_asn1(const ASN1_TIME *date, char to[UTC_TEXT_SIZE])
{
	time_t seconds = -1;
	struct tm tm;

	if (ASN1_TIME_to_tm(date, &tm) == 1)
		seconds = timegm(&tm);
	if (seconds >= 0)
		return utc_text((uint64_t)seconds, to);
	(void)snprintf(to, UTC_TEXT_SIZE, "an unreadable date");
	return to;
}
