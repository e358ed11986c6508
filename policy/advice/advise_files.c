/*
 * Of sets and file rules: sets that nobody uses, windows that are over, and paths that no file has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/advice/advising.h"
#include "policy/compile/draft.h"
#include "policy/compile/policy_families.h"
#include "policy/policy_windows.h"
#include "proto/text.h"
#include "proto/utc.h"

/* An anonymous item has 64 KiB at least, and bytes and mappings are powers of two. */
#define ANONYMOUS_BYTES_MIN (64UL * 1024)
#define ANONYMOUS_POWERS    46

#define LONG_S    (366UL * 86400)      /* of an exception: longer than a year is for good */
#define SHOWN_MAX 256                  /* bytes of a path */
#define KEY_MAX   (DRAFT_KEY_MAX + 64) /* of a key in a rule */

static bool is_used(const struct policy *p, const struct policy_reference *r);
static void advise_merged(const struct advising *a, size_t index, const char *key);
static void advise_windows(const struct advising *a);
static void advise_named(const struct advising *a, const char *rule, const struct policy_rule *r,
    enum component_kind kind);
static bool has_content(
    const struct policy_rule *r, const struct file_rule *rule, const struct exception_rule *x);
static bool has_path(const struct policy_rule *r, enum component_kind kind, struct view path);
static void advise_exceptions(const struct advising *a, const struct policy_rule *r, size_t entry);
static void advise_texts(
    const struct advising *a, const char *rule, const char *name, const struct texts *texts);
static void advise_anonymous(
    const struct advising *a, const char *rule, const struct anonymous_rule *r, size_t index);
static bool is_ever_within(const struct range *r, unsigned long least, const char *unit);
static bool is_plain(struct view pattern);
static bool is_merged(struct view path);

void
advise_references(const struct advising *a)
{
	const struct policy *p = a->policy;

	for (size_t i = 0; i < p->reference_count; i++) {
		const struct policy_reference *r = &p->references[i];
		char key[DRAFT_KEY_MAX];

		policy_families_file_key(p, i, key);
		if (is_used(p, r)) {
			advise_merged(a, i, key);
		} else if (r->family == NULL || r->release == 0) {
			advise(a, key, "no rule uses the %s \"%s\"",
			    r->family == NULL ? "set" : "family",
			    r->family == NULL ? r->name : r->family->name);
			advices_mend(
			    a->to, "name it under \"references\" of a rule, or take it out");
		}
	}
	advise_windows(a);
}

static void
advise_windows(const struct advising *a)
{
	for (size_t i = 0; i < a->policy->window_count; i++) {
		const struct policy_window *w = &a->policy->windows[i];
		const struct policy_window_told told = policy_windows_at(a->policy, i);
		char key[DRAFT_KEY_MAX], time[UTC_TEXT_SIZE];

		if (a->now_s < w->until_s)
			continue;
		(void)snprintf(key, sizeof(key), "windows[%zu].until", i);
		advise(a, key, "this window has been over since %s: it changes nothing",
		    utc_text(w->until_s, time));
		advices_mend(a->to,
		    "`hallmark-signer policy window %s --family %s --old %s --new %s --close` "
		    "takes it "
		    "out; --until TIME in place of --close gives it another end",
		    told.spot.file, told.family, told.from, told.to);
	}
}

void
advise_files(const struct advising *a, size_t entry)
{
	const struct policy_rule *r = &a->policy->rules[entry];

	advise_exceptions(a, r, entry);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const struct file_rule *rule = r->files[k];
		char key[DRAFT_KEY_MAX];

		if (rule == NULL)
			continue;
		(void)snprintf(key, sizeof(key), "workloads[%zu].%s", entry,
		    component_kind_name((enum component_kind)k));
		advise_named(a, key, r, (enum component_kind)k);
		advise_texts(a, key, "patterns", &rule->patterns);
		advise_texts(a, key, "excludes", &rule->excludes);
		advise_texts(a, key, "may_change", &rule->may_change);
		advise_texts(a, key, "may_grow", &rule->may_grow);
		for (size_t i = 0; i < rule->accepted_anonymous_count; i++)
			advise_anonymous(a, key, &rule->accepted_anonymous[i], i);
	}
}

static bool
is_used(const struct policy *p, const struct policy_reference *r)
{
	for (size_t i = 0; i < p->rule_count; i++)
		for (size_t j = 0; j < p->rules[i].reference_count; j++)
			if (p->rules[i].reference[j] == r)
				return true;
	return false;
}

