#include "collector/command_references.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/apart.h"
#include "collector/workload_set.h"
#include "policy/images/disk_image.h"
#include "policy/sources/directory.h"
#include "policy/sources/source.h"

static apart_work list_sources, list_workload, list_pages;
static enum err read_source(const char *file, const struct references_words *w,
    struct faults *faults, struct set_draft *to);
static bool is_image(const char *file);
static int finish(const struct references_words *w, struct set_draft *draft, struct faults *faults,
    enum err e, struct buf *to);

const char *
command_references_parse(int count, char *const *list, struct references_words *out)
{
	*out = (struct references_words){.image.options.mebibytes = IMAGE_MEBIBYTES,
	    .names = calloc((size_t)count + 1, sizeof(*out->names)),
	    .roots = calloc((size_t)count + 1, sizeof(*out->roots))};
	if (out->names == NULL || out->roots == NULL)
		abort();
	for (int i = 0; i < count;) {
		int taken = image_words_option(count - i, list + i, &out->image);

		if (taken == 0 && strcmp(list[i], "--root") == 0 && i + 1 < count) {
			out->roots[out->root_count++] = list[i + 1];
			taken = 2;
		} else if (taken == 0 && strcmp(list[i], "-c") == 0 && i + 1 < count &&
			   out->config == NULL) {
			out->config = list[i + 1];
			taken = 2;
		} else if (taken == 0 && strcmp(list[i], "--web") == 0) {
			out->web = true;
			taken = 1;
		} else if (taken == 0 && list[i][0] != '-') {
			out->names[out->name_count++] = list[i];
			taken = 1;
		}
		if (taken <= 0)
			return "expected sources, --root DIR, -o SET, --content-only, and of "
			       "images --platform OS/ARCHITECTURE[/VARIANT], --tag NAME, "
			       "--manifest sha256:HEX and --mebibytes N; or a workload and -c "
			       "FILE, and --web for its pages";
		i += taken;
	}
	if (out->config != NULL && (out->name_count != 1 || out->root_count > 0))
		return "expected with -c FILE the name of one workload, and nothing else to read";
	if (out->web && out->config == NULL)
		return "expected --web with a workload and -c FILE";
	if (out->name_count + out->root_count == 0)
		return "expected sources, --root DIR, or a workload and -c FILE";
	return NULL;
}

void
references_words_free(struct references_words *w)
{
	free(w->names);
	free(w->roots);
	w->names = w->roots = NULL;
}

int
command_references(struct references_words *w)
{
	if (w->config == NULL)
		return apart_run(list_sources, w, w->image.output);
	return apart_run_confining(w->web ? list_pages : list_workload, w, w->image.output);
}

/* A set of what it has mapped, and its files. */
static int
list_workload(void *context, struct buf *to)
{
	const struct references_words *w = context;
	struct set_draft *draft = set_draft_new();
	struct faults faults = FAULTS_INIT;
	const enum err e =
	    workload_set(w->config, w->names[0], w->image.options.content_only, &faults, draft);

	return finish(w, draft, &faults, e, to);
}

/* A list of what its pages have, for a policy. */
static int
list_pages(void *context, struct buf *to)
{
	const struct references_words *w = context;
	const char *output = w->image.output;
	struct faults faults = FAULTS_INIT;
	size_t count = 0;
	enum err e = workload_pages(w->config, w->names[0], &faults, to, &count);

	if (e == ERR_OK && output == NULL && fwrite(to->data, 1, to->size, stdout) != to->size)
		e = ERR_IO;
	if (e == ERR_OK && output != NULL)
		(void)printf("%s: %zu lines\n", output, count);
	faults_print(&faults, stderr);
	faults_free(&faults);
	return e == ERR_OK ? 0 : 1;
}

static int
list_sources(void *context, struct buf *to)
{
	const struct references_words *w = context;
	const struct source_options options = {.content_only = w->image.options.content_only};
	struct set_draft *draft = set_draft_new();
	struct faults faults = FAULTS_INIT;
	enum err e = ERR_OK;

	/* All faults of all of them, in one run. */
	for (size_t i = 0; i < w->root_count; i++)
		if (directory_read(w->roots[i], &options, &faults, draft) != ERR_OK)
			e = ERR_CONFIG;
	for (size_t i = 0; i < w->name_count; i++)
		if (read_source(w->names[i], w, &faults, draft) != ERR_OK)
			e = ERR_CONFIG;
	return finish(w, draft, &faults, e, to);
}

static enum err
read_source(
    const char *file, const struct references_words *w, struct faults *faults, struct set_draft *to)
{
	const struct source_options options = {.content_only = w->image.options.content_only};
	struct image_facts *facts;
	struct disk_image disk;
	enum err e;

	if (disk_image_is(file))
		return disk_image_read(file, faults, to, &disk);
	if (!is_image(file))
		return source_read(file, &options, faults, to);
	if ((facts = calloc(1, sizeof(*facts))) == NULL)
		abort();
	e = image_read(file, &w->image.options, faults, to, facts);
	free(facts);
	return e;
}

/* A directory, or a tar by its mark. */
static bool
is_image(const char *file)
{
	char begin[512] = {0};
	struct stat st;
	FILE *f;
	size_t got = 0;

	if (stat(file, &st) != 0 || S_ISDIR(st.st_mode))
		return S_ISDIR(st.st_mode);
	if (S_ISREG(st.st_mode) && (f = fopen(file, "re")) != NULL) {
		got = fread(begin, 1, sizeof(begin), f);
		(void)fclose(f);
	}
	return got == sizeof(begin) && memcmp(begin + 257, "ustar", 5) == 0;
}

/* Without -o the set goes to stdout, and what is told to stderr. Frees what it is given. */
static int
finish(const struct references_words *w, struct set_draft *draft, struct faults *faults, enum err e,
    struct buf *to)
{
	const char *output = w->image.output;
	size_t count = 0;

	if (e == ERR_OK)
		e = set_draft_write(draft, output != NULL ? output : "the set", faults, to, &count);
	if (e == ERR_OK && output == NULL && fwrite(to->data, 1, to->size, stdout) != to->size)
		e = ERR_IO;
	if (e == ERR_OK) {
		if (output != NULL)
			(void)printf("%s: %zu lines\n", output, count);
		set_draft_tell_left_out(draft, output != NULL ? stdout : stderr);
	}
	faults_print(faults, stderr);
	faults_free(faults);
	set_draft_free(&draft);
	return e == ERR_OK ? 0 : 1;
}
