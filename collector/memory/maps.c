#include "collector/memory/maps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool take_number(struct view *rest, unsigned base, uint64_t most, uint64_t *out);
static bool take_byte(struct view *rest, char byte);
static bool take_permissions(struct view *rest, struct maps_entry *out);

enum err
maps_parse(struct view line, struct maps_entry *out)
{
	struct view rest = line;
	uint64_t major, minor;

	memset(out, 0, sizeof(*out));
	if (!take_number(&rest, 16, UINT64_MAX, &out->start) || !take_byte(&rest, '-') ||
	    !take_number(&rest, 16, UINT64_MAX, &out->end) || !take_byte(&rest, ' ') ||
	    !take_permissions(&rest, out) || !take_byte(&rest, ' ') ||
	    !take_number(&rest, 16, UINT64_MAX, &out->offset) || !take_byte(&rest, ' ') ||
	    !take_number(&rest, 16, UINT32_MAX, &major) || !take_byte(&rest, ':') ||
	    !take_number(&rest, 16, UINT32_MAX, &minor) || !take_byte(&rest, ' ') ||
	    !take_number(&rest, 10, UINT64_MAX, &out->inode) || out->start >= out->end)
		return ERR_FORMAT;
	out->device_major = (uint32_t)major;
	out->device_minor = (uint32_t)minor;
	if (rest.size > 0 && rest.data[0] != ' ')
		return ERR_FORMAT;
	/* The kernel pads with spaces; a path begins with '/' or '[', never with a space. */
	while (rest.size > 0 && rest.data[0] == ' ')
		(void)take_byte(&rest, ' ');
	out->path = rest;
	return ERR_OK;
}

void
maps_range(const struct maps_entry *entry, char name[MAPS_RANGE_SIZE])
{
	(void)snprintf(name, MAPS_RANGE_SIZE, "%llx-%llx", (unsigned long long)entry->start,
	    (unsigned long long)entry->end);
}

void
maps_unescape(struct view path, struct buf *to)
{
	size_t i = 0;

	while (i < path.size) {
		if (path.size - i >= 4 && memcmp(path.data + i, "\\012", 4) == 0) {
			buf_append_byte(to, '\n');
			i += 4;
		} else {
			buf_append_byte(to, path.data[i++]);
		}
	}
}

enum err
maps_each(int fd, maps_visit *visit, void *context)
{
	struct maps_entry entry;
	enum err e = ERR_OK;
	char *line = NULL;
	size_t capacity = 0;
	ssize_t size;
	FILE *file;

	if ((file = fdopen(fd, "r")) == NULL) {
		(void)close(fd);
		return ERR_MEMORY;
	}
	errno = 0;
	while (e == ERR_OK && (size = getline(&line, &capacity, file)) > 0) {
		if (line[size - 1] == '\n')
			size--;
		e = maps_parse((struct view){(const uint8_t *)line, (size_t)size}, &entry);
		if (e == ERR_OK)
			e = visit(context, &entry);
	}
	if (e == ERR_OK && ferror(file))
		e = errno == ESRCH ? ERR_NOT_FOUND : ERR_IO;
	free(line);
	(void)fclose(file);
	return e;
}

static bool
take_number(struct view *rest, unsigned base, uint64_t most, uint64_t *out)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t number = 0;
	size_t i = 0;

	for (; i < rest->size; i++) {
		const char *digit = memchr(digits, rest->data[i], base);
		const uint64_t value = digit == NULL ? 0 : (uint64_t)(digit - digits);

		if (digit == NULL)
			break;
		if (number > (most - value) / base)
			return false;
		number = number * base + value;
	}
	if (i == 0)
		return false;
	*rest = (struct view){rest->data + i, rest->size - i};
	*out = number;
	return true;
}

static bool
take_byte(struct view *rest, char byte)
{
	if (rest->size == 0 || rest->data[0] != (uint8_t)byte)
		return false;
	*rest = (struct view){rest->data + 1, rest->size - 1};
	return true;
}

static bool
take_permissions(struct view *rest, struct maps_entry *out)
{
	if (rest->size < 4)
		return false;
	for (unsigned i = 0; i < 3; i++)
		if (rest->data[i] != '-' && rest->data[i] != (uint8_t) "rwx"[i])
			return false;
	if (rest->data[3] != 'p' && rest->data[3] != 's')
		return false;
	out->writable = rest->data[1] == 'w';
	out->executable = rest->data[2] == 'x';
	out->shared = rest->data[3] == 's';
	*rest = (struct view){rest->data + 4, rest->size - 4};
	return true;
}
