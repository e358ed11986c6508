#include "collector/measure/files_item.h"

#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "collector/measure/redact.h"
#include "collector/watch/lay.h"

static bool is_newer(const struct files_walk *w, const struct statx *s);
static enum err count_item(struct files_walk *w, uint64_t bytes);
static enum err refuse_bytes(const struct files_walk *w);
static enum err add_item(struct files_walk *w, struct component_file *item);

enum err
files_item_add(struct files_walk *w, int dir, const char *name, const struct statx *s)
{
	struct rooted_loose loose = {.is_there = false};
	struct component_file item;
	enum err e;

	w->reader.term = file_terms_of(w->terms, (const char *)w->path.data);
	w->reader.path = buf_view(&w->path);
	if (w->counts)
		return count_item(w,
		    S_ISREG(s->stx_mode) && w->reader.term != FILE_TERM_CHANGES ? s->stx_size : 0);
	if (S_ISLNK(s->stx_mode))
		watch_directory(dir, WATCH_NAMES);
	if ((e = file_read(&w->reader, dir, name, s, &item)) == ERR_OK) {
		if (S_ISREG(item.mode) && w->reader.term == FILE_TERM_WHOLE && is_newer(w, s))
			item.flags |= COMPONENT_FILE_NEWER;
		if (w->link.place != NULL && w->refused == NULL &&
		    file_link_leads_elsewhere(&w->link, w->root, &w->path, item.uid, &loose))
			item.flags |= COMPONENT_FILE_CHANGED;
		if (w->refused != NULL)
			file_details_add(&w->reader.details, "follow", "%s", w->refused);
		file_way_tell(&w->way, &w->path, &loose, &item, &w->reader.details);
		return add_item(w, &item);
	}
	if (e == ERR_BUDGET)
		(void)refuse_bytes(w);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* What stands at `path` could not be looked at; `s` may be NULL, and `why`. */
enum err
files_item_add_unreadable(struct files_walk *w, const struct statx *s, const char *why)
{
	struct component_file item;

	memset(&item, 0, sizeof(item));
	file_details_clear(&w->reader.details);
	if (s != NULL)
		filehash_set_statx(&item, s);
	if (why != NULL)
		file_details_add(&w->reader.details, why, "not-crossed");
	item.size = 0;
	item.flags = COMPONENT_FILE_UNREADABLE;
	return add_item(w, &item);
}

/* Where the walk is: as it may be told, and why it does not go on. */
enum err
files_item_say(const struct files_walk *w, enum err e, const char *why)
{
	const struct redact r = {w->m->workload, w->m->redaction, COMPONENT_FILES};
	struct buf room = BUF_INIT;
	const struct view path = redact_shown(&r, buf_view(&w->path), &room);

	(void)trouble_set(w->m->trouble, e, "%.*s%s: %s", path.size < 200 ? (int)path.size : 200,
	    path.size > 0 ? (const char *)path.data : "/", path.size > 200 ? "..." : "", why);
	buf_free(&room);
	return e;
}

static bool
is_newer(const struct files_walk *w, const struct statx *s)
{
	const struct stat same = {
	    .st_dev = makedev(s->stx_dev_major, s->stx_dev_minor),
	    .st_ino = s->stx_ino,
	    .st_nlink = s->stx_nlink,
	    .st_mtim = {s->stx_mtime.tv_sec, s->stx_mtime.tv_nsec},
	    .st_ctim = {s->stx_ctime.tv_sec, s->stx_ctime.tv_nsec},
	};

	return measure_used_is_newer(w->used, &same);
}

/* What another pattern has named before counts again. */
static enum err
count_item(struct files_walk *w, uint64_t bytes)
{
	const uint64_t left = filehash_left(w->m->hash);
	uint64_t before;

	if (atomic_fetch_add(&w->all->items, 1) >= COMPONENT_ITEMS_MAX)
		return trouble_set(w->m->trouble, ERR_FORMAT_SIZE,
		    "the patterns of workload %s name more than %d files", w->m->workload->name,
		    COMPONENT_ITEMS_MAX);
	/* What is too much alone is not added: no sum runs over. */
	if (bytes > left)
		return refuse_bytes(w);
	before = atomic_fetch_add(&w->all->bytes, bytes);
	return before <= left && bytes <= left - before ? ERR_OK : refuse_bytes(w);
}

static enum err
refuse_bytes(const struct files_walk *w)
{
	char why[160];

	(void)snprintf(why, sizeof(why),
	    "with it the files of the workload are more than its budget, mebibytes_read: %u",
	    w->m->workload->budgets.mebibytes_read);
	return files_item_say(w, ERR_BUDGET, why);
}

static enum err
add_item(struct files_walk *w, struct component_file *item)
{
	static const struct view root = VIEW_LITERAL("/");
	enum err e;

	item->path = w->path.size > 0 ? buf_view(&w->path) : root;
	if (w->counts)
		return count_item(w, 0);
	if (atomic_fetch_add(&w->all->items, 1) >= COMPONENT_ITEMS_MAX)
		return trouble_set(w->m->trouble, ERR_FORMAT_SIZE,
		    "the files of workload %s became more than %d while they were read",
		    w->m->workload->name, COMPONENT_ITEMS_MAX);
	if (w->link.place != NULL)
		file_link_tell(&w->link, &w->path, &w->reader.details);
	if ((e = file_details_give(&w->reader.details, item)) != ERR_OK)
		return e;
	return component_add_file(w->to, item);
}
