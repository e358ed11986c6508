#include "auditor/pack/parcel.h"

#include <string.h>

#include "proto/digest.h"

void
parcel_put(struct parcel *p, const char *name, struct view content)
{
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest sum;
	uint8_t size[8];

	digest_of(content.data, content.size, &sum);
	digest_to_hex(&sum, hex);
	if (strcmp(name, PARCEL_SUMS) != 0)
		buf_append_format(&p->sums, "%s  %s\n", hex, name);
	be64_put(size, content.size);
	if (fwrite(name, 1, strlen(name) + 1, p->to) != strlen(name) + 1 ||
	    fwrite(size, 1, sizeof(size), p->to) != sizeof(size) ||
	    (content.size > 0 && fwrite(content.data, 1, content.size, p->to) != content.size))
		p->failed = true;
	p->files++;
}

enum err
parcel_end(struct parcel *p)
{
	enum err e = buf_status(&p->sums);

	if (e == ERR_OK) {
		parcel_put(p, PARCEL_SUMS, buf_view(&p->sums));
		if (p->failed || fputc('\0', p->to) == EOF || fflush(p->to) != 0)
			e = ERR_IO;
	}
	buf_free(&p->sums);
	return e;
}
