#include "policy/compile/policy_families.h"

#include <stdio.h>
#include <string.h>

#include "policy/compile/policy_sources.h"
#include "proto/evidence/bundle.h"
#include "proto/utc.h"

static size_t count_references(const struct raw_policy *raw);
static void take_references(struct draft *d);
static void take_releases(struct draft *d, size_t family, size_t first);
static const char *release_name(
    struct draft *d, const char *key, const char *family, const char *release);
static void check_reference(struct draft *d, const char *key, size_t index);
static void check_family(struct draft *d, size_t index);
static void take_windows(struct draft *d, size_t family);
static struct policy_window take_window(struct draft *d, size_t family, size_t index);
static size_t find_release(
    struct draft *d, size_t family, const char *key, const char *name, size_t otherwise);
static void check_windows(struct draft *d);
static bool is_same(const char *a, const char *b);

void
policy_families_compile(struct draft *d)
{
	struct policy *p = d->policy;

	p->reference_count = count_references(d->raw);
	if (p->reference_count > POLICY_REFERENCES_MAX) {
		draft_fault(d, "families",
		    "\"families\" and \"references\" have %zu files; at most %d allowed",
		    p->reference_count, POLICY_REFERENCES_MAX);
		p->reference_count = 0;
		return;
	}
	p->references = draft_memory(p, p->reference_count, sizeof(*p->references));
	p->family_count = d->raw->families_count;
	p->families = draft_memory(p, p->family_count, sizeof(*p->families));
	p->window_count = d->raw->windows_count;
	p->windows = draft_memory(p, p->window_count, sizeof(*p->windows));
	take_references(d);
	for (size_t i = 0; i < p->family_count; i++) {
		check_family(d, i);
		take_windows(d, i);
	}
	check_windows(d);
}

void
policy_families_file_key(const struct policy *p, size_t reference, char key[DRAFT_KEY_MAX])
{
	const struct policy_reference *r = &p->references[reference];

	if (r->family == NULL)
		snprintf(key, DRAFT_KEY_MAX, "references[%zu].file", reference);
	else
		snprintf(key, DRAFT_KEY_MAX, "families[%zu].releases[%zu].file",
		    (size_t)(r->family - p->families), r->release);
}

static size_t
count_references(const struct raw_policy *raw)
{
	size_t count = raw->references_count;

	for (size_t i = 0; i < raw->families_count; i++)
		count += raw->families[i].releases_count;
	return count;
}

static void
take_references(struct draft *d)
{
	const struct raw_policy *raw = d->raw;
	size_t count = raw->references_count;
	char key[DRAFT_KEY_MAX];

	for (size_t i = 0; i < raw->references_count; i++) {
		struct policy_reference *to = &d->policy->references[i];

		*to = (struct policy_reference){
		    .name = raw->references[i].name, .file = raw->references[i].file};
		snprintf(key, sizeof(key), "references[%zu].source", i);
		to->source = policy_sources_find(d, key, raw->references[i].source);
		snprintf(key, sizeof(key), "references[%zu].name", i);
		draft_name(d, key, to->name);
		check_reference(d, key, i);
	}
	for (size_t i = 0; i < raw->families_count; i++) {
		take_releases(d, i, count);
		count += raw->families[i].releases_count;
	}
}

static void
take_releases(struct draft *d, size_t family, size_t first)
{
	const struct raw_family *raw = &d->raw->families[family];
	struct policy_family *to = &d->policy->families[family];
	char key[DRAFT_KEY_MAX], source[DRAFT_KEY_MAX];

	to->name = raw->name;
	to->release_count = raw->releases_count;
	for (size_t i = 0; i < raw->releases_count; i++) {
		snprintf(key, sizeof(key), "families[%zu].releases[%zu].name", family, i);
		snprintf(source, sizeof(source), "families[%zu].releases[%zu].source", family, i);
		d->policy->references[first + i] = (struct policy_reference){
		    .name = release_name(d, key, raw->name, raw->releases[i].name),
		    .file = raw->releases[i].file,
		    .source = policy_sources_find(d, source, raw->releases[i].source),
		    .family = to,
		    .release = i,
		};
		check_reference(d, key, first + i);
	}
}

/* "family@release": the set's name in the manifest and in words. NULL if there is a fault. */
static const char *
release_name(struct draft *d, const char *key, const char *family, const char *release)
{
	const size_t size = 2 * BUNDLE_WORKLOAD_MAX + 2;
	char *name;

	if (family == NULL || release == NULL)
		return NULL;
	draft_name(d, key, release);
	name = draft_memory(d->policy, size, 1);
	snprintf(name, size, "%s@%s", family, release);
	if (strlen(name) > BUNDLE_WORKLOAD_MAX)
		draft_fault(d, key, "\"%s\": \"%s\" has %zu bytes; at most %d allowed", key, name,
		    strlen(name), BUNDLE_WORKLOAD_MAX);
	return name;
}

