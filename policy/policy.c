#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "config/yaml_check.h"
#include "policy/draft.h"
#include "policy/governance/manifest.h"
#include "policy/policy_compile.h"
#include "policy/policy_parts.h"
#include "policy/policy_schema.h"
#include "policy/rule.h"
#include "proto/glob.h"

#define ID_MARK "@sha256:"

static void seal(struct policy *p);
static size_t gather_objects(
    struct policy *p, struct policy_object *object, struct manifest_line *line);
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
	const size_t faults_before = faults->count;
	struct policy *p = policy_new();
	enum err e;

	*out = NULL;
	e = yaml_load_file(path, &policy_schema, faults, &p->yaml);
	if (p->yaml != NULL)
		policy_compile(p, path, read_from_file, (void *)(uintptr_t)path, faults);
	if (faults->count != faults_before)
		e = ERR_CONFIG;
	if (e == ERR_OK) {
		seal(p);
		*out = p;
	} else {
		policy_free(&p);
	}
	return e;
}

enum err
policy_from_manifest(struct view manifest, policy_fetch *fetch, void *context,
    struct faults *faults, struct policy **out)
{
	static const char name[] = "stored policy";
	const size_t faults_before = faults->count;
	struct store store = {NULL, fetch, context, ERR_OK};
	struct manifest *m = NULL;
	struct buf text = BUF_INIT;
	struct policy *p = NULL;
	enum err e;

	*out = NULL;
	if ((e = manifest_parse(manifest, &m)) != ERR_OK ||
	    (e = fetch_checked(fetch, context, PACK_POLICY, &manifest_policy(m)->digest, &text)) !=
		ERR_OK)
		goto out;
	p = policy_new();
	store.manifest = m;
	e = yaml_load_bytes(name, buf_view(&text), &policy_schema, faults, &p->yaml);
	if (p->yaml != NULL)
		policy_compile(p, name, read_from_store, &store, faults);
	if (store.failed != ERR_OK)
		e = store.failed;
	else if (faults->count != faults_before)
		e = ERR_CONFIG;
	if (e != ERR_OK)
		goto out;
	seal(p);
	/* Names that the policy has and the manifest lacks, or the other way round. */
	if (!view_equal(buf_view(&p->manifest), manifest))
		e = ERR_MISMATCH;
out:
	if (e == ERR_OK) {
		*out = p;
		p = NULL; /* moved */
	}
	policy_free(&p);
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
	}
	for (size_t i = 0; i < (*p)->package_list_count; i++) {
		package_list_free(&(*p)->package_lists[i].list);
		buf_free(&(*p)->package_lists[i].content);
	}
	for (size_t i = 0; i < (*p)->collectors_ca_count; i++) {
		collectors_ca_free(&(*p)->collectors_ca[i].cas);
		buf_free(&(*p)->collectors_ca[i].content);
	}
	operators_free(&(*p)->operators.operators);
	buf_free(&(*p)->operators.content);
	for (size_t i = 0; i < (*p)->owned_count; i++)
		free((*p)->owned[i]);
	free((*p)->owned);
	free((*p)->files);
	buf_free(&(*p)->id);
	buf_free(&(*p)->manifest);
	yaml_file_free(&(*p)->yaml);
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
	const struct view mark = VIEW_LITERAL(ID_MARK);
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
policy_file_count(const struct policy *p)
{
	return p->file_count;
}

const struct policy_file *
policy_file_at(const struct policy *p, size_t index)
{
	return &p->files[index];
}

const struct policy_rule *
policy_find(const struct policy *p, struct view workload, struct view collector)
{
	const struct policy_rule *r = policy_find_entry(p, workload);

	for (size_t i = 0; r != NULL && i < r->collector_count; i++)
		if (glob_match(r->collectors[i], collector, GLOB_IDENTITY))
			return r;
	return NULL;
}

const struct policy_rule *
policy_find_entry(const struct policy *p, struct view workload)
{
	for (size_t i = 0; i < p->rule_count; i++)
		if (glob_match(p->rules[i].match, workload, GLOB_TEXT))
			return &p->rules[i];
	return NULL;
}

struct view
policy_rule_match(const struct policy_rule *r)
{
	return r->match;
}

uint32_t
policy_rule_number(const struct policy *p, const struct policy_rule *r)
{
	return r == NULL ? 0 : (uint32_t)(r - p->rules) + 1;
}

const struct policy_rule *
policy_rule_at(const struct policy *p, uint32_t number)
{
	return number == 0 || number > p->rule_count ? NULL : &p->rules[number - 1];
}

