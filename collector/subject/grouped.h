/*
 * The processes of a workload that is named by control groups: of a systemd unit, by a pattern of
 * their paths, or of containers, by id or by what their runtime has written down of them
 * (container_state.h).
 *
 * Each group that matches is a part of the workload with a main process of its own. Of a systemd
 * service the manager itself tells when it was started for the last time: it makes the link
 * /run/systemd/units/invocation:NAME then. What is older than that was left over, and is not the
 * main process, however long it has been there.
 */
#ifndef HALLMARK_COLLECTOR_SUBJECT_GROUPED_H
#define HALLMARK_COLLECTOR_SUBJECT_GROUPED_H

#include <stdbool.h>

#include "collector/subject/control_groups.h"
#include "collector/subject/process_table.h"
#include "config/collector/collector_workload.h"

/* One that matches. */
struct grouped_part {
	struct buf path;      /* absolute */
	bool is_wanted;       /* false of a container that is not meant */
	bool is_service;      /* of systemd's */
	bool has_start;       /* and the manager tells when it was started: */
	uint64_t start_ticks; /* after boot, as processes have it */
};

struct grouped {
	const struct collector_workload *workload;
	int root; /* the host's, O_PATH */
	struct control_groups groups;
	uid_t user; /* of a user's unit */
	pid_t torn; /* a process that is in two containers at once; 0: none */
	/* containers whose state cannot be had or be believed, and why, of the last one */
	size_t unknown;
	struct trouble why;
	struct grouped_part *parts;
	uint32_t count;
};

/* ERR_NOT_FOUND (the user), ERR_IO, ERR_MEMORY with the trouble. To be ended in any case. */
enum err grouped_begin(
    const struct collector_workload *w, struct grouped *out, struct trouble *t) MUST_USE;
void grouped_end(struct grouped *g);

process_table_visit grouped_visit; /* its context is a struct grouped */

/* ERR_MISMATCH with the trouble where a process is in two containers at once, and one is meant. */
enum err grouped_check(const struct grouped *g, struct trouble *t) MUST_USE;

/* Says why none is there: ERR_NOT_FOUND, or ERR_IO where none can be seen. */
enum err grouped_complain_none(
    const struct grouped *g, const struct process_table *table, struct trouble *t) MUST_USE;

#endif
