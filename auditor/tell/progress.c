#include "auditor/tell/progress.h"

#include <stdio.h>
#include <unistd.h>

void
progress_at(struct progress *p, uint64_t done, uint64_t total)
{
	const double share = total > 0 ? (double)done / (double)total : 1.0;
	const uint64_t percent = (uint64_t)(100.0 * share);

	if (!p->begun) {
		p->begun = true;
		p->shown = total > 0 && isatty(STDERR_FILENO);
	}
	if (!p->shown)
		return;
	if (done == total) {
		fprintf(stderr, "\r%40s\r", "");
	} else if (percent != p->last_percent) {
		p->last_percent = percent;
		fprintf(stderr, "\r  %3llu %% of %llu reports", (unsigned long long)percent,
		    (unsigned long long)total);
	}
}
