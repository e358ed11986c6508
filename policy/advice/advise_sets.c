/*
 * Of sets: those that nobody uses, windows that are over, and paths that no file has.
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

#define SHOWN_MAX 256 /* bytes of a path */

/* What is told of several paths at once. */
struct told {
	size_t count;
	struct view first;
	struct buf text; /* the first one, as it is shown */
};

static bool is_used(const struct policy *p, const struct policy_reference *r);
static void advise_windows(const struct advising *a);
static void advise_paths(const struct advising *a, size_t index, const char *key);
static void tell(struct told *t, struct view path);
static const char *shown(struct told *t);
static bool has_path(const struct reference_set *set, const char *path);
static bool ends_oddly(struct view path);

void
advise_references(const struct advising *a)
{
	const struct policy *p = a->policy;

	for (size_t i = 0; i < p->reference_count; i++) {
		const struct policy_reference *r = &p->references[i];
		char key[DRAFT_KEY_MAX];

		policy_families_file_key(p, i, key);
		if (is_used(p, r)) {
			advise_paths(a, i, key);
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
advise_paths(const struct advising *a, size_t index, const char *key)
{
	const struct policy_reference *r = &a->policy->references[index];
	struct told linked = {.count = 0}, ended = {.count = 0};
	char place[ADVISE_PLACE_SIZE];

	for (size_t i = 0; i < reference_count(r->set); i++) {
		const struct view path = reference_at(r->set, i)->path;

		if (advise_real_place(path, place) != NULL && !has_path(r->set, place))
			tell(&linked, path);
		else if (ends_oddly(path))
			tell(&ended, path);
	}
	if (linked.count > 0) {
		(void)advise_real_place(linked.first, place);
		advise(a, key,
		    "\"%s\" has %zu path%s such as %s and not what that is, %s: where /bin, /lib, "
		    "/sbin and /var/run are links, as in most distributions, no file is ever found "
		    "there",
		    r->name, linked.count, linked.count == 1 ? "" : "s", shown(&linked), place);
		advices_mend(
		    a->to, "make the set from the files as they are (realpath), or list both");
	}
	if (ended.count > 0) {
		advise(a, key,
		    "\"%s\" has %zu path%s such as \"%s\", which no file has that is there: what "
		    "is measured is called so without its end",
		    r->name, ended.count, ended.count == 1 ? "" : "s", shown(&ended));
		advices_mend(a->to, "take out what stands behind the file's name");
	}
	buf_free(&linked.text);
	buf_free(&ended.text);
}

/* The first one is shown. */
static void
tell(struct told *t, struct view path)
{
	if (t->count++ == 0)
		t->first = path;
}

static const char *
shown(struct told *t)
{
	text_append_printable(&t->text, t->first, SHOWN_MAX);
	buf_append_byte(&t->text, 0);
	if (buf_status(&t->text) != ERR_OK)
		abort();
	return (const char *)t->text.data;
}

static bool
has_path(const struct reference_set *set, const char *path)
{
	const struct view whole = view_of_string(path);
	const size_t at = reference_seek(set, 0, whole);

	return at < reference_count(set) && view_equal(reference_at(set, at)->path, whole);
}

/* As `measure`, maps of /proc and editors leave them. */
static bool
ends_oddly(struct view path)
{
	static const char *const ends[] = {" (deleted)", " ", "\t"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const size_t size = strlen(ends[i]);

		if (path.size > size && memcmp(path.data + path.size - size, ends[i], size) == 0)
			return true;
	}
	return false;
}

const char *
advise_real_place(struct view path, char to[ADVISE_PLACE_SIZE])
{
	static const struct {
		const char *link, *place;
	} links[] = {
	    {"/bin/", "/usr/bin/"},
	    {"/lib/", "/usr/lib/"},
	    {"/lib32/", "/usr/lib32/"},
	    {"/lib64/", "/usr/lib64/"},
	    {"/libx32/", "/usr/libx32/"},
	    {"/sbin/", "/usr/sbin/"},
	    {"/var/lock/", "/run/lock/"},
	    {"/var/run/", "/run/"},
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		const size_t size = strlen(links[i].link);

		if (path.size < size || memcmp(path.data, links[i].link, size) != 0)
			continue;
		(void)snprintf(to, ADVISE_PLACE_SIZE, "%s%.*s", links[i].place,
		    (int)(path.size - size), (const char *)path.data + size);
		return to;
	}
	return NULL;
}
