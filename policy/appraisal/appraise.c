#include "policy/appraisal/appraise.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/appraisal/conclusion.h"
#include "policy/appraisal/judge.h"

static enum err judge(const struct policy_rule *rule, const struct amendments *amendments,
    const struct component *c, uint64_t received_s, const struct verdict_listener *listener,
    struct component_verdict **out);
static void tell_own(
    const struct conclusion *c, enum component_kind kind, const struct verdict_listener *listener);
static void conclude(struct conclusion *c);
static void conclude_source(struct conclusion *c);
static void conclude_artifact(struct conclusion *c);
static void take_program(struct verdict_builder *b, const struct component *c);
static void conclude_bundle(struct conclusion *c);
static void conclude_kind(struct conclusion *c, enum component_kind kind);
static bool is_said_to_lack(const struct conclusion *c, enum component_kind kind);

enum err
appraise_component(const struct policy_rule *rule, const struct amendments *amendments,
    const struct component *c, uint64_t received_s, struct component_verdict **out)
{
	return judge(rule, amendments, c, received_s, NULL, out);
}

static enum err
judge(const struct policy_rule *rule, const struct amendments *amendments,
    const struct component *c, uint64_t received_s, const struct verdict_listener *listener,
    struct component_verdict **out)
{
	struct verdict_builder b;

	verdict_begin(&b, c->kind, listener);
	judge_revoked(&b, amendments, c, received_s);
	if (rule->files[c->kind] != NULL) {
		b.judged = true;
		judge_made(&b, rule, c);
		judge_files(&b, rule, rule->files[c->kind], amendments, c, received_s);
	} else if (rule->facts[c->kind] != NULL) {
		b.judged = true;
		judge_made(&b, rule, c);
		judge_facts(&b, rule->facts[c->kind], c);
		if (c->kind == COMPONENT_WEB)
			judge_web(&b, rule, c);
		else
			judge_packages(&b, rule, c);
	} else if (c->kind == COMPONENT_UNMEASURED) {
		b.judged = true;
		judge_unmeasured(&b, rule, c);
	}
	if (c->kind == COMPONENT_RUNTIME)
		judge_groups(&b, rule, c);
	if (c->kind == COMPONENT_EXECUTABLE)
		take_program(&b, c);
	judge_vulnerable(&b, rule, amendments, c, received_s);
	return verdict_end(&b, out);
}

static void
take_program(struct verdict_builder *b, const struct component *c)
{
	const uint32_t not_it =
	    COMPONENT_FILE_OTHER | COMPONENT_FILE_UNREADABLE | COMPONENT_FILE_CHANGED;
	size_t count = 0;

	for (size_t i = 0; i < c->item_count; i++) {
		if ((c->items.files[i].flags & not_it) != 0)
			continue;
		b->program = c->items.files[i].digest;
		count++;
	}
	b->has_program = count == 1;
}

uint64_t
component_verdict_valid_until_s(const struct component_verdict *v)
{
	return v->valid_until_s;
}

size_t
component_verdict_bytes(const struct component_verdict *v)
{
	size_t kept = 0;

	for (size_t s = 0; s < SEVERITY_COUNT; s++)
		kept += v->count[s];
	return sizeof(*v) + kept * sizeof(*v->findings) + v->words.capacity;
}

void
component_verdict_free(struct component_verdict **v)
{
	if (*v == NULL)
		return;
	free((*v)->findings);
	buf_free(&(*v)->words);
	free(*v);
	*v = NULL;
}

void
appraise_conclude(const struct policy *p, const struct policy_rule *rule,
    const struct appraise_input *in, struct buf *storage, struct report *out)
{
	struct conclusion c = {
	    .rule = rule,
	    .amendments = in->amendments,
	    .in = in,
	    .component = in->component,
	    .words = storage,
	    .out = out,
	    .status = REPORT_AFFIRMING,
	};

	out->policy_id = policy_id(p);
	out->group = (struct view){NULL, 0};
	out->rollout = (struct report_rollout){.enforce = REPORT_ENFORCE_ON};
	if (rule->group_count > 0)
		(void)appraise_enforce(rule, in, &out->group);
	conclude(&c);
	conclusion_gather(&c);
}

