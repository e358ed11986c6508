#include "collector/measure/measure_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collector/files/file_link.h"
#include "collector/files/file_reading.h"
#include "collector/files/file_terms.h"
#include "collector/files/file_way.h"
#include "collector/files/pattern.h"
#include "collector/ground/rooted.h"
#include "collector/measure/measure_root.h"
#include "collector/measure/measure_used.h"
#include "collector/measure/redact.h"
#include "collector/watch/lay.h"

/*
 * A walk along one pattern; `path` is where it stands, from the root directory. Each is made twice:
 * at first it is only counted what there is to read, so that what is too much is refused before
 * much is read.
 */
struct walk {
	struct measure_context *m;
	struct component_builder *to;
	int root;
	const struct pattern *pattern;
	struct file_terms terms;
	struct buf path;
	size_t items; /* of all patterns */
	bool counts;  /* only */
	uint64_t bytes;
	struct file_reader reader;
	struct file_way way;
	struct file_link link; /* on the way */
	const char *refused;   /* why the link that is read is not followed, or NULL */
	struct used used;      /* by the processes */
};

static enum err walk_all(struct walk *w);
static enum err walk_part(struct walk *w, int dir, size_t index);
static enum err walk_names(struct walk *w, int dir, size_t index, unsigned depth);
static enum err walk_name(struct walk *w, int dir, const char *name, size_t index, unsigned depth);
static enum err wait_for(const struct walk *w, int dir);
static enum err follow(
    struct walk *w, int dir, const char *name, size_t index, unsigned depth, const struct statx *s);
static enum err walk_into(struct walk *w, int dir, const char *name, size_t index, unsigned depth);
static enum err add_at(struct walk *w, int dir, const char *name, const struct statx *s);
static bool is_newer(const struct walk *w, const struct statx *s);
static enum err add_unreadable(struct walk *w, const struct statx *s, const char *why);
static enum err count_item(struct walk *w, uint64_t bytes);
static enum err refuse_bytes(const struct walk *w);
static enum err say_of_path(const struct walk *w, enum err e, const char *why);
static enum err add_item(struct walk *w, struct component_file *item);

enum err
measure_files(struct measure_context *m, struct component_builder *to)
{
	struct walk w = {.m = m, .to = to, .root = -1, .reader = {.hash = m->hash}};
	enum err e;

	if ((e = measure_root_open_view(m, &w.root)) == ERR_OK &&

	    (e = file_terms_parse(m->workload, &w.terms, m->trouble)) == ERR_OK) {
		w.counts = true;
		if ((e = walk_all(&w)) == ERR_OK) {
			w.counts = false;
			w.items = 0;
			if ((e = measure_used(m, &w.terms, to, &w.used)) == ERR_OK)
				e = walk_all(&w);
		}
	}
	if (w.root >= 0)
		(void)close(w.root);
	file_terms_free(&w.terms);
	buf_free(&w.path);
	file_details_free(&w.reader.details);
	measure_used_free(&w.used);
	return e;
}

static enum err
walk_all(struct walk *w)
{
	struct measure_context *m = w->m;
	enum err e = ERR_OK;
	struct statx s;

	for (size_t i = 0; e == ERR_OK && i < m->workload->file_count; i++) {
		struct pattern pattern;

		if ((e = pattern_parse(m->workload->files[i], &pattern, m->trouble)) != ERR_OK)
			break;
		w->pattern = &pattern;
		/* Else its directory is watched with all that is in it. */
		w->reader.watches = pattern.part[pattern.count - 1].type != PATTERN_ALL_BELOW;
		buf_clear(&w->path);
		w->way.at = (struct file_way_point){0, 0};
		if (file_look(w->root, ".", &s))
			file_way_enter(&w->way, 0, &s);
		e = walk_part(w, w->root, 0);
		pattern_free(&pattern);
	}
	return e;
}

/* Goes on below `dir` with part `index` of the pattern. */
static enum err
walk_part(struct walk *w, int dir, size_t index)
{
	const struct pattern_part *part = &w->pattern->part[index];

	if (part->type == PATTERN_LITERAL)
		return walk_name(w, dir, part->text, index, 0);
	return walk_names(w, dir, index, 0);
}

