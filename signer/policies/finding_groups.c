#include "signer/policies/finding_groups.h"

#include <stdlib.h>
#include <string.h>

static struct finding_group *find(
    struct finding_groups *g, enum report_status outcome, const struct report_finding *f);
static struct finding_group *add(
    struct finding_groups *g, enum report_status outcome, const struct report_finding *f);
static bool is_alike(const struct finding_group *g, enum report_status outcome,
    const struct report_finding *f, const struct cause *cause);
static void keep(struct finding_group *g, const struct report_finding *f);
static struct view copy(struct buf *to, struct view v);

void
finding_groups_take(void *context, enum report_status outcome, const struct report_finding *f)
{
	struct finding_groups *g = context;
	struct finding_group *group = find(g, outcome, f);

	g->total++;
	group->count++;
	if (g->all || group->kept < FINDING_GROUP_NAMED)
		keep(group, f);
}

void
finding_groups_free(struct finding_groups *g)
{
	for (size_t i = 0; i < g->count; i++) {
		for (size_t k = 0; k < g->group[i].kept; k++)
			buf_free(&g->group[i].finding[k].words);
		free(g->group[i].finding);
	}
	free(g->group);
	g->group = NULL;
	g->count = 0;
}

/* There are as many at most as the policy has keys and demands. */
static struct finding_group *
find(struct finding_groups *g, enum report_status outcome, const struct report_finding *f)
{
	struct cause cause;

	cause_of(g->policy, g->rule, f, &cause);
	for (size_t i = 0; i < g->count; i++)
		if (is_alike(&g->group[i], outcome, f, &cause))
			return &g->group[i];
	return add(g, outcome, f);
}

static struct finding_group *
add(struct finding_groups *g, enum report_status outcome, const struct report_finding *f)
{
	struct finding_group *grown = realloc(g->group, (g->count + 1) * sizeof(*grown));

	if (grown == NULL)
		abort();
	g->group = grown;
	grown[g->count] = (struct finding_group){.outcome = outcome};
	cause_of(g->policy, g->rule, f, &grown[g->count].cause);
	return &grown[g->count++];
}

/* Of facts each demand is a cause of its own. */
static bool
is_alike(const struct finding_group *g, enum report_status outcome, const struct report_finding *f,
    const struct cause *cause)
{
	const struct report_finding *first = &g->finding[0].finding;

	return g->outcome == outcome && view_equal(first->kind, f->kind) &&
	       view_equal(first->code, f->code) && g->cause.line == cause->line &&
	       strcmp(g->cause.file, cause->file) == 0;
}

static void
keep(struct finding_group *g, const struct report_finding *f)
{
	struct grouped_finding *grown = realloc(g->finding, (g->kept + 1) * sizeof(*grown));
	const size_t size = f->kind.size + f->code.size + f->subject.size + f->detail.size;
	struct grouped_finding *one;

	if (grown == NULL)
		abort();
	g->finding = grown;
	one = &grown[g->kept++];
	*one = (struct grouped_finding){.words = BUF_INIT};
	/* Room for all, so that words do not move while they are pointed to. */
	if (buf_reserve(&one->words, size + 1) == NULL)
		abort();
	one->finding.kind = copy(&one->words, f->kind);
	one->finding.code = copy(&one->words, f->code);
	one->finding.subject = copy(&one->words, f->subject);
	one->finding.detail = copy(&one->words, f->detail);
}

static struct view
copy(struct buf *to, struct view v)
{
	const size_t begin = to->size;

	buf_append_view(to, v);
	return (struct view){to->data + begin, v.size};
}