struct view
policy_rule_token(const struct policy_rule *r)
{
	return r->token;
}

struct view
policy_token_next(const struct policy *p, size_t *place)
{
	while (*place < p->rule_count) {
		const struct view token = p->rules[(*place)++].token;
		bool first = token.size > 0;

		for (size_t i = 0; i + 1 < *place && first; i++)
			first = !view_equal(token, p->rules[i].token);
		if (first)
			return token;
	}
	return (struct view){NULL, 0};
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

/* Manifest, identity, objects of a policy without faults. */
static void
seal(struct policy *p)
{
	/* The policy itself, its operators, all the rest. */
	const size_t most = 2 + p->reference_count + p->collectors_ca_count + p->package_list_count;
	struct manifest_line *line = draft_memory(p, most, sizeof(*line));
	const struct raw_policy *raw = yaml_file_data(p->yaml);
	char hex[DIGEST_HEX_SIZE + 1];
	size_t count;

	p->objects = draft_memory(p, most + 1, sizeof(*p->objects));
	count = gather_objects(p, p->objects + 1, line);
	p->object_count = count + 1;
	manifest_write(line, count, &p->manifest);
	if (buf_status(&p->manifest) != ERR_OK)
		abort();
	p->objects[0] =
	    (struct policy_object){.kind = PACK_MANIFEST, .content = buf_view(&p->manifest)};
	digest_of(p->manifest.data, p->manifest.size, &p->objects[0].digest);
	digest_to_hex(&p->objects[0].digest, hex);
	buf_append_string(&p->id, raw->name);
	buf_append_string(&p->id, ID_MARK);
	buf_append_string(&p->id, hex);
	if (buf_status(&p->id) != ERR_OK)
		abort();
}

/* All but the manifest, and its lines, object by object. Gives how many there are. */
static size_t
gather_objects(struct policy *p, struct policy_object *object, struct manifest_line *line)
{
	const struct raw_policy *raw = yaml_file_data(p->yaml);
	struct policy_object *o = object;

	*o = (struct policy_object){.kind = PACK_POLICY, .content = yaml_file_bytes(p->yaml)};
	digest_of(o->content.data, o->content.size, &o->digest);
	*line++ = (struct manifest_line){MANIFEST_POLICY, view_of_string(raw->name), o++->digest};
	if (p->operators.operators != NULL) {
		*o = (struct policy_object){
		    PACK_OPERATORS, p->operators.digest, buf_view(&p->operators.content)};
		*line++ = (struct manifest_line){
		    MANIFEST_OPERATORS, VIEW_LITERAL(MANIFEST_OPERATORS_NAME), o++->digest};
	}
	for (size_t i = 0; i < p->collectors_ca_count; i++) {
		const struct policy_collectors_ca *c = &p->collectors_ca[i];

		*o = (struct policy_object){PACK_CA, c->digest, buf_view(&c->content)};
		*line++ = (struct manifest_line){
		    MANIFEST_COLLECTORS_CA, view_of_string(c->name), o++->digest};
	}
	for (size_t i = 0; i < p->package_list_count; i++) {
		const struct policy_package_list *l = &p->package_lists[i];

		*o = (struct policy_object){PACK_PACKAGE_LIST, l->digest, buf_view(&l->content)};
		*line++ = (struct manifest_line){
		    MANIFEST_PACKAGE_LIST, view_of_string(l->name), o++->digest};
	}
	for (size_t i = 0; i < p->reference_count; i++) {
		const struct policy_reference *r = &p->references[i];

		*o = (struct policy_object){PACK_REFERENCE, r->digest, buf_view(&r->content)};
		*line++ = (struct manifest_line){
		    MANIFEST_REFERENCE, view_of_string(r->name), o++->digest};
	}
	return (size_t)(o - object);
}

/* `context` is the path of the policy. */
static enum err
read_from_file(void *context, const struct policy_part *part, struct faults *faults, struct buf *to,
    char **shown)
{
	static const size_t size_max[MANIFEST_KIND_COUNT] = {
	    [MANIFEST_COLLECTORS_CA] = COLLECTORS_CA_SIZE_MAX,
	    [MANIFEST_OPERATORS] = OPERATORS_SIZE_MAX,
	    [MANIFEST_PACKAGE_LIST] = PACKAGE_LIST_SIZE_MAX,
	    [MANIFEST_REFERENCE] = REFERENCE_SIZE_MAX,
	};
	const char *policy_file = context;

	*shown = yaml_resolve_path(policy_file, part->file);
	return yaml_read_file(
	    policy_file, part->line, part->key, *shown, size_max[part->kind], faults, to);
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
