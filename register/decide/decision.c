#include "register/decide/decision.h"

#include "register/decide/decided_images.h"

static const char *trouble_of_logs(const struct decision_terms *t, bool *filled);
static const struct decided *newest(const struct decision_terms *t, const struct decided *rows);
static struct decision judge(const struct decision_terms *t, const struct decided_subject *subject,
    const struct decided *by);
static bool asked(const struct decision_terms *t, unsigned log);
static void count_member(struct decision *all, const struct decision *one, size_t *cannot);

struct decision
decision_of(const struct decision_terms *t, const struct decided_subject *subject)
{
	bool filled;
	const char *trouble = trouble_of_logs(t, &filled);
	const struct decided *by;

	if (trouble != NULL)
		return (struct decision){.kind = DECISION_CANNOT, .why = trouble};
	by = subject != NULL ? newest(t, decided_of(subject)) : NULL;
	if (by != NULL)
		return judge(t, subject, by);
	if (!filled)
		return (struct decision){
		    .kind = DECISION_CANNOT, .why = "nothing was heard of it since the start"};
	return (struct decision){.kind = DECISION_UNKNOWN, .why = "nothing is known of it"};
}

struct decision
decision_both(const struct decision *a, const struct decision *b)
{
	const struct decision *worse = a->kind >= b->kind ? a : b;
	struct decision both = *worse;

	if (a->kind == DECISION_ALLOW && b->kind == DECISION_ALLOW)
		return a->until_s <= b->until_s ? *a : *b;
	if (worse->kind == DECISION_UNKNOWN && a->kind != b->kind) {
		both.kind = DECISION_DENY;
		both.why = "nothing is known of one of them";
	}
	return both;
}

struct decision
decision_of_group(const struct decision_terms *t, struct view group, unsigned share_percent)
{
	struct decision all = {.kind = DECISION_ALLOW, .why = "enough are well"};
	bool filled;
	const char *trouble = trouble_of_logs(t, &filled);
	size_t cannot = 0;

	if (trouble == NULL && !filled)
		trouble = "not all was heard of since the start";
	if (trouble != NULL)
		return (struct decision){.kind = DECISION_CANNOT, .why = trouble};
	for (unsigned log = 0; log < decided_logs(t->table); log++) {
		if (!asked(t, log))
			continue;
		for (const struct decided_member *m = decided_group(t->table, log, group);
		     m != NULL; m = m->next) {
			const struct decision one = decision_of(t, m->subject);

			/* Who is in two logs counts where his newest report is. */
			if (one.by == NULL || one.by->log == log)
				count_member(&all, &one, &cannot);
		}
	}
	if (all.members == 0)
		return (struct decision){
		    .kind = DECISION_UNKNOWN, .why = "nobody is known to be of this group"};
	if (all.well * 100 >= all.members * share_percent)
		return all;
	all.kind = (all.well + cannot) * 100 >= all.members * share_percent ? DECISION_CANNOT
									    : DECISION_DENY;
	all.why = "too few are well";
	return all;
}

struct decision
decision_of_image(const struct decision_terms *t, const struct digest *image, struct view group)
{
	const struct decided_image *known = decided_images_find(decided_images(t->table), image);
	const struct decided *by;
	bool filled;
	const char *trouble = trouble_of_logs(t, &filled);

	if (trouble != NULL)
		return (struct decision){.kind = DECISION_CANNOT, .why = trouble};
	by = known != NULL ? newest(t, &known->decided) : NULL;
	if (by == NULL)
		return (struct decision){
		    .kind = DECISION_UNKNOWN, .why = "no report is about this image"};
	if (group.size > 0 &&
	    !view_equal(group, view_of_string(((const struct decided_image *)by)->group)))
		return (struct decision){.kind = DECISION_DENY,
		    .why = "its newest report is of no workload of this group",
		    .by = by};
	return judge(t, NULL, by);
}

const char *
decision_log_trouble(const struct decision_terms *t, unsigned log)
{
	const struct decided_log *l = decided_log(t->table, log);

	if (l->alarm)
		return "the log is in alarm";
	if (!l->followed)
		return "the log is not followed yet";
	if (t->boot_ms > l->seen_ms + t->behind_ms)
		return "the log was not found validly signed in time";
	if (l->mark_ms != 0 && t->boot_ms > l->mark_ms + t->behind_ms)
		return "verdicts are made again too far behind";
	return NULL;
}

/* Of those that are asked about; whether all that they say is in the table. */
static const char *
trouble_of_logs(const struct decision_terms *t, bool *filled)
{
	*filled = true;
	if (!t->sure)
		return "the clock was set, or a log is ahead of it";
	for (unsigned log = 0; log < decided_logs(t->table); log++) {
		const char *trouble = asked(t, log) ? decision_log_trouble(t, log) : NULL;

		if (trouble != NULL)
			return trouble;
		*filled = *filled && (!asked(t, log) || decided_log(t->table, log)->filled);
	}
	return NULL;
}

static const struct decided *
newest(const struct decision_terms *t, const struct decided *rows)
{
	const struct decided *by = NULL, *worst;

	for (const struct decided *d = rows; d != NULL; d = d->next)
		if (d->known && asked(t, d->log) && (by == NULL || d->issued_s > by->issued_s))
			by = d;
	worst = by;
	for (const struct decided *d = rows; d != NULL; d = d->next)
		if (d->known && asked(t, d->log) && d->issued_s + DECISION_NEAR_S >= by->issued_s &&
		    report_status_rank(d->status) > report_status_rank(worst->status))
			worst = d;
	return worst;
}

static struct decision
judge(
    const struct decision_terms *t, const struct decided_subject *subject, const struct decided *by)
{
	struct decision d = {.kind = DECISION_DENY, .by = by, .subject = subject};

	d.until_s = by->due_s != 0 && by->due_s < by->expires_s ? by->due_s : by->expires_s;
	if (!by->good) {
		d.kind = DECISION_CANNOT;
		d.why = "its verdict could not be made again";
	} else if (by->leaving) {
		d.why = "it has left";
	} else if (by->silent) {
		d.why = "it is silent";
	} else if (t->now_s >= d.until_s) {
		d.why = d.until_s == by->expires_s ? "its report has expired" : "it is overdue";
	} else {
		d.why = report_status_name(by->status);
		if (by->status == REPORT_AFFIRMING ||
		    (by->status == REPORT_WARNING && t->warning_allowed))
			d.kind = DECISION_ALLOW;
	}
	return d;
}

static bool
asked(const struct decision_terms *t, unsigned log)
{
	return (t->logs >> log & 1) != 0;
}

/* The worst of them is who is told of; of those who are well it counts whose time is up first. */
static void
count_member(struct decision *all, const struct decision *one, size_t *cannot)
{
	const struct decision before = *all;

	all->members++;
	if (one->kind == DECISION_ALLOW) {
		all->well++;
		if (before.until_s == 0 || one->until_s < before.until_s)
			all->until_s = one->until_s;
	}
	if (one->kind == DECISION_CANNOT)
		++*cannot;
	if (before.by == NULL || (one->by != NULL && report_status_rank(one->by->status) >
							 report_status_rank(before.by->status))) {
		all->by = one->by;
		all->subject = one->subject;
	}
}
