#include "policy/images/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/images/image_choice.h"
#include "policy/images/image_document.h"
#include "policy/images/image_layer.h"
#include "policy/sources/json_text.h"

/* What a manifest names: parts of the store by these names. */
struct described {
	struct buf config_name;
	struct image_descriptor config;
	bool has_config; /* its digest and size are known */
	size_t count;
	struct buf names[IMAGE_LAYERS_MAX];
	struct image_layer layers[IMAGE_LAYERS_MAX];
};

static enum err read_parts(struct image_reading *r, const struct image_options *o,
    struct described *d, struct image_facts *out);
static enum err describe(struct image_reading *r, const struct image_options *o,
    struct described *d, struct image_facts *out);
static enum err take_manifest(
    const struct image_reading *r, const json_t *manifest, struct described *d);
static enum err take_layer(const struct image_reading *r, const json_t *j, struct described *d);
static enum err take_docker(const struct image_reading *r, const char *tag, struct described *d);
static bool has_tag(const json_t *image, const char *tag);
static enum err take_names(const struct image_reading *r, const json_t *image, struct described *d);
static enum err read_config(const struct image_reading *r, const struct image_options *o,
    struct described *d, struct image_facts *out);
static enum err take_config(const struct image_reading *r, const struct image_options *o,
    const json_t *config, struct described *d, struct image_facts *out);
static enum err take_diff_ids(const struct image_reading *r, const json_t *config,
    struct described *d, struct image_facts *out);
static void chain(struct image_facts *out);
static const char *form_name(const struct image_store *s);
static enum err fail(const struct image_reading *r, const char *what);

enum err
image_read(const char *file, const struct image_options *o, struct faults *faults,
    struct set_draft *to, struct image_facts *out)
{
	struct image_reading r = {.file = file,
	    .faults = faults,
	    .left = (uint64_t)o->mebibytes << 20,
	    .limit = (uint64_t)o->mebibytes << 20};
	struct described *d = calloc(1, sizeof(*d));
	const size_t from = set_draft_count(to);
	enum err e;

	if (d == NULL)
		abort();
	memset(out, 0, sizeof(*out));
	r.tree = image_tree_new();
	if ((e = image_store_new(file, faults, &r.store)) == ERR_OK &&
	    (e = read_parts(&r, o, d, out)) == ERR_OK &&
	    (e = image_tree_write(r.tree, o->content_only, file, faults, to)) == ERR_OK &&
	    (e = set_draft_settle(to, from, file, faults)) == ERR_OK && set_draft_count(to) == from)
		e = fail(&r, "has no file");
	image_tree_free(&r.tree);
	image_store_free(&r.store);
	for (size_t i = 0; i < d->count; i++)
		buf_free(&d->names[i]);
	buf_free(&d->config_name);
	free(d);
	return e;
}

bool
image_platform_is_good(const char *platform)
{
	const size_t size = strlen(platform);
	size_t slashes = 0;

	for (size_t i = 0; i < size; i++)
		slashes += platform[i] == '/';
	return size < IMAGE_PLATFORM_MAX && slashes >= 1 && slashes <= 2 && platform[0] != '/' &&
	       platform[size - 1] != '/' && strstr(platform, "//") == NULL;
}

static enum err
read_parts(struct image_reading *r, const struct image_options *o, struct described *d,
    struct image_facts *out)
{
	enum err e;

	out->form = form_name(r->store);
	if ((e = describe(r, o, d, out)) != ERR_OK)
		return e;
	if (o->manifest != NULL && !digest_equal(o->manifest, &out->manifest))
		return fail(r, digest_is_zero(&out->manifest)
				   ? "has no manifest, as docker save writes it: its digest cannot "
				     "be held against the expected one"
				   : "is another image than the expected one (--manifest)");
	if ((e = read_config(r, o, d, out)) != ERR_OK)
		return e;
	for (size_t i = 0; e == ERR_OK && i < d->count; i++)
		e = image_layer_apply(r, &d->layers[i]);
	return e;
}

static enum err
describe(struct image_reading *r, const struct image_options *o, struct described *d,
    struct image_facts *out)
{
	json_t *manifest;
	enum err e;

