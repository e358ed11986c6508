#include "collector/files/file_link.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "collector/files/file_reading.h"

const char *
file_link_find(int root, const struct buf *path, const struct statx *stays,
    struct rooted_place *place, struct statx *target)
{
	const enum err e = rooted_find(root, (const char *)path->data, 0, place, NULL);

	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? "missing" : errno == ELOOP ? "loop" : "unreadable";
	if (!file_look(place->dir, place->name, target))
		return "missing";
	return stays != NULL && target->stx_mnt_id != stays->stx_mnt_id ? "mount" : NULL;
}

bool
file_link_leads_elsewhere(const struct file_link *l, int root, const struct buf *path,
    uint32_t owner, struct rooted_loose *loose)
{
	struct rooted_place now;
	const enum err e = rooted_find(root, (const char *)path->data, owner, &now, loose);
	const size_t begun = l->place->path_size, rest = path->size - l->path_size;
	const bool same = e == ERR_OK && now.path_size == begun + rest &&
			  memcmp(now.path, l->place->path, begun) == 0 &&
			  memcmp(now.path + begun, path->data + l->path_size, rest) == 0;

	if (now.dir >= 0)
		(void)close(now.dir);
	return !same;
}

void
file_link_tell(const struct file_link *l, const struct buf *path, struct file_details *details)
{
	struct buf whole = BUF_INIT, text = BUF_INIT;

	buf_append_view(
	    &whole, (struct view){(const uint8_t *)l->place->path, l->place->path_size});
	buf_append_view(
	    &whole, (struct view){path->data + l->path_size, path->size - l->path_size});
	file_details_append_path(&text, buf_view(&whole), FILE_DETAILS_PATH_MAX);
	file_details_add(
	    details, "target", "%.*s", view_precision(buf_view(&text)), (const char *)text.data);
	details->text.failed = details->text.failed || whole.failed || text.failed;
	buf_free(&whole);
	buf_free(&text);
}
