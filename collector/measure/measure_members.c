#include "collector/measure/measure_members.h"

#include <fcntl.h>
#include <unistd.h>

static enum err visit_member(struct measure_context *m, const struct member *member,
    member_visit *visit, void *context, bool *ended);

enum err
measure_members(struct measure_context *m, member_visit *visit, void *context)
{
	enum err e = visit(context, m, true);

	for (size_t i = 0; e == ERR_OK && i < m->members->count; i++) {
		bool ended = false;

		for (unsigned visits = 0; visits == 0 || (e == ERR_CHANGED && !ended); visits++)
			if (visits == MEMBER_VISITS_MAX)
				return e;
			else
				e = visit_member(m, &m->members->list[i], visit, context, &ended);
		if (ended)
			e = ERR_OK;
	}
	return e;
}

/* ERR_CHANGED without `ended`: it runs another program now. */
static enum err
visit_member(struct measure_context *m, const struct member *member, member_visit *visit,
    void *context, bool *ended)
{
	struct measure_context of_member = *m;
	struct process process, now;
	enum err e;

	if ((e = member_open(member, &process, m->trouble)) != ERR_OK) {
		*ended = e == ERR_NOT_FOUND;
		return e;
	}
	of_member.process = &process;
	of_member.is_main = member->is_main;
	of_member.root = openat(process.dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	e = visit(context, &of_member, false);
	if (e != ERR_OK && e != ERR_MEMORY && e != ERR_CLOSED &&
	    process_check(&process) != ERR_OK) {
		/* For what has ended the kernel has more than one error. */
		e = member_open(member, &now, m->trouble);
		*ended = e == ERR_NOT_FOUND;
		if (e == ERR_OK) {
			process_close(&now);
			e = ERR_CHANGED;
		}
	}
	if (of_member.root >= 0)
		(void)close(of_member.root);
	process_close(&process);
	return e;
}