/* Paths are as the kernel has them, and where /lib is a link it has none below it. */
static void
advise_merged(const struct advising *a, size_t index, const char *key)
{
	const struct policy_reference *r = &a->policy->references[index];
	struct buf first = BUF_INIT;
	size_t count = 0;

	for (size_t i = 0; i < reference_count(r->set); i++) {
		const struct view path = reference_at(r->set, i)->path;
		char twin[COMPONENT_PATH_MAX + sizeof("/usr")];
		struct view whole;
		size_t at;

		if (!is_merged(path))
			continue;
		whole.size = (size_t)snprintf(
		    twin, sizeof(twin), "/usr%.*s", view_precision(path), (const char *)path.data);
		whole.data = (const uint8_t *)twin;
		at = reference_seek(r->set, i, whole);
		if (at < reference_count(r->set) &&
		    view_equal(reference_at(r->set, at)->path, whole))
			continue;
		if (count++ == 0)
			text_append_printable(&first, path, SHOWN_MAX);
	}
	if (buf_status(&first) != ERR_OK)
		abort();
	if (count > 0) {
		advise(a, key,
		    "\"%s\" has %zu path%s such as %.*s and not those below /usr: where /bin, /lib "
		    "and /sbin are links, as in most distributions, no file is ever found there",
		    r->name, count, count == 1 ? "" : "s", (int)first.size,
		    (const char *)first.data);
		advices_mend(a->to, "make the set from the files below /usr, or list both");
	}
	buf_free(&first);
}

/* What has to be there is a file like any other: a set has to know it. */
static void
advise_named(const struct advising *a, const char *rule, const struct policy_rule *r,
    enum component_kind kind)
{
	const struct file_rule *files = r->files[kind];
	const struct texts path = {files->path.size > 0 ? 1 : 0, &files->path};
	const struct texts *const named[] = {&path, &files->demand};
	char key[KEY_MAX];

	for (size_t n = 0; n < 2; n++)
		for (size_t i = 0; i < named[n]->count; i++) {
			if (has_path(r, kind, named[n]->text[i]))
				continue;
			(void)snprintf(key, sizeof(key), "%s.%s", rule, n == 0 ? "path" : "demand");
			advise(a, key,
			    "no set of this rule has %.*s, which it demands: the workload can "
			    "never be "
			    "affirming",
			    view_precision(named[n]->text[i]),
			    (const char *)named[n]->text[i].data);
			advices_mend(a->to,
			    "write the path as a set has it, which is as the kernel "
			    "tells it: without symbolic links");
		}
}

static bool
has_path(const struct policy_rule *r, enum component_kind kind, struct view path)
{
	for (size_t i = 0; i < r->exception_count; i++)
		if (r->exception[i].kind == kind && view_equal(r->exception[i].path, path))
			return true;
	for (size_t i = 0; i < r->reference_count; i++) {
		const struct reference_set *set = r->reference[i]->set;
		size_t at;

		if ((r->files[kind]->references & UINT64_C(1) << i) == 0)
			continue;
		at = reference_seek(set, 0, path);
		if (at < reference_count(set) && view_equal(reference_at(set, at)->path, path))
			return true;
	}
	return false;
}

/* What is over is as if it were not there; what nobody needs any more should not be. */
static void
advise_exceptions(const struct advising *a, const struct policy_rule *r, size_t entry)
{
	for (size_t i = 0; i < r->exception_count; i++) {
		const struct exception_rule *x = &r->exception[i];
		char key[DRAFT_KEY_MAX], time[UTC_TEXT_SIZE];

		(void)snprintf(key, sizeof(key), "workloads[%zu].%s.except[%zu]", entry,
		    component_kind_name(x->kind), x->place);
		if (a->now_s >= x->until_s) {
			advise(a, key,
			    "the exception for %.*s has been over since %s: it is as if it were "
			    "not "
			    "there",
			    view_precision(x->subject), (const char *)x->subject.data,
			    utc_text(x->until_s, time));
			advices_mend(a->to, "take it out, or give it another time");
		} else if (has_content(r, r->files[x->kind], x)) {
			advise(a, key, "no exception is needed for %.*s: a set of the rule has it",
			    view_precision(x->subject), (const char *)x->subject.data);
			advices_mend(a->to, "take it out");
		} else if (x->until_s - a->now_s > LONG_S) {
			advise(a, key, "the exception for %.*s lasts until %s, more than a year",
			    view_precision(x->subject), (const char *)x->subject.data,
			    utc_text(x->until_s, time));
			advices_mend(a->to,
			    "give it an end at which somebody looks again, or make a set of what "
			    "is to stay");
		}
	}
}

