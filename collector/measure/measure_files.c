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

#include "collector/ground/rooted.h"
#include "collector/measure/file_reading.h"
#include "collector/measure/measure_used.h"
#include "collector/measure/pattern.h"
#include "collector/measure/redact.h"
#include "collector/subject/host_root.h"
#include "collector/subject/namespaces.h"
#include "collector/subject/procfs.h"
#include "collector/watch/lay.h"

/* Directories above a file: those of a pattern's parts, of everything below, and the root. */
#define PARENTS_MAX (PATTERN_PARTS_MAX + MEASURE_FILES_DEPTH_MAX + 2)

/* Bytes of its path in a detail, beside its mode, owner and name. */
#define PARENT_PATH_MAX 900

/* A directory on the way in which somebody besides root may rename, perhaps only its owner. */
struct parent {
	size_t path_size; /* the path's so far */
	uint32_t mode, uid, gid;
};

/* A directory on the way: one that a link leads to again is a loop. */
struct entered {
	uint32_t major, minor; /* device */
	uint64_t inode;
};

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
	struct pattern *excludes;
	size_t exclude_count;
	struct buf path;
	size_t items; /* of all patterns */
	bool counts;  /* only */
	uint64_t bytes;
	struct file_reader reader;
	struct parent parents[PARENTS_MAX]; /* from the root down to where it stands */
	size_t parent_count;
	struct used used;                    /* by the processes */
	struct entered entered[PARENTS_MAX]; /* the same way, all of them */
	size_t entered_count;
	const struct rooted_place *place; /* what a link on the way leads to; NULL: there is none */
	size_t place_at;                  /* bytes of the path that are this link's */
	const char *refused;              /* why the link that is read is not followed, or NULL */
};

static enum err open_root(struct measure_context *m, int *root);
static enum err check_view(struct measure_context *m);
static enum err parse_excludes(struct walk *w);
static enum err walk_all(struct walk *w);
static enum err walk_part(struct walk *w, int dir, size_t index);
static enum err walk_names(struct walk *w, int dir, size_t index, unsigned depth);
static enum err walk_name(struct walk *w, int dir, const char *name, size_t index, unsigned depth);
static enum err wait_for(const struct walk *w, int dir);
static bool is_excluded(const struct walk *w);
static enum err follow(
    struct walk *w, int dir, const char *name, size_t index, unsigned depth, const struct statx *s);
static const char *find_target(struct walk *w, bool written_out, const struct statx *link,
    struct rooted_place *place, struct statx *target);
static bool is_entered(const struct walk *w, const struct statx *s);
static enum err walk_into(struct walk *w, int dir, const char *name, size_t index, unsigned depth);
static enum err add_at(struct walk *w, int dir, const char *name, const struct statx *s);
static bool is_newer(const struct walk *w, const struct statx *s);
static bool leads_elsewhere(const struct walk *w);
static enum err add_unreadable(struct walk *w, const struct statx *s, const char *why);
static void enter(struct walk *w, const struct statx *s);
static void tell_parent(struct walk *w, const struct component_file *item);
static bool tell_if(
    struct walk *w, const struct parent *p, const uint8_t *path, const struct component_file *item);
static void tell_target(struct walk *w);
static enum err count_item(struct walk *w, uint64_t bytes);
static enum err refuse_bytes(const struct walk *w);
static enum err say_of_path(const struct walk *w, enum err e, const char *why);
static enum err add_item(struct walk *w, struct component_file *item);

