#include "collector/subject/subject.h"

#include <string.h>
#include <time.h>

#include "collector/subject/descendants.h"
#include "collector/subject/grouped.h"
#include "collector/subject/pid_file.h"
#include "collector/subject/process_table.h"
#include "collector/subject/program.h"

#define NAMED_MAX 8 /* processes named in a complaint */

/*
 * A program that starts another by daemon(3) has, between fork and execve, one that looks the same
 * and is nobody's child. Several processes are believed only if they are still there at the last
 * look.
 */
#define LOOKS_MAX           4
#define LOOK_AGAIN_AFTER_MS 25

static enum err find_by_pid_file(const struct collector_workload *w, struct process *main,
    struct members *others, struct trouble *t);
static enum err find_below(const struct collector_workload *w, const struct process *main,
    struct members *others, struct trouble *t);
static enum err find_by_program(const struct collector_workload *w, struct process *main,
    struct members *others, struct trouble *t);
static enum err look_for_program(struct program *p, struct process_table *table,
    struct process_entry **top, size_t *tops, struct trouble *t);
static enum err complain_several(const struct collector_workload *w,
    const struct process_table *table, size_t count, struct trouble *t);
static enum err find_by_groups(const struct collector_workload *w, struct process *main,
    struct members *others, struct trouble *t);
static enum err open_oldest(
    const struct grouped *g, struct process_table *table, struct process *main, struct trouble *t);
static struct process_entry *main_of_part(
    const struct grouped *g, const struct process_table *table, uint32_t part);
static bool is_top(const struct process_table *table, const struct process_entry *entry);
static bool is_older(const struct process_entry *a, const struct process_entry *b);
static void note_mains(const struct grouped *g, const struct process_table *table,
    const struct process *main, struct members *others);
static process_table_visit mark_none;

enum err
subject_find(const struct collector_workload *w, struct process *main, struct members *others,
    struct trouble *t)
{
	memset(others, 0, sizeof(*others));
	if (w->pid_file != NULL)
		return find_by_pid_file(w, main, others, t);
	if (w->executable != NULL)
		return find_by_program(w, main, others, t);
	return find_by_groups(w, main, others, t);
}

static enum err
find_by_pid_file(const struct collector_workload *w, struct process *main, struct members *others,
    struct trouble *t)
{
	enum err e = pid_file_find(w->host_root, w->pid_file, main, t);

	if (e == ERR_OK && !w->main_only && (e = find_below(w, main, others, t)) != ERR_OK)
		process_close(main);
	return e;
}

static enum err
find_below(const struct collector_workload *w, const struct process *main, struct members *others,
    struct trouble *t)
{
	struct process_table table;
	enum err e;

	if ((e = descendants_read(main->pid, &table)) == ERR_UNSUPPORTED)
		e = process_table_read(mark_none, NULL, PROCESS_TABLE_ALL, &table, t);
	if (e == ERR_OK) {
		e = members_below(w, &table, main->pid, others, t);
		process_table_free(&table);
	}
	return e;
}

static enum err
find_by_program(const struct collector_workload *w, struct process *main, struct members *others,
    struct trouble *t)
{
	struct process_table table = {.list = NULL};
	struct process_entry *top = NULL;
	struct program p;
	size_t tops = 0;
	enum err e;

	if ((e = program_begin(w, &p, t)) != ERR_OK ||
	    (e = look_for_program(&p, &table, &top, &tops, t)) != ERR_OK)
		goto out;
	if (tops > 1)
		e = complain_several(w, &table, tops, t);
	else if (top == NULL)
		e = program_complain_none(&p, &table, t);
	else
		e = process_open(top->pid, main, t);
	if (e != ERR_OK || top == NULL)
		goto out;
	/* Between the look and the pin the number may have gone to another process. */
	if (main->identity.stat.start_ticks != top->start_ticks)
		e = trouble_set(t, ERR_NOT_FOUND, "process %d has just ended", (int)top->pid);
	else if (!w->main_only)
		e = find_below(w, main, others, t);
	if (e != ERR_OK)
		process_close(main);
out:
	process_table_free(&table);
	program_end(&p);
	return e;
}

static enum err
look_for_program(struct program *p, struct process_table *table, struct process_entry **top,
    size_t *tops, struct trouble *t)
{
	const struct timespec pause = {0, LOOK_AGAIN_AFTER_MS * 1000000L};
	enum err e;

	for (unsigned look = 1;; look++) {
		process_table_free(table);
		if ((e = process_table_read(program_visit, p, PROCESS_TABLE_MARKED, table, t)) !=
			ERR_OK ||
		    (e = process_table_add_parents(table)) != ERR_OK)
			return e;
		*tops = 0;
		for (size_t i = 0; i < table->count; i++) {
			struct process_entry *one = &table->list[i];

			if (one->mark == PROCESS_YES && !process_table_is_below(table, one)) {
				*top = one;
				++*tops;
			}
		}
		if (*tops <= 1 || look == LOOKS_MAX)
			return ERR_OK;
		(void)nanosleep(&pause, NULL);
	}
}

