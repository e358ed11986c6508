#include "signer/policy_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/sandbox.h"
#include "policy/sources/source.h"
#include "policy/sources/source_key.h"
#include "signer/ledger/store/diskfile.h"

static bool take_value(struct policy_import_words *w, const char *name, const char *value);
static bool take_once(const char **to, const char *value);

bool
policy_import_arguments(int argc, char **argv, struct policy_import_words *out)
{
	bool good = true;

	*out = (struct policy_import_words){.from = calloc((size_t)argc + 1, sizeof(*out->from))};
	if (out->from == NULL)
		abort();
	for (int i = 0; i < argc && good; i++) {
		if (strcmp(argv[i], "--content-only") == 0 && !out->options.content_only)
			out->options.content_only = true;
		else if (argv[i][0] != '-')
			out->from[out->from_count++] = argv[i];
		else
			good = ++i < argc && take_value(out, argv[i - 1], argv[i]);
	}
	good = good && out->from_count > 0 && out->output != NULL;
	if (!good)
		policy_import_words_free(out);
	return good;
}

void
policy_import_words_free(struct policy_import_words *w)
{
	source_options_end(&w->options);
	free(w->from);
	w->from = NULL;
}

int
policy_import(struct policy_import_words *w)
{
	struct set_draft *draft = set_draft_new();
	struct faults faults = FAULTS_INIT;
	struct buf set = BUF_INIT;
	size_t count = 0;
	enum err e = ERR_OK;

	/* What is read comes from anywhere, and libraries unpack it. */
	sandbox_enter(false);
	/* Who names keys takes nothing for signed that is not. */
	w->options.signed_only = w->keys.count > 0;
	/* All faults of all of them, in one run. */
	for (size_t i = 0; i < w->keys.count; i++)
		if (source_key_load(w->keys.text[i], &faults, &w->options.keys) != ERR_OK)
			e = ERR_CONFIG;
	for (size_t i = 0; i < w->from_count; i++)
		if (source_read(w->from[i], &w->options, &faults, draft) != ERR_OK)
			e = ERR_CONFIG;
	if (e == ERR_OK)
		e = set_draft_write(draft, w->output, &faults, &set, &count);
	if (e == ERR_OK)
		e = diskfile_replace(w->output, buf_view(&set));
	if (e == ERR_OK) {
		printf("%s: %zu lines\n", w->output, count);
		set_draft_tell_left_out(draft, stdout);
	}
	faults_print(&faults, stderr);
	faults_free(&faults);
	set_draft_free(&draft);
	buf_free(&set);
	return e == ERR_OK ? 0 : 1;
}

static bool
take_value(struct policy_import_words *w, const char *name, const char *value)
{
	struct source_options *o = &w->options;
	const struct {
		const char *name;
		struct source_texts *to;
	} lists[] = {{"--key", &w->keys}, {"--builder", &o->builders},
	    {"--build-type", &o->build_types}, {"--parameter", &o->parameters},
	    {"--predicate-type", &o->predicate_types}};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct source_texts *to = lists[i].to;

		if (strcmp(name, lists[i].name) != 0)
			continue;
		if (to->count == SOURCE_TEXTS_MAX ||
		    (to == &o->parameters && (value[0] == '=' || strchr(value, '=') == NULL)))
			return false;
		to->text[to->count++] = value;
		return true;
	}
	if (strcmp(name, "-o") == 0)
		return take_once(&w->output, value);
	return strcmp(name, "--under") == 0 && value[0] == '/' && take_once(&o->under, value);
}

static bool
take_once(const char **to, const char *value)
{
	if (*to != NULL)
		return false;
	*to = value;
	return true;
}
