/*
 * What it costs to look at the code pages of many processes (collector/memory/): their executable
 * mappings are listed, each page of a mapped file is looked at, and they are listed again, as the
 * component `libraries` does; beside it, their smaps are read, which tell of the same, and the
 * listing too. In turns.
 *
 *   usage: code_pages TURNS PID...
 *
 * Prints as JSON what one of each costs, in microseconds a process, and how many pages there are.
 */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/ground/small_file.h"
#include "collector/memory/mappings.h"
#include "collector/memory/pages.h"

#define SMAPS_MAX (64 * 1024 * 1024) /* bytes */

static uint64_t pages_seen, written;

static pages_visit note_written;
static void look_at_pages(int dir);
static void read_smaps(int dir);
static double time_of(void (*look)(int dir), char **pids, int count);

int
main(int argc, char **argv)
{
	const int turns = argc > 2 ? atoi(argv[1]) : 0;
	double pages = 0, smaps = 0;

	if (turns < 1)
		errx(1, "usage: code_pages TURNS PID...");
	for (int turn = 0; turn < turns; turn++) {
		pages_seen = 0;
		pages += time_of(look_at_pages, argv + 2, argc - 2);
		smaps += time_of(read_smaps, argv + 2, argc - 2);
	}
	printf("{\"pages_us\": %.2f, \"smaps_us\": %.2f, \"pages\": %" PRIu64
	       ", \"written\": %" PRIu64 "}\n",
	    pages / turns, smaps / turns, pages_seen, written);
	return 0;
}

static double
time_of(void (*look)(int dir), char **pids, int count)
{
	struct timespec began, ended;
	char path[64];

	(void)clock_gettime(CLOCK_MONOTONIC, &began);
	for (int i = 0; i < count; i++) {
		int dir;

		(void)snprintf(path, sizeof(path), "/proc/%s", pids[i]);
		if ((dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
			err(1, "%s", path);
		look(dir);
		(void)close(dir);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &ended);
	return ((double)(ended.tv_sec - began.tv_sec) * 1e6 +
		   (double)(ended.tv_nsec - began.tv_nsec) / 1e3) /
	       count;
}

static void
look_at_pages(int dir)
{
	struct mappings before = {.list = NULL}, after = {.list = NULL};
	struct pages pages;

	if (mappings_list(dir, &before) != ERR_OK || pages_open(dir, &pages) != ERR_OK)
		errx(1, "a process cannot be looked at");
	for (size_t i = 0; i < before.count; i++) {
		if (mapping_is_memory(&before.list[i]))
			continue;
		pages_seen += (before.list[i].end - before.list[i].start) / pages.page_size;
		if (pages_each(&pages, &before.list[i], note_written, NULL) != ERR_OK)
			errx(1, "pages cannot be looked at");
	}
	pages_close(&pages);
	if (mappings_list(dir, &after) != ERR_OK || !mappings_same_files(&before, &after))
		errx(1, "a process has changed");
	mappings_free(&before);
	mappings_free(&after);
}

static enum err
note_written(void *context, uint64_t start, uint64_t end, bool is_exact)
{
	(void)context;
	(void)is_exact;
	written += end - start;
	return ERR_OK;
}

static void
read_smaps(int dir)
{
	struct buf text = BUF_INIT;

	if (small_file_read(dir, "smaps", SMAPS_MAX, &text) != ERR_OK)
		errx(1, "smaps cannot be read");
	buf_free(&text);
}
