#include "collector/memory/procmap.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define IS_WRITABLE   0x02 /* of a mapping; and what is asked for */
#define IS_EXECUTABLE 0x04
#define IS_SHARED     0x08
#define OR_NEXT       0x10

#define NAME_SIZE 4352 /* bytes: PATH_MAX, and " (deleted)" */

/* struct procmap_query of linux/fs.h, which headers before 6.11 lack. */
struct query {
	uint64_t size, query_flags, query_address;
	uint64_t start, end, flags, page_size, offset, inode;
	uint32_t device_major, device_minor, name_size, build_id_size;
	uint64_t name, build_id;
};

_Static_assert(sizeof(struct query) == 104, "the size that is a part of the request");

static enum err tell(
    const struct query *q, const char *name, struct buf *path, maps_visit *visit, void *context);

enum err
procmap_each(int maps, maps_visit *visit, void *context, bool *is_known)
{
	struct buf path = BUF_INIT;
	char name[NAME_SIZE];
	uint64_t at = 0;
	enum err e = ERR_OK;

	*is_known = false;
	while (e == ERR_OK) {
		struct query q = {.size = sizeof(q),
		    .query_flags = IS_EXECUTABLE | OR_NEXT,
		    .query_address = at,
		    .name_size = sizeof(name),
		    .name = (uint64_t)(uintptr_t)name};

		if (ioctl(maps, PROCMAP_REQUEST, &q) != 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			if (errno == ESRCH) /* its memory is gone */
				e = ERR_NOT_FOUND;
			else if (errno != ENOENT && *is_known)
				e = ERR_IO;
			*is_known = *is_known || errno == ENOENT || errno == ESRCH;
			break;
		}
		*is_known = true;
		name[q.name_size == 0 ? 0 : q.name_size - 1] = '\0';
		e = tell(&q, name, &path, visit, context);
		at = q.end;
	}
	buf_free(&path);
	return e;
}

/* maps has "\012" for a line feed. */
static enum err
tell(const struct query *q, const char *name, struct buf *path, maps_visit *visit, void *context)
{
	struct maps_entry entry = {
	    .start = q->start,
	    .end = q->end,
	    .writable = (q->flags & IS_WRITABLE) != 0,
	    .executable = true,
	    .shared = (q->flags & IS_SHARED) != 0,
	    .device_major = q->device_major,
	    .device_minor = q->device_minor,
	    .offset = q->offset,
	    .inode = q->inode,
	};

	buf_clear(path);
	for (; *name != '\0'; name++)
		if (*name == '\n')
			buf_append_string(path, "\\012");
		else
			buf_append_byte(path, (uint8_t)*name);
	if (path->failed)
		return ERR_MEMORY;
	entry.path = buf_view(path);
	return visit(context, &entry);
}
