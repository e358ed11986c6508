#include "collector/subject/grouped.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "collector/ground/rooted.h"
#include "collector/subject/account.h"
#include "collector/subject/container_state.h"
#include "collector/subject/group_path.h"
#include "collector/subject/host_root.h"

#define UNITS_DIRECTORY "/run/systemd/units" /* systemd writes there for its journal */

#define USERS_MANAGER_DEPTH 3 /* names: user.slice, user-UID.slice, user@UID.service */

/* The link is made before the process is: by that much its clock may be behind, which is coarse. */
#define LINK_EARLY_MS 20

/* A look at one process. */
struct look {
	struct grouped *grouped;
	struct process_entry *entry;
	char container[GROUP_CONTAINER_ID_SIZE + 1]; /* "": none so far */
};

static control_groups_visit look_at_path;
static bool names_it(const struct grouped *g, struct view path, struct group_container *container,
    size_t *size, size_t *roots);
static enum err part_of(
    struct grouped *g, struct view path, const struct group_container *container, uint32_t *out);
static bool has_id(const struct collector_workload *w, const struct group_container *container);
static bool is_meant(struct grouped *g, const struct group_container *container);
static void ask_for_start(const struct grouped *g, struct grouped_part *part);
static uint64_t ticks_of(const struct timespec *made);
static double seconds(clockid_t clock);

enum err
grouped_begin(const struct collector_workload *w, struct grouped *out, struct trouble *t)
{
	enum err e;

	memset(out, 0, sizeof(*out));
	out->workload = w;
	out->root = -1;
	for (unsigned in = 0; in < GROUPS_HIERARCHIES; in++)
		out->groups.tree[in] = -1;
	if ((e = host_root_open(w->host_root, &out->root, t)) != ERR_OK ||
	    (e = control_groups_open(out->root, &out->groups, t)) != ERR_OK)
		return e;
	return w->user != NULL ? account_find(w->host_root, w->user, &out->user, t) : ERR_OK;
}

void
grouped_end(struct grouped *g)
{
	control_groups_close(&g->groups);
	for (uint32_t i = 0; i < g->count; i++)
		buf_free(&g->parts[i].path);
	free(g->parts);
	if (g->root >= 0)
		(void)close(g->root);
	memset(g, 0, sizeof(*g));
	g->root = -1;
}

enum err
grouped_visit(void *context, int dir, struct process_entry *entry)
{
	struct look look = {.grouped = context, .entry = entry};

	return control_groups_each(&look.grouped->groups, dir, look_at_path, &look);
}

enum err
grouped_check(const struct grouped *g, struct trouble *t)
{
	if (g->torn == 0)
		return ERR_OK;
	return trouble_set(t, ERR_MISMATCH,
	    "process %d is in two containers at once, as its control groups tell", (int)g->torn);
}

enum err
grouped_complain_none(const struct grouped *g, const struct process_table *table, struct trouble *t)
{
	const struct collector_workload *w = g->workload;
	char what[512];
	size_t count;

	if (w->is_container)
		(void)snprintf(what, sizeof(what), "a container that is as `container` says");
	else if (w->unit != NULL)
		(void)snprintf(
		    what, sizeof(what), "the control group of the systemd unit %.300s", w->unit);
	else
		(void)snprintf(what, sizeof(what), "a control group %.300s", w->control_group);
	if ((count = process_table_count(table, PROCESS_UNRELIABLE)) > 0)
		return trouble_set(t, ERR_NOT_FOUND,
		    "no process is in %s; the processes that only are where others than root can "
		    "make one are %zu",
		    what, count);
	if ((count = process_table_count(table, PROCESS_ELSEWHERE)) > 0)
		return trouble_set(t, ERR_IO,
		    "no process is seen in %s, but the control groups of %zu cannot be told from "
		    "the collector's own control group namespace: mount the host's /sys/fs/cgroup "
		    "there (`host_root`), or let the collector have the host's namespace (docker: "
		    "--cgroupns=host)",
		    what, count);
	if (g->unknown > 0)
		return trouble_set(t, ERR_NOT_FOUND,
		    "no process is in %s; of %zu containers it cannot be told: %.300s", what,
		    g->unknown, g->why.text);
	return trouble_set(t, ERR_NOT_FOUND, "no process is in %s; is it started?", what);
}

static enum err
look_at_path(void *context, enum control_groups_hierarchy in, struct view path)
{
	struct look *look = context;
	struct grouped *g = look->grouped;
	struct process_entry *entry = look->entry;
	struct group_container container = {.size = 0};
	size_t size, roots;
	uint32_t part;
	enum err e;

	if (path.size == 0 && entry->mark == PROCESS_NONE)
		entry->mark = PROCESS_ELSEWHERE;
	if (path.size == 0 || !names_it(g, path, &container, &size, &roots))
		return ERR_OK;
	if (!control_groups_are_roots(&g->groups, in, (struct view){path.data, roots})) {
		if (entry->mark != PROCESS_YES && has_id(g->workload, &container))
			entry->mark = PROCESS_UNRELIABLE;
		return ERR_OK;
	}
	if ((e = part_of(g, (struct view){path.data, size}, &container, &part)) != ERR_OK)
		return e;
	if (look->container[0] != '\0' && strcmp(look->container, container.id) != 0 &&
	    (g->parts[part].is_wanted || entry->mark == PROCESS_YES))
		g->torn = entry->pid;
	memcpy(look->container, container.id, sizeof(look->container));
	if (g->parts[part].is_wanted && entry->mark != PROCESS_YES) {
		entry->mark = PROCESS_YES;
		entry->group = part;
	}
	return ERR_OK;
}

