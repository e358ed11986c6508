#include "collector/memory/smaps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/subject/procfs.h"

static bool is_some(struct view line);
static enum err note(struct smaps *to, const struct maps_entry *mapping);

enum err
smaps_list(int dir, struct smaps *out)
{
	struct smaps_place at = {.noted = false};
	const int fd = openat(dir, "smaps", O_RDONLY | O_CLOEXEC);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	enum err e = ERR_OK;
	char *line = NULL;
	size_t capacity = 0;
	ssize_t size;

	if (file == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return fd >= 0 ? ERR_MEMORY : ERR_IO;
	}
	errno = 0;
	while (e == ERR_OK && (size = getline(&line, &capacity, file)) > 0)
		e = smaps_take(out, &at, (struct view){(const uint8_t *)line, (size_t)size});
	if (e == ERR_OK && ferror(file))
		e = ERR_IO;
	free(line);
	(void)fclose(file);
	return e;
}

enum err
smaps_take(struct smaps *to, struct smaps_place *at, struct view line)
{
	struct maps_entry mapping;

	/* A name of a field is no address. */
	if (maps_parse(procfs_trim(line), &mapping) == ERR_OK) {
		mapping.path = (struct view){NULL, 0};
		at->mapping = mapping;
		at->noted = false;
		return ERR_OK;
	}
	if (at->noted || !at->mapping.executable || !is_some(line))
		return ERR_OK;
	at->noted = true;
	return note(to, &at->mapping);
}

bool
smaps_has_written(const struct smaps *s, const struct maps_entry *mapping)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->written[i].start < mapping->end && mapping->start < s->written[i].end)
			return true;
	return false;
}

void
smaps_free(struct smaps *s)
{
	free(s->written);
	memset(s, 0, sizeof(*s));
}

/* "Anonymous:             4 kB": not zero, or not to be understood. */
static bool
is_some(struct view line)
{
	static const struct view zero = VIEW_LITERAL("0 kB");
	struct view value;

	return (procfs_status_field(line, "Anonymous", &value) ||
		   procfs_status_field(line, "Swap", &value)) &&
	       !view_equal(value, zero);
}

static enum err
note(struct smaps *to, const struct maps_entry *mapping)
{
	struct smaps_mapping *grown;

	if (to->count == to->capacity) {
		to->capacity = to->capacity == 0 ? 16 : 2 * to->capacity;
		if ((grown = reallocarray(to->written, to->capacity, sizeof(*grown))) == NULL)
			return ERR_MEMORY;
		to->written = grown;
	}
	to->written[to->count++] = (struct smaps_mapping){mapping->start, mapping->end};
	return ERR_OK;
}