	if (image_store_form(r->store) == IMAGE_STORE_DOCKER)
		return take_docker(r, o->tag, d);
	if ((e = image_choose(r, o, out, &manifest)) == ERR_OK) {
		e = take_manifest(r, manifest, d);
		json_decref(manifest);
	}
	return e;
}

static enum err
take_manifest(const struct image_reading *r, const json_t *manifest, struct described *d)
{
	static const char *const configs[] = {"application/vnd.oci.image.config.v1+json",
	    "application/vnd.docker.container.image.v1+json"};
	const json_t *layers = json_object_get(manifest, "layers");
	bool is_image = false;
	enum err e;

	if (json_integer_value(json_object_get(manifest, "schemaVersion")) != 2)
		return fail(r, "has a manifest that is not of schema version 2");
	e = image_descriptor_take(r, json_object_get(manifest, "config"), &d->config);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++)
		is_image = is_image || view_equal(d->config.type, view_of_string(configs[i]));
	if (!is_image)
		return image_refuse(
		    r, "is no image of a container: its configuration is", d->config.type);
	d->config.type = (struct view){NULL, 0}; /* the manifest's, which ends before */
	d->has_config = true;
	image_store_blob_name(r->store, &d->config.digest, &d->config_name);
	for (size_t i = 0; e == ERR_OK && i < json_array_size(layers); i++)
		e = take_layer(r, json_array_get(layers, i), d);
	return e;
}

static enum err
take_layer(const struct image_reading *r, const json_t *j, struct described *d)
{
	static const struct {
		const char *type;
		enum unpacking_form form;
	} types[] = {
	    {"application/vnd.oci.image.layer.v1.tar", UNPACKING_PLAIN},
	    {"application/vnd.oci.image.layer.v1.tar+gzip", UNPACKING_GZIP},
	    {"application/vnd.oci.image.layer.v1.tar+zstd", UNPACKING_ZSTD},
	    {"application/vnd.docker.image.rootfs.diff.tar", UNPACKING_PLAIN},
	    {"application/vnd.docker.image.rootfs.diff.tar.gzip", UNPACKING_GZIP},
	    {"application/vnd.docker.image.rootfs.diff.tar.zstd", UNPACKING_ZSTD},
	};
	struct image_descriptor is;
	struct image_layer *l;
	enum err e = image_descriptor_take(r, j, &is);

	if (e != ERR_OK)
		return e;
	if (d->count == IMAGE_LAYERS_MAX)
		return fail(r, "has more than 512 layers");
	l = &d->layers[d->count];
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!view_equal(is.type, view_of_string(types[i].type)))
			continue;
		image_store_blob_name(r->store, &is.digest, &d->names[d->count]);
		*l = (struct image_layer){.name = buf_view(&d->names[d->count]),
		    .form = types[i].form,
		    .has_digest = true,
		    .digest = is.digest,
		    .size = is.size};
		d->count++;
		return ERR_OK;
	}
	return image_refuse(r, "has a layer of a type that is not known", is.type);
}

/* A list of images, which names their parts as members of the tar. */
static enum err
take_docker(const struct image_reading *r, const char *tag, struct described *d)
{
	const json_t *list, *found = NULL;
	size_t count = 0;
	json_t *document;
	enum err e = image_document_read_list(r, VIEW_LITERAL("manifest.json"), &document);

	if (e != ERR_OK)
		return e;
	list = json_object_get(document, "images");
	for (size_t i = 0; i < json_array_size(list); i++)
		if (tag == NULL || has_tag(json_array_get(list, i), tag)) {
			found = json_array_get(list, i);
			count++;
		}
	if (count != 1)
		e = fail(r, count == 0 ? "has no such image: expected another --tag"
				       : "has several images: choose one by --tag");
	else
		e = take_names(r, found, d);
	json_decref(document);
	return e;
}

static bool
has_tag(const json_t *image, const char *tag)
{
	const json_t *tags = json_object_get(image, "RepoTags");

	for (size_t i = 0; i < json_array_size(tags); i++) {
		const char *one = json_string_value(json_array_get(tags, i));

		if (one != NULL && strcmp(one, tag) == 0)
			return true;
	}
	return false;
}

