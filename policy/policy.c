#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "config/yaml_check.h"
#include "policy/compile/draft.h"
#include "policy/compile/policy_compile.h"
#include "policy/compile/policy_parts.h"
#include "policy/compile/policy_schema.h"
#include "policy/governance/manifest.h"
#include "policy/policy_seal.h"
#include "policy/rules/rule.h"

/* Where a policy and what it names are read from. */
struct source {
	const char *name; /* of the policy, in faults */
	policy_part_read *read;
	void *context;
};

static enum err from_manifest(struct view manifest, policy_fetch *fetch, void *context,
    struct faults *faults, struct policy **out);
static enum err make(
    const struct source *source, struct view text, struct faults *faults, struct policy **out);
static enum err read_include(void *context, const struct layout_include *include,
    struct faults *faults, struct buf *to, char **shown);
static enum err read_from_file(void *context, const struct policy_part *part, struct faults *faults,
    struct buf *to, char **shown);
static enum err read_from_store(void *context, const struct policy_part *part,
    struct faults *faults, struct buf *to, char **shown);
static enum err fetch_checked(policy_fetch *fetch, void *context, enum pack_kind kind,
    const struct digest *digest, struct buf *to);
static struct policy *policy_new(void);

/* What replay reads the parts by. */
struct store {
	const struct manifest *manifest;
	policy_fetch *fetch;
	void *context;
	enum err failed; /* of the fetch itself */
};

enum err
policy_load(const char *path, struct faults *faults, struct policy **out)
{
	struct buf text = BUF_INIT;
	enum err e;

	*out = NULL;
	e = yaml_read_file(path, 0, NULL, path, YAML_FILE_SIZE_MAX, faults, &text);
	if (e == ERR_OK)
		e = policy_load_text(path, buf_view(&text), faults, out);
	buf_free(&text);
	return e;
}

enum err
policy_load_text(const char *path, struct view text, struct faults *faults, struct policy **out)
{
	const struct source source = {path, read_from_file, (void *)(uintptr_t)path};

	*out = NULL;
	return make(&source, text, faults, out);
}

enum err
policy_from_manifest(struct view manifest, policy_fetch *fetch, void *context,
    struct faults *faults, struct policy **out)
{
	enum err e = from_manifest(manifest, fetch, context, faults, out);

	if (e == ERR_OK && (e = policy_fetch_older(*out, fetch, context, faults)) != ERR_OK)
		policy_free(out);
	return e;
}

enum err
policy_fetch_older(struct policy *p, policy_fetch *fetch, void *context, struct faults *faults)
{
	struct buf text = BUF_INIT;
	enum err e = ERR_OK;

	if (p->rolls_out && p->older == NULL &&
	    (e = fetch_checked(fetch, context, PACK_MANIFEST, &p->rollout_from, &text)) == ERR_OK)
		e = from_manifest(buf_view(&text), fetch, context, faults, &p->older);
	buf_free(&text);
	return e;
}

/* Alone: what that one was rolled out against has no say any more. */
static enum err
from_manifest(struct view manifest, policy_fetch *fetch, void *context, struct faults *faults,
    struct policy **out)
{
	struct store store = {NULL, fetch, context, ERR_OK};
	const struct source source = {POLICY_STORED_NAME, read_from_store, &store};
	struct manifest *m = NULL;
	struct buf text = BUF_INIT;
	enum err e;

	*out = NULL;
	if ((e = manifest_parse(manifest, &m)) != ERR_OK ||
	    (e = fetch_checked(fetch, context, PACK_POLICY, &manifest_policy(m)->digest, &text)) !=
		ERR_OK)
		goto out;
	store.manifest = m;
	e = make(&source, buf_view(&text), faults, out);
	if (store.failed != ERR_OK)
		e = store.failed;
	/* Names that the policy has and the manifest lacks, or the other way round. */
	if (e == ERR_OK && !view_equal(buf_view(&(*out)->manifest), manifest))
		e = ERR_MISMATCH;
	if (e != ERR_OK)
		policy_free(out);
out:
	manifest_free(&m);
	buf_free(&text);
	return e;
}

