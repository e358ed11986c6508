#include "collector/measure/measure.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/files/file_terms.h"
#include "collector/files/pattern.h"
#include "collector/measure/measure_config.h"
#include "collector/measure/measure_context.h"
#include "collector/measure/measure_executable.h"
#include "collector/measure/measure_files.h"
#include "collector/measure/measure_host.h"
#include "collector/measure/measure_image.h"
#include "collector/measure/measure_libraries.h"
#include "collector/measure/measure_made.h"
#include "collector/measure/measure_packages.h"
#include "collector/measure/measure_packed.h"
#include "collector/measure/measure_runtime.h"
#include "collector/measure/measure_start.h"
#include "collector/measure/measure_web.h"
#include "collector/measure/redact.h"
#include "collector/subject/subject.h"

static measure_function *const functions[COMPONENT_KIND_COUNT] = {
    [COMPONENT_CONFIG] = measure_config,
    [COMPONENT_EXECUTABLE] = measure_executable,
    [COMPONENT_FILES] = measure_files,
    [COMPONENT_HOST] = measure_host,
    [COMPONENT_IMAGE] = measure_image,
    [COMPONENT_LIBRARIES] = measure_libraries,
    [COMPONENT_PACKAGES] = measure_packages,
    [COMPONENT_RUNTIME] = measure_runtime,
    [COMPONENT_WEB] = measure_web,
};

/* Before the workload runs; else as above. */
static measure_function *const start_functions[COMPONENT_KIND_COUNT] = {
    [COMPONENT_EXECUTABLE] = measure_start_executable,
    [COMPONENT_LIBRARIES] = measure_start_libraries,
};

/* Where segments go while their list is being made. */
struct segment_sink {
	const struct measure_output *to;
	enum component_kind kind;
	enum err failed; /* what the measuring ends with */
	struct trouble *trouble;
};

static enum err find_subject(const struct collector_workload *w, struct process *process,
    struct members *others, struct trouble *t);
static measure_function *function_of(const struct collector_workload *w, enum component_kind kind);
static enum err measure_process(const struct collector_workload *w, const struct process *p,
    const struct members *others, struct filehash *hash, const struct measure_output *to,
    struct measurement *out, struct trouble *t);
static enum component_kind kind_at(unsigned place);
static enum err measure_kind(struct measure_context *m, enum component_kind kind,
    const struct measure_output *to, struct bundle_component *out);
static component_segment_sink give_segment;

enum err
measure_workload(const struct collector_workload *w, struct filehash *hash,
    const struct measure_output *to, struct measurement *out, struct trouble *t)
{
	struct members others;
	struct process process;
	enum err e = ERR_CHANGED;

	for (unsigned tries = 0; tries < MEASURE_TRIES_MAX && e == ERR_CHANGED; tries++) {
		memset(out, 0, sizeof(*out));
		out->time_ms = measure_clock_ms();
		filehash_count_anew(hash);
		if ((e = measure_host_boot_id(out->boot_id)) != ERR_OK)
			return trouble_set(t, e,
			    "the boot id of /proc/sys/kernel/random/boot_id "
			    "cannot be read; is /proc mounted?");
		if ((e = find_subject(w, &process, &others, t)) != ERR_OK)
			return e;
		out->pid = process.pid;
		e = measure_process(w, &process, &others, hash, to, out, t);
		if (e == ERR_OK)
			e = process_check(&process);
		process_close(&process);
		members_free(&others);
	}
	if (e == ERR_CHANGED)
		return trouble_set(t, e,
		    "workload %s: its process changed each time while it was measured (%d times)",
		    w->name, MEASURE_TRIES_MAX);
	if (e != ERR_OK)
		return e;
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++)
		if (out->component[kind].present)
			return ERR_OK;
	return trouble_set(
	    t, ERR_CONFIG, "workload %s: not one component could be measured", w->name);
}

enum err
measure_check(const struct collector_workload *w, struct trouble *t)
{
	struct file_terms terms = {0};
	struct pattern pattern;
	bool some = false;
	enum err e;

	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		some = some || w->measure[kind];
		if (w->measure[kind] && functions[kind] == NULL)
			return trouble_set(t, ERR_CONFIG,
			    "workload %s: the component `%s` is not available; take it out of "
			    "`measure`",
			    w->name, component_kind_name((enum component_kind)kind));
	}
	if (!some)
		return trouble_set(t, ERR_CONFIG,
		    "workload %s: `measure` names no component; name at least one", w->name);
	for (size_t i = 0; i < w->file_count; i++) {
		if ((e = pattern_parse(w->files[i], &pattern, t)) != ERR_OK)
			return e == ERR_FORMAT ? ERR_CONFIG : e;
		pattern_free(&pattern);
	}
	e = file_terms_parse(w, &terms, t);
	file_terms_free(&terms);
	return e == ERR_FORMAT ? ERR_CONFIG : e;
}

