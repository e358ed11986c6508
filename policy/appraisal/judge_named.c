/*
 * What a rule names by its path: the program that has to run, libraries that have to be mapped.
 * What they contain is judged as that of all others is.
 */
#include "policy/appraisal/judge_bench.h"

static bool is_run_by_main(const struct component_file *f);
static bool is_mapped(const struct component *c, struct view path);

void
judge_program(struct judge_bench *t, const struct component_file *f)
{
	const struct file_rule *r = t->rule;
	struct buf *detail;

	if (r->path.size == 0 || !is_run_by_main(f) || view_equal(f->path, r->path))
		return;
	detail = verdict_find(t->b, FINDING_OTHER_PROGRAM, r->other_program, f->path);
	if (detail != NULL) {
		buf_append_string(detail, "expected ");
		buf_append_view(detail, r->path);
	}
}

void
judge_no_program(struct judge_bench *t)
{
	const struct component *c = t->component;
	struct buf *detail;

	if (t->rule->path.size == 0)
		return;
	for (size_t i = 0; i < c->item_count; i++)
		if (is_run_by_main(&c->items.files[i]))
			return;
	detail = verdict_find(t->b, FINDING_OTHER_PROGRAM, t->rule->other_program, t->rule->path);
	if (detail != NULL)
		buf_append_string(
		    detail, "expected to be run by the main process, found no program of it");
}

void
judge_missing_libraries(struct judge_bench *t)
{
	const struct texts *named = &t->rule->demand;

	for (size_t i = 0; i < named->count; i++)
		if (!is_mapped(t->component, named->text[i]))
			(void)verdict_find(
			    t->b, FINDING_MISSING_LIBRARY, t->rule->missing, named->text[i]);
}

/* Code in memory is told beside the file that it is of. */
static bool
is_run_by_main(const struct component_file *f)
{
	return (f->flags & (COMPONENT_FILE_OTHER | JUDGE_CODE_FLAGS)) == 0;
}

/* As a file: memory can be given any name. */
static bool
is_mapped(const struct component *c, struct view path)
{
	const uint32_t no_file = COMPONENT_FILE_ANONYMOUS | COMPONENT_FILE_MEMFD |
				 COMPONENT_FILE_SYMLINK | COMPONENT_FILE_SPECIAL | JUDGE_CODE_FLAGS;

	for (size_t i = 0; i < c->item_count; i++)
		if (view_equal(c->items.files[i].path, path) &&
		    (c->items.files[i].flags & no_file) == 0)
			return true;
	return false;
}
