/*
 * What the collector reads below /proc: lines of maps and cgroup, stat, status, a pid file. A
 * process has a say in all of them but the last: by its name, and the names of what it maps.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/memory/maps.h"
#include "collector/subject/control_groups.h"
#include "collector/subject/group_path.h"
#include "collector/subject/pid_file.h"
#include "collector/subject/procfs.h"
#include "proto/encoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_maps_line(struct view line);
static void read_stat(struct view text);
static void read_status(struct view text);
static void read_group_path(struct view path);
static void check_inside(struct view part, struct view whole);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view rest = {data, size}, line;
	pid_t pid;

	if (pid_file_parse(rest, &pid) == ERR_OK && pid <= 0)
		abort();
	read_stat(rest);
	read_status(rest);
	while (line_next(&rest, &line) == ERR_OK) {
		read_maps_line(line);
		read_group_path(line);
	}
	read_maps_line(rest);
	read_group_path(rest);
	return 0;
}

/* A mapping has bytes, its range finds it again, and its path is the end of the line. */
static void
read_maps_line(struct view line)
{
	struct maps_entry entry;
	char range[MAPS_RANGE_SIZE];
	struct buf path = BUF_INIT;

	if (maps_parse(line, &entry) != ERR_OK)
		return;
	check_inside(entry.path, line);
	maps_range(&entry, range);
	if (entry.start >= entry.end || strlen(range) >= sizeof(range) ||
	    entry.path.data + entry.path.size != line.data + line.size)
		abort();
	maps_unescape(entry.path, &path);
	if (path.size > entry.path.size)
		abort();
	buf_free(&path);
}

/* What is found is a part of the path that ends where a name does. */
static void
read_group_path(struct view path)
{
	struct group_container container;
	struct buf joined = BUF_INIT;
	const uid_t user = 1000;
	size_t size = 0;

	if (group_path_of_unit(path, "app-*@.scope", NULL, &size) && size > path.size)
		abort();
	if (group_path_of_unit(path, "app.service", &user, &size) && size > path.size)
		abort();
	if (group_path_matches(path, "/a.slice/*", &size) && size > path.size)
		abort();
	if (group_path_container(path, &container) &&
	    (container.size > path.size || strlen(container.id) != GROUP_CONTAINER_ID_SIZE))
		abort();
	if (group_path_cut(path, 3) > path.size)
		abort();
	(void)control_groups_join(VIEW_LITERAL("/a/b"), path, &joined);
	buf_free(&joined);
}

static void
read_stat(struct view text)
{
	struct procfs_stat stat;

	if (procfs_stat_parse(text, &stat) == ERR_OK && stat.parent < 0)
		abort();
}

/* A value is one line's, without white space around; its words are all of it. */
static void
read_status(struct view text)
{
	static const char *const keys[] = {"Uid", "Groups", "CapEff", "NoNewPrivs", ""};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct view value, word;

		if (!procfs_status_field(text, keys[i], &value))
			continue;
		check_inside(value, text);
		if (value.size > 0 && memchr(value.data, '\n', value.size) != NULL)
			abort();
		while (procfs_next_word(&value, &word))
			if (word.size == 0 || memchr(word.data, ' ', word.size) != NULL)
				abort();
	}
}

static void
check_inside(struct view part, struct view whole)
{
	if (part.size > 0 &&
	    (part.data < whole.data || part.data + part.size > whole.data + whole.size))
		abort();
}
