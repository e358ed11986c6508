#include "collector/workload_set.h"

#include "collector/command.h"
#include "collector/ground/interrupt.h"
#include "collector/measure/gathered.h"
#include "proto/text.h"

#define LISTEN_MS 100

static enum err gather(const char *path, const char *workload, struct faults *faults,
    struct gathered *g, struct measurement *m);
static enum err measure(struct measurer *measurer, const struct collector_config *config,
    const struct collector_workload *w, struct gathered *g, struct measurement *m,
    struct trouble *t);
static enum err take_component(const struct gathered *g, enum component_kind kind,
    bool content_only, const char *path, struct faults *faults, struct set_draft *to);
static enum err take_file(const struct component_file *f, bool content_only, const char *path,
    struct faults *faults, struct set_draft *to);
static const char *why_not(const struct component_file *f);

enum err
workload_set(const char *path, const char *workload, bool content_only, struct faults *faults,
    struct set_draft *to)
{
	static const enum component_kind kinds[] = {
	    COMPONENT_EXECUTABLE, COMPONENT_FILES, COMPONENT_LIBRARIES};
	struct gathered g = {.workload = workload};
	struct measurement m;
	enum err e = gather(path, workload, faults, &g, &m);

	for (size_t i = 0; e == ERR_OK && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (m.component[kinds[i]].present)
			e = take_component(&g, kinds[i], content_only, path, faults, to);
	gathered_free(&g);
	return e == ERR_OK ? ERR_OK : ERR_CONFIG;
}

enum err
workload_pages(
    const char *path, const char *workload, struct faults *faults, struct buf *to, size_t *count)
{
	struct gathered g = {.workload = workload};
	struct component *c = NULL;
	struct measurement m;
	enum err e = gather(path, workload, faults, &g, &m);

	*count = 0;
	if (e == ERR_OK && !m.component[COMPONENT_WEB].present) {
		faults_add(faults, path, 0,
		    "workload %s: it has no pages (web), or they could not be fetched", workload);
		e = ERR_CONFIG;
	}
	if (e == ERR_OK)
		e = gathered_component(&g, COMPONENT_WEB, &c);
	for (size_t i = 0; e == ERR_OK && i < c->item_count; i++)
		for (size_t v = 0; v < c->items.facts[i].value_count; v++, ++*count) {
			buf_append_view(to, c->items.facts[i].name);
			buf_append_byte(to, ' ');
			buf_append_view(to, c->items.facts[i].values[v]);
			buf_append_byte(to, '\n');
		}
	component_free(&c);
	gathered_free(&g);
	return e == ERR_OK && !to->failed ? ERR_OK : ERR_CONFIG;
}

static enum err
gather(const char *path, const char *workload, struct faults *faults, struct gathered *g,
    struct measurement *m)
{
	const struct command_ways ways = {.tells_progress = false};
	const struct collector_workload *w;
	struct collector_config *config;
	struct trouble t = TROUBLE_INIT;
	struct measurer *measurer;
	enum err e = ERR_CONFIG;

	if (command_begin(path, &ways, &config, &measurer) &&
	    (w = command_find(config, workload)) != NULL) {
		e = measure(measurer, config, w, g, m, &t);
		if (e != ERR_OK)
			faults_add(faults, path, 0, "workload %s: %s", workload,
			    t.text[0] != '\0' ? t.text : err_text(e));
	}
	measurer_free(&measurer);
	collector_config_free(&config);
	return e;
}

static enum err
measure(struct measurer *measurer, const struct collector_config *config,
    const struct collector_workload *w, struct gathered *g, struct measurement *m,
    struct trouble *t)
{
	const struct measure_output output = {
	    gathered_take, gathered_take_segment, command_missing, g};
	const size_t number = (size_t)(w - config->workloads);
	enum err e;

	if ((e = measure_check(w, t)) == ERR_OK)
		e = measurer_begin(measurer, config, number, &output);
	while (e == ERR_OK && !measurer_has_answer(measurer, number)) {
		(void)measurer_listen(measurer, NULL, LISTEN_MS, INTERRUPT_STOP);
		if (interrupt_stop())
			e = trouble_set(t, ERR_CLOSED, "it was asked to stop");
	}
	return e == ERR_OK ? measurer_take(measurer, number, m, t) : e;
}

static enum err
take_component(const struct gathered *g, enum component_kind kind, bool content_only,
    const char *path, struct faults *faults, struct set_draft *to)
{
	struct component *c;
	enum err e = gathered_component(g, kind, &c);

	for (size_t i = 0; e == ERR_OK && i < c->item_count; i++)
		e = take_file(&c->items.files[i], content_only, path, faults, to);
	component_free(&c);
	return e;
}

static enum err
take_file(const struct component_file *f, bool content_only, const char *path,
    struct faults *faults, struct set_draft *to)
{
	const char *why = why_not(f);
	struct reference_entry r = {.path = f->path, .kind = REFERENCE_FILE, .digest = f->digest};

	if (why != NULL) {
		set_draft_leave_out(to, f->path, why);
		return ERR_OK;
	}
	if (!content_only) {
		r.given = REFERENCE_UID | REFERENCE_GID | REFERENCE_MODE;
		r.uid = f->uid;
		r.gid = f->gid;
		r.mode = (uint16_t)(f->mode & REFERENCE_MODE_MASK);
	}
	return set_draft_add(to, &r, path, faults);
}

/* NULL: it stands in a file, and nothing speaks against it. */
static const char *
why_not(const struct component_file *f)
{
	static const struct {
		uint32_t flags;
		const char *why;
	} reasons[] = {
	    {COMPONENT_FILE_SYMLINK,
		"symbolic links, of which a measurement has no text: see --root"},
	    {COMPONENT_FILE_UNREADABLE, "files that could not be read"},
	    {COMPONENT_FILE_SPECIAL, "devices, pipes and sockets, which no set lists"},
	    {COMPONENT_FILE_ANONYMOUS | COMPONENT_FILE_MEMFD,
		"executable memory that is in no file"},
	    {COMPONENT_FILE_DELETED | COMPONENT_FILE_REPLACED,
		"files that are mapped and no longer there: restart what uses them"},
	    {COMPONENT_FILE_MODIFIED | COMPONENT_FILE_RESTORED | COMPONENT_FILE_PROBED,
		"code in memory that was written to"},
	    {COMPONENT_FILE_CHANGED | COMPONENT_FILE_NEWER,
		"files that changed after their process began, or while they were read"},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if ((f->flags & reasons[i].flags) != 0)
			return reasons[i].why;
	return digest_is_zero(&f->digest) ? "files whose content may change" : NULL;
}
