#include "policy/feeds/import/csaf.h"

#include <stdlib.h>

#include "policy/feeds/import/purl.h"
#include "policy/sources/json_text.h"
#include "policy/sources/source_options.h"
#include "proto/digest.h"

static const char unknown_product[] = "products that no purl or SHA-256 tells";
static const char nameless[] = "vulnerabilities without a name";

struct place {
	const struct feed_options *options;
	struct feed_draft *to;
	json_t *products; /* id: the helper that identifies it, borrowed */
	json_t *parts;    /* id: that of the component in it */
	struct view id;   /* of the vulnerability */
};

/* What a status says of the version that a product has. */
static const struct status {
	const char *name;
	bool from, before, included;
} statuses[] = {
    {"first_affected", true, false, false},
    {"first_fixed", false, true, false},
    {"fixed", false, true, false},
    {"known_affected", true, true, true},
    {"last_affected", false, true, true},
};

static bool is_csaf(const json_t *document);
static void find_branches(struct place *p, const json_t *branches);
static void find_names(struct place *p, const json_t *names);
static void find_product(struct place *p, const json_t *product);
static void find_relationships(struct place *p, const json_t *relationships);
static void take_vulnerability(struct place *p, const json_t *v, const json_t *document);
static void take_product(struct place *p, const struct status *s, const char *product);
static bool take_package(struct place *p, const struct status *s, struct view purl);
static bool take_files(struct place *p, const struct status *s, const json_t *hashes);
static bool take_hash(struct place *p, const json_t *hash);

enum err
csaf_read(const char *file, const json_t *document, const struct feed_options *o,
    struct faults *faults, struct feed_draft *to)
{
	struct place p = {
	    .options = o, .to = to, .products = json_object(), .parts = json_object()};
	const json_t *tree = json_object_get(document, "product_tree");
	const json_t *all = json_object_get(document, "vulnerabilities");
	const bool good = is_csaf(document);

	if (p.products == NULL || p.parts == NULL)
		abort();
	find_branches(&p, json_object_get(tree, "branches"));
	find_names(&p, json_object_get(tree, "full_product_names"));
	find_relationships(&p, json_object_get(tree, "relationships"));
	for (size_t i = 0; i < json_array_size(all) && good; i++)
		take_vulnerability(&p, json_array_get(all, i), document);
	json_decref(p.products);
	json_decref(p.parts);
	return good
		   ? ERR_OK
		   : source_fail(file, faults, "is no CSAF of version 2.0", (struct view){NULL, 0});
}

static bool
is_csaf(const json_t *document)
{
	struct view version;

	return json_text_member(json_object_get(document, "document"), "csaf_version", &version) &&
	       view_equal(version, VIEW_LITERAL("2.0"));
}

/* As deep as JSON may be nested. */
static void
find_branches(struct place *p, const json_t *branches)
{
	for (size_t i = 0; i < json_array_size(branches); i++) {
		const json_t *branch = json_array_get(branches, i);

		find_product(p, json_object_get(branch, "product"));
		find_branches(p, json_object_get(branch, "branches"));
	}
}

static void
find_names(struct place *p, const json_t *names)
{
	for (size_t i = 0; i < json_array_size(names); i++)
		find_product(p, json_array_get(names, i));
}

static void
find_product(struct place *p, const json_t *product)
{
	const json_t *id = json_object_get(product, "product_id");
	json_t *helper = json_object_get(product, "product_identification_helper");

	if (json_is_string(id) && helper != NULL &&
	    json_object_set(p->products, json_string_value(id), helper) != 0)
		abort();
}

static void
find_relationships(struct place *p, const json_t *relationships)
{
	for (size_t i = 0; i < json_array_size(relationships); i++) {
		const json_t *r = json_array_get(relationships, i);
		const json_t *whole = json_object_get(r, "full_product_name");
		const json_t *id = json_object_get(whole, "product_id");
		json_t *part = json_object_get(r, "product_reference");

		find_product(p, whole);
		if (json_is_string(id) && json_is_string(part) &&
		    json_object_set(p->parts, json_string_value(id), part) != 0)
			abort();
	}
}

static void
take_vulnerability(struct place *p, const json_t *v, const json_t *document)
{
	const json_t *said = json_object_get(v, "product_status");
	const json_t *tracking = json_object_get(json_object_get(document, "document"), "tracking");

	if (!json_text_member(v, "cve", &p->id) &&
	    !json_text_member(json_array_get(json_object_get(v, "ids"), 0), "text", &p->id) &&
	    !json_text_member(tracking, "id", &p->id)) {
		feed_draft_leave_out(p->to, (struct view){NULL, 0}, nameless);
		return;
	}
	for (size_t s = 0; s < sizeof(statuses) / sizeof(statuses[0]); s++) {
		const json_t *products = json_object_get(said, statuses[s].name);

		for (size_t i = 0; i < json_array_size(products); i++) {
			const char *product = json_string_value(json_array_get(products, i));

			if (product != NULL)
				take_product(p, &statuses[s], product);
		}
	}
}

static void
take_product(struct place *p, const struct status *s, const char *product)
{
	const struct view name = view_of_string(product);
	const json_t *helper = json_object_get(p->products, product);
	struct view purl = {NULL, 0};
	bool told;

	for (unsigned i = 0; helper == NULL && product != NULL && i < CSAF_DEPTH_MAX; i++) {
		product = json_string_value(json_object_get(p->parts, product));
		if (product != NULL)
			helper = json_object_get(p->products, product);
	}
	told = json_text_member(helper, "purl", &purl) && take_package(p, s, purl);
	told |= take_files(p, s, json_object_get(helper, "hashes"));
	if (!told)
		feed_draft_leave_out(p->to, name, unknown_product);
}

static bool
take_package(struct place *p, const struct status *s, struct view purl)
{
	struct feed_range r = {.id = p->id};
	struct purl named;
	bool good = purl_parse(purl, &named);

	r.manager = named.manager;
	r.name = buf_view(&named.name);
	r.of_source = named.of_source;
	if (s->from)
		r.from = buf_view(&named.version);
	if (s->before)
		r.before = buf_view(&named.version);
	r.included = s->included;
	/* A fixed version that is not told says nothing. */
	if (named.version.size == 0 && s->before && !s->included)
		good = false;
	if (good)
		feed_draft_add(p->to, p->options, &r);
	purl_free(&named);
	return good;
}

/* What is fixed is no vulnerable file. */
static bool
take_files(struct place *p, const struct status *s, const json_t *hashes)
{
	bool any = false;

	for (size_t i = 0; i < json_array_size(hashes); i++) {
		const json_t *of = json_object_get(json_array_get(hashes, i), "file_hashes");

		for (size_t k = 0; k < json_array_size(of); k++)
			any |= (s->before && !s->included) || take_hash(p, json_array_get(of, k));
	}
	return any;
}

static bool
take_hash(struct place *p, const json_t *hash)
{
	struct view algorithm, hex;
	struct digest digest;

	if (!json_text_member(hash, "algorithm", &algorithm) ||
	    !view_equal(algorithm, VIEW_LITERAL("sha256")) ||
	    !json_text_member(hash, "value", &hex) || digest_from_hex(hex, &digest) != ERR_OK)
		return false;
	feed_draft_add_file(p->to, p->id, &digest);
	return true;
}
