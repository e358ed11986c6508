#include "collector/measure/measure_runtime.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/ground/fact_values.h"
#include "collector/ground/small_file.h"
#include "collector/measure/measure_members.h"
#include "collector/runtime/container_facts.h"
#include "collector/runtime/environment.h"
#include "collector/runtime/main_processes.h"
#include "collector/runtime/program_counts.h"
#include "collector/runtime/thread_rights.h"
#include "collector/subject/namespaces.h"
#include "collector/subject/procfs.h"
#include "collector/subject/threads.h"

/* While all threads of all processes are looked at. */
struct processes_walk {
	struct thread_rights *rights;
	struct program_counts programs;
	struct main_processes mains;
	struct container_facts containers; /* where the workload is named by them */
	struct environment environment;
	struct namespaces collector;
	struct buf cwd, root; /* of the thread that is looked at */
};

static member_visit note_process;
static enum err note_arguments(struct processes_walk *w, struct measure_context *m);
static enum err note_environment(struct processes_walk *w, struct measure_context *m, bool is_main);
static threads_visit note_thread;
static enum err complain(struct measure_context *m, const char *name, enum err e);

enum err
measure_runtime(struct measure_context *m, struct component_builder *to)
{
	const struct collector_workload *workload = m->workload;
	struct processes_walk w = {.rights = thread_rights_new(),
	    .environment = {.names = workload->environment,
		.name_count = workload->environment_count},
	    .cwd = BUF_INIT,
	    .root = BUF_INIT};
	enum err e = ERR_OK;

	if (workload->is_container)
		e = container_facts_begin(workload->host_root, &w.containers, m->trouble);
	if (e == ERR_OK && w.rights == NULL)
		e = ERR_MEMORY;
	if (e == ERR_OK && (e = namespaces_of_collector(&w.collector)) == ERR_OK)
		e = measure_members(m, note_process, &w);
	if (e == ERR_OK && (e = thread_rights_add(w.rights, to)) == ERR_OK)
		e = program_counts_add(&w.programs, to);
	if (e == ERR_OK)
		e = main_processes_add(&w.mains, to);
	if (e == ERR_OK && workload->is_container)
		e = container_facts_add(&w.containers, to);
	e = complain(m, "task", e);
	if (e == ERR_OK)
		e = complain(m, "environ", environment_add(&w.environment, to));
	thread_rights_free(&w.rights);
	program_counts_free(&w.programs);
	main_processes_free(&w.mains);
	if (workload->is_container)
		container_facts_end(&w.containers);
	environment_free(&w.environment);
	buf_free(&w.cwd);
	buf_free(&w.root);
	return e;
}

static enum err
note_process(void *context, struct measure_context *m, bool is_main)
{
	struct processes_walk *w = context;
	struct buf name = BUF_INIT;
	enum err e = procfs_read_link(m->process->dir, "exe", &name);

	if (e == ERR_OK && (e = note_environment(w, m, is_main)) == ERR_OK &&
	    (!m->is_main || (e = note_arguments(w, m)) == ERR_OK) &&
	    (e = threads_each(m->process->first, note_thread, w)) == ERR_OK)
		e = program_counts_note(&w->programs, buf_view(&name));
	buf_free(&name);
	return e;
}

static enum err
note_arguments(struct processes_walk *w, struct measure_context *m)
{
	struct buf text = BUF_INIT;
	enum err e = small_file_read(m->process->dir, "cmdline", MEASURE_PROC_SIZE_MAX, &text);

	if (e == ERR_OK)
		e = main_processes_note(
		    &w->mains, buf_view(&text), m->process->identity.stat.start_ticks);
	buf_free(&text);
	if (e == ERR_OK && m->workload->is_container)
		return container_facts_note(&w->containers, m->process->first, m->trouble);
	return complain(m, "cmdline", e);
}

/* There are secrets in it. */
static enum err
note_environment(struct processes_walk *w, struct measure_context *m, bool is_main)
{
	struct buf text = BUF_INIT;
	enum err e = small_file_read(m->process->dir, "environ", MEASURE_PROC_SIZE_MAX, &text);

	if (e == ERR_OK)
		e = environment_note(&w->environment, buf_view(&text), is_main);
	if (text.data != NULL)
		explicit_bzero(text.data, text.capacity);
	buf_free(&text);
	return complain(m, "environ", e);
}

static enum err
note_thread(void *context, int dir, struct view status)
{
	struct processes_walk *w = context;
	struct thread_view t = {.status = status};
	enum err e = ERR_OK;

	for (unsigned type = 0; e == ERR_OK && type < NAMESPACE_TYPE_COUNT; type++)
		e = namespaces_place(&w->collector, dir, (enum namespace_type)type, &t.place[type]);
	buf_clear(&w->cwd);
	buf_clear(&w->root);
	if (e != ERR_OK || (e = procfs_read_link(dir, "cwd", &w->cwd)) != ERR_OK ||
	    (e = procfs_read_link(dir, "root", &w->root)) != ERR_OK)
		return e;
	t.cwd = buf_view(&w->cwd);
	t.root = buf_view(&w->root);
	return thread_rights_note(w->rights, &t);
}

static enum err
complain(struct measure_context *m, const char *name, enum err e)
{
	if (e == ERR_OK)
		return e;
	if (e == ERR_NOT_FOUND)
		e = ERR_CHANGED;
	return trouble_set(m->trouble, e, "/proc/%d/%s: %s", (int)m->process->pid, name,
	    e == ERR_IO ? strerror(errno) : err_text(e));
}
