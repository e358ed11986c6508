#include "collector/command_image.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/apart.h"
#include "policy/images/disk_image.h"
#include "proto/encoding.h"
#include "proto/text.h"

#define MARK "sha256:"

/* What is told of it, in this order. */
struct told {
	bool is_disk;
	struct image_facts image;
	struct disk_image disk;
	struct digest set;
	size_t lines;
};

static apart_work work;
static bool take_manifest(const char *text, struct image_words *w);
static bool take_mebibytes(const char *text, struct image_words *w);
static void print_text(const struct told *t);
static void print_digest(const char *name, const struct digest *d);
static void print_json(const struct told *t);
static void set_digest(json_t *to, const char *name, const struct digest *d);
static json_t *digest_json(const struct digest *d);

int
image_words_option(int count, char *const *list, struct image_words *w)
{
	struct image_options *o = &w->options;
	bool good = count > 1;

	if (strcmp(list[0], "--content-only") == 0) {
		o->content_only = true;
		return 1;
	}
	if (strcmp(list[0], "-o") == 0)
		good = good && w->output == NULL && (w->output = list[1]) != NULL;
	else if (strcmp(list[0], "--platform") == 0)
		good = good && o->platform == NULL && image_platform_is_good(list[1]) &&
		       (o->platform = list[1]) != NULL;
	else if (strcmp(list[0], "--tag") == 0)
		good = good && o->tag == NULL && (o->tag = list[1]) != NULL;
	else if (strcmp(list[0], "--manifest") == 0)
		good = good && o->manifest == NULL && take_manifest(list[1], w);
	else if (strcmp(list[0], "--mebibytes") == 0)
		good = good && take_mebibytes(list[1], w);
	else
		return 0;
	return good ? 2 : -1;
}

const char *
command_image_parse(int count, char *const *list, struct image_words *out)
{
	*out = (struct image_words){.options.mebibytes = IMAGE_MEBIBYTES};
	for (int i = 0; i < count;) {
		int taken = image_words_option(count - i, list + i, out);

		if (taken == 0 && strcmp(list[i], "--json") == 0) {
			out->json = true;
			taken = 1;
		} else if (taken == 0 && list[i][0] != '-' && out->file == NULL) {
			out->file = list[i];
			taken = 1;
		}
		if (taken <= 0)
			return "expected one IMAGE, -o SET, --platform OS/ARCHITECTURE[/VARIANT], "
			       "--tag NAME, --manifest sha256:HEX, --mebibytes N, --content-only "
			       "and --json, each once";
		i += taken;
	}
	return out->file != NULL ? NULL : "expected an IMAGE";
}

int
command_image(struct image_words *w)
{
	return apart_run(work, w, w->output);
}

static int
work(void *context, struct buf *to)
{
	const struct image_words *w = context;
	struct set_draft *draft = set_draft_new();
	struct told *t = calloc(1, sizeof(*t));
	struct faults faults = FAULTS_INIT;
	enum err e;

	if (t == NULL)
		abort();
	t->is_disk = disk_image_is(w->file);
	e = t->is_disk ? disk_image_read(w->file, &faults, draft, &t->disk)
		       : image_read(w->file, &w->options, &faults, draft, &t->image);
	if (e == ERR_OK)
		e = set_draft_write(draft, w->file, &faults, to, &t->lines);
	if (e == ERR_OK) {
		digest_of(to->data, to->size, &t->set);
		if (w->json)
			print_json(t);
		else
			print_text(t);
		set_draft_tell_left_out(draft, w->json ? stderr : stdout);
	}
	faults_print(&faults, stderr);
	faults_free(&faults);
	set_draft_free(&draft);
	free(t);
	return e == ERR_OK ? 0 : 1;
}

static bool
take_manifest(const char *text, struct image_words *w)
{
	const size_t mark = sizeof(MARK) - 1;

	if (strncmp(text, MARK, mark) != 0 ||
	    digest_from_hex(view_of_string(text + mark), &w->manifest) != ERR_OK)
		return false;
	w->options.manifest = &w->manifest;
	return true;
}

static bool
take_mebibytes(const char *text, struct image_words *w)
{
	uint64_t number;

	if (decimal_decode(view_of_string(text), &number) != ERR_OK || number == 0 ||
	    number > 1024 * 1024)
		return false;
	w->options.mebibytes = (uint32_t)number;
	return true;
}

static void
print_text(const struct told *t)
{
	struct buf shown = BUF_INIT;

	if (t->is_disk) {
		(void)printf(
		    "form %s\nsize %llu\n", t->disk.form, (unsigned long long)t->disk.size);
		print_digest("digest", &t->disk.digest);
	} else {
		text_append_printable(
		    &shown, view_of_string(t->image.platform), IMAGE_PLATFORM_MAX * 4);
		(void)printf("form %s\nplatform %.*s\n", t->image.form, (int)shown.size,
		    (const char *)shown.data);
		print_digest("index", &t->image.index);
		print_digest("manifest", &t->image.manifest);
		print_digest("config", &t->image.config);
		for (size_t i = 0; i < t->image.layer_count; i++)
			print_digest("layer", &t->image.layers[i]);
		print_digest("chain", &t->image.chain);
	}
	print_digest("set", &t->set);
	(void)printf("lines %zu\n", t->lines);
	buf_free(&shown);
}

static void
print_digest(const char *name, const struct digest *d)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, hex);
	if (!digest_is_zero(d))
		(void)printf("%s sha256:%s\n", name, hex);
}

static void
print_json(const struct told *t)
{
	json_t *j = json_object(), *layers;

	(void)json_object_set_new(
	    j, "form", json_sprintf("%s", t->is_disk ? t->disk.form : t->image.form));
	if (t->is_disk) {
		set_digest(j, "digest", &t->disk.digest);
		(void)json_object_set_new(j, "size", json_integer((json_int_t)t->disk.size));
	} else {
		(void)json_object_set_new(j, "platform", json_sprintf("%s", t->image.platform));
		set_digest(j, "index", &t->image.index);
		set_digest(j, "manifest", &t->image.manifest);
		set_digest(j, "config", &t->image.config);
		set_digest(j, "chain", &t->image.chain);
		layers = json_array();
		for (size_t i = 0; i < t->image.layer_count; i++)
			(void)json_array_append_new(layers, digest_json(&t->image.layers[i]));
		(void)json_object_set_new(j, "layers", layers);
	}
	set_digest(j, "set", &t->set);
	(void)json_object_set_new(j, "lines", json_integer((json_int_t)t->lines));
	if (json_dumpf(j, stdout, JSON_INDENT(2)) == 0)
		(void)putchar('\n');
	json_decref(j);
}

static void
set_digest(json_t *to, const char *name, const struct digest *d)
{
	(void)json_object_set_new(to, name, digest_is_zero(d) ? json_pack("n") : digest_json(d));
}

static json_t *
digest_json(const struct digest *d)
{
	char hex[DIGEST_HEX_SIZE + 1];

	digest_to_hex(d, hex);
	return json_sprintf(MARK "%s", hex);
}
