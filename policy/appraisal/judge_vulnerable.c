/*
 * Known vulnerabilities of packages and files, by the feeds that are in force: one finding for each
 * package or file, however many advisories are about it. This alone makes no verdict better.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/appraisal/judge_bench.h"
#include "policy/appraisal/vulnerable.h"
#include "policy/values/package_version.h"

#define IDS_SHOWN 3

/* What is looked up, and what is found about it. */
struct inquiry {
	struct verdict_builder *b;            /* or NULL: */
	const struct vulnerable_listener *to; /* who hears of each advisory */
	const struct policy_rule *rule;
	const struct amendments *amendments;
	uint64_t now_s;
	struct view subject; /* a fact's name, or a path */
	struct view package; /* its name, or the path again */
	struct view manager, version;
	struct view value; /* as it was measured */
	struct view feed;  /* that is looked into */
	size_t count;
	struct view shown[IDS_SHOWN];
	struct view mended; /* the highest version that mends one of them; size 0: none does */
	size_t unmended;
};

static void look_up(struct inquiry *q, const struct component *c);
static void look_up_package(struct inquiry *q, struct view fact, struct view value);
static void look_up_file(struct inquiry *q, const struct component_file *f);
static void take_lines(struct inquiry *q, const struct advisories *a, size_t first, size_t count);
static void take(struct inquiry *q, const struct advisory *one);
static struct buf *tell(struct inquiry *q);
static const struct advisories *feed_at(struct inquiry *q, size_t index);

void
judge_vulnerable(struct verdict_builder *b, const struct policy_rule *rule,
    const struct amendments *amendments, const struct component *c, uint64_t now_s)
{
	struct inquiry q = {.b = b, .rule = rule, .amendments = amendments, .now_s = now_s};
	const uint64_t until_s = amendments_until_s(amendments, now_s);

	if (amendments == NULL || amendments->feed_count == 0 || rule->feed_count == 0)
		return;
	if (until_s < b->valid_until_s)
		b->valid_until_s = until_s;
	look_up(&q, c);
}

void
vulnerable_tell(const struct policy_rule *rule, const struct amendments *amendments,
    const struct component *c, uint64_t now_s, const struct vulnerable_listener *to)
{
	struct inquiry q = {.to = to, .rule = rule, .amendments = amendments, .now_s = now_s};

	look_up(&q, c);
}

static void
look_up(struct inquiry *q, const struct component *c)
{
	if (component_kind_shape(c->kind) == COMPONENT_SHAPE_FILE) {
		for (size_t i = 0; i < c->item_count; i++)
			look_up_file(q, &c->items.files[i]);
	} else if (c->kind == COMPONENT_PACKAGES) {
		for (size_t i = 0; i < c->item_count; i++)
			for (size_t v = 0; v < c->items.facts[i].value_count; v++)
				look_up_package(
				    q, c->items.facts[i].name, c->items.facts[i].values[v]);
	}
}

/* A value is the name, a space, the version, and more. */
static void
look_up_package(struct inquiry *q, struct view fact, struct view value)
{
	const uint8_t *space = value.size > 0 ? memchr(value.data, ' ', value.size) : NULL, *end;
	struct buf *detail;

	if (space == NULL)
		return;
	q->subject = q->manager = fact;
	q->value = value;
	q->package = (struct view){value.data, (size_t)(space - value.data)};
	q->version = (struct view){space + 1, value.size - q->package.size - 1};
	if (q->version.size > 0 && (end = memchr(space + 1, ' ', q->version.size)) != NULL)
		q->version.size = (size_t)(end - space) - 1;
	for (size_t i = 0; i < q->rule->feed_count; i++) {
		const struct advisories *a = feed_at(q, i);
		size_t count, first;

		if (a == NULL)
			continue;
		first = advisories_of_package(a, fact, q->package, &count);
		take_lines(q, a, first, count);
	}
	if ((detail = tell(q)) != NULL)
		judge_append_found(detail, value, 0);
}

