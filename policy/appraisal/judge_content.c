/* The content of files against the reference sets of their rule. */
#include "policy/appraisal/judge_bench.h"

/* What the reference sets say about one file. */
struct lookup {
	uint64_t having;   /* the sets that count and have this content */
	uint64_t granting; /* those of them that give no other owner or mode for it */
	bool granted;      /* there is one, or an exception */
	bool excepted;
	bool mode_given;
	const struct reference_entry *denied; /* had, with another owner or mode; the first */
	const struct policy_reference *denied_by;
	const struct judge_source *revoked;     /* has it, and is revoked: the last */
	const struct policy_reference *other;   /* has it, and does not count: the last */
	const struct policy_reference *known;   /* has the path with other digests */
	const struct reference_entry *expected; /* its first */
	size_t others;                          /* how many more would do */
	bool open_granted; /* the rights are as some line of the path, of a file, gives them */
	const struct reference_entry *open_denied; /* the first such line that gives others */
	const struct policy_reference *open_denied_by;
};

static void narrow_releases(
    struct judge_bench *t, const struct lookup *l, const struct component_file *f);
static bool accept_by_content(
    struct judge_bench *t, const struct lookup *l, const struct component_file *f);
static bool has_elsewhere(const struct reference_set *set, const struct component_file *f);
static bool is_left_open(const struct judge_bench *t, const struct component_file *f);
static struct lookup look_up(struct judge_bench *t, const struct component_file *f);
static void look_at_exceptions(
    struct judge_bench *t, struct lookup *l, const struct component_file *f);
static void look_at(struct lookup *l, const struct judge_source *s, const struct reference_entry *e,
    const struct component_file *f);
static bool has_rights(const struct component_file *f, const struct reference_entry *e);
static void find_open_rights(
    struct judge_bench *t, const struct lookup *l, const struct component_file *f);
static void find_other_rights(struct judge_bench *t, const struct reference_entry *denied,
    const struct policy_reference *by, const struct component_file *f);
static void append_rights(struct buf *to, const struct reference_entry *e);
static void detail_changed(struct buf *to, const struct lookup *l, const struct component_file *f);

bool
judge_is_listed(struct judge_bench *t, const struct component_file *f)
{
	const struct lookup l = look_up(t, f);

	return l.having != 0 || l.excepted;
}

bool
judge_is_mode_listed(struct judge_bench *t, const struct component_file *f)
{
	return look_up(t, f).mode_given;
}