static void
check_reference(struct draft *d, const char *key, size_t index)
{
	const struct policy_reference *all = d->policy->references;

	for (size_t i = 0; i < index; i++)
		if (is_same(all[i].name, all[index].name))
			draft_fault(d, key, "\"%s\": \"%s\" is the name of two references", key,
			    all[index].name);
}

/* In a rule its name stands where that of a reference may. */
static void
check_family(struct draft *d, size_t index)
{
	const struct policy *p = d->policy;
	const char *name = p->families[index].name;
	bool used = false;
	char key[DRAFT_KEY_MAX];

	snprintf(key, sizeof(key), "families[%zu].name", index);
	draft_name(d, key, name);
	for (size_t i = 0; i < index; i++)
		used = used || is_same(p->families[i].name, name);
	for (size_t i = 0; i < p->reference_count; i++)
		used = used || is_same(p->references[i].name, name);
	if (used)
		draft_fault(
		    d, key, "\"%s\": another family or reference has the name \"%s\"", key, name);
}

static void
take_windows(struct draft *d, size_t family)
{
	struct policy_family *to = &d->policy->families[family];
	struct policy_window *windows;
	size_t count = 0;

	for (size_t i = 0; i < d->raw->windows_count; i++)
		count += is_same(d->raw->windows[i].family, to->name);
	windows = draft_memory(d->policy, count, sizeof(*windows));
	for (size_t i = 0; i < d->raw->windows_count; i++) {
		if (!is_same(d->raw->windows[i].family, to->name))
			continue;
		d->policy->windows[i] = take_window(d, family, i);
		windows[to->window_count++] = d->policy->windows[i];
	}
	to->windows = windows;
}

static struct policy_window
take_window(struct draft *d, size_t family, size_t index)
{
	const struct raw_window *raw = &d->raw->windows[index];
	struct policy_window w = {0};
	char key[DRAFT_KEY_MAX];

	snprintf(key, sizeof(key), "windows[%zu].from", index);
	w.from = find_release(d, family, key, raw->from, 0);
	snprintf(key, sizeof(key), "windows[%zu].to", index);
	w.to = find_release(d, family, key, raw->to, w.from);
	if (w.to < w.from)
		draft_fault(d, key,
		    "\"%s\": \"%s\" stands before \"%s\" in the family; releases stand there in "
		    "their order",
		    key, raw->to, raw->from);
	snprintf(key, sizeof(key), "windows[%zu].until", index);
	if (raw->until != NULL && utc_parse(view_of_string(raw->until), &w.until_s) != ERR_OK)
		draft_fault(d, key,
		    "\"%s\" must be a time in UTC such as 2027-01-31T00:00:00Z, found \"%s\"", key,
		    raw->until);
	return w;
}

/* `otherwise` if there is a fault. */
static size_t
find_release(struct draft *d, size_t family, const char *key, const char *name, size_t otherwise)
{
	const struct raw_family *raw = &d->raw->families[family];
	char question[NEAREST_QUESTION_SIZE];
	struct nearest nearest;

	for (size_t i = 0; i < raw->releases_count; i++)
		if (is_same(raw->releases[i].name, name))
			return i;
	if (name != NULL) {
		draft_guess_begin(d, &nearest, name);
		for (size_t i = 0; i < raw->releases_count; i++)
			draft_guess_offer(&nearest, raw->releases[i].name);
		draft_fault(d, key, "\"%s\" names \"%s\", which is no release of family \"%s\"%s",
		    key, name, raw->name, nearest_question(&nearest, question));
	}
	return otherwise;
}

static void
check_windows(struct draft *d)
{
	char key[DRAFT_KEY_MAX], question[NEAREST_QUESTION_SIZE];
	struct nearest nearest;

	for (size_t i = 0; i < d->raw->windows_count; i++) {
		const char *name = d->raw->windows[i].family;
		bool found = name == NULL;

		for (size_t j = 0; j < d->policy->family_count && !found; j++)
			found = is_same(d->policy->families[j].name, name);
		if (found)
			continue;
		snprintf(key, sizeof(key), "windows[%zu].family", i);
		draft_guess_begin(d, &nearest, name);
		for (size_t j = 0; j < d->policy->family_count; j++)
			draft_guess_offer(&nearest, d->policy->families[j].name);
		draft_fault(d, key, "\"%s\" names \"%s\", which is not listed under \"families\"%s",
		    key, name, nearest_question(&nearest, question));
	}
}

/* Two names that are there. */
static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}
