#include "policy/images/image_document.h"

#include <string.h>

#include "policy/sources/json_text.h"
#include "policy/sources/source_options.h"

static bool is_one_of(struct view text, const char *const *list, size_t count);

enum err
image_refuse(const struct image_reading *r, const char *what, struct view shown)
{
	return source_fail(r->file, r->faults, what, shown);
}

enum err
image_descriptor_take(const struct image_reading *r, const json_t *j, struct image_descriptor *out)
{
	const struct view mark = VIEW_LITERAL("sha256:");
	const json_t *size = json_object_get(j, "size");
	struct view digest;

	out->type = (struct view){NULL, 0};
	(void)json_text_member(j, "mediaType", &out->type);
	if (!json_text_member(j, "digest", &digest))
		return image_refuse(r, "names a part without its digest", out->type);
	if (digest.size < mark.size || memcmp(digest.data, mark.data, mark.size) != 0 ||
	    digest_from_hex((struct view){digest.data + mark.size, digest.size - mark.size},
		&out->digest) != ERR_OK)
		return image_refuse(
		    r, "names a part by another digest than sha256:, in small letters", digest);
	if (!json_is_integer(size) || json_integer_value(size) < 0)
		return image_refuse(r, "names a part without its size", digest);
	out->size = (uint64_t)json_integer_value(size);
	return ERR_OK;
}

enum err
image_document_read(const struct image_reading *r, struct view name,
    const struct image_descriptor *expected, json_t **out, struct digest *digest)
{
	struct buf text = BUF_INIT;
	enum err e = image_store_read(r->store, name, &text);

	*out = NULL;
	digest_of(text.data, text.size, digest);
	if (e == ERR_OK && expected != NULL && text.size != expected->size)
		e = image_refuse(
		    r, "has a part that is not of the size by which it is named", name);
	else if (e == ERR_OK && expected != NULL && !digest_equal(digest, &expected->digest))
		e = image_refuse(r, "has a part that is not what its name says", name);
	if (e == ERR_OK)
		e = json_text_parse(r->file, buf_view(&text), r->faults, out);
	buf_free(&text);
	return e;
}

enum err
image_document_read_list(const struct image_reading *r, struct view name, json_t **out)
{
	struct buf text = BUF_INIT, whole = BUF_INIT;
	enum err e = image_store_read(r->store, name, &text);

	*out = NULL;
	buf_append_string(&whole, "{\"images\":");
	buf_append_view(&whole, buf_view(&text));
	buf_append_byte(&whole, '}');
	if (e == ERR_OK && (e = buf_status(&whole)) == ERR_OK)
		e = json_text_parse(r->file, buf_view(&whole), r->faults, out);
	buf_free(&text);
	buf_free(&whole);
	return e;
}

bool
image_type_is_index(struct view type)
{
	static const char *const types[] = {"application/vnd.oci.image.index.v1+json",
	    "application/vnd.docker.distribution.manifest.list.v2+json"};

	return is_one_of(type, types, sizeof(types) / sizeof(types[0]));
}

bool
image_type_is_manifest(struct view type)
{
	static const char *const types[] = {"application/vnd.oci.image.manifest.v1+json",
	    "application/vnd.docker.distribution.manifest.v2+json"};

	return is_one_of(type, types, sizeof(types) / sizeof(types[0]));
}

static bool
is_one_of(struct view text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (view_equal(text, view_of_string(list[i])))
			return true;
	return false;
}
