#include "log/verdict_cache.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/evidence/component.h"

#define POLICIES_MAX 8

/* Per kind of component, so that the judgements of one report never push each other out. */
#define VERDICTS_MAX 32

struct kept_policy {
	struct digest manifest;
	struct policy *policy; /* NULL: it cannot be built */
	enum err error;
};

struct kept_verdict {
	const struct policy_rule *rule; /* NULL: empty */
	struct digest component;
	uint64_t count, size;
	uint64_t from_s, until_s; /* holds from the one up to the other, not included */
	struct component_verdict *verdict;
};

struct verdict_cache {
	struct evidence_reader *evidence;
	const struct findings *findings;
	size_t policies, next_policy;
	struct kept_policy policy[POLICIES_MAX];
	size_t next_verdict[COMPONENT_KIND_COUNT];
	struct kept_verdict verdict[COMPONENT_KIND_COUNT][VERDICTS_MAX];
};

static void forget_verdicts(struct verdict_cache *c);
static enum err build_policy(
    struct verdict_cache *c, const struct digest *manifest, struct policy **out);
static void tell_fault(const struct verdict_cache *c, const struct fault *fault);
static enum err fetch(
    void *context, enum pack_kind kind, const struct digest *digest, struct buf *to);
static enum err judge(struct verdict_cache *c, const struct policy_rule *rule,
    enum component_kind kind, uint64_t received_s, struct kept_verdict *v);

struct verdict_cache *
verdict_cache_new(struct evidence_reader *evidence, const struct findings *f)
{
	struct verdict_cache *c = calloc(1, sizeof(*c));

	if (c != NULL) {
		c->evidence = evidence;
		c->findings = f;
	}
	return c;
}

void
verdict_cache_free(struct verdict_cache **c)
{
	if (*c == NULL)
		return;
	forget_verdicts(*c);
	for (size_t i = 0; i < (*c)->policies; i++)
		policy_free(&(*c)->policy[i].policy);
	free(*c);
	*c = NULL;
}

enum err
verdict_cache_policy(struct verdict_cache *c, struct view id, const struct policy **out)
{
	struct kept_policy *p = NULL;
	struct digest manifest;
	enum err e = policy_id_digest(id, &manifest);

	*out = NULL;
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < c->policies && p == NULL; i++)
		if (digest_equal(&c->policy[i].manifest, &manifest))
			p = &c->policy[i];
	if (p == NULL) {
		p = &c->policy[c->next_policy];
		c->next_policy = (c->next_policy + 1) % POLICIES_MAX;
		if (c->policies < POLICIES_MAX) {
			c->policies++;
		} else {
			forget_verdicts(c); /* their rules may belong to the policy that goes */
			policy_free(&p->policy);
		}
		p->manifest = manifest;
		p->error = build_policy(c, &manifest, &p->policy);
	}
	*out = p->policy;
	return p->error;
}

enum err
verdict_cache_judge(struct verdict_cache *c, const struct policy_rule *rule,
    enum component_kind kind, const struct bundle_component *named, uint64_t received_s,
    const struct component_verdict **out)
{
	struct kept_verdict *v = NULL;
	enum err e;

	*out = NULL;
	for (size_t i = 0; i < VERDICTS_MAX && v == NULL; i++) {
		struct kept_verdict *k = &c->verdict[kind][i];

		if (k->rule == rule && digest_equal(&k->component, &named->digest) &&
		    received_s >= k->from_s && received_s < k->until_s)
			v = k;
	}
	if (v == NULL) {
		v = &c->verdict[kind][c->next_verdict[kind]];
		c->next_verdict[kind] = (c->next_verdict[kind] + 1) % VERDICTS_MAX;
		v->rule = NULL;
		component_verdict_free(&v->verdict);
		v->component = named->digest;
		if ((e = judge(c, rule, kind, received_s, v)) != ERR_OK)
			return e;
		v->rule = rule;
	}
	if (v->count != named->count || v->size != named->size)
		return ERR_MISMATCH;
	*out = v->verdict;
	return ERR_OK;
}

static void
forget_verdicts(struct verdict_cache *c)
{
	for (size_t kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		for (size_t i = 0; i < VERDICTS_MAX; i++) {
			c->verdict[kind][i].rule = NULL;
			component_verdict_free(&c->verdict[kind][i].verdict);
		}
	}
}

static enum err
build_policy(struct verdict_cache *c, const struct digest *manifest, struct policy **out)
{
	struct faults faults = FAULTS_INIT;
	struct buf text = BUF_INIT;
	enum err e = evidence_reader_get(c->evidence, PACK_MANIFEST, manifest, &text);

	*out = NULL;
	if (e == ERR_OK)
		e = policy_from_manifest(buf_view(&text), fetch, c->evidence, &faults, out);
	for (size_t i = 0; i < faults.count; i++)
		tell_fault(c, &faults.fault[i]);
	faults_free(&faults);
	buf_free(&text);
	return e;
}

static void
tell_fault(const struct verdict_cache *c, const struct fault *fault)
{
	char *where;

	if (asprintf(&where, "%s:%u", fault->file, fault->line) < 0)
		abort();
	findings_note(c->findings, where, "%s", fault->text);
	free(where);
}

static enum err
fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	return evidence_reader_get(context, kind, digest, to);
}

static enum err
judge(struct verdict_cache *c, const struct policy_rule *rule, enum component_kind kind,
    uint64_t received_s, struct kept_verdict *v)
{
	struct buf bytes = BUF_INIT;
	struct component *component = NULL;
	enum err e = evidence_reader_get(c->evidence, PACK_COMPONENT, &v->component, &bytes);

	if (e == ERR_OK)
		e = component_decode(buf_view(&bytes), &component);
	if (e == ERR_OK && component->kind != kind)
		e = ERR_MISMATCH;
	if (e == ERR_OK)
		e = appraise_component(rule, component, received_s, &v->verdict);
	if (e == ERR_OK) {
		v->count = component->item_count;
		v->size = bytes.size;
		v->from_s = received_s;
		v->until_s = component_verdict_valid_until_s(v->verdict);
	}
	component_free(&component);
	buf_free(&bytes);
	return e;
}
