#include "proto/utc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define YEAR_9999_END_S 253402300799ULL

const char *
utc_text(uint64_t seconds, char to[UTC_TEXT_SIZE])
{
	const time_t time = (time_t)seconds;
	struct tm tm;

	if (seconds > YEAR_9999_END_S || gmtime_r(&time, &tm) == NULL ||
	    strftime(to, UTC_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(to, UTC_TEXT_SIZE, "%" PRIu64, seconds);
	return to;
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