void
policy_free(struct policy **p)
{
	if (*p == NULL)
		return;
	for (size_t i = 0; i < (*p)->source_count; i++)
		source_options_end(&(*p)->sources[i].options);
	for (size_t i = 0; i < (*p)->reference_count; i++) {
		reference_free(&(*p)->references[i].set);
		buf_free(&(*p)->references[i].content);
		buf_free(&(*p)->references[i].text);
	}
	for (size_t i = 0; i < (*p)->package_list_count; i++) {
		package_list_free(&(*p)->package_lists[i].list);
		buf_free(&(*p)->package_lists[i].content);
	}
	for (size_t i = 0; i < (*p)->collectors_ca_count; i++) {
		collectors_ca_free(&(*p)->collectors_ca[i].cas);
		buf_free(&(*p)->collectors_ca[i].content);
	}
	policy_free(&(*p)->older);
	operators_free(&(*p)->operators.operators);
	buf_free(&(*p)->operators.content);
	region_free(&(*p)->memory);
	free((*p)->files);
	buf_free(&(*p)->id);
	buf_free(&(*p)->manifest);
	layout_free(&(*p)->layout);
	free(*p);
	*p = NULL;
}

struct view
policy_id(const struct policy *p)
{
	return buf_view(&p->id);
}

enum err
policy_id_digest(struct view id, struct digest *out)
{
	const struct view mark = VIEW_LITERAL(POLICY_ID_MARK);
	const size_t tail = mark.size + DIGEST_HEX_SIZE;

	if (id.size <= tail ||
	    !view_equal((struct view){id.data + id.size - tail, mark.size}, mark) ||
	    memchr(id.data, '@', id.size - tail) != NULL)
		return ERR_FORMAT;
	return digest_from_hex(
	    (struct view){id.data + id.size - DIGEST_HEX_SIZE, DIGEST_HEX_SIZE}, out);
}

const struct digest *
policy_manifest_digest(const struct policy *p)
{
	return &p->objects[0].digest;
}

const struct operators *
policy_operators(const struct policy *p)
{
	return p->operators.operators;
}

size_t
policy_collectors_ca_count(const struct policy *p)
{
	return p->collectors_ca_count;
}

const struct collectors_ca *
policy_collectors_ca_at(const struct policy *p, size_t index)
{
	return p->collectors_ca[index].cas;
}

bool
policy_has_collectors_ca(const struct policy *p, const struct digest *certificate)
{
	for (size_t i = 0; i < p->collectors_ca_count; i++)
		if (collectors_ca_has(p->collectors_ca[i].cas, certificate))
			return true;
	return false;
}

void
policy_print_written_out(const struct policy *p, const char *key, struct buf *to)
{
	yaml_file_print(p->yaml, key, to);
}

size_t
policy_object_count(const struct policy *p)
{
	return p->object_count;
}

const struct policy_object *
policy_object_at(const struct policy *p, size_t index)
{
	return &p->objects[index];
}

size_t
policy_memory_size(const struct policy *p)
{
	size_t bytes = p->older != NULL ? policy_memory_size(p->older) : 0;

	for (size_t i = 0; i < p->object_count; i++)
		bytes += p->objects[i].content.size;
	for (size_t i = 0; i < p->reference_count; i++)
		bytes += reference_count(p->references[i].set) * sizeof(struct reference_entry);
	for (size_t i = 0; i < p->package_list_count; i++)
		bytes += package_list_count(p->package_lists[i].list) * 2 * sizeof(struct view);
	return bytes;
}

size_t
policy_file_count(const struct policy *p)
{
	return p->file_count;
}

const struct policy_file *
policy_file_at(const struct policy *p, size_t index)
{
	return &p->files[index];
}

bool
policy_rule_has_set(const struct policy_rule *r, const struct digest *set)
{
	for (size_t i = 0; i < r->reference_count; i++)
		if (digest_equal(&r->reference[i]->digest, set))
			return true;
	return false;
}

struct view
policy_rule_tokens(const struct policy_rule *r)
{
	return r->tokens;
}

bool
policy_rule_is_start(const struct policy_rule *r)
{
	return r->is_start;
}

size_t
policy_feed_count(const struct policy *p)
{
	return p->feed_count;
}

struct view
policy_feed_at(const struct policy *p, size_t index, uint32_t *max_age_s)
{
	*max_age_s = p->feeds[index].max_age_s;
	return view_of_string(p->feeds[index].name);
}

uint64_t
policy_review_by_s(const struct policy *p, struct view *of)
{
	const struct raw_policy *raw = yaml_file_data(p->yaml);
	uint64_t first_s = p->review_by_s;

	*of = view_of_string(raw->name);
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct policy_rule *r = &p->rules[i];

		if (r->review_by_s == 0 || (first_s != 0 && r->review_by_s >= first_s))
			continue;
		first_s = r->review_by_s;
		*of = r->match;
	}
	return first_s;
}

