#include "collector/measure/file_way.h"

static bool tell_if(const struct file_way_parent *p, const uint8_t *path,
    const struct component_file *item, struct file_details *details);

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
file_way_tell(const struct file_way *way, const struct buf *path, const struct file_link *link,
    const struct component_file *item, struct file_details *details)
{
	bool told = false;

	for (size_t i = 0; i < way->at.parents && !told; i++)
		told = tell_if(&way->parents[i], path->data, item, details);
	for (size_t i = 0; link->place != NULL && i < link->place->count && !told; i++) {
		const struct rooted_directory *d = &link->place->above[i];
		const struct file_way_parent p = {d->path_size, d->mode, d->uid, d->gid};

		told = tell_if(&p, (const uint8_t *)link->place->path, item, details);
	}
}

/*
 * Whether it is one to be told. Whoever may write to a directory puts another file under a name
 * there: root may, the owner of the file might as well write to it; everybody else is worth
 * telling. In a sticky directory only its owner and that of the name may.
 */
static bool
tell_if(const struct file_way_parent *p, const uint8_t *path, const struct component_file *item,
    struct file_details *details)
{
	struct buf text = BUF_INIT;

	if ((p->uid == 0 || p->uid == item->uid) &&
	    ((p->mode & S_ISVTX) != 0 || (p->mode & (S_IWGRP | S_IWOTH)) == 0))
		return false;
	if (p->path_size > 0)
		file_details_append_path(
		    &text, (struct view){path, p->path_size}, FILE_DETAILS_PATH_MAX);
	else
		buf_append_byte(&text, '/');
	file_details_add(details, "parent", "%.*s %04o %u %u", view_precision(buf_view(&text)),
	    (const char *)text.data, p->mode & 07777, p->uid, p->gid);
	details->text.failed = details->text.failed || text.failed;
	buf_free(&text);
	return true;
}
