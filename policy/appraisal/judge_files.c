/*
 * The items of a component of files, one by one: what was noticed of them, and what their rights
 * are.
 */
#include <sys/stat.h>

#include "policy/appraisal/judge_bench.h"
#include "proto/glob.h"

static void bench_begin(struct judge_bench *t, struct verdict_builder *b,
    const struct policy_rule *rule, const struct file_rule *files,
    const struct amendments *amendments, uint64_t now_s);
static void take_exceptions(struct judge_bench *t, const struct policy_rule *rule, uint64_t now_s);
static void judge_one(struct judge_bench *t, const struct component_file *f);
static bool accept_anonymous(struct judge_bench *t, const struct component_file *f);
static bool is_within(const struct anonymous_rule *r, const struct component_file *f);
static void judge_flags(struct judge_bench *t, const struct component_file *f);
static void judge_rights(struct judge_bench *t, const struct component_file *f);
static void judge_writers(struct judge_bench *t, const struct component_file *f);
static void judge_owner(struct judge_bench *t, const struct component_file *f);
static void judge_setuid(struct judge_bench *t, const struct component_file *f);
static void detail_code(struct buf *to, const struct component_file *f);

void
judge_files(struct verdict_builder *b, const struct policy_rule *rule,
    const struct file_rule *files, const struct amendments *amendments, const struct component *c,
    uint64_t now_s)
{
	struct judge_bench t;

	bench_begin(&t, b, rule, files, amendments, now_s);
	t.component = c;
	/* A process always has an executable; it may have no library, and files are demanded one
	 * by one below. */
	if (c->kind == COMPONENT_EXECUTABLE && c->item_count == 0)
		(void)verdict_find(b, FINDING_EMPTY, rule->missing, (struct view){NULL, 0});
	judge_no_program(&t);
	for (size_t i = 0; i < c->item_count; i++)
		judge_one(&t, &c->items.files[i]);
	if (files->complete)
		judge_missing_files(&t);
	judge_missing_libraries(&t);
}

static void
bench_begin(struct judge_bench *t, struct verdict_builder *b, const struct policy_rule *rule,
    const struct file_rule *files, const struct amendments *amendments, uint64_t now_s)
{
	*t = (struct judge_bench){.b = b, .whole = rule, .rule = files};
	for (size_t i = 0; i < rule->reference_count; i++) {
		const struct policy_reference *r = rule->reference[i];
		struct judge_source *s = &t->source[t->count];
		uint64_t until_s = UINT64_MAX;

		if ((files->references & UINT64_C(1) << i) == 0)
			continue;
		t->count++;
		s->reference = r;
		s->bit = UINT64_C(1) << i;
		s->family = rule->family[i];
		s->revoked = amendments_revoke(amendments, REVOKED_SET, &r->digest, now_s);
		s->counts = s->revoked == NULL &&
			    (r->family == NULL || release_counts(r->family, r->release, now_s));
		if (s->counts)
			b->references |= s->bit;
		else
			b->possible &= ~s->bit;
		if (r->family != NULL)
			until_s = releases_until_s(r->family, now_s);
		if (until_s < b->valid_until_s)
			b->valid_until_s = until_s;
	}
	take_exceptions(t, rule, now_s);
}

static void
take_exceptions(struct judge_bench *t, const struct policy_rule *rule, uint64_t now_s)
{
	t->exception = rule->exception;
	for (size_t i = 0; i < rule->exception_count; i++) {
		const struct exception_rule *x = &rule->exception[i];

		if (x->kind != t->b->kind || now_s >= x->until_s)
			continue;
		t->exceptions = (uint16_t)(t->exceptions | 1U << i);
		if (x->until_s < t->b->valid_until_s)
			t->b->valid_until_s = x->until_s;
	}
}

/* In the order of finding.h. */
static void
judge_one(struct judge_bench *t, const struct component_file *f)
{
	/* Their modes say nothing about who can write, or there is no path to write to. */
	const uint32_t modeless = COMPONENT_FILE_ANONYMOUS | COMPONENT_FILE_MEMFD |
				  COMPONENT_FILE_SYMLINK | JUDGE_CODE_FLAGS;
	/* Nothing that a reference set could describe; what was noticed decides. */
	const uint32_t contentless = COMPONENT_FILE_ANONYMOUS | COMPONENT_FILE_MEMFD |
				     COMPONENT_FILE_UNREADABLE | COMPONENT_FILE_SPECIAL |
				     JUDGE_CODE_FLAGS;

	if (accept_anonymous(t, f))
		return;
	if (f->flags != 0)
		judge_flags(t, f);
	if ((f->flags & modeless) == 0)
		judge_rights(t, f);
	judge_program(t, f);
	if ((f->flags & contentless) == 0)
		judge_content(t, f);
	else if ((f->flags & JUDGE_CODE_FLAGS) != 0)
		judge_releases_of_code(t, f);
}

/*
 * What a compiler at run time makes, if a program is allowed as much. Stack and heap are none of
 * that, and whatever has another flag is judged as ever.
 */
static bool
accept_anonymous(struct judge_bench *t, const struct component_file *f)
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
judge_flags(struct judge_bench *t, const struct component_file *f)
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
	const bool listed = (f->flags & JUDGE_CODE_FLAGS) != 0 && judge_is_listed(t, f);
	struct buf *detail;

	for (size_t i = 0; i < sizeof(noticed) / sizeof(noticed[0]); i++) {
		const bool code = (noticed[i].flag & JUDGE_CODE_FLAGS) != 0;

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
judge_rights(struct judge_bench *t, const struct component_file *f)
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
		judge_setuid(t, f);
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
judge_writers(struct judge_bench *t, const struct component_file *f)
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
judge_owner(struct judge_bench *t, const struct component_file *f)
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

/* A set may list a file with this very mode, as packages bring some: that is accepted, and said. */
static void
judge_setuid(struct judge_bench *t, const struct component_file *f)
{
	if (judge_is_mode_listed(t, f))
		verdict_accept(t->b, FINDING_SETUID);
	else
		(void)verdict_find(t->b, FINDING_SETUID, t->rule->setuid, f->path);
}

/* Where it is, as whoever measured it has said. */
static void
detail_code(struct buf *to, const struct component_file *f)
{
	if (!digest_is_zero(&f->digest)) {
		judge_append_digest(to, "found sha256 ", &f->digest);
		buf_append_format(to, ", %llu bytes", (unsigned long long)f->size);
	}
	for (size_t i = 0; i < f->detail_count; i++) {
		if (to->size > 0)
			buf_append_string(to, ", ");
		buf_append_view(to, f->details[i]);
	}
}
