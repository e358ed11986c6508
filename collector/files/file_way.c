#include "collector/files/file_way.h"

#include <string.h>

static void tell(
    const struct file_way_parent *p, const uint8_t *path, struct file_details *details);

void
file_way_enter(struct file_way *way, size_t path_size, const struct statx *s)
{
	struct file_way_point *at = &way->at;

	way->entered[at->entered].major = s->stx_dev_major;
	way->entered[at->entered].minor = s->stx_dev_minor;
	way->entered[at->entered++].inode = s->stx_ino;
	if (s->stx_uid != 0 || (s->stx_mode & (S_IWGRP | S_IWOTH)) != 0)
		way->parents[at->parents++] =
		    (struct file_way_parent){path_size, s->stx_mode, s->stx_uid, s->stx_gid};
}

bool
file_way_has(const struct file_way *way, const struct statx *s)
{
	for (size_t i = 0; i < way->at.entered; i++)
		if (way->entered[i].major == s->stx_dev_major &&
		    way->entered[i].minor == s->stx_dev_minor &&
		    way->entered[i].inode == s->stx_ino)
			return true;
	return false;
}

void
file_way_tell(const struct file_way *way, const struct buf *path, const struct rooted_loose *loose,
    const struct component_file *item, struct file_details *details)
{
	for (size_t i = 0; i < way->at.parents; i++) {
		const struct file_way_parent *p = &way->parents[i];

		if (rooted_is_loose(p->mode, p->uid, item->uid)) {
			tell(p, path->data, details);
			return;
		}
	}
	if (loose->is_there) {
		const struct file_way_parent p = {
		    strlen(loose->path), loose->mode, loose->uid, loose->gid};

		tell(&p, (const uint8_t *)loose->path, details);
	}
}

static void
tell(const struct file_way_parent *p, const uint8_t *path, struct file_details *details)
{
	struct buf text = BUF_INIT;

	if (p->path_size > 0)
		file_details_append_path(
		    &text, (struct view){path, p->path_size}, FILE_DETAILS_PATH_MAX);
	else
		buf_append_byte(&text, '/');
	file_details_add(details, "parent", "%.*s %04o %u %u", view_precision(buf_view(&text)),
	    (const char *)text.data, p->mode & 07777, p->uid, p->gid);
	details->text.failed = details->text.failed || text.failed;
	buf_free(&text);
}
