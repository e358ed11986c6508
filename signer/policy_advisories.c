#include "signer/policy_advisories.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/sandbox.h"
#include "policy/feeds/import/feed_source.h"
#include "signer/ledger/store/diskfile.h"

static bool take_value(struct policy_advisories_words *w, const char *name, const char *value);
static enum err read_packages(const struct policy_advisories_words *w,
    struct source_packages *packages, struct faults *faults, struct left_out *left_out);

bool
policy_advisories_arguments(int argc, char **argv, struct policy_advisories_words *out)
{
	bool good = true;

	*out =
	    (struct policy_advisories_words){.from = calloc((size_t)argc + 1, sizeof(*out->from))};
	if (out->from == NULL)
		abort();
	for (int i = 0; i < argc && good; i++) {
		if (argv[i][0] != '-')
			out->from[out->from_count++] = argv[i];
		else
			good = ++i < argc && take_value(out, argv[i - 1], argv[i]);
	}
	good = good && out->from_count > 0 && out->output != NULL;
	if (!good)
		policy_advisories_words_free(out);
	return good;
}

void
policy_advisories_words_free(struct policy_advisories_words *w)
{
	free(w->from);
	w->from = NULL;
}

int
policy_advisories(const struct policy_advisories_words *w)
{
	struct source_packages *packages = source_packages_new();
	const struct feed_options options = {
	    .releases = w->releases, .packages = w->packages.count > 0 ? packages : NULL};
	struct feed_draft *draft = feed_draft_new();
	struct left_out left_out = {.count = 0};
	struct faults faults = FAULTS_INIT;
	struct buf feed = BUF_INIT;
	size_t count = 0;
	enum err e;

	/* What is read comes from anywhere, and libraries unpack it. */
	sandbox_enter(false);
	e = read_packages(w, packages, &faults, &left_out);
	/* All faults of all of them, in one run. */
	for (size_t i = 0; i < w->from_count; i++)
		if (feed_source_read(w->from[i], &options, &faults, draft) != ERR_OK)
			e = ERR_CONFIG;
	if (e == ERR_OK)
		e = feed_draft_write(draft, w->output, &faults, &feed, &count);
	if (e == ERR_OK)
		e = diskfile_replace(w->output, buf_view(&feed));
	if (e == ERR_OK) {
		printf("%s: %zu lines\n", w->output, count);
		left_out_tell(&left_out, stdout);
		feed_draft_tell_left_out(draft, stdout);
	}
	faults_print(&faults, stderr);
	faults_free(&faults);
	left_out_free(&left_out);
	feed_draft_free(&draft);
	source_packages_free(&packages);
	buf_free(&feed);
	return e == ERR_OK ? 0 : 1;
}

static enum err
read_packages(const struct policy_advisories_words *w, struct source_packages *packages,
    struct faults *faults, struct left_out *left_out)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < w->packages.count; i++)
		if (source_packages_read(packages, w->packages.text[i], faults, left_out) != ERR_OK)
			e = ERR_CONFIG;
	source_packages_sort(packages);
	return e;
}

static bool
take_value(struct policy_advisories_words *w, const char *name, const char *value)
{
	struct source_texts *to;

	if (strcmp(name, "-o") == 0 && w->output == NULL) {
		w->output = value;
		return true;
	}
	if (strcmp(name, "--release") != 0 && strcmp(name, "--packages") != 0)
		return false;
	to = name[2] == 'r' ? &w->releases : &w->packages;
	if (to->count == SOURCE_TEXTS_MAX)
		return false;
	to->text[to->count++] = value;
	return true;
}
