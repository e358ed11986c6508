#include "policy/appraise.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/judge.h"

/* EAR's values of claims, by what was found (AR4SI, section 2.3). */
#define CLAIM_GOOD            2 /* recognised, approved */
#define CLAIM_UNEXPECTED      1 /* the policy says `none`: evidence it does not want to judge */
#define CLAIM_WARNING         32
#define CLAIM_UNRECOGNISED    33 /* executables: not known to be bad */
#define CLAIM_CONTRAINDICATED 96

/* About the bundle: offline, stale, unsigned; and one for each kind. */
#define OWN_FINDINGS_MAX (3 + COMPONENT_KIND_COUNT)

/* Bytes that the words of those take: only three are not static text, and none is long. */
#define OWN_WORDS_MAX 1024

struct own_finding {
	enum severity severity;
	enum component_kind kind; /* COMPONENT_KIND_COUNT: of the bundle */
	struct report_finding finding;
};

struct conclusion {
	const struct policy_rule *rule;
	const struct appraise_input *in;
	struct buf *words;
	struct report *out;
	enum report_status status; /* the worst so far */
	bool claimed;              /* a component was judged */
	uint16_t references;
	size_t own_count;
	struct own_finding own[OWN_FINDINGS_MAX];
};

static enum err judge(const struct policy_rule *rule, const struct component *c,
    uint64_t received_s, const struct verdict_listener *listener, struct component_verdict **out);
static void tell_own(
    const struct conclusion *c, enum component_kind kind, const struct verdict_listener *listener);
static void conclude(struct conclusion *c);
static void conclude_bundle(struct conclusion *c);
static void conclude_kind(struct conclusion *c, enum component_kind kind);
static bool is_said_to_lack(const struct conclusion *c, enum component_kind kind);
static void conclude_claims(
    struct conclusion *c, enum component_kind kind, enum report_status outcome);
static struct own_finding *own_find(
    struct conclusion *c, enum finding f, enum report_status outcome, enum component_kind kind);
static void own_detail(struct conclusion *c, struct own_finding *own, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void gather_findings(struct conclusion *c);
static void gather(struct conclusion *c, enum severity s, enum component_kind kind);
static void keep(struct report *out, const struct report_finding *f);
static void gather_references(struct conclusion *c);
static void gather_accepted(struct report *out, const struct component_verdict *v);
static void gather_exceptions(
    const struct policy_rule *rule, const struct component_verdict *v, struct report *out);
static enum report_claim claim_of(enum component_kind kind);
static int8_t claim_value(enum report_claim claim, enum report_status outcome);
static void worsen(enum report_status *to, enum report_status by);

enum err
appraise_component(const struct policy_rule *rule, const struct component *c, uint64_t received_s,
    struct component_verdict **out)
{
	return judge(rule, c, received_s, NULL, out);
}

static enum err
judge(const struct policy_rule *rule, const struct component *c, uint64_t received_s,
    const struct verdict_listener *listener, struct component_verdict **out)
{
	struct verdict_builder b;

	verdict_begin(&b, c->kind, listener);
	if (rule->files[c->kind] != NULL) {
		b.judged = true;
		judge_made(&b, rule, c);
		judge_files(&b, rule, rule->files[c->kind], c, received_s);
	} else if (rule->facts[c->kind] != NULL) {
		b.judged = true;
		judge_made(&b, rule, c);
		judge_facts(&b, rule->facts[c->kind], c);
	} else if (c->kind == COMPONENT_UNMEASURED) {
		b.judged = true;
		judge_unmeasured(&b, rule, c);
	}
	return verdict_end(&b, out);
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
	    .in = in,
	    .words = storage,
	    .out = out,
	    .status = REPORT_AFFIRMING,
	};

	out->policy_id = policy_id(p);
	conclude(&c);
	gather_findings(&c);
	gather_references(&c);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		if (in->component[k] != NULL) {
			gather_accepted(out, in->component[k]);
			gather_exceptions(rule, in->component[k], out);
		}
}

