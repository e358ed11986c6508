#include "proto/span.h"

#include <stdio.h>

const char *
span_text(uint64_t seconds, char to[SPAN_SIZE])
{
	static const struct {
		uint64_t s;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	unsigned u = 0;

	/* Two of a unit tell more than one of the next: 90 min, not 1 h. */
	while (units[u].s > 1 && seconds < 2 * units[u].s)
		u++;
	snprintf(
	    to, SPAN_SIZE, "%llu %s", (unsigned long long)(seconds / units[u].s), units[u].name);
	return to;
}

const char *
span_text_ms(uint64_t ms, char to[SPAN_SIZE])
{
	if (ms >= 10000)
		return span_text(ms / 1000, to);
	snprintf(to, SPAN_SIZE, "%llu.%llu s", (unsigned long long)(ms / 1000),
	    (unsigned long long)(ms / 100 % 10));
	return to;
}
