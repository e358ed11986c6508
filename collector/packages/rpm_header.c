#include "collector/packages/rpm_header.h"

#include <string.h>

#define START_SIZE 8  /* bytes of the two numbers */
#define ENTRY_SIZE 16 /* bytes */

/* Of rpmtag.h; enum rpmTagType_e. */
enum { TAG_NAME = 1000, TAG_VERSION, TAG_RELEASE, TAG_EPOCH, TAG_ARCHITECTURE = 1022 };
enum { TYPE_INT32 = 4, TYPE_STRING = 6 };

struct header {
	struct view index;
	struct view data;
	bool odd; /* something wanted was found and is not as it should be */
};

static bool header_open(struct view bytes, struct header *out);
static struct view find_string(struct header *h, uint32_t tag);
static struct view find(struct header *h, uint32_t tag, uint32_t type);
static void append_version(struct header *h, struct buf *to);

void
rpm_header_read(struct view header, struct buf *version, struct package *out)
{
	struct header h;

	*out = (struct package){.odd = true};
	if (!header_open(header, &h))
		return;
	out->name = find_string(&h, TAG_NAME);
	out->architecture = find_string(&h, TAG_ARCHITECTURE);
	append_version(&h, version);
	out->version = buf_view(version);
	out->odd = h.odd;
}

static bool
header_open(struct view bytes, struct header *out)
{
	uint32_t entries, size;

	if (bytes.size < START_SIZE)
		return false;
	entries = be32_get(bytes.data);
	size = be32_get(bytes.data + 4);
	if (entries == 0 || entries > RPM_INDEX_MAX ||
	    bytes.size != START_SIZE + (uint64_t)entries * ENTRY_SIZE + size)
		return false;
	out->index = (struct view){bytes.data + START_SIZE, (size_t)entries * ENTRY_SIZE};
	out->data = (struct view){out->index.data + out->index.size, size};
	out->odd = false;
	return true;
}

/* Empty if it is not there. */
static struct view
find_string(struct header *h, uint32_t tag)
{
	struct view found = find(h, tag, TYPE_STRING);
	const uint8_t *end = found.size > 0 ? memchr(found.data, '\0', found.size) : NULL;

	if (found.size > 0 && end == NULL)
		h->odd = true;
	found.size = end != NULL ? (size_t)(end - found.data) : 0;
	return found;
}

/* All data from where it begins; empty if it is not there. */
static struct view
find(struct header *h, uint32_t tag, uint32_t type)
{
	struct view found = {NULL, 0};

	for (size_t i = 0; i < h->index.size; i += ENTRY_SIZE) {
		const uint8_t *entry = h->index.data + i;
		const uint32_t offset = be32_get(entry + 8);

		if (be32_get(entry) != tag)
			continue;
		if (found.size > 0 || be32_get(entry + 4) != type || offset >= h->data.size ||
		    be32_get(entry + 12) != 1)
			h->odd = true;
		else
			found = (struct view){h->data.data + offset, h->data.size - offset};
	}
	return found;
}

static void
append_version(struct header *h, struct buf *to)
{
	const struct view epoch = find(h, TAG_EPOCH, TYPE_INT32),
			  version = find_string(h, TAG_VERSION),
			  release = find_string(h, TAG_RELEASE);

	if (epoch.size >= 4) {
		buf_append_decimal(to, be32_get(epoch.data));
		buf_append_byte(to, ':');
	} else if (epoch.size > 0) {
		h->odd = true;
	}
	buf_append_view(to, version);
	if (release.size > 0) {
		buf_append_byte(to, '-');
		buf_append_view(to, release);
	}
}