enum err
appraise_every_finding(const struct policy_rule *rule, const struct appraise_input *in,
    const struct component *const component[COMPONENT_KIND_COUNT],
    const struct finding_listener *to)
{
	struct buf words = BUF_INIT;
	struct report concluded;
	struct conclusion c = {
	    .rule = rule, .in = in, .words = &words, .out = &concluded, .status = REPORT_AFFIRMING};
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
				e = judge(rule, component[k], in->received_s, &listener, &v);
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
	out->exception_count = 0;
	out->finding_total = 0;
	(void)buf_reserve(c->words, OWN_WORDS_MAX); /* so that words do not move */
	/* Who speaks was decided by the certificate and by policy_find. */
	out->claim[REPORT_INSTANCE_IDENTITY] = CLAIM_GOOD;
	conclude_bundle(c);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		conclude_kind(c, (enum component_kind)k);
	if (!c->claimed)
		worsen(&c->status, REPORT_NONE);
	out->status = c->status;
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
		(void)own_find(c, FINDING_OFFLINE, REPORT_WARNING, COMPONENT_KIND_COUNT);
	if (age_s > c->rule->max_age_s)
		own_detail(c, own_find(c, FINDING_STALE, REPORT_WARNING, COMPONENT_KIND_COUNT),
		    "expected at most %u s between measurement and receipt, found %llu s",
		    c->rule->max_age_s, (unsigned long long)age_s);
	if (every_s == 0)
		return;
	if (signed_s == 0)
		own_detail(c, own_find(c, FINDING_UNSIGNED, REPORT_WARNING, COMPONENT_KIND_COUNT),
		    "expected a signature of the collector every %u s, found none so far", every_s);
	else if (now_s > signed_s && now_s - signed_s > every_s)
		own_detail(c, own_find(c, FINDING_UNSIGNED, REPORT_WARNING, COMPONENT_KIND_COUNT),
		    "expected a signature of the collector every %u s, found the last %llu s ago",
		    every_s, (unsigned long long)(now_s - signed_s));
}

static void
conclude_kind(struct conclusion *c, enum component_kind kind)
{
	const struct component_verdict *v = c->in->component[kind];
	const bool rule = c->rule->files[kind] != NULL || c->rule->facts[kind] != NULL;

	if (v != NULL && kind == COMPONENT_UNMEASURED) {
		worsen(&c->status, v->outcome);
	} else if (v != NULL && v->judged) {
		c->references = (uint16_t)(c->references | v->references);
		conclude_claims(c, kind, v->outcome);
	} else if (v != NULL) {
		c->out->not_checked[kind] = true;
		if (!c->rule->recorded[kind])
			(void)own_find(c, FINDING_UNCHECKED, REPORT_WARNING, kind);
	} else if (c->rule->require[kind] && is_said_to_lack(c, kind)) {
		conclude_claims(c, kind, c->rule->unmeasured); /* found with what says so */
	} else if (c->rule->require[kind]) {
		(void)own_find(c, FINDING_MISSING, c->rule->missing, kind);
		conclude_claims(c, kind, c->rule->missing);
	} else if (rule) {
		(void)own_find(c, FINDING_SKIPPED, REPORT_WARNING, kind);
	}
}

static bool
is_said_to_lack(const struct conclusion *c, enum component_kind kind)
{
	const struct component_verdict *v = c->in->component[COMPONENT_UNMEASURED];

	return v != NULL && (v->unmeasured & 1U << kind) != 0;
}

/* A claim is as bad as the worst of the components that it speaks for. */
static void
conclude_claims(struct conclusion *c, enum component_kind kind, enum report_status outcome)
{
	const enum report_claim claim = claim_of(kind);
	const int8_t value = claim_value(claim, outcome);
	int8_t *now = &c->out->claim[claim];

	c->claimed = true;
	worsen(&c->status, outcome);
	if (*now == 0 || report_status_rank(report_claim_status(value)) >
			     report_status_rank(report_claim_status(*now)))
		*now = value;
}

static struct own_finding *
own_find(struct conclusion *c, enum finding f, enum report_status outcome, enum component_kind kind)
{
	struct own_finding *own = &c->own[c->own_count++];

	own->severity = severity_of(outcome);
	own->kind = kind;
	own->finding.kind = kind == COMPONENT_KIND_COUNT
				? VIEW_LITERAL("bundle")
				: view_of_string(component_kind_name(kind));
	own->finding.code = finding_code(f);
	own->finding.subject = (struct view){(const uint8_t *)"", 0};
	own->finding.detail = finding_sentence(f);
	worsen(&c->status, outcome);
	return own;
}

