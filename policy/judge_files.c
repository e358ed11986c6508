/*
 * Files against reference sets. Both are sorted by path, so each set is walked beside the files:
 * one pass, whatever their sizes.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/judge.h"
#include "proto/glob.h"

/* A reference set that the rule names, and how far its walk has come. */
struct source {
	const struct policy_reference *reference;
	bool counts;   /* its time is not over */
	bool demanded; /* its paths have to be measured */
	size_t at;     /* in the set */
	size_t missing;
};

/* Of code in memory; the file itself is an item of its own. */
#define CODE_FLAGS                                                                                 \
	((uint32_t)(COMPONENT_FILE_MODIFIED | COMPONENT_FILE_RESTORED | COMPONENT_FILE_PROBED))

struct bench {
	struct verdict_builder *b;
	const struct file_rule *rule;
	const struct component *component;
	size_t count;
	struct source source[REPORT_REFERENCES_MAX];
};

/* What the reference sets say about one file. */
struct lookup {
	bool matched;
	const struct policy_reference *expired; /* matched by this one, whose time is over */
	const struct policy_reference *known;   /* has the path with other digests */
	struct digest expected;                 /* its first digest */
	size_t others;                          /* how many more digests would do */
};

static void bench_begin(struct bench *t, struct verdict_builder *b, const struct policy_rule *rule,
    const struct file_rule *files, uint64_t now_s);
static void judge_one(struct bench *t, const struct component_file *f);
static bool accept_anonymous(struct bench *t, const struct component_file *f);
static bool is_within(const struct anonymous_rule *r, const struct component_file *f);
static void judge_flags(struct bench *t, const struct component_file *f);
static void judge_rights(struct bench *t, const struct component_file *f);
static void judge_writers(struct bench *t, const struct component_file *f);
static void judge_owner(struct bench *t, const struct component_file *f);
static void judge_content(struct bench *t, const struct component_file *f);
static bool is_left_open(const struct bench *t, const struct component_file *f);
static struct lookup look_up(struct bench *t, const struct component_file *f);
static void detail_changed(struct buf *to, const struct lookup *l, const struct component_file *f);
static void detail_code(struct buf *to, const struct component_file *f);
static void judge_missing(struct bench *t, const struct component *c);
static void choose_families(struct bench *t, const struct component *c);
static bool family_counts(const struct bench *t, size_t family);
static size_t count_missing(const struct reference_set *set, const struct component *c);
static bool component_has(const struct component *c, size_t *at, struct view path);
static size_t path_end(const struct reference_set *set, size_t at);
static void append_digest(struct buf *to, const char *before, const struct digest *d);

void
judge_files(struct verdict_builder *b, const struct policy_rule *rule,
    const struct file_rule *files, const struct component *c, uint64_t now_s)
{
	struct bench t;

	bench_begin(&t, b, rule, files, now_s);
	t.component = c;
	/* Nothing can match any more; an empty component must not pass for that. */
	if (b->references == 0)
		(void)verdict_find(b, FINDING_EXPIRED_RULE, files->unknown, (struct view){NULL, 0});
	/* A process always has an executable; it may have no library, and files are demanded one
	 * by one below. */
	if (c->kind == COMPONENT_EXECUTABLE && c->item_count == 0)
		(void)verdict_find(b, FINDING_EMPTY, rule->missing, (struct view){NULL, 0});
	for (size_t i = 0; i < c->item_count; i++)
		judge_one(&t, &c->items.files[i]);
	if (files->complete)
		judge_missing(&t, c);
}

static void
bench_begin(struct bench *t, struct verdict_builder *b, const struct policy_rule *rule,
    const struct file_rule *files, uint64_t now_s)
{
	*t = (struct bench){.b = b, .rule = files};
	for (size_t i = 0; i < rule->reference_count; i++) {
		const struct policy_reference *r = rule->reference[i];

		if ((files->references & 1U << i) == 0)
			continue;
		t->source[t->count].reference = r;
		t->source[t->count].counts = r->until_s == 0 || now_s < r->until_s;
		if (t->source[t->count].counts) {
			b->references = (uint16_t)(b->references | 1U << i);
			if (r->until_s != 0 && r->until_s < b->valid_until_s)
				b->valid_until_s = r->until_s;
		}
		t->count++;
	}
}