uint64_t
policy_exception_until_s(const struct policy *p, struct view *of)
{
	uint64_t first_s = 0;

	*of = (struct view){NULL, 0};
	for (size_t i = 0; i < p->rule_count; i++)
		for (size_t j = 0; j < p->rules[i].exception_count; j++) {
			const struct exception_rule *x = &p->rules[i].exception[j];

			if (first_s != 0 && x->until_s >= first_s)
				continue;
			first_s = x->until_s;
			*of = x->path;
		}
	return first_s;
}

uint32_t
policy_rule_report_every_s(const struct policy_rule *r)
{
	return r->report_every_s;
}

uint32_t
policy_rule_grace_s(const struct policy_rule *r)
{
	return r->grace_s;
}

/* *out is NULL where there is any fault. */
static enum err
make(const struct source *source, struct view text, struct faults *faults, struct policy **out)
{
	const size_t faults_before = faults->count;
	struct policy *p = policy_new();
	enum err e = layout_load(&policy_form, source->name, text, read_include,
	    (void *)(uintptr_t)source, faults, &p->layout);

	if (p->layout != NULL) {
		p->yaml = layout_yaml(p->layout);
		policy_compile(p, source->name, source->read, source->context, faults);
	}
	if (faults->count != faults_before)
		e = ERR_CONFIG;
	if (e == ERR_OK) {
		policy_seal(p);
		*out = p;
	} else {
		policy_free(&p);
	}
	return e;
}

/* `context` is the source. */
static enum err
read_include(void *context, const struct layout_include *include, struct faults *faults,
    struct buf *to, char **shown)
{
	const struct source *source = context;
	char key[DRAFT_KEY_MAX];
	const struct policy_part part = {
	    MANIFEST_INCLUDE, include->name, include->file, key, include->spot};

	snprintf(key, sizeof(key), "include[%u].file", include->index);
	return source->read(source->context, &part, faults, to, shown);
}

/* `context` is the path of the policy; other paths are from the file that has them. */
static enum err
read_from_file(void *context, const struct policy_part *part, struct faults *faults, struct buf *to,
    char **shown)
{
	static const size_t size_max[MANIFEST_KIND_COUNT] = {
	    [MANIFEST_COLLECTORS_CA] = COLLECTORS_CA_SIZE_MAX,
	    [MANIFEST_INCLUDE] = YAML_FILE_SIZE_MAX,
	    [MANIFEST_OPERATORS] = OPERATORS_SIZE_MAX,
	    [MANIFEST_PACKAGE_LIST] = PACKAGE_LIST_SIZE_MAX,
	    [MANIFEST_REFERENCE] = REFERENCE_SIZE_MAX,
	};
	const char *policy_file = context;

	*shown = yaml_resolve_path(part->spot.file, part->file);
	if (part->kind == MANIFEST_INCLUDE && !include_is_below(policy_file, *shown)) {
		faults_add(faults, part->spot.file, part->spot.line,
		    "\"%s\": a link leads %s out of the directory of the policy", part->key,
		    *shown);
		return ERR_CONFIG;
	}
	return yaml_read_file(
	    part->spot.file, part->spot.line, part->key, *shown, size_max[part->kind], faults, to);
}

static enum err
read_from_store(void *context, const struct policy_part *part, struct faults *faults,
    struct buf *to, char **shown)
{
	struct store *s = context;
	const struct digest *digest =
	    manifest_find(s->manifest, part->kind, view_of_string(part->name));
	enum err e = ERR_MISMATCH;

	(void)faults;
	if (asprintf(shown, "stored %s %s", manifest_kind_name(part->kind), part->name) < 0)
		abort();
	if (digest != NULL)
		e = fetch_checked(s->fetch, s->context, manifest_pack_kind(part->kind), digest, to);
	if (e != ERR_OK && s->failed == ERR_OK)
		s->failed = e;
	return e;
}

/* The store is not trusted: the digest decides. */
static enum err
fetch_checked(policy_fetch *fetch, void *context, enum pack_kind kind, const struct digest *digest,
    struct buf *to)
{
	struct digest found;
	enum err e;

	if ((e = fetch(context, kind, digest, to)) != ERR_OK || (e = buf_status(to)) != ERR_OK)
		return e;
	digest_of(to->data, to->size, &found);
	return digest_equal(&found, digest) ? ERR_OK : ERR_DIGEST;
}

static struct policy *
policy_new(void)
{
	struct policy *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	p->id = BUF_INIT;
	p->manifest = BUF_INIT;
	p->operators.content = BUF_INIT;
	return p;
}
