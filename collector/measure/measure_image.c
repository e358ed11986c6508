#include "collector/measure/measure_image.h"

#include <stdlib.h>
#include <string.h>

#include "collector/measure/image_difference.h"
#include "collector/measure/measure_files.h"
#include "collector/measure/measure_root.h"
#include "config/faults.h"
#include "config/yaml_check.h"
#include "policy/images/image.h"
#include "proto/evidence/component_list.h"

#define MARK "sha256:"

/* What was found in the container, as it was encoded: the component's views point into it. */
struct found {
	struct buf bytes, segments;
	struct component *files;
};

static enum err read_set(
    struct measure_context *m, struct digest *manifest, struct buf *text, struct faults *faults);
static enum err read_image(
    struct measure_context *m, struct digest *manifest, struct buf *text, struct faults *faults);
static enum err note_image(
    const struct digest *manifest, const struct digest *set, struct component_builder *to);
static enum err note_digest(const char *name, const struct digest *d, struct component_builder *to);
static enum err read_root(struct measure_context *m, struct found *out);
static enum err join(struct found *f, size_t count);
static component_segment_sink keep_segment;

enum err
measure_image(struct measure_context *m, struct component_builder *to)
{
	struct found found = {.bytes = BUF_INIT, .segments = BUF_INIT};
	struct digest manifest = DIGEST_ZERO, digest;
	struct faults faults = FAULTS_INIT;
	struct reference_set *set = NULL;
	struct buf text = BUF_INIT;
	enum err e;

	if ((e = read_set(m, &manifest, &text, &faults)) == ERR_OK)
		e = reference_parse("the set", buf_view(&text), &faults, &set);
	if (e == ERR_CONFIG)
		e = trouble_set(m->trouble, ERR_FORMAT, "%s: %s",
		    faults.count > 0 ? faults.fault[0].file : "the image",
		    faults.count > 0 ? faults.fault[0].text : "it cannot be read");
	digest_of(text.data, text.size, &digest);
	if (e == ERR_OK && (e = note_image(&manifest, &digest, to)) == ERR_OK &&
	    (e = read_root(m, &found)) == ERR_OK &&
	    (e = image_difference_add(found.files, set, to)) == ERR_OK)
		e = measure_root_note("root=container", to);
	component_free(&found.files);
	buf_free(&found.bytes);
	buf_free(&found.segments);
	reference_free(&set);
	faults_free(&faults);
	buf_free(&text);
	return e;
}

static enum err
read_set(
    struct measure_context *m, struct digest *manifest, struct buf *text, struct faults *faults)
{
	const struct collector_image *image = &m->workload->image;
	struct reference_set *set = NULL;
	struct buf written = BUF_INIT;
	enum err e;

	if (image->layout != NULL)
		return read_image(m, manifest, text, faults);
	/* Its digest is that of its one spelling, however it was written. */
	e = yaml_read_file(image->set, 0, NULL, image->set, REFERENCE_SIZE_MAX, faults, &written);
	if (e == ERR_OK &&
	    (e = reference_parse(image->set, buf_view(&written), faults, &set)) == ERR_OK) {
		for (size_t i = 0; i < reference_count(set); i++)
			reference_entry_append(reference_at(set, i), text);
		e = buf_status(text);
	}
	reference_free(&set);
	buf_free(&written);
	return e;
}

static enum err
read_image(
    struct measure_context *m, struct digest *manifest, struct buf *text, struct faults *faults)
{
	const struct collector_image *is = &m->workload->image;
	const struct image_options options = {.platform = is->platform,
	    .tag = is->tag,
	    .mebibytes = m->workload->budgets.mebibytes_read};
	struct image_facts *facts = calloc(1, sizeof(*facts));
	struct set_draft *draft = set_draft_new();
	size_t count;
	enum err e = ERR_MEMORY;

	if (facts != NULL &&
	    (e = image_read(is->layout, &options, faults, draft, facts)) == ERR_OK) {
		*manifest = facts->manifest;
		e = set_draft_write(draft, is->layout, faults, text, &count);
	}
	set_draft_free(&draft);
	free(facts);
	return e;
}

/* Of docker save there is no manifest. */
static enum err
note_image(const struct digest *manifest, const struct digest *set, struct component_builder *to)
{
	enum err e = note_digest("set", set, to);

	return e == ERR_OK && !digest_is_zero(manifest) ? note_digest("manifest", manifest, to) : e;
}

static enum err
note_digest(const char *name, const struct digest *d, struct component_builder *to)
{
	char text[sizeof(MARK) + DIGEST_HEX_SIZE] = MARK;
	const struct view value = {(const uint8_t *)text, sizeof(text) - 1};
	const struct component_fact fact = {view_of_string(name), 1, &value};

	digest_to_hex(d, text + sizeof(MARK) - 1);
	return component_add_fact(to, &fact);
}

/* As a workload whose `files` are everything, and of which nothing is left out. */
static enum err
read_root(struct measure_context *m, struct found *out)
{
	static const char *const everything[] = {"/**"};
	struct component_builder *found = component_builder_new(COMPONENT_FILES);
	struct collector_workload whole = *m->workload;
	struct measure_context of_all = *m;
	size_t count;
	enum err e = ERR_MEMORY;

	whole.files = everything;
	whole.file_count = 1;
	whole.exclude_count = whole.may_change_count = whole.may_grow_count = 0;
	whole.follow = whole.cross_mounts = whole.scripts = false;
	whole.view = VIEW_CONTAINER;
	of_all.workload = &whole;
	if (found != NULL && (e = measure_files(&of_all, found)) == ERR_OK &&
	    (e = component_finish_listed(
		 found, keep_segment, &out->segments, &out->bytes, &count)) == ERR_OK)
		e = join(out, count);
	component_builder_free(&found);
	return e;
}

static enum err
join(struct found *f, size_t count)
{
	struct component_list *l;
	enum err e;

	if (count <= COMPONENT_PLAIN_ITEMS_MAX)
		return component_decode(buf_view(&f->bytes), &f->files);
	if ((e = component_list_decode(buf_view(&f->bytes), &l)) == ERR_OK)
		e = component_list_join(l, buf_view(&f->segments), &f->files);
	component_list_free(&l);
	return e;
}

static enum err
keep_segment(void *context, struct view bytes, const struct digest *digest)
{
	struct buf *segments = context;

	(void)digest;
	buf_append_view(segments, bytes);
	return buf_status(segments);
}
