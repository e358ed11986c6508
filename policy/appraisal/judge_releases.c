/*
 * Of which releases all files of a component can be. An item that a family's releases have narrows
 * them down to those that have it; so does, where all paths of one are demanded, what is missing.
 */
#include "policy/appraisal/judge_bench.h"

static void find_mixed(
    struct judge_bench *t, const struct component_file *f, uint64_t family, uint64_t having);

void
judge_releases(struct judge_bench *t, const struct component_file *f, uint64_t having)
{
	uint64_t *possible = &t->b->possible;

	for (size_t i = 0; i < t->count; i++) {
		const struct judge_source *s = &t->source[i];
		const uint64_t narrowed = *possible & having & s->family;

		if ((having & s->bit) == 0)
			continue;
		if ((t->mixed & s->family) == 0 && narrowed == 0)
			find_mixed(t, f, s->family, having & s->family);
		else if ((t->mixed & s->family) == 0)
			*possible = (*possible & ~s->family) | narrowed;
		having &= ~s->family;
	}
}

/* Told once of a family; then nothing more is known of what the component is of. */
static void
find_mixed(struct judge_bench *t, const struct component_file *f, uint64_t family, uint64_t having)
{
	const struct policy_rule *rule = t->whole;
	bool demanded = false;
	struct buf *detail = NULL;

	for (size_t i = 0; i < rule->release_count; i++)
		demanded = demanded || rule->release[i] == family;
	if (demanded)
		detail = verdict_find(t->b, FINDING_MIXED_RELEASE, rule->mixed_release, f->path);
	if (detail != NULL) {
		buf_append_string(detail, "of ");
		judge_append_releases(detail, rule, having);
		buf_append_string(detail, ", and what comes before it of ");
		judge_append_releases(detail, rule, t->b->possible & family);
	}
	t->mixed |= family;
	t->b->possible |= t->b->references & family;
}

void
judge_append_releases(struct buf *to, const struct policy_rule *rule, uint64_t releases)
{
	const char *between = "";

	for (size_t i = 0; i < rule->reference_count; i++) {
		if ((releases & UINT64_C(1) << i) == 0)
			continue;
		buf_append_string(to, between);
		buf_append_string(to, rule->reference[i]->name);
		between = " or ";
	}
}