/* What could not be read has no content, and a link none of its own. */
static void
look_up_file(struct inquiry *q, const struct component_file *f)
{
	struct buf *detail;

	if (digest_is_zero(&f->digest) || (f->flags & COMPONENT_FILE_SYMLINK) != 0)
		return;
	q->subject = q->package = f->path;
	q->manager = q->value = (struct view){NULL, 0};
	for (size_t i = 0; i < q->rule->feed_count; i++) {
		const struct advisories *a = feed_at(q, i);
		size_t count, first;

		if (a == NULL)
			continue;
		first = advisories_of_file(a, &f->digest, &count);
		take_lines(q, a, first, count);
	}
	if ((detail = tell(q)) != NULL)
		judge_append_digest(detail, ", found sha256 ", &f->digest);
}

/* Several lines of one advisory are one. */
static void
take_lines(struct inquiry *q, const struct advisories *a, size_t first, size_t count)
{
	struct view before = {NULL, 0};

	for (size_t i = first; i < first + count; i++) {
		const struct advisory one = advisories_at(a, i);

		if (view_equal(before, one.id) ||
		    (q->manager.size > 0 && !advisory_affects(&one, q->manager, q->version)))
			continue;
		before = one.id;
		take(q, &one);
	}
}

static void
take(struct inquiry *q, const struct advisory *one)
{
	const struct view mended = advisory_fixed(one);

	if (amendments_lift(q->amendments, one->id, q->package, q->rule->match, q->now_s)) {
		/* What no rule judges is accepted by none. */
		if (q->b != NULL && q->b->judged)
			verdict_accept(q->b, FINDING_VULNERABLE);
		return;
	}
	if (q->to != NULL)
		q->to->advisory(
		    q->to->context, &(struct vulnerable_advisory){one->id, q->feed, mended});
	if (q->count < IDS_SHOWN)
		q->shown[q->count] = one->id;
	q->count++;
	if (mended.size == 0)
		q->unmended++;
	else if (q->mended.size == 0 ||
		 package_order_of(q->manager)->compare(mended, q->mended) > 0)
		q->mended = mended;
}

/* NULL if there is nothing to tell, or nobody who hears it; else the detail, so far. */
static struct buf *
tell(struct inquiry *q)
{
	const size_t shown = q->count < IDS_SHOWN ? q->count : IDS_SHOWN;
	struct buf *to = NULL;

	if (q->count > 0 && q->to != NULL)
		q->to->item(q->to->context,
		    &(struct vulnerable_item){q->package, q->value, q->mended, q->unmended});
	else if (q->count > 0)
		to = verdict_find(q->b, FINDING_VULNERABLE, q->rule->vulnerable, q->subject);
	for (size_t i = 0; to != NULL && i < shown; i++) {
		buf_append_string(to, i > 0 ? ", " : "");
		buf_append_view(to, q->shown[i]);
	}
	if (to != NULL && q->count > shown)
		buf_append_format(to, " and %zu more", q->count - shown);
	if (to != NULL && q->mended.size > 0) {
		buf_append_string(to, ", mended by ");
		buf_append_view(to, q->mended);
	}
	if (to != NULL && q->manager.size > 0 && q->unmended > 0)
		buf_append_format(to, ", no version mends %zu", q->unmended);
	q->count = q->unmended = 0;
	q->mended = (struct view){NULL, 0};
	return to;
}

/* NULL: there is none of this name. */
static const struct advisories *
feed_at(struct inquiry *q, size_t index)
{
	const struct amendments_feed *f;

	q->feed = view_of_string(q->rule->feeds[index]->name);
	f = amendments_feed(q->amendments, q->feed);
	if (f != NULL && f->feed == NULL)
		abort(); /* whoever appraises has fetched it */
	return f != NULL ? f->feed->advisories : NULL;
}
