#include "policy/sources/sbom.h"

#include <string.h>

#include "policy/sources/json_text.h"
#include "proto/encoding.h"

static const char packages[] = "components that are no files";
static const char nameless[] = "files without a name";
static const char weak[] = "files without a SHA-256";

/* Where a form has what. */
struct form {
	const char *name, *hashes, *algorithm, *sha256, *content;
};

static const struct form cyclonedx = {"name", "hashes", "alg", "SHA-256", "content"};
static const struct form spdx = {"fileName", "checksums", "algorithm", "SHA256", "checksumValue"};

struct place {
	const char *file;
	const struct source_options *options;
	struct faults *faults;
	struct set_draft *to;
	const struct form *form;
};

static enum err take_components(const struct place *p, const json_t *components);
static enum err take_file(const struct place *p, const json_t *file);
static const json_t *find_sha256(const struct place *p, const json_t *file);
static bool read_digest(struct view hex, struct digest *out);
static enum err end(const struct place *p, size_t from, enum err e);
static enum err fail(const struct place *p, const char *what, struct view shown);

enum err
sbom_read_cyclonedx(const char *file, const json_t *document, const struct source_options *o,
    struct faults *faults, struct set_draft *to)
{
	const struct place p = {file, o, faults, to, &cyclonedx};
	const size_t from = set_draft_count(to);
	struct view version;

	if (!json_text_member(document, "specVersion", &version) ||
	    (!view_equal(version, VIEW_LITERAL("1.4")) &&
		!view_equal(version, VIEW_LITERAL("1.5")) &&
		!view_equal(version, VIEW_LITERAL("1.6"))))
		return fail(
		    &p, "is no CycloneDX of version 1.4, 1.5 or 1.6", (struct view){NULL, 0});
	return end(&p, from, take_components(&p, json_object_get(document, "components")));
}

enum err
sbom_read_spdx(const char *file, const json_t *document, const struct source_options *o,
    struct faults *faults, struct set_draft *to)
{
	const struct place p = {file, o, faults, to, &spdx};
	const json_t *files = json_object_get(document, "files");
	const size_t from = set_draft_count(to);
	struct view version;
	enum err e = ERR_OK;

	if (!json_text_member(document, "spdxVersion", &version) ||
	    !view_equal(version, VIEW_LITERAL("SPDX-2.3")))
		return fail(&p, "is no SPDX of version 2.3", (struct view){NULL, 0});
	for (size_t i = 0; i < json_array_size(files) && e == ERR_OK; i++)
		e = take_file(&p, json_array_get(files, i));
	return end(&p, from, e);
}

/* As deep as JSON may be nested. */
static enum err
take_components(const struct place *p, const json_t *components)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < json_array_size(components) && e == ERR_OK; i++) {
		const json_t *c = json_array_get(components, i);
		struct view type = {NULL, 0}, name = {NULL, 0};

		(void)json_text_member(c, "type", &type);
		(void)json_text_member(c, "name", &name);
		if (view_equal(type, VIEW_LITERAL("file")))
			e = take_file(p, c);
		else
			set_draft_leave_out(p->to, name, packages);
		if (e == ERR_OK)
			e = take_components(p, json_object_get(c, "components"));
	}
	return e;
}

static enum err
take_file(const struct place *p, const json_t *file)
{
	struct reference_entry entry = {.kind = REFERENCE_FILE};
	const json_t *hash = find_sha256(p, file);
	struct buf path = BUF_INIT;
	struct view name, hex;
	enum err e;

	if (!json_text_member(file, p->form->name, &name) || name.size == 0) {
		set_draft_leave_out(p->to, (struct view){NULL, 0}, nameless);
		return ERR_OK;
	}
	if (hash == NULL) {
		set_draft_leave_out(p->to, name, weak);
		return ERR_OK;
	}
	if (!json_text_member(hash, p->form->content, &hex) || !read_digest(hex, &entry.digest))
		return fail(p, "has a file whose SHA-256 is none", name);
	if ((e = source_path(p->options, name, p->file, p->faults, &path)) == ERR_OK) {
		entry.path = buf_view(&path);
		e = set_draft_add(p->to, &entry, p->file, p->faults);
	}
	buf_free(&path);
	return e;
}

static const json_t *
find_sha256(const struct place *p, const json_t *file)
{
	const json_t *hashes = json_object_get(file, p->form->hashes);

	for (size_t i = 0; i < json_array_size(hashes); i++) {
		const json_t *hash = json_array_get(hashes, i);
		struct view algorithm;

		if (json_text_member(hash, p->form->algorithm, &algorithm) &&
		    view_equal(algorithm, view_of_string(p->form->sha256)))
			return hash;
	}
	return NULL;
}

/* Both forms have either case. */
static bool
read_digest(struct view hex, struct digest *out)
{
	uint8_t lower[DIGEST_HEX_SIZE];

	if (hex.size != sizeof(lower))
		return false;
	for (size_t i = 0; i < hex.size; i++)
		lower[i] =
		    hex.data[i] >= 'A' && hex.data[i] <= 'F' ? hex.data[i] | 0x20U : hex.data[i];
	return digest_from_hex((struct view){lower, sizeof(lower)}, out) == ERR_OK;
}

static enum err
end(const struct place *p, size_t from, enum err e)
{
	if (e == ERR_OK)
		e = set_draft_settle(p->to, from, p->file, p->faults);
	if (e == ERR_OK && set_draft_count(p->to) == from)
		e = fail(p, "names no file with its SHA-256: make the SBOM with file hashes",
		    (struct view){NULL, 0});
	return e;
}

static enum err
fail(const struct place *p, const char *what, struct view shown)
{
	return source_fail(p->file, p->faults, what, shown);
}