static enum err
take_names(const struct image_reading *r, const json_t *image, struct described *d)
{
	const json_t *layers = json_object_get(image, "Layers");
	struct view name;

	if (!json_text_member(image, "Config", &name))
		return fail(r, "names no configuration");
	buf_append_view(&d->config_name, name);
	for (size_t i = 0; i < json_array_size(layers); i++) {
		const char *layer = json_string_value(json_array_get(layers, i));

		if (layer == NULL)
			return fail(r, "names a layer by what is no text");
		if (d->count == IMAGE_LAYERS_MAX)
			return fail(r, "has more than 512 layers");
		buf_append_string(&d->names[d->count], layer);
		if (buf_status(&d->names[d->count]) != ERR_OK)
			abort();
		d->layers[d->count].name = buf_view(&d->names[d->count]);
		d->layers[d->count++].form = UNPACKING_PLAIN;
	}
	return buf_status(&d->config_name);
}

static enum err
read_config(const struct image_reading *r, const struct image_options *o, struct described *d,
    struct image_facts *out)
{
	json_t *config;
	enum err e = image_document_read(
	    r, buf_view(&d->config_name), d->has_config ? &d->config : NULL, &config, &out->config);

	if (e == ERR_OK)
		e = take_config(r, o, config, d, out);
	json_decref(config);
	return e;
}

static enum err
take_config(const struct image_reading *r, const struct image_options *o, const json_t *config,
    struct described *d, struct image_facts *out)
{
	struct view os, arch, variant = {NULL, 0};

	if (!json_text_member(config, "os", &os) ||
	    !json_text_member(config, "architecture", &arch) || os.size == 0 || arch.size == 0)
		return fail(r, "has a configuration without a platform");
	(void)json_text_member(config, "variant", &variant);
	if (os.size + arch.size + variant.size + 3 > sizeof(out->platform))
		return fail(r, "has a configuration whose platform is none");
	(void)snprintf(out->platform, sizeof(out->platform), "%.*s/%.*s%s%.*s", (int)os.size,
	    (const char *)os.data, (int)arch.size, (const char *)arch.data,
	    variant.size > 0 ? "/" : "", (int)variant.size, (const char *)variant.data);
	if (o->platform != NULL && !image_platform_matches(o->platform, os, arch, variant))
		return image_refuse(
		    r, "is for another platform (--platform)", view_of_string(out->platform));
	return take_diff_ids(r, config, d, out);
}

static enum err
take_diff_ids(const struct image_reading *r, const json_t *config, struct described *d,
    struct image_facts *out)
{
	const struct view mark = VIEW_LITERAL("sha256:");
	const json_t *list = json_object_get(json_object_get(config, "rootfs"), "diff_ids");

	if (json_array_size(list) != d->count || d->count == 0)
		return fail(r, "has not one diff id for each layer, and one layer at least");
	for (size_t i = 0; i < d->count; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text == NULL || strncmp(text, (const char *)mark.data, mark.size) != 0 ||
		    digest_from_hex(view_of_string(text + mark.size), &out->layers[i]) != ERR_OK)
			return fail(r, "has a diff id that is no SHA-256");
		d->layers[i].diff_id = out->layers[i];
	}
	out->layer_count = d->count;
	chain(out);
	return ERR_OK;
}

/* Of texts: "sha256:CHAIN sha256:DIFF". */
static void
chain(struct image_facts *out)
{
	char text[2 * (sizeof("sha256:") - 1 + DIGEST_HEX_SIZE) + 2];
	char before[DIGEST_HEX_SIZE + 1], next[DIGEST_HEX_SIZE + 1];

	out->chain = out->layers[0];
	for (size_t i = 1; i < out->layer_count; i++) {
		digest_to_hex(&out->chain, before);
		digest_to_hex(&out->layers[i], next);
		(void)snprintf(text, sizeof(text), "sha256:%s sha256:%s", before, next);
		digest_of(text, strlen(text), &out->chain);
	}
}

static const char *
form_name(const struct image_store *s)
{
	switch (image_store_form(s)) {
	case IMAGE_STORE_LAYOUT:
		return image_store_is_archive(s) ? "oci-archive" : "layout";
	case IMAGE_STORE_DOCKER:
		return "docker-archive";
	default:
		return "dir";
	}
}

static enum err
fail(const struct image_reading *r, const char *what)
{
	return image_refuse(r, what, (struct view){NULL, 0});
}
