/*
 * Which feeds a report was held against. What was not looked for is not known to be good: a feed
 * that is wanted, and is not in force or too old, is a finding of its own.
 */
#include "policy/appraisal/conclusion.h"

static void find_lack(struct conclusion *c, const struct policy_feed *wanted,
    const struct amendments_feed *f, uint64_t now_s);

void
conclusion_feeds(struct conclusion *c, uint64_t now_s)
{
	for (size_t i = 0; i < c->rule->feed_count; i++) {
		const struct policy_feed *wanted = c->rule->feeds[i];
		const struct amendments_feed *f =
		    amendments_feed(c->amendments, view_of_string(wanted->name));

		if (f != NULL)
			c->out->feed[c->out->feed_count++] = f->digest;
		find_lack(c, wanted, f, now_s);
	}
}

/* What is old was looked into all the same. A clock that was set back makes nothing older. */
static void
find_lack(struct conclusion *c, const struct policy_feed *wanted, const struct amendments_feed *f,
    uint64_t now_s)
{
	const uint64_t age_s = f != NULL && now_s > f->written_s ? now_s - f->written_s : 0;
	struct own_finding *own;

	if (f != NULL && (wanted->max_age_s == 0 || age_s <= wanted->max_age_s))
		return;
	own = conclusion_find(c, FINDING_NO_FEED, c->rule->no_feed, COMPONENT_KIND_COUNT);
	own->finding.subject = conclusion_printable(c, view_of_string(wanted->name));
	if (f == NULL)
		own->finding.detail = VIEW_LITERAL("expected advisories in force, found none");
	else
		conclusion_detail(c, own,
		    "expected advisories written at most %u s ago, found %llu s", wanted->max_age_s,
		    (unsigned long long)age_s);
}
