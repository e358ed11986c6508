/*
 * Archives with images in them (OCI layouts, docker save): manifest, configuration, layers, taken
 * whole or not at all; the set that is made of one is read again as the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/images/image.h"
#include "tests/fuzz/drafted_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct image_facts facts;
	const struct image_options options = {.mebibytes = 8, .content_only = size % 2 != 0};
	struct faults faults = FAULTS_INIT;
	struct set_draft *draft = set_draft_new();
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[32];
	enum err e;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	e = image_read(path, &options, &faults, draft, &facts);
	if ((e == ERR_OK) != (faults.count == 0))
		abort();
	if (e == ERR_OK)
		drafted_set_read_again(draft);
	(void)close(fd);
	set_draft_free(&draft);
	faults_free(&faults);
	return 0;
}
