/*
 * Runs one fuzz target over every file in the given files and directories, without a fuzzer: what
 * once broke a parser is tried again with each check.
 *
 *   replay_<parser> PATH...
 */
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path, size_t size);

int
main(int argc, char **argv)
{
	FTS *walk = argc > 1 ? fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
	unsigned passed = 0, failed = 0;

	for (FTSENT *f; walk != NULL && (f = fts_read(walk)) != NULL;) {
		if (f->fts_info != FTS_F)
			continue;
		if (replay_file(f->fts_path, (size_t)f->fts_statp->st_size) == 0)
			passed++;
		else
			failed++;
	}
	if (walk != NULL)
		fts_close(walk);
	if (passed == 0) {
		fprintf(stderr, "expected files of a corpus, found none\n");
		failed++;
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed == 0 ? 0 : 1;
}

/* A target that finds a fault aborts; only reading the file can fail here. */
static int
replay_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(size + 1);
	int result = -1;

	if (file != NULL && data != NULL && fread(data, 1, size, file) == size)
		result = LLVMFuzzerTestOneInput(data, size);
	else
		fprintf(stderr, "%s: cannot be read\n", path);
	if (file != NULL)
		fclose(file);
	free(data);
	return result;
}
