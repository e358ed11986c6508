#include "collector/measure/measure_packed.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collector/files/file_terms.h"
#include "collector/files/pattern.h"
#include "config/faults.h"
#include "policy/images/image.h"
#include "policy/sources/reference.h"

static enum err read_set(struct measure_context *m, struct buf *text, struct faults *faults);
static enum err add_all(
    struct measure_context *m, const struct reference_set *set, struct component_builder *to);
static enum err add_matching(struct measure_context *m, const struct reference_set *set,
    const struct pattern *pattern, bool *taken, struct component_builder *to);
static enum err add(const struct reference_entry *r, struct component_builder *to);

enum err
measure_packed(struct measure_context *m, struct component_builder *to)
{
	struct faults faults = FAULTS_INIT;
	struct reference_set *set = NULL;
	struct buf text = BUF_INIT;
	enum err e;

	if ((e = read_set(m, &text, &faults)) == ERR_OK &&
	    (e = reference_parse("the set", buf_view(&text), &faults, &set)) == ERR_OK)
		e = add_all(m, set, to);
	if (e == ERR_CONFIG)
		e = trouble_set(m->trouble, ERR_FORMAT, "%s: %s",
		    faults.count > 0 ? faults.fault[0].file : "the image",
		    faults.count > 0 ? faults.fault[0].text : "it cannot be read");
	reference_free(&set);
	faults_free(&faults);
	buf_free(&text);
	return e;
}

/* Of docker save there is no manifest: what it calls the image's id is the configuration's. */
static enum err
read_set(struct measure_context *m, struct buf *text, struct faults *faults)
{
	struct collector_start_image *is = m->workload->start->image;
	const struct image_options options = {
	    .platform = is->platform, .tag = is->tag, .mebibytes = IMAGE_MEBIBYTES};
	struct image_facts *facts = calloc(1, sizeof(*facts));
	struct set_draft *draft = set_draft_new();
	char hex[DIGEST_HEX_SIZE + 1];
	size_t count;
	enum err e = ERR_MEMORY;

	if (facts != NULL && (e = image_read(is->file, &options, faults, draft, facts)) == ERR_OK) {
		digest_to_hex(
		    digest_is_zero(&facts->manifest) ? &facts->config : &facts->manifest, hex);
		(void)snprintf(is->option, sizeof(is->option), "image=sha256:%s", hex);
		e = set_draft_write(draft, is->file, faults, text, &count);
	}
	set_draft_free(&draft);
	free(facts);
	return e;
}

/* Each path once, whichever patterns name it. */
static enum err
add_all(struct measure_context *m, const struct reference_set *set, struct component_builder *to)
{
	const struct collector_workload *w = m->workload;
	bool *taken = calloc(reference_count(set) + 1, sizeof(*taken));
	struct pattern pattern;
	enum err e = taken != NULL ? ERR_OK : ERR_MEMORY;

	for (size_t i = 0; e == ERR_OK && i < w->exclude_count; i++)
		if ((e = pattern_parse(w->excludes[i], &pattern, m->trouble)) == ERR_OK) {
			e = add_matching(m, set, &pattern, taken, NULL);
			pattern_free(&pattern);
		}
	for (size_t i = 0; e == ERR_OK && i < w->file_count; i++)
		if ((e = pattern_parse(w->files[i], &pattern, m->trouble)) == ERR_OK) {
			e = add_matching(m, set, &pattern, taken, to);
			pattern_free(&pattern);
		}
	free(taken);
	return e;
}

/* `to` NULL: they are left out. */
static enum err
add_matching(struct measure_context *m, const struct reference_set *set,
    const struct pattern *pattern, bool *taken, struct component_builder *to)
{
	char path[PATH_MAX];
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < reference_count(set); i++) {
		const struct reference_entry *r = reference_at(set, i);

		if (taken[i])
			continue;
		if (r->path.size >= sizeof(path))
			return trouble_set(m->trouble, ERR_FORMAT_SIZE,
			    "the image has a path of %zu bytes; a file may have %d", r->path.size,
			    PATH_MAX - 1);
		memcpy(path, r->path.data, r->path.size);
		path[r->path.size] = '\0';
		if (!pattern_matches(pattern, path))
			continue;
		taken[i] = true;
		if (to != NULL)
			e = add(r, to);
	}
	return e;
}

static enum err
add(const struct reference_entry *r, struct component_builder *to)
{
	const bool is_link = r->kind == REFERENCE_LINK;
	const struct component_file item = {.path = r->path,
	    .digest = r->digest,
	    .mode = is_link ? S_IFLNK | 0777 : (uint32_t)S_IFREG | r->mode,
	    .uid = r->uid,
	    .gid = r->gid,
	    .flags = is_link ? COMPONENT_FILE_SYMLINK : 0};

	return component_add_file(to, &item);
}