enum err
measure_files(struct measure_context *m, struct component_builder *to)
{
	struct walk w = {.m = m, .to = to, .root = -1, .reader = {.hash = m->hash}};
	enum err e;

	if ((e = open_root(m, &w.root)) == ERR_OK && (e = parse_excludes(&w)) == ERR_OK) {
		w.counts = true;
		if ((e = walk_all(&w)) == ERR_OK) {
			w.counts = false;
			w.items = 0;
			if ((e = measure_used(m, to, &w.used)) == ERR_OK)
				e = walk_all(&w);
		}
	}
	if (w.root >= 0)
		(void)close(w.root);
	for (size_t i = 0; i < w.exclude_count; i++)
		pattern_free(&w.excludes[i]);
	free(w.excludes);
	buf_free(&w.path);
	file_details_free(&w.reader.details);
	measure_used_free(&w.used);
	return e;
}

static enum err
parse_excludes(struct walk *w)
{
	const struct collector_workload *workload = w->m->workload;
	enum err e = ERR_OK;

	if (workload->exclude_count > 0 &&
	    (w->excludes = calloc(workload->exclude_count, sizeof(*w->excludes))) == NULL)
		return ERR_MEMORY;
	while (e == ERR_OK && w->exclude_count < workload->exclude_count) {
		e = pattern_parse(workload->excludes[w->exclude_count],
		    &w->excludes[w->exclude_count], w->m->trouble);
		w->exclude_count += e == ERR_OK;
	}
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
		w->parent_count = w->entered_count = 0;
		if (file_look(w->root, ".", &s))
			enter(w, &s);
		e = walk_part(w, w->root, 0);
		pattern_free(&pattern);
	}
	return e;
}

static enum err
open_root(struct measure_context *m, int *root)
{
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	const bool of_process = m->workload->view != VIEW_HOST;
	enum err e = ERR_OK;

	*root = -1;
	if (of_process && (e = check_view(m)) != ERR_OK)
		return e;
	if (!of_process)
		return host_root_open(m->workload->host_root, root, m->trouble);
	*root = openat(m->process->dir, "root", flags);
	if (*root >= 0)
		return ERR_OK;
	return trouble_set(m->trouble, ERR_IO,
	    "the root directory of the process cannot be opened; run the collector as root or "
	    "with CAP_SYS_PTRACE");
}

/*
 * Every user may make a user namespace, and in it mount what it likes or choose a root directory:
 * what stands there says nothing of what the workload was given.
 */
