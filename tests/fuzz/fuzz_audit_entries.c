/*
 * An entry bundle as fsck and show read it: every entry is walked over, and shown. What a good log
 * begins with stays good when it is read again from its beginning, and entry by entry.
 */
#include <stdlib.h>

#include "auditor/tell/show_entry.h"
#include "log/walk/walk.h"
#include "proto/tlog/merkle.h"
#include "proto/tlog/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *nowhere;

static size_t
split(struct view rest, struct view entry[TILE_WIDTH], struct digest leaf[TILE_WIDTH])
{
	size_t count = 0;

	while (count < TILE_WIDTH && tile_entry_next(&rest, &entry[count]) == ERR_OK)
		count++;
	merkle_leaves(entry, count, leaf);
	return count;
}

/* `step` entries at a time; gives what is wrong. */
static uint64_t
read_entries(const struct view *entry, const struct digest *leaf, size_t count, size_t step)
{
	const struct walk_wanted wanted = {.origin = "hallmark.test/made"};
	const struct findings nobody = {.tell = NULL};
	struct defects defects;
	struct walk *w;
	uint64_t wrong;

	defects_begin(&defects, &nobody, UINT64_MAX);
	if (walk_new(&wanted, &defects, &w) != ERR_OK)
		abort();
	for (size_t i = 0; i < count; i += step)
		walk_take(w, &(struct tree_check_entries){
				 i, count - i < step ? count - i : step, entry + i, leaf + i});
	walk_conclude(w);
	wrong = defects.bad + defects.unknown;
	if (walk_workloads(w) > count)
		abort();
	walk_free(&w);
	return wrong;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct view entry[TILE_WIDTH];
	static struct digest leaf[TILE_WIDTH];
	const size_t count = split((struct view){data, size}, entry, leaf);
	size_t good = 0;

	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "we");
	if (read_entries(entry, leaf, count, TILE_WIDTH) != read_entries(entry, leaf, count, 1))
		abort();
	while (good < count && read_entries(entry, leaf, good + 1, 7) == 0)
		good++;
	if (good == count && read_entries(entry, leaf, count, 7) != 0)
		abort();
	for (size_t i = 0; i < count; i++) {
		const struct display d = {.to = nowhere, .margin = ""};

		(void)!show_entry(entry[i], NULL, &d, NULL);
	}
	return 0;
}
