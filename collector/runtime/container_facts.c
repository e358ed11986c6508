#include "collector/runtime/container_facts.h"

#include <stdlib.h>
#include <unistd.h>

#include "collector/subject/group_path.h"
#include "collector/subject/host_root.h"

/* The container of one process. */
struct look {
	const struct control_groups *groups;
	struct group_container found;
};

static control_groups_visit look_at_path;
static enum err add_all(struct values *to, const struct values *from);

enum err
container_facts_begin(const char *host_root, struct container_facts *out, struct trouble *t)
{
	enum err e;

	*out = (struct container_facts){.root = -1, .ids = VALUES_INIT};
	out->states = (struct container_state){VALUES_INIT, VALUES_INIT, VALUES_INIT, VALUES_INIT};
	for (unsigned in = 0; in < GROUPS_HIERARCHIES; in++)
		out->groups.tree[in] = -1;
	if ((e = host_root_open(host_root, &out->root, t)) != ERR_OK)
		return e;
	return control_groups_open(out->root, &out->groups, t);
}

enum err
container_facts_note(struct container_facts *f, int dir, struct trouble *t)
{
	struct look look = {.groups = &f->groups, .found = {.size = 0}};
	struct container_state state;
	enum err e = control_groups_each(&f->groups, dir, look_at_path, &look);

	if (e != ERR_OK || look.found.id[0] == '\0')
		return e;
	values_add(&f->ids, view_of_string(look.found.id));
	if (look.found.pod[0] != '\0')
		values_add(&f->states.pods, view_of_string(look.found.pod));
	e = container_state_read(f->root, look.found.id, &state, t);
	if (e == ERR_OK && (e = add_all(&f->states.names, &state.names)) == ERR_OK &&
	    (e = add_all(&f->states.images, &state.images)) == ERR_OK &&
	    (e = add_all(&f->states.digests, &state.digests)) == ERR_OK)
		e = add_all(&f->states.pods, &state.pods);
	container_state_free(&state);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err
container_facts_add(struct container_facts *f, struct component_builder *to)
{
	struct container_state *s = &f->states;
	enum err e;

	if ((e = values_finish(&f->ids, VALUES_DISTINCT, "container_id", to)) == ERR_OK &&
	    (e = values_finish(&s->names, VALUES_DISTINCT, "container_name", to)) == ERR_OK &&
	    (e = values_finish(&s->images, VALUES_DISTINCT, "container_image", to)) == ERR_OK &&
	    (e = values_finish(&s->digests, VALUES_DISTINCT, "container_digest", to)) == ERR_OK)
		e = values_finish(&s->pods, VALUES_DISTINCT, "container_pod", to);
	return e;
}

void
container_facts_end(struct container_facts *f)
{
	control_groups_close(&f->groups);
	values_free(&f->ids);
	container_state_free(&f->states);
	if (f->root >= 0)
		(void)close(f->root);
	f->root = -1;
}

static enum err
look_at_path(void *context, enum control_groups_hierarchy in, struct view path)
{
	struct look *look = context;
	struct group_container found;

	if (look->found.id[0] == '\0' && path.size > 0 && group_path_container(path, &found) &&
	    control_groups_are_roots(look->groups, in, (struct view){path.data, found.size}))
		look->found = found;
	return ERR_OK;
}

static enum err
add_all(struct values *to, const struct values *from)
{
	struct view *views = values_views(from);

	for (size_t i = 0; views != NULL && i < from->count; i++)
		values_add(to, views[i]);
	if (views == NULL)
		return ERR_MEMORY;
	free(views);
	return ERR_OK;
}
