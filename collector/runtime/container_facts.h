/*
 * The containers of a workload that is named so: facts `container_id`, `container_name`,
 * `container_image`, `container_digest` and `container_pod`, of all of them, sorted, each once; the
 * id is that of the control groups, the rest what the runtime has written down
 * (collector/subject/container_state.h), and none where it has not.
 */
#ifndef HALLMARK_COLLECTOR_RUNTIME_CONTAINER_FACTS_H
#define HALLMARK_COLLECTOR_RUNTIME_CONTAINER_FACTS_H

#include "collector/ground/trouble.h"
#include "collector/ground/values.h"
#include "collector/subject/container_state.h"
#include "collector/subject/control_groups.h"
#include "proto/evidence/component.h"

struct container_facts {
	int root; /* the host's */
	struct control_groups groups;
	struct values ids;
	struct container_state states;
};

/* ERR_IO, ERR_MEMORY, with the trouble. To be ended in any case. */
enum err container_facts_begin(
    const char *host_root, struct container_facts *out, struct trouble *t) MUST_USE;

/*
 * A container's main process, whose /proc directory is `dir`. As control_groups_each, and as
 * container_state_read, but that a state may be missing.
 */
enum err container_facts_note(struct container_facts *f, int dir, struct trouble *t) MUST_USE;

/* As component_add_fact. */
enum err container_facts_add(struct container_facts *f, struct component_builder *to) MUST_USE;

void container_facts_end(struct container_facts *f);

#endif