static enum err
check_view(struct measure_context *m)
{
	enum namespace_place mounts = NAMESPACE_UNKNOWN, user = NAMESPACE_UNKNOWN;
	struct namespaces collector;
	struct buf root = BUF_INIT;
	enum err e;

	if ((e = namespaces_of_collector(&collector)) == ERR_OK &&
	    (e = namespaces_place(&collector, m->process->dir, NAMESPACE_MOUNT, &mounts)) ==
		ERR_OK &&
	    (e = namespaces_place(&collector, m->process->dir, NAMESPACE_USER, &user)) == ERR_OK)
		e = procfs_read_link(m->process->dir, "root", &root);
	if (e == ERR_NOT_FOUND)
		e = ERR_CHANGED;
	else if (e != ERR_OK)
		e = trouble_set(m->trouble, e, "the namespaces of the process: %s",
		    e == ERR_IO ? strerror(errno) : err_text(e));
	else if (mounts == NAMESPACE_FOREIGN ||
		 (user == NAMESPACE_FOREIGN && !view_equal(buf_view(&root), VIEW_LITERAL("/"))))
		e = trouble_set(m->trouble, ERR_MISMATCH,
		    "its view is that of a user namespace, which every user can make, and not to "
		    "be believed; take \"view: process\" out");
	buf_free(&root);
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
	const size_t parent_count = w->parent_count, entered_count = w->entered_count;
	enum err e = ERR_OK;
	struct statx s;

	buf_append_byte(&w->path, '/');
	buf_append_string(&w->path, name);
	buf_append_byte(&w->path, '\0'); /* behind it, for who takes a string */
	if (w->path.failed)
		return ERR_MEMORY;
	w->path.size--;
	if (is_excluded(w))
		e = ERR_OK;
	else if (w->path.size > COMPONENT_PATH_MAX)
		e = say_of_path(w, ERR_FORMAT_SIZE, "a longer path than the kernel takes");
	else if (!file_look(dir, name, &s))
		e = errno == ENOENT || errno == ENOTDIR ? wait_for(w, dir)
							: add_unreadable(w, NULL, NULL);
	else if (!written_out && (s.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0)
		e = add_unreadable(w, &s, "mount");
	else if (S_ISLNK(s.stx_mode) && w->m->workload->follow)
		e = follow(w, dir, name, index, depth, &s);
	else if (S_ISDIR(s.stx_mode) && (below || !last))
		e = walk_into(w, dir, name, index, depth);
	else if (S_ISLNK(s.stx_mode) || (last && !S_ISDIR(s.stx_mode)))
		e = add_at(w, dir, name, &s);
	w->path.size = path_size;
	w->parent_count = parent_count;
	w->entered_count = entered_count;
	return e;
}

static bool
is_excluded(const struct walk *w)
{
	for (size_t i = 0; i < w->exclude_count; i++)
		if (pattern_matches(&w->excludes[i], (const char *)w->path.data))
			return true;
	return false;
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
	const struct rooted_place *outer = w->place;
	const size_t outer_at = w->place_at;
	struct rooted_place place;
	struct statx target;
	const char *refused =
	    find_target(w, w->pattern->part[index].type == PATTERN_LITERAL, s, &place, &target);
	enum err e;

	if (refused == NULL && S_ISDIR(target.stx_mode) && last && !below)
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
		w->place = &place;
		w->place_at = w->path.size;
		e = S_ISDIR(target.stx_mode) ? walk_into(w, place.dir, ".", index, depth)
					     : add_at(w, place.dir, place.name, &target);
		w->place = outer;
		w->place_at = outer_at;
	}
	w->refused = NULL;
	if (place.dir >= 0)
		(void)close(place.dir);
	return e;
}

/* NULL, or why it is not followed. */
static const char *
find_target(struct walk *w, bool written_out, const struct statx *link, struct rooted_place *place,
    struct statx *target)
{
	const enum err e = rooted_find(w->root, (const char *)w->path.data, place);

	if (e != ERR_OK)
		return e == ERR_NOT_FOUND ? "missing" : errno == ELOOP ? "loop" : "unreadable";
	if (!file_look(place->dir, place->name, target))
		return "missing";
	if (!written_out && !w->m->workload->cross_mounts && target->stx_mnt_id != link->stx_mnt_id)
		return "mount";
	if (S_ISDIR(target->stx_mode) && is_entered(w, target))
		return "loop";
	return NULL;
}

static bool
is_entered(const struct walk *w, const struct statx *s)
{
	for (size_t i = 0; i < w->entered_count; i++)
		if (w->entered[i].major == s->stx_dev_major &&
		    w->entered[i].minor == s->stx_dev_minor && w->entered[i].inode == s->stx_ino)
			return true;
	return false;
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
	} else if (below && depth == MEASURE_FILES_DEPTH_MAX) {
		e = add_unreadable(w, &s, NULL);
	} else {
		enter(w, &s);
		e = below ? walk_names(w, fd, index, depth + 1) : walk_part(w, fd, index + 1);
	}
	(void)close(fd);
	return e;
}