/* In the order of finding.h. */
static void
judge_one(struct bench *t, const struct component_file *f)
{
	/* Their modes say nothing about who can write, or there is no path to write to. */
	const uint32_t modeless =
	    COMPONENT_FILE_ANONYMOUS | COMPONENT_FILE_MEMFD | COMPONENT_FILE_SYMLINK | CODE_FLAGS;
	/* Nothing that a reference set could describe; what was noticed decides. */
	const uint32_t contentless = COMPONENT_FILE_ANONYMOUS | COMPONENT_FILE_MEMFD |
				     COMPONENT_FILE_UNREADABLE | COMPONENT_FILE_SPECIAL |
				     CODE_FLAGS;

	if (accept_anonymous(t, f))
		return;
	if (f->flags != 0)
		judge_flags(t, f);
	if ((f->flags & modeless) == 0)
		judge_rights(t, f);
	if ((f->flags & contentless) == 0)
		judge_content(t, f);
}

/*
 * What a compiler at run time makes, if a program is allowed as much. Stack and heap are none of
 * that, and whatever has another flag is judged as ever.
 */
static bool
accept_anonymous(struct bench *t, const struct component_file *f)
{
	const struct file_rule *r = t->rule;
	bool accepted = false;

	if ((f->flags & ~(uint32_t)COMPONENT_FILE_WRITABLE) != COMPONENT_FILE_ANONYMOUS ||
	    !view_equal(f->path, VIEW_LITERAL("[anon]")))
		return false;
	for (size_t i = 0; i < r->accepted_anonymous_count && !accepted; i++)
		accepted = is_within(&r->accepted_anonymous[i], f);
	if (accepted)
		verdict_accept(t->b, FINDING_ANONYMOUS);
	if (accepted && (f->flags & COMPONENT_FILE_WRITABLE) != 0)
		verdict_accept(t->b, FINDING_WRITABLE);
	return accepted;
}

static bool
is_within(const struct anonymous_rule *r, const struct component_file *f)
{
	struct view program, mappings;
	char bytes[32];

	if ((f->flags & COMPONENT_FILE_WRITABLE) != 0 && !r->writable)
		return false;
	if (!component_detail(f, VIEW_LITERAL("program"), &program) ||
	    !component_detail(f, VIEW_LITERAL("mappings"), &mappings))
		return false;
	(void)snprintf(bytes, sizeof(bytes), "%llu B", (unsigned long long)f->size);
	return glob_match(r->program, program, GLOB_TEXT) && range_holds(&r->mappings, mappings) &&
	       range_holds(&r->bytes, view_of_string(bytes));
}

/* A set may list what is in memory, as it does what is in files: that is accepted, and said. */
static void
judge_flags(struct bench *t, const struct component_file *f)
{
	const struct file_rule *r = t->rule;
	const struct {
		uint32_t flag;
		enum finding finding;
		enum report_status outcome;
	} noticed[] = {
	    {COMPONENT_FILE_ANONYMOUS, FINDING_ANONYMOUS, r->anonymous},
	    {COMPONENT_FILE_MEMFD, FINDING_MEMFD, r->memfd},
	    {COMPONENT_FILE_UNREADABLE, FINDING_UNREADABLE, r->unreadable},
	    {COMPONENT_FILE_SPECIAL, FINDING_SPECIAL, r->unreadable},
	    {COMPONENT_FILE_CHANGED, FINDING_UNSTABLE, r->unstable},
	    {COMPONENT_FILE_DELETED, FINDING_DELETED, r->deleted},
	    {COMPONENT_FILE_REPLACED, FINDING_REPLACED, r->replaced},
	    {COMPONENT_FILE_WRITABLE, FINDING_WRITABLE, r->writable},
	    {COMPONENT_FILE_MODIFIED, FINDING_MODIFIED, r->modified_code},
	    {COMPONENT_FILE_RESTORED, FINDING_RESTORED, r->restored_code},
	    {COMPONENT_FILE_PROBED, FINDING_PROBED, r->probed_code},
	    {COMPONENT_FILE_NEWER, FINDING_NEWER, r->changed_since_start},
	};
	const bool listed = (f->flags & CODE_FLAGS) != 0 && look_up(t, f).matched;
	struct buf *detail;

	for (size_t i = 0; i < sizeof(noticed) / sizeof(noticed[0]); i++) {
		const bool code = (noticed[i].flag & CODE_FLAGS) != 0;

		if ((f->flags & noticed[i].flag) == 0)
			continue;
		if (code && listed)
			verdict_accept(t->b, noticed[i].finding);
		else if ((detail = verdict_find(
			      t->b, noticed[i].finding, noticed[i].outcome, f->path)) != NULL &&
			 code)
			detail_code(detail, f);
	}
}