/* *roots: of the part of the path that nobody but root may have made. */
static bool
names_it(const struct grouped *g, struct view path, struct group_container *container, size_t *size,
    size_t *roots)
{
	const struct collector_workload *w = g->workload;
	const bool is_users = w->unit != NULL && w->user != NULL;
	bool yes;

	if (w->is_container) {
		yes = group_path_container(path, container);
		*size = container->size;
	} else if (w->unit != NULL) {
		yes = group_path_of_unit(path, w->unit, is_users ? &g->user : NULL, size);
	} else {
		yes = group_path_matches(path, w->control_group, size);
	}
	if (!yes)
		return false;
	*roots = *size;
	/* Below that the tree is the user's own. */
	if (is_users)
		*roots = group_path_cut(path, USERS_MANAGER_DEPTH);
	return true;
}

static enum err
part_of(struct grouped *g, struct view path, const struct group_container *container, uint32_t *out)
{
	struct grouped_part *grown;

	for (*out = 0; *out < g->count; ++*out)
		if (view_equal(buf_view(&g->parts[*out].path), path))
			return ERR_OK;
	if ((grown = reallocarray(g->parts, g->count + 1U, sizeof(*grown))) == NULL)
		return ERR_MEMORY;
	g->parts = grown;
	grown = &g->parts[g->count++];
	*grown = (struct grouped_part){.path = BUF_INIT};
	buf_append_view(&grown->path, path);
	grown->is_wanted = !g->workload->is_container || is_meant(g, container);
	if (g->workload->unit != NULL)
		ask_for_start(g, grown);
	return buf_status(&grown->path);
}

static bool
has_id(const struct collector_workload *w, const struct group_container *container)
{
	return w->container.id == NULL ||
	       strncmp(container->id, w->container.id, strlen(w->container.id)) == 0;
}

/* By all that is said of it, besides the id. */
static bool
is_meant(struct grouped *g, const struct group_container *container)
{
	const struct collector_workload *w = g->workload;
	struct container_state state;
	bool yes;

	if (!has_id(w, container))
		return false;
	if (w->container.name == NULL && w->container.image == NULL && w->container.pod == NULL)
		return true;
	yes = container_state_read(g->root, container->id, &state, &g->why) == ERR_OK;
	g->unknown += !yes;
	if (w->container.name != NULL)
		yes = yes && container_state_matches(&state.names, w->container.name);
	if (w->container.image != NULL)
		yes = yes && (container_state_matches(&state.images, w->container.image) ||
				 container_state_matches(&state.digests, w->container.image));
	if (w->container.pod != NULL)
		yes = yes && (container_state_matches(&state.pods, w->container.pod) ||
				 fnmatch(w->container.pod, container->pod, 0) == 0);
	container_state_free(&state);
	return yes;
}

/* What a user's manager starts, it tells nobody. */
static void
ask_for_start(const struct grouped *g, struct grouped_part *part)
{
	static const char suffix[] = ".service";
	const struct view path = buf_view(&part->path);
	const uint8_t *slash = path.size > 0 ? memrchr(path.data, '/', path.size) : NULL;
	char name[sizeof("invocation:") + NAME_MAX];
	struct stat s;
	int dir, size;

	if (slash == NULL)
		return;
	size = snprintf(name, sizeof(name), "invocation:%.*s",
	    (int)(path.size - (size_t)(slash + 1 - path.data)), (const char *)slash + 1);
	part->is_service = size > (int)sizeof(suffix) && (size_t)size < sizeof(name) &&
			   strcmp(name + size - (sizeof(suffix) - 1), suffix) == 0;
	if (!part->is_service || g->workload->user != NULL ||
	    rooted_open(g->root, UNITS_DIRECTORY, O_PATH | O_DIRECTORY, &dir) != ERR_OK)
		return;
	part->has_start = fstatat(dir, name, &s, AT_SYMLINK_NOFOLLOW) == 0 && s.st_uid == 0;
	if (part->has_start)
		part->start_ticks = ticks_of(&s.st_mtim);
	(void)close(dir);
}

/* By how long ago it is, which a clock that was set meanwhile tells wrongly. */
static uint64_t
ticks_of(const struct timespec *made)
{
	const double ago = seconds(CLOCK_REALTIME) - (double)made->tv_sec -
			   (double)made->tv_nsec / 1e9 + LINK_EARLY_MS / 1e3;
	const double after_boot = seconds(CLOCK_BOOTTIME) - ago;

	return after_boot > 0 ? (uint64_t)(after_boot * (double)sysconf(_SC_CLK_TCK)) : 0;
}

static double
seconds(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
