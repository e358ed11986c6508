/* The content of files against the reference sets of their rule. */
#include "policy/judge_bench.h"

/* What the reference sets say about one file. */
struct lookup {
	bool matched;
	const struct policy_reference *expired; /* matched by this one, whose time is over */
	const struct policy_reference *known;   /* has the path with other digests */
	struct digest expected;                 /* its first digest */
	size_t others;                          /* how many more digests would do */
};

static bool is_left_open(const struct judge_bench *t, const struct component_file *f);
static struct lookup look_up(struct judge_bench *t, const struct component_file *f);
static void detail_changed(struct buf *to, const struct lookup *l, const struct component_file *f);

bool
judge_is_listed(struct judge_bench *t, const struct component_file *f)
{
	return look_up(t, f).matched;
}

void
judge_content(struct judge_bench *t, const struct component_file *f)
{
	const struct file_rule *r = t->rule;
	struct lookup l;
	struct buf *detail;

	if ((f->flags & COMPONENT_FILE_SYMLINK) != 0 && !r->symlinks) {
		(void)verdict_find(t->b, FINDING_SYMLINK, r->unknown, f->path);
		return;
	}
	l = look_up(t, f);
	if (l.matched || is_left_open(t, f))
		return;
	/* Of what was being replaced, what was read is no content that it has; that is said. */
	if (t->b->kind == COMPONENT_FILES && (f->flags & COMPONENT_FILE_CHANGED) != 0)
		return;
	if ((f->flags & COMPONENT_FILE_OTHER) != 0) {
		detail = verdict_find(t->b, FINDING_OTHER_PROCESS, r->other_process, f->path);
		if (detail != NULL)
			judge_append_digest(detail,
			    "run by a process besides the main one, in no reference set; found "
			    "sha256 ",
			    &f->digest);
	} else if (l.expired != NULL) {
		detail = verdict_find(t->b, FINDING_EXPIRED, r->unknown, f->path);
		if (detail != NULL) {
			buf_append_string(detail, "only in reference set ");
			buf_append_string(detail, l.expired->name);
			buf_append_string(detail, ", whose time is over; ");
			judge_append_digest(detail, "found sha256 ", &f->digest);
		}
	} else if (l.known != NULL) {
		detail = verdict_find(t->b, FINDING_CHANGED, r->changed, f->path);
		if (detail != NULL)
			detail_changed(detail, &l, f);
	} else {
		detail = verdict_find(t->b, FINDING_UNKNOWN, r->unknown, f->path);
		if (detail != NULL)
			judge_append_digest(
			    detail, "in no reference set; found sha256 ", &f->digest);
	}
}

/* Of this the component itself is judged: the policy accepts what it was made with, or does not. */
static bool
is_left_open(const struct judge_bench *t, const struct component_file *f)
{
	struct view content;

	if (t->b->kind != COMPONENT_FILES || (f->flags & COMPONENT_FILE_SYMLINK) != 0 ||
	    !component_detail(f, VIEW_LITERAL("content"), &content))
		return false;
	if (view_equal(content, VIEW_LITERAL("not-measured")))
		return judge_is_made_with(t->component, VIEW_LITERAL("may_change"));
	return view_equal(content, VIEW_LITERAL("beginning")) &&
	       judge_is_made_with(t->component, VIEW_LITERAL("may_grow"));
}

static struct lookup
look_up(struct judge_bench *t, const struct component_file *f)
{
	struct lookup l = {0};

	for (size_t i = 0; i < t->count && !l.matched; i++) {
		struct judge_source *s = &t->source[i];
		const struct reference_set *set = s->reference->set;

		s->at = reference_seek(set, s->at, f->path);
		for (size_t j = s->at; j < reference_count(set); j++) {
			const struct reference_entry *e = reference_at(set, j);

			if (!view_equal(e->path, f->path))
				break;
			if (digest_equal(&e->digest, &f->digest)) {
				l.matched = s->counts;
				if (!s->counts)
					l.expired = s->reference;
				break;
			}
			if (!s->counts)
				continue;
			if (l.known == NULL) {
				l.known = s->reference;
				l.expected = e->digest;
			} else {
				l.others++;
			}
		}
	}
	return l;
}

static void
detail_changed(struct buf *to, const struct lookup *l, const struct component_file *f)
{
	judge_append_digest(to, "expected sha256 ", &l->expected);
	if (l->others > 0)
		buf_append_format(to, " or one of %zu more", l->others);
	judge_append_digest(to, ", found ", &f->digest);
}

void
judge_append_digest(struct buf *to, const char *before, const struct digest *d)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, hex);
	buf_append_string(to, before);
	buf_append_string(to, hex);
}