/* Who may change it, and what it gives to whoever runs it. */
static void
judge_rights(struct bench *t, const struct component_file *f)
{
	const struct file_rule *r = t->rule;
	struct view capabilities;
	struct buf *detail;

	if ((f->mode & S_IWOTH) != 0)
		(void)verdict_find(t->b, FINDING_WORLD_WRITABLE, r->world_writable, f->path);
	if (r->owner_count > 0) {
		judge_writers(t, f);
		judge_owner(t, f);
	}
	/* A group's bit alone, without that to run it, had another meaning once. */
	if (S_ISREG(f->mode) &&
	    ((f->mode & S_ISUID) != 0 || (f->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP)))
		(void)verdict_find(t->b, FINDING_SETUID, r->setuid, f->path);
	if (component_detail(f, VIEW_LITERAL("capability"), &capabilities) ||
	    component_detail(f, VIEW_LITERAL("xattr"), &capabilities)) {
		detail = verdict_find(t->b, FINDING_CAPABILITIES, r->capabilities, f->path);
		if (detail != NULL) {
			buf_append_view(detail, finding_sentence(FINDING_CAPABILITIES));
			buf_append_string(detail, ": ");
			buf_append_view(detail, capabilities);
		}
	}
}

/* With an access control list, the group's bits are what it gives to anybody at most. */
static void
judge_writers(struct bench *t, const struct component_file *f)
{
	struct view parent = {NULL, 0};
	struct buf *detail;

	if (!component_detail(f, VIEW_LITERAL("parent"), &parent) &&
	    (S_ISDIR(f->mode) || (f->mode & S_IWGRP) == 0))
		return;
	detail =
	    verdict_find(t->b, FINDING_WRITABLE_BY_OTHERS, t->rule->writable_by_others, f->path);
	if (detail == NULL)
		return;
	buf_append_view(detail, finding_sentence(FINDING_WRITABLE_BY_OTHERS));
	if (parent.size > 0) {
		buf_append_string(detail, ": ");
		buf_append_view(detail, parent);
	}
}

static void
judge_owner(struct bench *t, const struct component_file *f)
{
	struct buf *detail;

	for (size_t i = 0; i < t->rule->owner_count; i++)
		if (t->rule->owners[i] == f->uid)
			return;
	detail = verdict_find(t->b, FINDING_OWNER, t->rule->owner, f->path);
	if (detail != NULL) {
		buf_append_view(detail, finding_sentence(FINDING_OWNER));
		buf_append_format(detail, ": %u", f->uid);
	}
}

static void
judge_content(struct bench *t, const struct component_file *f)
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
			append_digest(detail,
			    "run by a process besides the main one, in no reference set; found "
			    "sha256 ",
			    &f->digest);
	} else if (l.expired != NULL) {
		detail = verdict_find(t->b, FINDING_EXPIRED, r->unknown, f->path);
		if (detail != NULL) {
			buf_append_string(detail, "only in reference set ");
			buf_append_string(detail, l.expired->name);
			buf_append_string(detail, ", whose time is over; ");
			append_digest(detail, "found sha256 ", &f->digest);
		}
	} else if (l.known != NULL) {
		detail = verdict_find(t->b, FINDING_CHANGED, r->changed, f->path);
		if (detail != NULL)
			detail_changed(detail, &l, f);
	} else {
		detail = verdict_find(t->b, FINDING_UNKNOWN, r->unknown, f->path);
		if (detail != NULL)
			append_digest(detail, "in no reference set; found sha256 ", &f->digest);
	}
}

