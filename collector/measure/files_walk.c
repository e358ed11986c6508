#include "collector/measure/files_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/ground/rooted.h"
#include "collector/measure/files_hands.h"
#include "collector/measure/files_item.h"
#include "collector/watch/lay.h"

static enum err walk_part(struct files_walk *w, int dir, size_t index);
static enum err walk_names(struct files_walk *w, int dir, size_t index, unsigned depth);
static enum err read_names(struct files_walk *w, DIR *names, size_t index, unsigned depth);
static bool leads_nowhere(const struct files_walk *w, const struct dirent *entry);
static enum err wait_for(const struct files_walk *w, int dir);
static enum err follow(struct files_walk *w, int dir, const char *name, size_t index,
    unsigned depth, const struct statx *s);
static enum err walk_into(
    struct files_walk *w, int dir, const char *name, size_t index, unsigned depth);

enum err
files_walk_along(struct files_walk *w, const struct pattern *p)
{
	struct statx s;

	w->pattern = p;
	/* Else its directory is watched with all that is in it. */
	w->reader.watches = p->part[p->count - 1].type != PATTERN_ALL_BELOW;
	buf_clear(&w->path);
	w->way.at = (struct file_way_point){0, 0};
	if (file_look(w->root, ".", &s))
		file_way_enter(&w->way, 0, &s);
	return walk_part(w, w->root, 0);
}

/* Goes on below `dir` with part `index` of the pattern. */
static enum err
walk_part(struct files_walk *w, int dir, size_t index)
{
	const struct pattern_part *part = &w->pattern->part[index];

	if (part->type == PATTERN_LITERAL)
		return files_walk_name(w, dir, part->text, index, 0);
	return walk_names(w, dir, index, 0);
}

/* Every name in `dir` that the part matches. */
static enum err
walk_names(struct files_walk *w, int dir, size_t index, unsigned depth)
{
	const struct pattern_part *part = &w->pattern->part[index];
	enum err e;
	DIR *names;
	int fd;

	/* `dir` may be O_PATH; reading it needs a descriptor of its own. */
	if ((fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
	    (names = fdopendir(fd)) == NULL) {
		struct statx s;

		if (fd >= 0)
			(void)close(fd);
		return statx(dir, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &s) == 0
			   ? files_item_add_unreadable(w, &s, NULL)
			   : ERR_IO;
	}
	if (!w->counts)
		watch_directory(fd, part->type == PATTERN_ALL_BELOW ? WATCH_ALL : WATCH_NAMES);
	e = read_names(w, names, index, depth);
	(void)closedir(names);
	return e;
}

static enum err
read_names(struct files_walk *w, DIR *names, size_t index, unsigned depth)
{
	const struct pattern_part *part = &w->pattern->part[index];
	struct files_piece *piece = NULL;
	struct dirent *entry;
	enum err e = ERR_OK;

	for (errno = 0; e == ERR_OK && (entry = readdir(names)) != NULL; errno = 0) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (part->type != PATTERN_ALL_BELOW && !pattern_part_matches(part, entry->d_name))
			continue;
		if (leads_nowhere(w, entry) && files_hands_are_there(w)) {
			e = files_hands_add(w, &piece, dirfd(names), entry->d_name, index, depth);
		} else {
			files_hands_give(w, &piece);
			e = files_walk_name(w, dirfd(names), entry->d_name, index, depth);
		}
	}
	if (e == ERR_OK && errno != 0)
		e = files_item_say(w, ERR_IO, strerror(errno));
	files_hands_give(w, &piece);
	return e;
}

/* It seems to be nothing that the walk would go on from. */
static bool
leads_nowhere(const struct files_walk *w, const struct dirent *entry)
{
	return entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN &&
	       (entry->d_type != DT_LNK || !w->m->workload->follow);
}

enum err
files_walk_name(struct files_walk *w, int dir, const char *name, size_t index, unsigned depth)
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
	if (file_terms_of(w->terms, (const char *)w->path.data) == FILE_TERM_EXCLUDED)
		e = ERR_OK;
	else if (w->path.size > COMPONENT_PATH_MAX)
		e = files_item_say(w, ERR_FORMAT_SIZE, "a longer path than the kernel takes");
	else if (!file_look(dir, name, &s))
		e = errno == ENOENT || errno == ENOTDIR ? wait_for(w, dir)
							: files_item_add_unreadable(w, NULL, NULL);
	else if (!written_out && (s.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 &&
		 (below || !last || !S_ISDIR(s.stx_mode)))
		e = files_item_add_unreadable(w, &s, "mount");
	else if (S_ISLNK(s.stx_mode) && w->m->workload->follow)
		e = follow(w, dir, name, index, depth, &s);
	else if (S_ISDIR(s.stx_mode) && (below || !last))
		e = walk_into(w, dir, name, index, depth);
	else if (S_ISLNK(s.stx_mode) || (last && !S_ISDIR(s.stx_mode)))
		e = files_item_add(w, dir, name, &s);
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
follow(struct files_walk *w, int dir, const char *name, size_t index, unsigned depth,
    const struct statx *s)
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
		e = files_item_add(w, dir, name, s);
	} else {
		if (!w->counts) {
			watch_directory(dir, WATCH_NAMES);
			watch_directory(place.dir, WATCH_NAMES);
		}
		w->link = (struct file_link){&place, w->path.size};
		e = S_ISDIR(target.stx_mode) ? walk_into(w, place.dir, ".", index, depth)
					     : files_item_add(w, place.dir, place.name, &target);
		w->link = outer;
	}
	w->refused = NULL;
	if (place.dir >= 0)
		(void)close(place.dir);
	return e;
}

/* What is not there may come. */
static enum err
wait_for(const struct files_walk *w, int dir)
{
	if (!w->counts)
		watch_directory(dir, WATCH_NAMES);
	return ERR_OK;
}

static enum err
walk_into(struct files_walk *w, int dir, const char *name, size_t index, unsigned depth)
{
	const bool below = w->pattern->part[index].type == PATTERN_ALL_BELOW;
	int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statx s;
	enum err e;

	if (fd < 0) /* it was something else a moment ago, or may not be looked at */
		return errno == ENOENT ? ERR_OK : files_item_add_unreadable(w, NULL, NULL);
	if (!w->counts)
		watch_directory(fd, WATCH_ITSELF);
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &s) != 0) {
		e = files_item_add_unreadable(w, NULL, NULL);
	} else if (below && depth == FILE_WAY_BELOW_MAX) {
		e = files_item_add_unreadable(w, &s, NULL);
	} else {
		file_way_enter(&w->way, w->path.size, &s);
		e = below ? walk_names(w, fd, index, depth + 1) : walk_part(w, fd, index + 1);
	}
	(void)close(fd);
	return e;
}