/* A patch of memory is of the releases that list it, as a file is. */
void
judge_releases_of_code(struct judge_bench *t, const struct component_file *f)
{
	const struct lookup l = look_up(t, f);

	narrow_releases(t, &l, f);
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
	/* Its text, and not what it leads to: that was not looked at. */
	if (l.having != 0 && (f->flags & COMPONENT_FILE_SYMLINK) != 0)
		verdict_accept(t->b, FINDING_SYMLINK);
	if (l.having != 0 && !l.granted)
		find_other_rights(t, l.denied, l.denied_by, f);
	narrow_releases(t, &l, f);
	if (l.having != 0 || l.excepted)
		return;
	if (is_left_open(t, f)) {
		find_open_rights(t, &l, f);
		return;
	}
	/* Of what was being replaced, what was read is no content that it has; that is said. */
	if (t->b->kind == COMPONENT_FILES && (f->flags & COMPONENT_FILE_CHANGED) != 0)
		return;
	if (accept_by_content(t, &l, f))
		return;
	if (l.revoked != NULL) {
		detail = verdict_find(t->b, FINDING_REVOKED, REPORT_CONTRAINDICATED, f->path);
		if (detail != NULL)
			judge_append_revoked(detail, l.revoked, &f->digest);
	} else if ((f->flags & COMPONENT_FILE_OTHER) != 0) {
		detail = verdict_find(t->b, FINDING_OTHER_PROCESS, r->other_process, f->path);
		if (detail != NULL)
			judge_append_digest(detail,
			    "run by a process besides the main one, in no reference set; found "
			    "sha256 ",
			    &f->digest);
	} else if (l.other != NULL) {
		detail = verdict_find(t->b, FINDING_OTHER_RELEASE, r->unknown, f->path);
		if (detail != NULL) {
			buf_append_string(detail, "of ");
			buf_append_string(detail, l.other->name);
			buf_append_string(detail, ", which does not count; ");
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

/* Whose the file may be is part of a release, as its content is. */
static void
narrow_releases(struct judge_bench *t, const struct lookup *l, const struct component_file *f)
{
	judge_releases(t, f, l->granting != 0 ? l->granting : l->having);
}

/*
 * What some set has under another path, where none has anything under this one: a file that was
 * changed to be like another is none of that.
 */
static bool
accept_by_content(struct judge_bench *t, const struct lookup *l, const struct component_file *f)
{
	uint64_t having = 0;

	if (!t->rule->by_content || l->known != NULL || l->other != NULL)
		return false;
	for (size_t i = 0; i < t->count; i++)
		if (t->source[i].counts && has_elsewhere(t->source[i].reference->set, f))
			having |= t->source[i].bit;
	if (having == 0)
		return false;
	verdict_accept(
	    t->b, (f->flags & COMPONENT_FILE_OTHER) != 0 ? FINDING_OTHER_PROCESS : FINDING_UNKNOWN);
	if ((f->flags & COMPONENT_FILE_SYMLINK) != 0)
		verdict_accept(t->b, FINDING_SYMLINK);
	judge_releases(t, f, having);
	return true;
}

static bool
has_elsewhere(const struct reference_set *set, const struct component_file *f)
{
	const enum reference_kind kind =
	    (f->flags & COMPONENT_FILE_SYMLINK) != 0 ? REFERENCE_LINK : REFERENCE_FILE;

	for (size_t i = reference_seek_content(set, kind, &f->digest); i < reference_count(set);
	     i++) {
		const struct reference_entry *e = reference_content_at(set, i);

		if (e->kind != kind || !digest_equal(&e->digest, &f->digest))
			return false;
		if (has_rights(f, e))
			return true;
	}
	return false;
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

	for (size_t i = 0; i < t->count; i++) {
		struct judge_source *s = &t->source[i];
		const struct reference_set *set = s->reference->set;

		s->at = reference_seek(set, s->at, f->path);
		for (size_t j = s->at; j < reference_count(set); j++) {
			if (!view_equal(reference_at(set, j)->path, f->path))
				break;
			look_at(&l, s, reference_at(set, j), f);
		}
	}
	if (!l.granted && (f->flags & COMPONENT_FILE_SYMLINK) == 0)
		look_at_exceptions(t, &l, f);
	return l;
}

/* Each is as a line of sha256sum's would be, where no set has one that suffices. */
static void
look_at_exceptions(struct judge_bench *t, struct lookup *l, const struct component_file *f)
{
	for (size_t i = 0; t->exceptions >> i != 0 && !l->granted; i++) {
		if ((t->exceptions & 1U << i) == 0 || !view_equal(t->exception[i].path, f->path) ||
		    !digest_equal(&t->exception[i].digest, &f->digest))
			continue;
		l->excepted = l->granted = true;
		t->b->exceptions = (uint16_t)(t->b->exceptions | 1U << i);
	}
}

/* At an entry with its path. A link and a file never stand for each other. */
static void
look_at(struct lookup *l, const struct judge_source *s, const struct reference_entry *e,
    const struct component_file *f)
{
	const bool link = (f->flags & COMPONENT_FILE_SYMLINK) != 0;
	const bool same =
	    link == (e->kind == REFERENCE_LINK) && digest_equal(&e->digest, &f->digest);

	if (!s->counts) {
		if (same && s->revoked != NULL)
			l->revoked = s;
		else if (same)
			l->other = s->reference;
		return;
	}
	if (e->kind == REFERENCE_FILE && has_rights(f, e)) {
		l->open_granted = true;
	} else if (e->kind == REFERENCE_FILE && l->open_denied == NULL) {
		l->open_denied = e;
		l->open_denied_by = s->reference;
	}
	if (same)
		l->having |= s->bit;
	if (same && has_rights(f, e)) {
		l->granting |= s->bit;
		l->granted = true;
		l->mode_given = l->mode_given || (e->given & REFERENCE_MODE) != 0;
	} else if (same) {
		if (l->denied == NULL) {
			l->denied = e;
			l->denied_by = s->reference;
		}
	} else if (l->known == NULL) {
		l->known = s->reference;
		l->expected = e;
	} else {
		l->others++;
	}
}

static bool
has_rights(const struct component_file *f, const struct reference_entry *e)
{
	return ((e->given & REFERENCE_UID) == 0 || e->uid == f->uid) &&
	       ((e->given & REFERENCE_GID) == 0 || e->gid == f->gid) &&
	       ((e->given & REFERENCE_MODE) == 0 || e->mode == (f->mode & REFERENCE_MODE_MASK));
}

/* Whose a file is does not change with its content: lines of its path say so, as far as they do. */
static void
find_open_rights(struct judge_bench *t, const struct lookup *l, const struct component_file *f)
{
	if (!l->open_granted && l->open_denied != NULL)
		find_other_rights(t, l->open_denied, l->open_denied_by, f);
}

static void
find_other_rights(struct judge_bench *t, const struct reference_entry *denied,
    const struct policy_reference *by, const struct component_file *f)
{
	struct buf *to = verdict_find(t->b, FINDING_OTHER_RIGHTS, t->rule->rights, f->path);
	struct reference_entry found = *denied;

	if (to == NULL)
		return;
	found.uid = f->uid;
	found.gid = f->gid;
	found.mode = (uint16_t)(f->mode & REFERENCE_MODE_MASK);
	buf_append_string(to, "expected ");
	append_rights(to, denied);
	buf_append_string(to, " by reference set ");
	buf_append_string(to, by->name);
	buf_append_string(to, ", found ");
	append_rights(to, &found);
}

/* What the entry gives. */
static void
append_rights(struct buf *to, const struct reference_entry *e)
{
	const char *between = "";

	if ((e->given & REFERENCE_UID) != 0) {
		buf_append_format(to, "uid %u", e->uid);
		between = ", ";
	}
	if ((e->given & REFERENCE_GID) != 0) {
		buf_append_format(to, "%sgid %u", between, e->gid);
		between = ", ";
	}
	if ((e->given & REFERENCE_MODE) != 0)
		buf_append_format(to, "%smode %04o", between, e->mode);
}

static void
detail_changed(struct buf *to, const struct lookup *l, const struct component_file *f)
{
	judge_append_digest(to, "expected sha256 ", &l->expected->digest);
	if (l->expected->kind == REFERENCE_LINK)
		buf_append_string(to, " of a link");
	if (l->others > 0)
		buf_append_format(to, " or one of %zu more", l->others);
	judge_append_digest(to, ", found ", &f->digest);
	if ((f->flags & COMPONENT_FILE_SYMLINK) != 0)
		buf_append_string(to, " of a link");
}