/* Before a start there is none: what is asked of a process is asked of this one, the measuring. */
static enum err
find_subject(const struct collector_workload *w, struct process *process, struct members *others,
    struct trouble *t)
{
	if (w->start == NULL)
		return subject_find(w, process, others, t);
	*others = (struct members){NULL, 0};
	return process_open(getpid(), process, t);
}

static measure_function *
function_of(const struct collector_workload *w, enum component_kind kind)
{
	if (w->start != NULL && w->start->image != NULL && kind == COMPONENT_FILES)
		return measure_packed;
	return w->start != NULL && start_functions[kind] != NULL ? start_functions[kind]
								 : functions[kind];
}

static enum err
measure_process(const struct collector_workload *w, const struct process *p,
    const struct members *others, struct filehash *hash, const struct measure_output *to,
    struct measurement *out, struct trouble *t)
{
	struct measure_context m = {.process = p,
	    .is_main = true,
	    .members = others,
	    .workload = w,
	    .hash = hash,
	    .root = -1,
	    .trouble = t};
	struct redaction_key key;
	enum err e = ERR_OK;

	if (w->redact_count > 0 && (e = redaction_key_load(w->redaction_key, &key, t)) == ERR_OK)
		m.redaction = &key;
	m.root = openat(p->dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (unsigned i = 0; e == ERR_OK && i < COMPONENT_KIND_COUNT; i++) {
		const enum component_kind kind = kind_at(i);

		if (!w->measure[kind])
			continue;
		t->text[0] = '\0';
		e = measure_kind(&m, kind, to, &out->component[kind]);
	}
	if (m.root >= 0)
		(void)close(m.root);
	redaction_key_end(&key);
	return e;
}

/*
 * Libraries first: whoever watches its own program or files (inotify) is told that they are opened,
 * and what is mapped is to be listed before that.
 */
static enum component_kind
kind_at(unsigned place)
{
	if (place == 0)
		return COMPONENT_LIBRARIES;
	return (enum component_kind)(place <= COMPONENT_LIBRARIES ? place - 1 : place);
}

/* ERR_OK with `out` not present: the component is left out. */
static enum err
measure_kind(struct measure_context *m, enum component_kind kind, const struct measure_output *to,
    struct bundle_component *out)
{
	struct segment_sink segments = {to, kind, ERR_OK, m->trouble};
	const struct redact redact = {m->workload, m->redaction, kind};
	struct component_builder *builder = component_builder_new(kind);
	struct buf bytes = BUF_INIT;
	size_t count = 0;
	enum err e;

	if (builder == NULL)
		return ERR_MEMORY;
	if (functions[kind] == NULL)
		abort(); /* the configuration lets no kind through that has no function */
	redact_begin(&redact, builder);
	if ((e = function_of(m->workload, kind)(m, builder)) == ERR_OK &&
	    (e = measure_made(m->workload, kind, builder)) == ERR_OK &&
	    (e = redact_note(&redact, builder)) == ERR_OK)
		e = component_finish_listed(builder, give_segment, &segments, &bytes, &count);
	component_builder_free(&builder);
	if (segments.failed != ERR_OK) {
		e = segments.failed;
	} else if (e == ERR_OK) {
		out->count = count;
		out->size = bytes.size;
		digest_of(bytes.data, bytes.size, &out->digest);
		e = to->sink(to->context, kind, buf_view(&bytes), &out->digest, m->trouble);
		out->present = e == ERR_OK;
	} else if (e != ERR_CHANGED && e != ERR_CLOSED && e != ERR_MEMORY) {
		/* Perhaps only because the process is gone: then nothing is told, but done again.
		 */
		if (process_check(m->process) != ERR_OK) {
			e = ERR_CHANGED;
		} else {
			if (e == ERR_BUDGET && m->trouble->text[0] == '\0')
				(void)trouble_set(m->trouble, e,
				    "what its processes have mapped is more than the budget, "
				    "mebibytes_read: %u, or what is left of it",
				    m->workload->budgets.mebibytes_read);
			to->missing(to->context, kind, e, m->trouble);
			e = ERR_OK;
		}
	}
	buf_free(&bytes);
	return e;
}

static enum err
give_segment(void *context, struct view bytes, const struct digest *digest)
{
	struct segment_sink *s = context;

	s->failed = s->to->segment_sink(s->to->context, s->kind, bytes, digest, s->trouble);
	return s->failed;
}

uint64_t
measure_clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
