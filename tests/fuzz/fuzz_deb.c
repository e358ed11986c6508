/*
 * Debian packages: taken whole or not at all, and the set that is made of one is read again as the
 * same.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/sources/deb.h"
#include "tests/fuzz/drafted_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct source_options options = {.content_only = size % 2 != 0};
	struct faults faults = FAULTS_INIT;
	struct set_draft *draft = set_draft_new();
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	enum err e;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	e = deb_read("fuzz", fd, &options, &faults, draft);
	if ((e == ERR_OK) != (faults.count == 0))
		abort();
	if (e == ERR_OK)
		drafted_set_read_again(draft);
	(void)close(fd);
	set_draft_free(&draft);
	faults_free(&faults);
	return 0;
}