/* Every name in `dir` that the part matches. */
static enum err
walk_names(struct walk *w, int dir, size_t index, unsigned depth)
{
	const struct pattern_part *part = &w->pattern->part[index];
	struct dirent *entry;
	enum err e = ERR_OK;
	DIR *names;
	int fd;

	/* `dir` may be O_PATH; reading it needs a descriptor of its own. */
	if ((fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    (names = fdopendir(fd)) == NULL) {
		struct statx s;

		if (fd >= 0)
			(void)close(fd);
		return statx(dir, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &s) == 0
			   ? add_unreadable(w, &s, NULL)
			   : ERR_IO;
	}
	if (!w->counts)
		watch_directory(fd, part->type == PATTERN_ALL_BELOW ? WATCH_ALL : WATCH_NAMES);
	while (e == ERR_OK) {
		errno = 0;
		if ((entry = readdir(names)) == NULL)
			break;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (part->type == PATTERN_ALL_BELOW || pattern_part_matches(part, entry->d_name))
			e = walk_name(w, fd, entry->d_name, index, depth);
	}
	if (e == ERR_OK && errno != 0)
		e = say_of_path(w, ERR_IO, strerror(errno));
	(void)closedir(names);
	return e;
}

static enum err
walk_name(struct walk *w, int dir, const char *name, size_t index, unsigned depth)
{
	const bool below = w->pattern->part[index].type == PATTERN_ALL_BELOW;
	const bool last = index + 1 == w->pattern->count;
	const size_t path_size = w->path.size;
	/* What is written out is meant, wherever it is; a wildcard stays where it began. */
	const bool written_out =
	    w->pattern->part[index].type == PATTERN_LITERAL || w->m->workload->cross_mounts;
	const struct file_way_point before = w->way.at;
	enum err e = ERR_OK;
	struct statx s;

	buf_append_byte(&w->path, '/');
	buf_append_string(&w->path, name);
	buf_append_byte(&w->path, '\0'); /* behind it, for who takes a string */
	if (w->path.failed)
		return ERR_MEMORY;
	w->path.size--;
	if (file_terms_of(&w->terms, (const char *)w->path.data) == FILE_TERM_EXCLUDED)
		e = ERR_OK;
	else if (w->path.size > COMPONENT_PATH_MAX)
		e = say_of_path(w, ERR_FORMAT_SIZE, "a longer path than the kernel takes");
	else if (!file_look(dir, name, &s))
		e = errno == ENOENT || errno == ENOTDIR ? wait_for(w, dir)
							: add_unreadable(w, NULL, NULL);
	else if (!written_out && (s.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 &&
		 (below || !last || !S_ISDIR(s.stx_mode)))
		e = add_unreadable(w, &s, "mount");
	else if (S_ISLNK(s.stx_mode) && w->m->workload->follow)
		e = follow(w, dir, name, index, depth, &s);
	else if (S_ISDIR(s.stx_mode) && (below || !last))
		e = walk_into(w, dir, name, index, depth);
	else if (S_ISLNK(s.stx_mode) || (last && !S_ISDIR(s.stx_mode)))
		e = add_at(w, dir, name, &s);
	w->path.size = path_size;
	w->way.at = before;
	return e;
}

/*
 * The link keeps its path, and what it leads to stands there: the content of a file, or what is in
 * a directory. A link that leads to nothing that may be measured here is an item itself, which says
 * why.
 */
static enum err
follow(
    struct walk *w, int dir, const char *name, size_t index, unsigned depth, const struct statx *s)
{
	const bool below = w->pattern->part[index].type == PATTERN_ALL_BELOW;
	const bool last = index + 1 == w->pattern->count;
	const bool stays =
	    w->pattern->part[index].type != PATTERN_LITERAL && !w->m->workload->cross_mounts;
	const struct file_link outer = w->link;
	struct rooted_place place;
	struct statx target;
	const char *refused = file_link_find(w->root, &w->path, stays ? s : NULL, &place, &target);
	enum err e;

	if (refused == NULL && S_ISDIR(target.stx_mode) && file_way_has(&w->way, &target))
		refused = "loop";
	else if (refused == NULL && S_ISDIR(target.stx_mode) && last && !below)
		refused = "directory";
	else if (refused == NULL && !S_ISDIR(target.stx_mode) && !last && !below)
		refused = "missing";
	w->refused = refused;
	if (refused != NULL) {
		e = add_at(w, dir, name, s);
	} else {
		if (!w->counts) {
			watch_directory(dir, WATCH_NAMES);
			watch_directory(place.dir, WATCH_NAMES);
		}
		w->link = (struct file_link){&place, w->path.size};
		e = S_ISDIR(target.stx_mode) ? walk_into(w, place.dir, ".", index, depth)
					     : add_at(w, place.dir, place.name, &target);
		w->link = outer;
	}
	w->refused = NULL;
	if (place.dir >= 0)
		(void)close(place.dir);
	return e;
}

/* What is not there may come. */
static enum err
wait_for(const struct walk *w, int dir)
{
	if (!w->counts)
		watch_directory(dir, WATCH_NAMES);
	return ERR_OK;
}

static enum err
walk_into(struct walk *w, int dir, const char *name, size_t index, unsigned depth)
{
	const bool below = w->pattern->part[index].type == PATTERN_ALL_BELOW;
	int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statx s;
	enum err e;

	if (fd < 0) /* it was something else a moment ago, or may not be looked at */
		return errno == ENOENT ? ERR_OK : add_unreadable(w, NULL, NULL);
	if (!w->counts)
		watch_directory(fd, WATCH_ITSELF);
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &s) != 0) {
		e = add_unreadable(w, NULL, NULL);
	} else if (below && depth == FILE_WAY_BELOW_MAX) {
		e = add_unreadable(w, &s, NULL);
	} else {
		file_way_enter(&w->way, w->path.size, &s);
		e = below ? walk_names(w, fd, index, depth + 1) : walk_part(w, fd, index + 1);
	}
	(void)close(fd);
	return e;
}

