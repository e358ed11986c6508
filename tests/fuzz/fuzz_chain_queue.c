/* The collector's queue of bundles on disk: what is read of it, written again, is its beginning. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collector/chain_queue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf storage = BUF_INIT, again = BUF_INIT;
	const int fd = memfd_create("queue", MFD_CLOEXEC);
	struct chain_record r;
	uint64_t offset = 0;
	enum err e;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	while ((e = chain_record_read(fd, offset, &storage, &r)) == ERR_OK) {
		offset += r.size;
		if (offset > size)
			abort();
		chain_record_write(r.bundle, r.signature, &again);
	}
	if ((e != ERR_NOT_FOUND && e != ERR_FORMAT) || again.size != offset ||
	    (offset > 0 && memcmp(again.data, data, again.size) != 0))
		abort();
	buf_free(&storage);
	buf_free(&again);
	(void)close(fd);
	return 0;
}