/* Of this the component itself is judged: the policy accepts what it was made with, or does not. */
static bool
is_left_open(const struct bench *t, const struct component_file *f)
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
look_up(struct bench *t, const struct component_file *f)
{
	struct lookup l = {0};

	for (size_t i = 0; i < t->count && !l.matched; i++) {
		struct source *s = &t->source[i];
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
	append_digest(to, "expected sha256 ", &l->expected);
	if (l->others > 0)
		buf_append_format(to, " or one of %zu more", l->others);
	append_digest(to, ", found ", &f->digest);
}

/* Where it is, as whoever measured it has said. */
static void
detail_code(struct buf *to, const struct component_file *f)
{
	if (!digest_is_zero(&f->digest)) {
		append_digest(to, "found sha256 ", &f->digest);
		buf_append_format(to, ", %llu bytes", (unsigned long long)f->size);
	}
	for (size_t i = 0; i < f->detail_count; i++) {
		if (to->size > 0)
			buf_append_string(to, ", ");
		buf_append_view(to, f->details[i]);
	}
}

/*
 * Every path of the sets that count must have been measured. Of sets that replace one another only
 * the one with the fewest missing paths is demanded: a host has the old version or the new one.
 * Sets whose time is over are demanded as before where none has replaced them: files that can match
 * no more must not look better for being deleted.
 */
static void
judge_missing(struct bench *t, const struct component *c)
{
	size_t at = 0; /* in the component */
	struct view path;
	struct buf *detail;

	choose_families(t, c);
	for (size_t i = 0; i < t->count; i++)
		t->source[i].at = 0;
	for (;;) {
		const struct source *first = NULL;

		for (size_t i = 0; i < t->count; i++) {
			const struct source *s = &t->source[i];

			if (s->demanded && s->at < reference_count(s->reference->set) &&
			    (first == NULL ||
				view_compare(reference_at(s->reference->set, s->at)->path,
				    reference_at(first->reference->set, first->at)->path) < 0))
				first = s;
		}
		if (first == NULL)
			return;
		path = reference_at(first->reference->set, first->at)->path;
		if (!component_has(c, &at, path)) {
			detail = verdict_find(t->b, FINDING_MISSING_FILE, t->rule->missing, path);
			if (detail != NULL) {
				buf_append_string(detail, "expected by reference set ");
				buf_append_string(detail, first->reference->name);
				if (!first->counts)
					buf_append_string(detail, ", whose time is over");
				buf_append_string(detail, ", found no such file");
			}
		}
		for (size_t i = 0; i < t->count; i++) {
			struct source *s = &t->source[i];

			if (s->at < reference_count(s->reference->set) &&
			    view_equal(reference_at(s->reference->set, s->at)->path, path))
				s->at = path_end(s->reference->set, s->at);
		}
	}
}

/* Of each family one is demanded, if possible one that counts. The later one wins a tie. */
static void
choose_families(struct bench *t, const struct component *c)
{
	for (size_t i = 0; i < t->count; i++) {
		struct source *x = &t->source[i];

		x->demanded = x->counts || !family_counts(t, x->reference->family);
		if (x->demanded)
			x->missing = count_missing(x->reference->set, c);
	}
	for (size_t i = 0; i < t->count; i++) {
		struct source *x = &t->source[i];

		for (size_t j = 0; j < i && x->demanded; j++) {
			struct source *y = &t->source[j];
			bool x_wins;

			if (!y->demanded || x->reference->family != y->reference->family)
				continue;
			/* References stand in the policy's array in the order of its file. */
			x_wins = x->missing < y->missing ||
				 (x->missing == y->missing && x->reference > y->reference);
			x->demanded = x_wins;
			y->demanded = !x_wins;
		}
	}
}

static bool
family_counts(const struct bench *t, size_t family)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->source[i].counts && t->source[i].reference->family == family)
			return true;
	return false;
}

static size_t
count_missing(const struct reference_set *set, const struct component *c)
{
	size_t missing = 0, at = 0;

	for (size_t i = 0; i < reference_count(set); i = path_end(set, i))
		missing += !component_has(c, &at, reference_at(set, i)->path);
	return missing;
}

/* `at` walks along with rising paths. */
static bool
component_has(const struct component *c, size_t *at, struct view path)
{
	while (*at < c->item_count && view_compare(c->items.files[*at].path, path) < 0)
		++*at;
	return *at < c->item_count && view_equal(c->items.files[*at].path, path);
}

/* The first entry behind those with the path of the one at `at`. */
static size_t
path_end(const struct reference_set *set, size_t at)
{
	const struct view path = reference_at(set, at)->path;

	while (at < reference_count(set) && view_equal(reference_at(set, at)->path, path))
		at++;
	return at;
}

static void
append_digest(struct buf *to, const char *before, const struct digest *d)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, hex);
	buf_append_string(to, before);
	buf_append_string(to, hex);
}
