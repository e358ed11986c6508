#include "collector/subject/members.h"

#include <stdlib.h>
#include <string.h>

static int by_pid(const void *a, const void *b);

enum err
members_marked(const struct collector_workload *w, const struct process_table *table, pid_t main,
    struct members *out, struct trouble *t)
{
	memset(out, 0, sizeof(*out));
	if ((out->list = calloc(table->count + 1, sizeof(*out->list))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < table->count; i++) {
		const struct process_entry *one = &table->list[i];

		if (one->mark == PROCESS_YES && one->pid != main)
			out->list[out->count++] =
			    (struct member){one->pid, one->start_ticks, false};
	}
	if (out->count <= MEMBERS_MAX)
		return ERR_OK;
	members_free(out);
	return trouble_set(
	    t, ERR_FORMAT_SIZE, "workload %s has more than %d processes", w->name, MEMBERS_MAX);
}

enum err
members_below(const struct collector_workload *w, struct process_table *table, pid_t main,
    struct members *out, struct trouble *t)
{
	for (size_t i = 0; i < table->count; i++)
		table->list[i].mark = table->list[i].pid == main ? PROCESS_YES : PROCESS_NONE;
	process_table_mark_below(table);
	return members_marked(w, table, main, out, t);
}

void
members_free(struct members *m)
{
	free(m->list);
	memset(m, 0, sizeof(*m));
}

struct member *
members_get(const struct members *m, pid_t pid)
{
	const struct member key = {.pid = pid};

	return m->count > 0 ? bsearch(&key, m->list, m->count, sizeof(key), by_pid) : NULL;
}

enum err
member_open(const struct member *m, struct process *out, struct trouble *t)
{
	enum err e = process_open(m->pid, out, t);

	/* What has just ended may not be looked at, the kernel says: then, a moment later, it is
	 * gone. */
	if (e == ERR_IO)
		e = process_open(m->pid, out, t);
	if (e == ERR_OK && out->identity.stat.start_ticks != m->start_ticks) {
		process_close(out); /* the number went to another process */
		return ERR_NOT_FOUND;
	}
	return e;
}

static int
by_pid(const void *a, const void *b)
{
	const pid_t x = ((const struct member *)a)->pid, y = ((const struct member *)b)->pid;

	return (x > y) - (x < y);
}