/* A set that always counts, with a line that gives no rights. */
static bool
has_content(
    const struct policy_rule *r, const struct file_rule *rule, const struct exception_rule *x)
{
	for (size_t i = 0; i < r->reference_count; i++) {
		const struct reference_set *set = r->reference[i]->set;
		const struct policy_family *family = r->reference[i]->family;

		if ((rule->references & UINT64_C(1) << i) == 0 ||
		    (family != NULL && (family->window_count > 0 ||
					   r->reference[i]->release + 1 != family->release_count)))
			continue;
		for (size_t at = reference_seek(set, 0, x->path);
		     at < reference_count(set) && view_equal(reference_at(set, at)->path, x->path);
		     at++) {
			const struct reference_entry *e = reference_at(set, at);

			if (e->kind == REFERENCE_FILE && e->given == 0 &&
			    digest_equal(&e->digest, &x->digest))
				return true;
		}
	}
	return false;
}

/* Those of collectors begin with "/", and do not follow a link unless they are told to. */
static void
advise_texts(
    const struct advising *a, const char *rule, const char *name, const struct texts *texts)
{
	for (size_t i = 0; i < texts->count; i++) {
		const struct view text = texts->text[i];
		char key[KEY_MAX];

		(void)snprintf(key, sizeof(key), "%s.%s[%zu]", rule, name, i);
		if (text.data[0] != '/') {
			advise(a, key,
			    "\"%s\" has \"%.*s\", and no collector has it: its patterns begin with "
			    "\"/\"",
			    name, view_precision(text), (const char *)text.data);
			advices_mend(a->to, "write it as it stands in collector.yaml");
		} else if (!is_plain(text)) {
			advise(a, key,
			    "\"%s\" has \"%.*s\", and no collector takes a pattern with \"//\", "
			    "\"/./\" or \"/../\"",
			    name, view_precision(text), (const char *)text.data);
			advices_mend(a->to, "write the path out, as in collector.yaml");
		} else if (is_merged(text)) {
			advise(a, key,
			    "\"%s\" has \"%.*s\": where that begins with a link, as in most "
			    "distributions, it finds this link alone",
			    name, view_precision(text), (const char *)text.data);
			advices_mend(a->to, "write \"/usr%.*s\" here and in collector.yaml",
			    view_precision(text), (const char *)text.data);
		}
	}
}

static void
advise_anonymous(
    const struct advising *a, const char *rule, const struct anonymous_rule *r, size_t index)
{
	const bool bytes = is_ever_within(&r->bytes, ANONYMOUS_BYTES_MIN, " B");
	char key[KEY_MAX];

	if (!bytes || !is_ever_within(&r->mappings, 1, "")) {
		const struct view text = bytes ? r->mappings.text : r->bytes.text;

		(void)snprintf(key, sizeof(key), "%s.accept_anonymous[%zu].%s", rule, index,
		    bytes ? "mappings" : "bytes");
		advise(a, key, "\"%.*s\" is of no memory: this entry accepts nothing",
		    view_precision(text), (const char *)text.data);
		advices_mend(a->to, "what is measured is a power of two, %s",
		    bytes ? "1 at least" : "64 KiB at least");
	}
	if (is_merged(r->program)) {
		(void)snprintf(key, sizeof(key), "%s.accept_anonymous[%zu].program", rule, index);
		advise(a, key,
		    "\"%.*s\": where that begins with a link, as in most distributions, no "
		    "program is called so",
		    view_precision(r->program), (const char *)r->program.data);
		advices_mend(a->to, "write \"/usr%.*s\"", view_precision(r->program),
		    (const char *)r->program.data);
	}
}

/* As they are measured. */
static bool
is_ever_within(const struct range *r, unsigned long least, const char *unit)
{
	bool within = false;
	char text[32];

	for (unsigned power = 0; power < ANONYMOUS_POWERS && !within; power++) {
		if (1UL << power < least)
			continue;
		(void)snprintf(text, sizeof(text), "%lu%s", 1UL << power, unit);
		within = range_holds(r, view_of_string(text));
	}
	return within;
}

/* No name in it is empty, "." or "..". */
static bool
is_plain(struct view pattern)
{
	size_t begin = 1;

	for (size_t i = 1; i <= pattern.size; i++) {
		const size_t size = i - begin;

		if (i < pattern.size && pattern.data[i] != '/')
			continue;
		if (size <= 2 && memcmp(pattern.data + begin, "..", size) == 0)
			return false;
		begin = i + 1;
	}
	return true;
}

/* Below a directory that is a link into /usr on systems that have merged it. */
static bool
is_merged(struct view path)
{
	static const char *const merged[] = {
	    "/bin/", "/lib/", "/lib32/", "/lib64/", "/libx32/", "/sbin/"};

	for (size_t i = 0; i < sizeof(merged) / sizeof(merged[0]); i++)
		if (path.size >= strlen(merged[i]) &&
		    memcmp(path.data, merged[i], strlen(merged[i])) == 0)
			return true;
	return false;
}
