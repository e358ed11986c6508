/*
 * What the gate reads of a program that is not running: its ELF headers, and the cache of the
 * loader.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collector/loading/elf.h"
#include "collector/loading/loader_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each text ends, and is no longer than may be read. */
static void
check(const struct elf *e)
{
	const char *const texts[] = {e->interpreter, e->rpath, e->runpath};

	if (e->needed_count > ELF_NEEDED_MAX)
		abort();
	for (size_t i = 0; i < 3; i++)
		if (texts[i] != NULL && strlen(texts[i]) >= ELF_TEXT_MAX)
			abort();
	for (size_t i = 0; i < e->needed_count; i++)
		if (strlen(e->needed[i]) >= ELF_TEXT_MAX)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int fd = memfd_create("program", MFD_CLOEXEC);
	size_t place = 0;
	const char *path;
	struct elf e;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	if (elf_read(fd, &e) == ERR_OK)
		check(&e);
	elf_free(&e);
	(void)close(fd);
	while ((path = loader_cache_next((struct view){data, size}, "libc.so", &place)) != NULL)
		if (strlen(path) >= size)
			abort();
	return 0;
}
