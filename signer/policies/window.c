#include "signer/policies/window.h"

#include <string.h>
#include <time.h>

#include "config/yaml.h"
#include "config/yaml_check.h"
#include "policy/policy_windows.h"
#include "proto/span.h"
#include "proto/utc.h"
#include "signer/policies/file_replace.h"
#include "signer/policies/told.h"
#include "signer/policies/window_edit.h"

/* A policy file, and the window that it is to have. */
struct opening {
	const char *path;
	struct view text;
	const struct policy *policy;
	struct window_words words;
	char until[UTC_TEXT_SIZE];
	uint64_t until_s;
};

static struct policy *load(const char *path, struct view text);
static void show(const struct policy *p, FILE *to);
static bool open_window(const struct window_options *options, struct opening *o, FILE *to);
static bool close_window(const struct window_options *options, struct opening *o, FILE *to);
static bool take_time(const char *text, struct opening *o);
static bool has_releases(const struct opening *o);
static bool has_release(const struct opening *o, size_t family, const char *name);
static bool find_window(const struct opening *o, struct policy_window_told *found);
static bool write_window(const struct opening *o, FILE *to);
static bool refuse(const char *what, struct buf *why);

int
window_run(const struct window_options *options, FILE *to)
{
	struct faults faults = FAULTS_INIT;
	struct opening o = {.path = options->policy};
	struct buf text = BUF_INIT;
	struct policy *policy = NULL;
	bool good = false;

	if (yaml_read_file(o.path, 0, NULL, o.path, YAML_FILE_SIZE_MAX, &faults, &text) != ERR_OK)
		faults_print(&faults, stderr);
	else
		policy = load(o.path, buf_view(&text));
	if (policy != NULL) {
		o.text = buf_view(&text);
		o.policy = policy;
		good = true;
		if (options->family == NULL)
			show(policy, to);
		else
			good = (options->close ? close_window : open_window)(options, &o, to);
	}
	policy_free(&policy);
	faults_free(&faults);
	buf_free(&text);
	return good ? 0 : WINDOW_EXIT_REFUSED;
}

static struct policy *
load(const char *path, struct view text)
{
	struct faults faults = FAULTS_INIT;
	struct policy *policy;

	if (policy_load_text(path, text, &faults, &policy) != ERR_OK)
		policy = NULL;
	faults_print(&faults, stderr);
	faults_free(&faults);
	return policy;
}

static void
show(const struct policy *p, FILE *to)
{
	const uint64_t now_s = (uint64_t)time(NULL);
	char until[UTC_TEXT_SIZE], span[SPAN_SIZE];

	if (policy_windows_count(p) == 0)
		fputs("no window: of each family the last release counts\n", to);
	for (size_t i = 0; i < policy_windows_count(p); i++) {
		const struct policy_window_told w = policy_windows_at(p, i);
		const bool open = now_s < w.until_s;

		fprintf(to, "%s:%u: %s from %s to %s until %s, %s %s\n", w.spot.file, w.spot.line,
		    w.family, w.from, w.to, utc_text(w.until_s, until),
		    open ? "open for another" : "over for",
		    span_text(open ? w.until_s - now_s : now_s - w.until_s, span));
	}
}

static bool
open_window(const struct window_options *options, struct opening *o, FILE *to)
{
	struct policy_window_told found;

	o->words = (struct window_words){
	    .family = options->family, .from = options->from, .to = options->to, .until = o->until};
	if (!take_time(options->until, o) || !has_releases(o) || !find_window(o, &found))
		return false;
	if (found.until_s != o->until_s)
		return write_window(o, to);
	fprintf(to, "%s:%u: the window stands there so\n", found.spot.file, found.spot.line);
	return true;
}

/* The one of the family, or of these releases. */
static bool
close_window(const struct window_options *options, struct opening *o, FILE *to)
{
	struct policy_window_told found = {.until_s = 0};
	struct buf text = BUF_INIT, why = BUF_INIT;
	struct policy *policy = NULL;
	size_t count = 0;
	bool good = false;

	for (size_t i = 0; i < policy_windows_count(o->policy); i++) {
		const struct policy_window_told w = policy_windows_at(o->policy, i);

		if (strcmp(w.family, options->family) == 0 &&
		    (options->from == NULL ||
			(strcmp(w.from, options->from) == 0 && strcmp(w.to, options->to) == 0)) &&
		    count++ == 0)
			found = w;
	}
	if (count == 0 || (count > 1 && options->from == NULL)) {
		buf_append_format(&why, "has %s%s",
		    count == 0 ? "no such window" : "several windows",
		    count == 0 ? "" : ": say which by --old and --new");
		return refuse(options->family, &why);
	}
	o->words = (struct window_words){options->family, found.from, found.to, NULL};
	if (!find_window(o, &found))
		return false;
	if (!window_take_out(o->path, o->text, &o->words, &text)) {
		buf_append_format(&why,
		    "line %u is written in a way that is not edited: take the window out",
		    found.spot.line);
		(void)refuse(o->path, &why);
	} else if ((policy = load(o->path, buf_view(&text))) != NULL) {
		good = file_replace(o->path, buf_view(&text));
	}
	if (good)
		fprintf(to, "%s:%u: %s from %s to %s is closed: another policy, by its id\n",
		    o->path, found.spot.line, found.family, found.from, found.to);
	policy_free(&policy);
	buf_free(&text);
	return good;
}