static enum err
complain_several(const struct collector_workload *w, const struct process_table *table,
    size_t count, struct trouble *t)
{
	struct buf list = BUF_INIT;
	size_t named = 0;
	enum err e;

	for (size_t i = 0; i < table->count && named < NAMED_MAX; i++)
		if (table->list[i].mark == PROCESS_YES &&
		    !process_table_is_below(table, &table->list[i]))
			buf_append_format(
			    &list, "%s%d", named++ == 0 ? "" : ", ", (int)table->list[i].pid);
	buf_append_format(&list, "%s", count > NAMED_MAX ? ", ..." : "");
	buf_append_byte(&list, '\0');
	e = trouble_set(t, ERR_MISMATCH,
	    "%zu processes run %s (%s), and none of them started the others; choose the one that "
	    "is meant by `user` or `arguments`, or name it by `pid_file` or `unit`",
	    count, w->executable, list.failed ? "?" : (const char *)list.data);
	buf_free(&list);
	return e;
}

static enum err
find_by_groups(const struct collector_workload *w, struct process *main, struct members *others,
    struct trouble *t)
{
	struct process_table table = {.list = NULL};
	struct grouped g;
	enum err e;

	if ((e = grouped_begin(w, &g, t)) != ERR_OK ||
	    (e = process_table_read(grouped_visit, &g, PROCESS_TABLE_MARKED, &table, t)) != ERR_OK)
		goto out;
	if ((e = grouped_check(&g, t)) != ERR_OK ||
	    (e = open_oldest(&g, &table, main, t)) != ERR_OK || w->main_only)
		goto out;
	if ((e = members_marked(w, &table, main->pid, others, t)) == ERR_OK)
		note_mains(&g, &table, main, others);
	else
		process_close(main);
out:
	process_table_free(&table);
	grouped_end(&g);
	return e;
}

/* What has ended meanwhile, or only waits to be buried, is none. */
static enum err
open_oldest(
    const struct grouped *g, struct process_table *table, struct process *main, struct trouble *t)
{
	struct process_entry *oldest, *one;
	enum err e;

	for (;;) {
		oldest = NULL;
		for (uint32_t part = 0; part < g->count; part++) {
			one = main_of_part(g, table, part);
			if (one != NULL && (oldest == NULL || is_older(one, oldest)))
				oldest = one;
		}
		if (oldest == NULL)
			return grouped_complain_none(g, table, t);
		e = process_open(oldest->pid, main, t);
		if (e == ERR_OK && main->identity.stat.start_ticks != oldest->start_ticks) {
			process_close(main);
			e = ERR_NOT_FOUND;
		}
		if (e != ERR_NOT_FOUND)
			return e;
		oldest->mark = PROCESS_NONE;
	}
}

/* The oldest one since the start that the manager tells; else the oldest one. NULL: none. */
static struct process_entry *
main_of_part(const struct grouped *g, const struct process_table *table, uint32_t part)
{
	struct process_entry *since = NULL, *any = NULL;

	for (size_t i = 0; i < table->count; i++) {
		struct process_entry *one = &table->list[i];

		if (one->mark != PROCESS_YES || one->group != part || !is_top(table, one))
			continue;
		if (any == NULL || is_older(one, any))
			any = one;
		if (g->parts[part].has_start && one->start_ticks >= g->parts[part].start_ticks &&
		    (since == NULL || is_older(one, since)))
			since = one;
	}
	return since != NULL ? since : any;
}

/* Its parent is not in the same group. */
static bool
is_top(const struct process_table *table, const struct process_entry *entry)
{
	const struct process_entry *parent = process_table_find(table, entry->parent);

	return parent == NULL || parent->mark != PROCESS_YES || parent->group != entry->group;
}

static bool
is_older(const struct process_entry *a, const struct process_entry *b)
{
	return a->start_ticks < b->start_ticks ||
	       (a->start_ticks == b->start_ticks && a->pid < b->pid);
}

/* Besides the first. */
static void
note_mains(const struct grouped *g, const struct process_table *table, const struct process *main,
    struct members *others)
{
	for (uint32_t part = 0; part < g->count; part++) {
		const struct process_entry *first = main_of_part(g, table, part);
		const bool is_unsure = g->parts[part].is_service && !g->parts[part].has_start;

		for (size_t i = 0; first != NULL && i < table->count; i++) {
			const struct process_entry *one = &table->list[i];
			struct member *member = members_get(others, one->pid);

			if (member != NULL && one->mark == PROCESS_YES && one->group == part &&
			    one->pid != main->pid &&
			    (one == first || (is_unsure && is_top(table, one))))
				member->is_main = true;
		}
	}
}

static enum err
mark_none(void *context, int dir, struct process_entry *entry)
{
	(void)context;
	(void)dir;
	(void)entry;
	return ERR_OK;
}
