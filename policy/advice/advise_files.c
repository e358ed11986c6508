/*
 * Of file rules: paths that no set has, exceptions that nobody needs, texts that no collector has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/nearest.h"
#include "policy/advice/advising.h"
#include "policy/compile/draft.h"
#include "proto/glob.h"
#include "proto/utc.h"

/* An anonymous item has 64 KiB at least, and bytes and mappings are powers of two. */
#define ANONYMOUS_BYTES_MIN (64UL * 1024)
#define ANONYMOUS_POWERS    46

#define LONG_S  (366UL * 86400)      /* of an exception: longer than a year is for good */
#define KEY_MAX (DRAFT_KEY_MAX + 64) /* of a key in a rule */

static void advise_named(const struct advising *a, const char *rule, const struct policy_rule *r,
    enum component_kind kind);
static bool has_content(
    const struct policy_rule *r, const struct file_rule *rule, const struct exception_rule *x);
static bool has_path(const struct policy_rule *r, enum component_kind kind, struct view path);
static void advise_exceptions(const struct advising *a, const struct policy_rule *r, size_t entry);
static void advise_texts(
    const struct advising *a, const char *rule, const char *name, const struct texts *texts);
static void advise_options(const struct advising *a, const char *rule, const struct texts *options);
static void advise_links(const struct advising *a, const char *rule, const struct policy_rule *r,
    const struct file_rule *files);
static bool is_link_alone(const struct reference_set *set, size_t at);
static void advise_anonymous(
    const struct advising *a, const char *rule, const struct anonymous_rule *r, size_t index);
static bool is_ever_within(const struct range *r, unsigned long least, const char *unit);
static bool is_plain(struct view pattern);

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
		advise_options(a, key, &rule->options);
		if (k == COMPONENT_FILES && !rule->symlinks)
			advise_links(a, key, r, rule);
		for (size_t i = 0; i < rule->accepted_anonymous_count; i++)
			advise_anonymous(a, key, &rule->accepted_anonymous[i], i);
	}
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
		char key[KEY_MAX], place[ADVISE_PLACE_SIZE];

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
		} else if (advise_real_place(text, place) != NULL) {
			advise(a, key,
			    "\"%s\" has \"%.*s\": where that begins with a link, as in most "
			    "distributions, it finds this link alone",
			    name, view_precision(text), (const char *)text.data);
			advices_mend(a->to, "write \"%s\" here and in collector.yaml", place);
		}
	}
}

/* As collectors tell them (PROTOCOL.md, section 4); what stands behind a `=` is any. */
static void
advise_options(const struct advising *a, const char *rule, const struct texts *options)
{
	static const char *const known[] = {"argument=*", "cross_mounts", "environment=*", "follow",
	    "host_root=*", "main_only", "reread_percent=*", "root=container", "root=process",
	    "scripts", "start", "user=*"};

	for (size_t i = 0; i < options->count; i++) {
		const struct view text = options->text[i];
		struct nearest near;
		bool any = false;
		char key[KEY_MAX];

		nearest_begin(&near, text);
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
			any = any || glob_match(view_of_string(known[k]), text, GLOB_TEXT);
			if (strchr(known[k], '*') == NULL)
				nearest_offer(&near, known[k]);
		}
		if (any)
			continue;
		(void)snprintf(key, sizeof(key), "%s.options[%zu]", rule, i);
		advise(a, key, "hallmark-collector has no option \"%.*s\": this accepts nothing",
		    view_precision(text), (const char *)text.data);
		if (nearest_found(&near) != NULL)
			advices_mend(a->to, "did you mean \"%s\"?", nearest_found(&near));
		else
			advices_mend(a->to, "`hallmark-collector measure NAME` shows them, as they "
					    "have to stand here");
	}
}

/* No line of its path has a file, which would do. Lines of one path stand together. */
static bool
is_link_alone(const struct reference_set *set, size_t at)
{
	const struct reference_entry *e = reference_at(set, at), *other;
	size_t next;

	if (e->kind != REFERENCE_LINK)
		return false;
	next = reference_seek(set, 0, e->path);

	for (; next < reference_count(set); next++) {
		other = reference_at(set, next);
		if (!view_equal(other->path, e->path))
			break;
		if (other->kind != REFERENCE_LINK)
			return false;
	}
	return true;
}

/* Every path of the sets is demanded, and a link is a finding where none is accepted. */
static void
advise_links(const struct advising *a, const char *rule, const struct policy_rule *r,
    const struct file_rule *files)
{
	for (size_t i = 0; i < r->reference_count; i++) {
		const struct policy_reference *of = r->reference[i];
		size_t count = 0;
		char key[KEY_MAX];

		if ((files->references & UINT64_C(1) << i) == 0)
			continue;
		for (size_t e = 0; e < reference_count(of->set); e++)
			count += is_link_alone(of->set, e);
		if (count == 0)
			continue;
		(void)snprintf(key, sizeof(key), "%s.references", rule);
		advise(a, key,
		    "\"%s\" has %zu symbolic link%s, and no link is accepted here: the workload "
		    "can never be affirming",
		    of->name, count, count == 1 ? "" : "s");
		advices_mend(a->to,
		    "`symlinks: true` accepts them as the sets have them; where `follow: true` of "
		    "the collector measures what they lead to, a set has files in their place");
	}
}

static void
advise_anonymous(
    const struct advising *a, const char *rule, const struct anonymous_rule *r, size_t index)
{
	const bool bytes = is_ever_within(&r->bytes, ANONYMOUS_BYTES_MIN, " B");
	char key[KEY_MAX], place[ADVISE_PLACE_SIZE];

	if (!bytes || !is_ever_within(&r->mappings, 1, "")) {
		const struct view text = bytes ? r->mappings.text : r->bytes.text;

		(void)snprintf(key, sizeof(key), "%s.accept_anonymous[%zu].%s", rule, index,
		    bytes ? "mappings" : "bytes");
		advise(a, key, "\"%.*s\" is of no memory: this entry accepts nothing",
		    view_precision(text), (const char *)text.data);
		advices_mend(a->to, "what is measured is a power of two, %s",
		    bytes ? "1 at least" : "64 KiB at least");
	}
	if (advise_real_place(r->program, place) != NULL) {
		(void)snprintf(key, sizeof(key), "%s.accept_anonymous[%zu].program", rule, index);
		advise(a, key,
		    "\"%.*s\": where that begins with a link, as in most distributions, no "
		    "program is called so",
		    view_precision(r->program), (const char *)r->program.data);
		advices_mend(a->to, "write \"%s\"", place);
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
