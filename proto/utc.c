#include "proto/utc.h"

#include <inttypes.h>
#include <stdio.h>
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