enum report_enforce
appraise_enforce(
    const struct policy_rule *rule, const struct appraise_input *in, struct view *group)
{
	const struct policy_group *found = judge_group_of(
	    rule, in->collector, in->bundle->workload, in->component[COMPONENT_RUNTIME]);

	*group = found != NULL ? found->name : (struct view){NULL, 0};
	return found != NULL ? found->enforce : REPORT_ENFORCE_ON;
}

void
appraise_conclude_older(const struct policy *older, const struct policy_rule *rule,
    enum report_enforce enforce, const struct appraise_input *in, struct buf *storage,
    struct report *out)
{
	const struct view policy = out->policy_id, group = out->group;
	const struct report_rollout beside = {
	    enforce, policy_id(older), out->status, out->finding_total};
	struct appraise_input with = *in;

	with.beside = &beside;
	appraise_conclude(older, rule, &with, storage, out);
	out->policy_id = policy;
	out->group = group;
	out->rollout = beside;
}

enum err
appraise_every_finding(const struct policy_rule *rule, const struct appraise_input *in,
    const struct component *const component[COMPONENT_KIND_COUNT],
    const struct finding_listener *to)
{
	struct buf words = BUF_INIT;
	struct report concluded;
	struct conclusion c = {.rule = rule,
	    .amendments = in->amendments,
	    .in = in,
	    .component = in->component,
	    .words = &words,
	    .out = &concluded,
	    .status = REPORT_AFFIRMING};
	enum err e;

	conclude(&c);
	e = buf_status(&words);
	for (unsigned s = 0; e == ERR_OK && s < SEVERITY_COUNT; s++) {
		const struct verdict_listener listener = {to, (enum severity)s};

		tell_own(&c, COMPONENT_KIND_COUNT, &listener);
		for (unsigned k = 0; e == ERR_OK && k < COMPONENT_KIND_COUNT; k++) {
			struct component_verdict *v = NULL;

			tell_own(&c, (enum component_kind)k, &listener);
			if (component[k] != NULL)
				e = judge(rule, in->amendments, component[k], in->received_s,
				    &listener, &v);
			component_verdict_free(&v);
		}
	}
	buf_free(&words);
	return e;
}

static void
tell_own(
    const struct conclusion *c, enum component_kind kind, const struct verdict_listener *listener)
{
	for (size_t i = 0; i < c->own_count; i++)
		if (c->own[i].severity == listener->severity && c->own[i].kind == kind)
			listener->to->take(listener->to->context,
			    severity_outcome(listener->severity), &c->own[i].finding);
}

/* All of the verdict but findings and reference sets. */
static void
conclude(struct conclusion *c)
{
	struct report *out = c->out;

	memset(out->claim, 0, sizeof(out->claim));
	memset(out->not_checked, 0, sizeof(out->not_checked));
	out->reference_count = out->finding_count = out->accepted_count = 0;
	out->exception_count = out->feed_count = 0;
	out->finding_total = 0;
	/* So that words do not move. */
	(void)buf_reserve(
	    c->words, OWN_WORDS_MAX + c->rule->release_count * 2UL * REPORT_SUBJECT_MAX);
	/* Who speaks was decided by the certificate and by policy_find. */
	out->claim[REPORT_INSTANCE_IDENTITY] = CLAIM_GOOD;
	conclude_source(c);
	conclude_artifact(c);
	conclude_bundle(c);
	conclusion_feeds(c, c->in->received_s);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		conclude_kind(c, (enum component_kind)k);
	conclusion_releases(c);
	if (!c->claimed)
		conclusion_worsen(c, REPORT_NONE);
	if (c->in->beside != NULL)
		conclusion_beside(c, c->in->beside);
	out->status = c->status;
}

/* Whoever says all this is not to be believed. */
static void
conclude_source(struct conclusion *c)
{
	const struct appraise_input *in = c->in;
	const struct revoke *r = amendments_revoke_source(
	    in->amendments, in->collector, in->bundle->workload, in->received_s);
	struct own_finding *own;

	if (r == NULL)
		return;
	own = conclusion_find(c, FINDING_REVOKED, REPORT_CONTRAINDICATED, COMPONENT_KIND_COUNT);
	own->finding.detail = revoked_source_detail(r, c->words);
	c->out->claim[REPORT_INSTANCE_IDENTITY] = CLAIM_CONTRAINDICATED;
}

