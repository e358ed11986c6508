/*
 * A file of segments in the collector's state: every record that it tells of lies within it, in
 * order, and is found again under its digest or under that of a later one.
 */
#include "collector/store/segment_file.h"
#include "collector/store/segment_store.h"
#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct records {
	uint64_t end; /* of the last */
	size_t count;
	struct digest first;
};

static segment_file_visit look;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct records r = {.end = 0};
	struct trouble t = TROUBLE_INIT;
	struct segment_store *s;
	uint64_t file_size, offset, found_size;
	int fd;

	scratch_write("segments-00000007", data, size);
	if (segment_file_each(scratch_fd, 7, look, &r, &file_size) != ERR_OK || file_size != size ||
	    r.end > size || segment_store_open(scratch_fd, &s, &t) != ERR_OK)
		abort();
	if (r.count > 0) {
		if (segment_store_find(s, &r.first, &fd, &offset, &found_size, &t) != ERR_OK ||
		    found_size == 0 || offset + found_size > size)
			abort();
		(void)close(fd);
	}
	segment_store_sweep_begin(s);
	segment_store_sweep_end(s);
	if (segment_file_open(scratch_fd, 7) >= 0)
		abort(); /* nothing in it is needed */
	segment_store_close(&s);
	return 0;
}

static void
look(void *context, const struct digest *digest, const struct segment_place *place)
{
	struct records *r = context;

	if (place->file != 7 || place->size == 0 || place->offset < r->end + DIGEST_SIZE + 4 ||
	    digest_is_zero(digest))
		abort();
	if (r->count++ == 0)
		r->first = *digest;
	r->end = place->offset + place->size;
}