static enum err
add_at(struct walk *w, int dir, const char *name, const struct statx *s)
{
	struct rooted_loose loose = {.is_there = false};
	struct component_file item;
	enum err e;

	w->reader.term = file_terms_of(&w->terms, (const char *)w->path.data);
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

static bool
is_newer(const struct walk *w, const struct statx *s)
{
	const struct stat same = {
	    .st_dev = makedev(s->stx_dev_major, s->stx_dev_minor),
	    .st_ino = s->stx_ino,
	    .st_nlink = s->stx_nlink,
	    .st_mtim = {s->stx_mtime.tv_sec, s->stx_mtime.tv_nsec},
	    .st_ctim = {s->stx_ctime.tv_sec, s->stx_ctime.tv_nsec},
	};

	return measure_used_is_newer(&w->used, &same);
}

/* What stands at `path` could not be looked at; `s` may be NULL, and `why`. */
static enum err
add_unreadable(struct walk *w, const struct statx *s, const char *why)
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

/* What another pattern has named before counts again. */
static enum err
count_item(struct walk *w, uint64_t bytes)
{
	if (++w->items > COMPONENT_ITEMS_MAX)
		return trouble_set(w->m->trouble, ERR_FORMAT_SIZE,
		    "the patterns of workload %s name more than %d files", w->m->workload->name,
		    COMPONENT_ITEMS_MAX);
	if (bytes > filehash_left(w->m->hash) - w->bytes)
		return refuse_bytes(w);
	w->bytes += bytes;
	return ERR_OK;
}

/* Where the walk is: as it may be told, and why it does not go on. */
static enum err
say_of_path(const struct walk *w, enum err e, const char *why)
{
	const struct redact r = {w->m->workload, w->m->redaction, COMPONENT_FILES};
	struct buf room = BUF_INIT;
	const struct view path = redact_shown(&r, buf_view(&w->path), &room);

	(void)trouble_set(w->m->trouble, e, "%.*s%s: %s", path.size < 200 ? (int)path.size : 200,
	    path.size > 0 ? (const char *)path.data : "/", path.size > 200 ? "..." : "", why);
	buf_free(&room);
	return e;
}

static enum err
refuse_bytes(const struct walk *w)
{
	char why[160];

	(void)snprintf(why, sizeof(why),
	    "with it the files of the workload are more than its budget, mebibytes_read: %u",
	    w->m->workload->budgets.mebibytes_read);
	return say_of_path(w, ERR_BUDGET, why);
}

static enum err
add_item(struct walk *w, struct component_file *item)
{
	static const struct view root = VIEW_LITERAL("/");
	enum err e;

	item->path = w->path.size > 0 ? buf_view(&w->path) : root;
	if (w->counts)
		return count_item(w, 0);
	if (++w->items > COMPONENT_ITEMS_MAX)
		return trouble_set(w->m->trouble, ERR_FORMAT_SIZE,
		    "the files of workload %s became more than %d while they were read",
		    w->m->workload->name, COMPONENT_ITEMS_MAX);
	if (w->link.place != NULL)
		file_link_tell(&w->link, &w->path, &w->reader.details);
	if ((e = file_details_give(&w->reader.details, item)) != ERR_OK)
		return e;
	return component_add_file(w->to, item);
}
