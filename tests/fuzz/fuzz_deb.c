/*
 * Debian packages: taken whole or not at all, and the set that is made of one is read again as the
 * same.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "policy/reference.h"
#include "policy/sources/deb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_again(struct set_draft *draft);

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
		read_again(draft);
	(void)close(fd);
	set_draft_free(&draft);
	faults_free(&faults);
	return 0;
}

static void
read_again(struct set_draft *draft)
{
	struct faults faults = FAULTS_INIT;
	struct buf set = BUF_INIT, again = BUF_INIT;
	struct reference_set *s = NULL;
	size_t count;

	if (set_draft_write(draft, "fuzz", &faults, &set, &count) == ERR_OK &&
	    reference_parse("fuzz", buf_view(&set), &faults, &s) == ERR_OK) {
		for (size_t i = 0; i < reference_count(s); i++)
			reference_entry_append(reference_at(s, i), &again);
		if (reference_count(s) != count || !view_equal(buf_view(&set), buf_view(&again)))
			abort();
	}
	/* Nothing that fits into an input is too large for a set. */
	if (s == NULL || faults.count > 0)
		abort();
	reference_free(&s);
	faults_free(&faults);
	buf_free(&set);
	buf_free(&again);
}
