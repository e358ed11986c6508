#include "collector/subject/control_groups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/ground/rooted.h"
#include "collector/ground/small_file.h"
#include "proto/encoding.h"

#define CGROUP_SIZE_MAX (256 * 1024)       /* bytes: a dozen hierarchies, paths of 4 KiB each */
#define PROCS_SIZE_MAX  (16 * 1024 * 1024) /* bytes: of a group with a million processes */
#define SEARCH_DEPTH    32                 /* groups one below the other */
#define SEARCH_MAX      65536              /* groups looked at for the collector's own */

/* For the collector's own place. */
struct search {
	pid_t self;
	unsigned looked_at;
	struct buf path;
	bool found;
};

static enum err place_self(struct control_groups *g, struct trouble *t);
static void read_own(int dir, struct view seen[GROUPS_HIERARCHIES], struct buf *text);
static enum err find_place(
    struct control_groups *g, enum control_groups_hierarchy in, struct view own, struct view first);
static void search_below(struct search *s, int dir, unsigned depth);
static bool lists(int dir, pid_t pid);
static bool parse(struct view line, enum control_groups_hierarchy *in, struct view *path);
static bool leads_up(struct view path);
static size_t ups(struct view path);

enum err
control_groups_open(int root, struct control_groups *out, struct trouble *t)
{
	static const char *const places[] = {
	    "/sys/fs/cgroup/unified", "/sys/fs/cgroup", "/sys/fs/cgroup/systemd"};
	struct stat s;
	int *tree;

	memset(out, 0, sizeof(*out));
	out->tree[GROUPS_VERSION_2] = out->tree[GROUPS_SYSTEMD] = -1;
	for (size_t i = 0; i < 3; i++) {
		tree = &out->tree[i < 2 ? GROUPS_VERSION_2 : GROUPS_SYSTEMD];
		if (*tree >= 0 ||
		    rooted_open(root, places[i], O_PATH | O_DIRECTORY, tree) != ERR_OK)
			continue;
		if (fstatat(*tree, "cgroup.procs", &s, 0) == 0)
			continue;
		(void)close(*tree);
		*tree = -1;
	}
	return place_self(out, t);
}

void
control_groups_close(struct control_groups *g)
{
	for (unsigned in = 0; in < GROUPS_HIERARCHIES; in++) {
		if (g->tree[in] >= 0)
			(void)close(g->tree[in]);
		g->tree[in] = -1;
		buf_free(&g->place[in]);
	}
}

enum err
control_groups_each(
    const struct control_groups *g, int dir, control_groups_visit *visit, void *context)
{
	struct buf text = BUF_INIT, path = BUF_INIT;
	enum control_groups_hierarchy in;
	struct view rest, line, seen;
	enum err e = small_file_read(dir, "cgroup", CGROUP_SIZE_MAX, &text);

	rest = buf_view(&text);
	while (e == ERR_OK && line_next(&rest, &line) == ERR_OK) {
		if (!parse(line, &in, &seen))
			continue;
		buf_clear(&path);
		if (!g->is_inside[in] && !leads_up(seen))
			buf_append_view(&path, seen);
		else if (g->place[in].size > 0)
			(void)control_groups_join(buf_view(&g->place[in]), seen, &path);
		if ((e = buf_status(&path)) == ERR_OK)
			e = visit(context, in, buf_view(&path));
	}
	buf_free(&text);
	buf_free(&path);
	return e;
}

bool
control_groups_are_roots(
    const struct control_groups *g, enum control_groups_hierarchy in, struct view path)
{
	char name[PATH_MAX] = ".";
	struct stat s;

	if (g->tree[in] < 0 || path.size < 2 || path.size >= sizeof(name) - 1)
		return false;
	/* The root, and what ends before a '/', but not the whole. */
	for (size_t i = 0; i < path.size; i++) {
		if (path.data[i] != '/')
			continue;
		memcpy(name + 1, path.data, i);
		name[1 + i] = '\0';
		if (fstatat(g->tree[in], name, &s, AT_SYMLINK_NOFOLLOW) != 0 || s.st_uid != 0 ||
		    (s.st_mode & (S_IWGRP | S_IWOTH)) != 0)
			return false;
	}
	return true;
}

bool
control_groups_join(struct view place, struct view seen, struct buf *to)
{
	while (leads_up(seen)) {
		while (place.size > 0 && place.data[place.size - 1] != '/')
			place.size--;
		if (place.size == 0)
			return false;
		place.size--;
		seen = (struct view){seen.data + 3, seen.size - 3};
	}
	if (place.size == 0 && seen.size == 0)
		seen = VIEW_LITERAL("/");
	if (view_equal(seen, VIEW_LITERAL("/")) && place.size > 0)
		seen.size = 0;
	buf_append_view(to, place);
	buf_append_view(to, seen);
	return true;
}

