#include "log/progress.h"

#include <stdio.h>
#include <unistd.h>

void
progress_begin(struct progress *p, uint64_t total)
{
	p->total = total;
	p->last_percent = 0;
	p->shown = total > 0 && isatty(STDERR_FILENO);
}

void
progress_at(struct progress *p, uint64_t done)
{
	const double share = p->total > 0 ? (double)done / (double)p->total : 1.0;
	const uint64_t percent = (uint64_t)(100.0 * share);

	if (!p->shown || percent == p->last_percent)
		return;
	p->last_percent = percent;
	fprintf(stderr, "\r  %3llu %% of %llu reports", (unsigned long long)percent,
	    (unsigned long long)p->total);
}

void
progress_end(struct progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r%40s\r", "");
}