static enum err
add_at(struct walk *w, int dir, const char *name, const struct statx *s)
{
	struct component_file item;
	enum err e;

	if (w->counts)
		return count_item(w, S_ISREG(s->stx_mode) ? s->stx_size : 0);
	if (S_ISLNK(s->stx_mode))
		watch_directory(dir, WATCH_NAMES);
	if ((e = file_read(&w->reader, dir, name, s, &item)) == ERR_OK) {
		if (S_ISREG(item.mode) && is_newer(w, s))
			item.flags |= COMPONENT_FILE_NEWER;
		if (w->place != NULL && w->refused == NULL && leads_elsewhere(w))
			item.flags |= COMPONENT_FILE_CHANGED;
		if (w->refused != NULL)
			file_details_add(&w->reader.details, "follow", "%s", w->refused);
		tell_parent(w, &item);
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

/* Links on the way may have been exchanged while the file was read. */
static bool
leads_elsewhere(const struct walk *w)
{
	struct rooted_place now;
	const enum err e = rooted_find(w->root, (const char *)w->path.data, &now);
	const size_t rest = w->path.size - w->place_at;
	const bool same =
	    e == ERR_OK && now.path_size == w->place->path_size + rest &&
	    memcmp(now.path, w->place->path, w->place->path_size) == 0 &&
	    memcmp(now.path + w->place->path_size, w->path.data + w->place_at, rest) == 0;

	if (now.dir >= 0)
		(void)close(now.dir);
	return !same;
}

/* The path leads to a directory of this status now. */
static void
enter(struct walk *w, const struct statx *s)
{
	w->entered[w->entered_count++] =
	    (struct entered){s->stx_dev_major, s->stx_dev_minor, s->stx_ino};
	if (s->stx_uid != 0 || (s->stx_mode & (S_IWGRP | S_IWOTH)) != 0)
		w->parents[w->parent_count++] =
		    (struct parent){w->path.size, s->stx_mode, s->stx_uid, s->stx_gid};
}

/*
 * Whoever may write to a directory puts another file under a name there: root may, the owner of the
 * file might as well write to it; everybody else is worth telling. In a sticky directory only its
 * owner and that of the name may.
 */
static void
tell_parent(struct walk *w, const struct component_file *item)
{
	bool told = false;

	for (size_t i = 0; i < w->parent_count && !told; i++)
		told = tell_if(w, &w->parents[i], w->path.data, item);
	for (size_t i = 0; w->place != NULL && i < w->place->count && !told; i++) {
		const struct rooted_directory *d = &w->place->above[i];
		const struct parent p = {d->path_size, d->mode, d->uid, d->gid};

		told = tell_if(w, &p, (const uint8_t *)w->place->path, item);
	}
}

/* Whether it is one to be told. */
static bool
tell_if(
    struct walk *w, const struct parent *p, const uint8_t *path, const struct component_file *item)
{
	struct buf text = BUF_INIT;

	if ((p->uid == 0 || p->uid == item->uid) &&
	    ((p->mode & S_ISVTX) != 0 || (p->mode & (S_IWGRP | S_IWOTH)) == 0))
		return false;
	if (p->path_size > 0)
		file_details_append_path(&text, (struct view){path, p->path_size}, PARENT_PATH_MAX);
	else
		buf_append_byte(&text, '/');
	file_details_add(&w->reader.details, "parent", "%.*s %04o %u %u",
	    view_precision(buf_view(&text)), (const char *)text.data, p->mode & 07777, p->uid,
	    p->gid);
	w->reader.details.text.failed = w->reader.details.text.failed || text.failed;
	buf_free(&text);
	return true;
}

/* Where that is to which the path leads. */
static void
tell_target(struct walk *w)
{
	struct buf path = BUF_INIT, text = BUF_INIT;

	buf_append_view(&path, (struct view){(const uint8_t *)w->place->path, w->place->path_size});
	buf_append_view(
	    &path, (struct view){w->path.data + w->place_at, w->path.size - w->place_at});
	file_details_append_path(&text, buf_view(&path), PARENT_PATH_MAX);
	file_details_add(&w->reader.details, "target", "%.*s", view_precision(buf_view(&text)),
	    (const char *)text.data);
	w->reader.details.text.failed = w->reader.details.text.failed || path.failed || text.failed;
	buf_free(&path);
	buf_free(&text);
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
	if (w->place != NULL)
		tell_target(w);
	if ((e = file_details_give(&w->reader.details, item)) != ERR_OK)
		return e;
	return component_add_file(w->to, item);
}