/* The first process of the host is in none of the collector's groups. */
static enum err
place_self(struct control_groups *g, struct trouble *t)
{
	const int self = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const int first = open("/proc/1", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct view own[GROUPS_HIERARCHIES], of_first[GROUPS_HIERARCHIES];
	struct buf own_text = BUF_INIT, first_text = BUF_INIT;
	enum err e = ERR_OK;

	read_own(self, own, &own_text);
	read_own(first, of_first, &first_text);
	for (unsigned in = 0; e == ERR_OK && in < GROUPS_HIERARCHIES; in++) {
		g->is_inside[in] = leads_up(of_first[in]);
		if (g->is_inside[in] && g->tree[in] >= 0)
			e = find_place(g, in, own[in], of_first[in]);
	}
	if (self >= 0)
		(void)close(self);
	if (first >= 0)
		(void)close(first);
	buf_free(&own_text);
	buf_free(&first_text);
	if (e != ERR_OK) {
		control_groups_close(g);
		(void)trouble_set(t, e, "control groups: %s", err_text(e));
	}
	return e;
}

static void
read_own(int dir, struct view seen[GROUPS_HIERARCHIES], struct buf *text)
{
	enum control_groups_hierarchy in;
	struct view rest, line, path;

	for (unsigned i = 0; i < GROUPS_HIERARCHIES; i++)
		seen[i] = (struct view){NULL, 0};
	if (dir < 0 || small_file_read(dir, "cgroup", CGROUP_SIZE_MAX, text) != ERR_OK)
		return;
	rest = buf_view(text);
	while (line_next(&rest, &line) == ERR_OK)
		if (parse(line, &in, &path))
			seen[in] = path;
}

/*
 * `own` ends the path of the collector's group, and what is before it is its place. A hierarchy
 * that begins in the collector's own container is not deep enough for where the first process is
 * seen.
 */
static enum err
find_place(
    struct control_groups *g, enum control_groups_hierarchy in, struct view own, struct view first)
{
	struct search s = {.self = getpid(), .path = BUF_INIT};
	const int top = openat(g->tree[in], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct view found;

	if (top >= 0)
		search_below(&s, top, 0); /* closes it */
	found = buf_view(&s.path);
	if (view_equal(own, VIEW_LITERAL("/")))
		own.size = 0;
	if (s.found && found.size >= own.size &&
	    (own.size == 0 ||
		memcmp(found.data + found.size - own.size, own.data, own.size) == 0)) {
		found.size -= own.size;
		for (size_t i = 0, depth = 0; i < found.size; i++)
			if (found.data[i] == '/' && ++depth == ups(first))
				buf_append_view(&g->place[in], found);
	}
	buf_free(&s.path);
	return buf_status(&g->place[in]);
}

static void
search_below(struct search *s, int dir, unsigned depth)
{
	DIR *names = fdopendir(dir);
	const size_t size = s->path.size;
	struct dirent *entry;
	int below;

	if (names == NULL) {
		(void)close(dir);
		return;
	}
	s->looked_at++;
	s->found = lists(dir, s->self);
	while (!s->found && depth < SEARCH_DEPTH && s->looked_at < SEARCH_MAX &&
	       (entry = readdir(names)) != NULL) {
		if (entry->d_name[0] == '.' || entry->d_type != DT_DIR)
			continue;
		below = openat(dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below < 0)
			continue;
		buf_append_byte(&s->path, '/');
		buf_append_string(&s->path, entry->d_name);
		search_below(s, below, depth + 1);
		if (!s->found)
			s->path.size = size;
	}
	(void)closedir(names);
}

static bool
lists(int dir, pid_t pid)
{
	struct buf text = BUF_INIT;
	struct view rest, line;
	uint64_t number;
	bool yes = false;

	if (small_file_read(dir, "cgroup.procs", PROCS_SIZE_MAX, &text) == ERR_OK) {
		rest = buf_view(&text);
		while (!yes && line_next(&rest, &line) == ERR_OK)
			yes = decimal_decode(line, &number) == ERR_OK && number == (uint64_t)pid;
	}
	buf_free(&text);
	return yes;
}

/* "0::/path" is version 2's. */
static bool
parse(struct view line, enum control_groups_hierarchy *in, struct view *path)
{
	const struct view version_2 = VIEW_LITERAL("0::"), systemd = VIEW_LITERAL("name=systemd:");
	const uint8_t *colon = line.size > 0 ? memchr(line.data, ':', line.size) : NULL;

	if (colon == NULL)
		return false;
	if (line.size > version_2.size && memcmp(line.data, version_2.data, version_2.size) == 0) {
		*in = GROUPS_VERSION_2;
		line = (struct view){line.data + version_2.size, line.size - version_2.size};
	} else {
		line = (struct view){colon + 1, line.size - (size_t)(colon + 1 - line.data)};
		if (line.size <= systemd.size || memcmp(line.data, systemd.data, systemd.size) != 0)
			return false;
		*in = GROUPS_SYSTEMD;
		line = (struct view){line.data + systemd.size, line.size - systemd.size};
	}
	*path = line;
	return line.data[0] == '/';
}

static bool
leads_up(struct view path)
{
	return path.size >= 3 && memcmp(path.data, "/..", 3) == 0 &&
	       (path.size == 3 || path.data[3] == '/');
}

static size_t
ups(struct view path)
{
	size_t count = 0;

	for (; leads_up(path); count++)
		path = (struct view){path.data + 3, path.size - 3};
	return count;
}
