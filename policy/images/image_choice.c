#include "policy/images/image_choice.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "policy/sources/json_text.h"

#define NESTED_MAX 4 /* indexes in indexes */
#define NAMES_MAX  1024

static enum err choose_of(const struct image_reading *r, const struct image_options *o,
    const json_t *index, unsigned depth, struct image_facts *facts, json_t **out);
static enum err find_one(const struct image_reading *r, const struct image_options *o,
    const json_t *index, bool is_top, const json_t **found);
static bool is_meant(const json_t *descriptor, const char *tag, const char *platform);
static enum err refuse_choice(const struct image_reading *r, const json_t *list, size_t count);
static struct view text_of(const json_t *object, const char *name);

enum err
image_choose(const struct image_reading *r, const struct image_options *o,
    struct image_facts *facts, json_t **out)
{
	const bool is_dir = image_store_form(r->store) == IMAGE_STORE_DIR;
	const struct view name =
	    is_dir ? VIEW_LITERAL("manifest.json") : VIEW_LITERAL("index.json");
	struct digest digest;
	json_t *top;
	enum err e;

	*out = NULL;
	if ((e = image_document_read(r, name, NULL, &top, &digest)) != ERR_OK)
		return e;
	if (is_dir && json_object_get(top, "manifests") == NULL) {
		facts->manifest = digest;
		*out = top;
		return ERR_OK;
	}
	if (is_dir)
		facts->index = digest;
	e = choose_of(r, o, top, 0, facts, out);
	json_decref(top);
	return e;
}

bool
image_platform_matches(const char *wanted, struct view os, struct view arch, struct view variant)
{
	char have[IMAGE_PLATFORM_MAX];
	size_t size;

	if (os.size + arch.size + variant.size + 3 > sizeof(have))
		return false;
	(void)snprintf(have, sizeof(have), "%.*s/%.*s%s%.*s", (int)os.size, (const char *)os.data,
	    (int)arch.size, (const char *)arch.data, variant.size > 0 ? "/" : "", (int)variant.size,
	    (const char *)variant.data);
	size = strlen(wanted);
	return strncmp(have, wanted, size) == 0 && (have[size] == 0 || have[size] == '/') &&
	       memchr(wanted, '/', size) != NULL;
}

void
image_platform_here(char to[IMAGE_PLATFORM_MAX])
{
	static const char *const names[][2] = {{"x86_64", "amd64"}, {"aarch64", "arm64"},
	    {"armv7l", "arm/v7"}, {"armv6l", "arm/v6"}, {"i686", "386"},
	    {"loongarch64", "loong64"}};
	const char *name;
	struct utsname u;

	if (uname(&u) != 0)
		memset(&u, 0, sizeof(u));
	name = u.machine;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(u.machine, names[i][0]) == 0)
			name = names[i][1];
	(void)snprintf(to, IMAGE_PLATFORM_MAX, "linux/%s", name);
}

static enum err
choose_of(const struct image_reading *r, const struct image_options *o, const json_t *index,
    unsigned depth, struct image_facts *facts, json_t **out)
{
	struct image_descriptor d;
	struct buf name = BUF_INIT;
	const json_t *found = NULL;
	struct digest digest;
	json_t *inner;
	enum err e;

	if (depth == NESTED_MAX)
		return image_refuse(
		    r, "has indexes in indexes, more than four", (struct view){NULL, 0});
	if ((e = find_one(r, o, index, depth == 0, &found)) != ERR_OK ||
	    (e = image_descriptor_take(r, found, &d)) != ERR_OK)
		return e;
	image_store_blob_name(r->store, &d.digest, &name);
	e = image_document_read(r, buf_view(&name), &d, &inner, &digest);
	buf_free(&name);
	if (e != ERR_OK)
		return e;
	if (image_type_is_manifest(d.type)) {
		facts->manifest = digest;
		*out = inner;
		return ERR_OK;
	}
	facts->index = digest;
	e = choose_of(r, o, inner, depth + 1, facts, out);
	json_decref(inner);
	return e;
}

static enum err
find_one(const struct image_reading *r, const struct image_options *o, const json_t *index,
    bool is_top, const json_t **found)
{
	const json_t *list = json_object_get(index, "manifests");
	const char *tag = is_top ? o->tag : NULL;
	char here[IMAGE_PLATFORM_MAX];
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(list); i++)
		if (is_meant(json_array_get(list, i), tag, o->platform)) {
			*found = json_array_get(list, i);
			count++;
		}
	if (count > 1 && o->platform == NULL) {
		image_platform_here(here);
		count = 0;
		for (size_t i = 0; i < json_array_size(list); i++)
			if (is_meant(json_array_get(list, i), tag, here)) {
				*found = json_array_get(list, i);
				count++;
			}
	}
	return count == 1 ? ERR_OK : refuse_choice(r, list, count);
}

/* What has no platform may be of each: its configuration says. */
static bool
is_meant(const json_t *descriptor, const char *tag, const char *platform)
{
	const json_t *annotations = json_object_get(descriptor, "annotations");
	const json_t *is = json_object_get(descriptor, "platform");
	const struct view type = text_of(descriptor, "mediaType");

	if (!image_type_is_manifest(type) && !image_type_is_index(type))
		return false;
	if (tag != NULL && !view_equal(text_of(annotations, "org.opencontainers.image.ref.name"),
			       view_of_string(tag)))
		return false;
	/* What builders say of an image stands beside it, as if it were one. */
	if (view_equal(text_of(is, "os"), VIEW_LITERAL("unknown")))
		return false;
	return platform == NULL || is == NULL ||
	       image_platform_matches(platform, text_of(is, "os"), text_of(is, "architecture"),
		   text_of(is, "variant"));
}

static enum err
refuse_choice(const struct image_reading *r, const json_t *list, size_t count)
{
	struct buf there = BUF_INIT;
	enum err e;

	for (size_t i = 0; i < json_array_size(list) && there.size < NAMES_MAX; i++) {
		const json_t *d = json_array_get(list, i);
		const json_t *p = json_object_get(d, "platform");
		const struct view tag =
		    text_of(json_object_get(d, "annotations"), "org.opencontainers.image.ref.name");

		buf_append_string(&there, i > 0 ? ", " : "");
		buf_append_view(&there, tag);
		buf_append_string(&there, tag.size > 0 ? " " : "");
		if (p != NULL) {
			buf_append_view(&there, text_of(p, "os"));
			buf_append_byte(&there, '/');
			buf_append_view(&there, text_of(p, "architecture"));
		}
	}
	if (buf_status(&there) != ERR_OK)
		there.size = 0;
	e = image_refuse(r,
	    count == 0 ? "has no such image: expected one of these by --tag and --platform"
		       : "has several images: choose one of these by --tag and --platform",
	    buf_view(&there));
	buf_free(&there);
	return e;
}

static struct view
text_of(const json_t *object, const char *name)
{
	struct view v;

	return json_text_member(object, name, &v) ? v : (struct view){NULL, 0};
}