static bool
take_time(const char *text, struct opening *o)
{
	const uint64_t now_s = (uint64_t)time(NULL);
	char now[UTC_TEXT_SIZE];
	struct buf why = BUF_INIT;

	if (utc_parse_date(view_of_string(text), &o->until_s) != ERR_OK)
		return told_failure(
		    text, "expected a time in UTC such as 2027-01-31T00:00:00Z, or a date");
	utc_text(o->until_s, o->until);
	if (o->until_s > now_s)
		return true;
	buf_append_format(&why, "is over: it is %s now", utc_text(now_s, now));
	return refuse(text, &why);
}

static bool
has_releases(const struct opening *o)
{
	struct buf why = BUF_INIT;
	const char *name;

	for (size_t i = 0; (name = policy_windows_family(o->policy, i)) != NULL; i++)
		if (strcmp(name, o->words.family) == 0)
			return has_release(o, i, o->words.from) && has_release(o, i, o->words.to);
	buf_append_string(&why, "is no family of the policy; it has ");
	for (size_t i = 0; (name = policy_windows_family(o->policy, i)) != NULL; i++)
		buf_append_format(&why, "%s%s", i > 0 ? ", " : "", name);
	if (policy_windows_family(o->policy, 0) == NULL)
		buf_append_string(&why, "none");
	return refuse(o->words.family, &why);
}

static bool
has_release(const struct opening *o, size_t family, const char *name)
{
	struct buf why = BUF_INIT;
	const char *release;

	for (size_t i = 0; (release = policy_windows_release(o->policy, family, i)) != NULL; i++)
		if (strcmp(release, name) == 0)
			return true;
	buf_append_format(&why, "is no release of %s; it has ", o->words.family);
	for (size_t i = 0; (release = policy_windows_release(o->policy, family, i)) != NULL; i++)
		buf_append_format(&why, "%s%s", i > 0 ? ", " : "", release);
	return refuse(name, &why);
}

/* Whatever an included file says is for who looks after that; two of one kind are not told apart.
 */
static bool
find_window(const struct opening *o, struct policy_window_told *found)
{
	struct buf why = BUF_INIT;

	*found = (struct policy_window_told){.until_s = 0};
	for (size_t i = 0; i < policy_windows_count(o->policy); i++) {
		const struct policy_window_told w = policy_windows_at(o->policy, i);

		if (strcmp(w.family, o->words.family) != 0 || strcmp(w.from, o->words.from) != 0 ||
		    strcmp(w.to, o->words.to) != 0)
			continue;
		if (strcmp(w.spot.file, o->path) != 0)
			buf_append_format(&why,
			    "line %u has this window, and %s includes it: change it there",
			    w.spot.line, o->path);
		else if (found->until_s != 0)
			buf_append_format(&why,
			    "lines %u and %u both have this window: take one out", found->spot.line,
			    w.spot.line);
		if (why.size > 0)
			return refuse(w.spot.file, &why);
		*found = w;
	}
	return true;
}

static bool
write_window(const struct opening *o, FILE *to)
{
	struct buf text = BUF_INIT, why = BUF_INIT;
	struct policy_window_told written = {.until_s = 0};
	struct policy *policy = NULL;
	bool good = false;

	if (!window_edit(o->path, o->text, &o->words, &text)) {
		buf_append_string(
		    &why, "is written in a way that is not edited; under windows: add ");
		window_words_append(&o->words, &why);
		(void)refuse(o->path, &why);
	} else if ((policy = load(o->path, buf_view(&text))) != NULL) {
		const struct opening now = {.path = o->path, .policy = policy, .words = o->words};

		good = find_window(&now, &written) && file_replace(o->path, buf_view(&text));
	}
	if (good)
		fprintf(to, "%s:%u: %s from %s to %s until %s: another policy, by its id\n",
		    o->path, written.spot.line, written.family, written.from, written.to, o->until);
	policy_free(&policy);
	buf_free(&text);
	return good;
}

/* Frees the words. False. */
static bool
refuse(const char *what, struct buf *why)
{
	buf_append_byte(why, '\0');
	(void)told_failure(what, buf_status(why) == ERR_OK ? (const char *)why->data : "?");
	buf_free(why);
	return false;
}
