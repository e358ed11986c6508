#include "proto/tlog/tile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void write_path(
    const char *directory, uint64_t index, unsigned width, char path[TILE_PATH_SIZE]);

unsigned
tile_width(unsigned level, uint64_t index, uint64_t size)
{
	uint64_t hashes = level > TILE_LEVEL_MAX ? 0 : size >> (level * TILE_HEIGHT);
	uint64_t full = hashes / TILE_WIDTH;

	if (index < full)
		return TILE_WIDTH;
	return index == full ? (unsigned)(hashes % TILE_WIDTH) : 0;
}

uint64_t
tile_count(unsigned level, uint64_t size)
{
	uint64_t hashes = level > TILE_LEVEL_MAX ? 0 : size >> (level * TILE_HEIGHT);

	return hashes / TILE_WIDTH + (hashes % TILE_WIDTH != 0);
}

void
tile_path(unsigned level, uint64_t index, unsigned width, char path[TILE_PATH_SIZE])
{
	char directory[16];

	snprintf(directory, sizeof(directory), "tile/%u", level);
	write_path(directory, index, width, path);
}

void
tile_entries_path(uint64_t index, unsigned width, char path[TILE_PATH_SIZE])
{
	write_path("tile/entries", index, width, path);
}

enum err
tile_entry_append(struct buf *to, struct view entry)
{
	uint8_t size[2];

	if (entry.size > ENTRY_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	be16_put(size, (uint16_t)entry.size);
	buf_append(to, size, sizeof(size));
	buf_append_view(to, entry);
	return buf_status(to);
}

enum err
tile_entry_next(struct view *rest, struct view *entry)
{
	size_t size;

	if (rest->size < 2)
		return ERR_FORMAT;
	size = be16_get(rest->data);
	if (size > rest->size - 2)
		return ERR_FORMAT;
	*entry = (struct view){rest->data + 2, size};
	rest->data += 2 + size;
	rest->size -= 2 + size;
	return ERR_OK;
}

/* Groups of three digits, all but the last behind an 'x': 1234067 is x001/x234/067. */
static void
write_path(const char *directory, uint64_t index, unsigned width, char path[TILE_PATH_SIZE])
{
	unsigned group[7]; /* 20 digits of 2^64 - 1 */
	unsigned groups = 0;
	int used;

	do {
		group[groups++] = (unsigned)(index % 1000);
		index /= 1000;
	} while (index > 0);
	used = snprintf(path, TILE_PATH_SIZE, "%s", directory);
	while (groups-- > 0)
		used += snprintf(path + used, (size_t)(TILE_PATH_SIZE - used),
		    groups > 0 ? "/x%03u" : "/%03u", group[groups]);
	if (width < TILE_WIDTH)
		snprintf(path + used, (size_t)(TILE_PATH_SIZE - used), ".p/%u", width);
}
