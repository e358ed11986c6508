#include "register/decide/decided_row.h"

#include <string.h>

void
decided_take(struct decided *d, const struct decided_row *row)
{
	const size_t why = row->why.size < sizeof(d->why) - 1 ? row->why.size : sizeof(d->why) - 1;

	d->known = true;
	d->good = row->good;
	d->leaving = row->leaving;
	d->silent = false;
	d->status = row->status;
	d->index = row->index;
	d->issued_s = row->issued_s;
	d->expires_s = row->expires_s;
	d->due_s = row->due_s;
	if (why > 0)
		memcpy(d->why, row->why.data, why);
	d->why[why] = '\0';
}