/* Other words than the finding's sentence. */
static void
own_detail(struct conclusion *c, struct own_finding *own, const char *format, ...)
{
	const size_t begun = c->words->size;
	char text[REPORT_SUBJECT_MAX + 1];
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (size < 0 || (size_t)size >= sizeof(text))
		abort(); /* our own words are short */
	buf_append(c->words, text, (size_t)size);
	if (!c->words->failed)
		own->finding.detail = (struct view){c->words->data + begun, (size_t)size};
}

/*
 * The worst first, so that the cap never hides them; then what is about the bundle, then the
 * kinds in their order.
 */
static void
gather_findings(struct conclusion *c)
{
	c->out->finding_total = c->own_count;
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		if (c->in->component[k] != NULL)
			c->out->finding_total += c->in->component[k]->total;
	for (unsigned s = 0; s < SEVERITY_COUNT; s++) {
		gather(c, (enum severity)s, COMPONENT_KIND_COUNT);
		for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
			gather(c, (enum severity)s, (enum component_kind)k);
	}
}

static void
gather(struct conclusion *c, enum severity s, enum component_kind kind)
{
	const struct component_verdict *v;

	for (size_t i = 0; i < c->own_count; i++)
		if (c->own[i].severity == s && c->own[i].kind == kind)
			keep(c->out, &c->own[i].finding);
	if (kind == COMPONENT_KIND_COUNT || (v = c->in->component[kind]) == NULL)
		return;
	for (size_t i = 0; i < v->count[s]; i++)
		keep(c->out, &v->finding[s][i]);
}

static void
keep(struct report *out, const struct report_finding *f)
{
	if (out->finding_count < REPORT_FINDINGS_MAX)
		out->finding[out->finding_count++] = *f;
}

static void
gather_references(struct conclusion *c)
{
	for (size_t i = 0; i < c->rule->reference_count; i++)
		if ((c->references & 1U << i) != 0)
			c->out->reference[c->out->reference_count++] =
			    c->rule->reference[i]->digest;
}

/* Those of one kind, by code. Few findings can be accepted: there is room for all. */
static void
gather_accepted(struct report *out, const struct component_verdict *v)
{
	const size_t first = out->accepted_count;

	for (unsigned f = 0; f < FINDING_COUNT && out->accepted_count < REPORT_ACCEPTED_MAX; f++) {
		size_t at = out->accepted_count;

		if (!v->accepted[f])
			continue;
		for (; at > first &&
		       view_compare(out->accepted[at - 1].code, finding_code((enum finding)f)) > 0;
		     at--)
			out->accepted[at] = out->accepted[at - 1];
		out->accepted[at] = (struct report_accepted){
		    view_of_string(component_kind_name(v->kind)), finding_code((enum finding)f)};
		out->accepted_count++;
	}
}

static void
gather_exceptions(
    const struct policy_rule *rule, const struct component_verdict *v, struct report *out)
{
	for (size_t i = 0; i < rule->exception_count; i++) {
		const struct exception_rule *x = &rule->exception[i];

		if ((v->exceptions & 1U << i) != 0)
			out->exception[out->exception_count++] =
			    (struct report_exception){view_of_string(component_kind_name(x->kind)),
				x->subject, x->until_s, x->why};
	}
}

static enum report_claim
claim_of(enum component_kind kind)
{
	switch (kind) {
	case COMPONENT_EXECUTABLE:
	case COMPONENT_LIBRARIES:
		return REPORT_EXECUTABLES;
	case COMPONENT_FILES:
		return REPORT_FILE_SYSTEM;
	default:
		return REPORT_CONFIGURATION;
	}
}

static int8_t
claim_value(enum report_claim claim, enum report_status outcome)
{
	switch (outcome) {
	case REPORT_AFFIRMING:
		return CLAIM_GOOD;
	case REPORT_NONE:
		return CLAIM_UNEXPECTED;
	case REPORT_WARNING:
		return claim == REPORT_EXECUTABLES ? CLAIM_UNRECOGNISED : CLAIM_WARNING;
	case REPORT_CONTRAINDICATED:
		break;
	}
	return CLAIM_CONTRAINDICATED;
}

static void
worsen(enum report_status *to, enum report_status by)
{
	if (report_status_rank(by) > report_status_rank(*to))
		*to = by;
}