/* What is to start is what was judged: else a verdict would name a program that nobody knows. */
static void
conclude_artifact(struct conclusion *c)
{
	const struct bundle_artifact *a = &c->in->bundle->extensions.artifact;
	const struct component_verdict *v =
	    c->component[a->form == BUNDLE_ARTIFACT_IMAGE ? COMPONENT_FILES : COMPONENT_EXECUTABLE];
	char hex[DIGEST_HEX_SIZE + 1];

	/* A tree's is that of its component: the bundle is refused otherwise. */
	if (a->form == BUNDLE_ARTIFACT_NONE || a->form == BUNDLE_ARTIFACT_TREE ||
	    (v != NULL && v->has_program && digest_equal(&v->program, &a->digest)))
		return;
	digest_to_hex(&a->digest, hex);
	conclusion_detail(c,
	    conclusion_find(c, FINDING_OTHER_PROGRAM, REPORT_CONTRAINDICATED, COMPONENT_KIND_COUNT),
	    "expected the artifact to be the one program, or the image, that was measured, found "
	    "%s "
	    "%s",
	    bundle_artifact_word(a->form), hex);
}

/* What the bundle says about itself. Each of these holds the status at `warning`. */
static void
conclude_bundle(struct conclusion *c)
{
	const uint64_t now_s = c->in->received_s, measured_s = c->in->bundle->time_ms / 1000;
	const uint64_t age_s = now_s > measured_s ? now_s - measured_s : 0;
	const uint64_t signed_s = c->in->signed_now ? now_s : c->in->last_signed_s;
	const uint32_t every_s = c->rule->signature_every_s;

	if (c->in->bundle->offline)
		(void)conclusion_find(c, FINDING_OFFLINE, REPORT_WARNING, COMPONENT_KIND_COUNT);
	if (age_s > c->rule->max_age_s)
		conclusion_detail(c,
		    conclusion_find(c, FINDING_STALE, REPORT_WARNING, COMPONENT_KIND_COUNT),
		    "expected at most %u s between measurement and receipt, found %llu s",
		    c->rule->max_age_s, (unsigned long long)age_s);
	if (every_s == 0)
		return;
	if (signed_s == 0)
		conclusion_detail(c,
		    conclusion_find(c, FINDING_UNSIGNED, REPORT_WARNING, COMPONENT_KIND_COUNT),
		    "expected a signature of the collector every %u s, found none so far", every_s);
	else if (now_s > signed_s && now_s - signed_s > every_s)
		conclusion_detail(c,
		    conclusion_find(c, FINDING_UNSIGNED, REPORT_WARNING, COMPONENT_KIND_COUNT),
		    "expected a signature of the collector every %u s, found the last %llu s ago",
		    every_s, (unsigned long long)(now_s - signed_s));
}

static void
conclude_kind(struct conclusion *c, enum component_kind kind)
{
	const struct component_verdict *v = c->component[kind];
	const bool rule = c->rule->files[kind] != NULL || c->rule->facts[kind] != NULL;

	if (v != NULL && kind == COMPONENT_UNMEASURED) {
		conclusion_worsen(c, v->outcome);
	} else if (v != NULL && v->judged) {
		c->references = c->references | v->references;
		conclusion_claim_judged(c, v);
	} else if (v != NULL) {
		c->out->not_checked[kind] = true;
		/* By no rule: something of it is revoked, or known to be vulnerable. */
		if (v->outcome != REPORT_AFFIRMING)
			conclusion_claim_judged(c, v);
		if (!c->rule->recorded[kind])
			(void)conclusion_find(c, FINDING_UNCHECKED, REPORT_WARNING, kind);
	} else if (c->rule->require[kind] && is_said_to_lack(c, kind)) {
		conclusion_claim(c, kind, c->rule->unmeasured); /* found with what says so */
	} else if (c->rule->require[kind]) {
		(void)conclusion_find(c, FINDING_MISSING, c->rule->missing, kind);
		conclusion_claim(c, kind, c->rule->missing);
	} else if (rule) {
		(void)conclusion_find(c, FINDING_SKIPPED, REPORT_WARNING, kind);
	}
}

static bool
is_said_to_lack(const struct conclusion *c, enum component_kind kind)
{
	const struct component_verdict *v = c->component[COMPONENT_UNMEASURED];

	return v != NULL && (v->unmeasured & 1U << kind) != 0;
}
