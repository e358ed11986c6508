#include "auditor/replay.h"

#include <stdlib.h>
#include <string.h>

#include "auditor/evidence_reader.h"
#include "auditor/log_reader.h"
#include "auditor/progress.h"
#include "policy/appraise.h"
#include "proto/identity.h"

/* Reports named one by one; a store that lacks everything needs no longer list. */
#define FAULTS_MAX 20

/* A policy that some report names, built once. */
struct replay_policy {
	struct digest manifest;
	struct policy *policy; /* NULL: it cannot be built */
	enum err error;
	struct replay_policy *next;
};

struct replay {
	struct log_reader log;
	struct evidence_reader *evidence;
	struct replay_policy *policies;
	struct buf entry, again, words;
	uint64_t good, bad, unknown;
};

/* What one replayed report holds until it is compared. */
struct replayed {
	struct component *component[COMPONENT_KIND_COUNT];
	struct buf bytes[COMPONENT_KIND_COUNT];
	struct component_verdict *verdict[COMPONENT_KIND_COUNT];
};

static void replay_one(struct replay *r, uint64_t index);
static enum err replay_report(
    struct replay *r, const struct report *logged, struct view bytes, const char **what);
static enum err judge_components(struct replay *r, const struct report *logged,
    const struct policy_rule *rule, struct replayed *h, const char **what);
static enum err check_signature(struct replay *r, const struct report *logged, const char **what);
static struct replay_policy *find_policy(struct replay *r, struct view id);
static enum err fetch(
    void *context, enum pack_kind kind, const struct digest *digest, struct buf *to);
static void replayed_free(struct replayed *h);
static void replay_free(struct replay *r);

enum outcome
replay(const char *log, const char *evidence, const char *certificate, bool all, uint64_t index)
{
	struct replay r;
	struct progress progress;
	enum outcome o;
	enum err e;

	memset(&r, 0, sizeof(r));
	printf("%s\n", log);
	if ((e = log_open(&r.log, log, certificate, NULL)) == ERR_OK)
		e = evidence_reader_open(evidence, &r.evidence);
	if (e == ERR_OK && !all && index >= r.log.checkpoint.size) {
		say("index", "expected one below %llu", (unsigned long long)r.log.checkpoint.size);
		e = ERR_NOT_FOUND;
	}
	if (e != ERR_OK) {
		replay_free(&r);
		say("verdict", "%s", outcome_text(outcome_of(e)));
		return outcome_of(e);
	}
	progress_begin(&progress, all ? r.log.checkpoint.size : 1);
	for (uint64_t i = all ? 0 : index; i < (all ? r.log.checkpoint.size : index + 1); i++) {
		replay_one(&r, i);
		progress_at(&progress, i);
	}
	progress_end(&progress);
	say("replayed", "%llu verdicts to the same bytes, %llu differ, %llu cannot be replayed",
	    (unsigned long long)r.good, (unsigned long long)r.bad, (unsigned long long)r.unknown);
	o = r.bad > 0 ? OUTCOME_BAD : r.unknown > 0 ? OUTCOME_UNKNOWN : OUTCOME_GOOD;
	say("verdict", "%s", outcome_text(o));
	replay_free(&r);
	return o;
}

static void
replay_one(struct replay *r, uint64_t index)
{
	struct report_document *document = NULL;
	const char *what = "expected a report in its one spelling";
	enum outcome o;
	enum err e;

	buf_clear(&r->entry);
	if ((e = log_read_entry(&r->log, index, &r->entry)) != ERR_OK)
		what = "cannot read the entry";
	else if ((e = report_parse(buf_view(&r->entry), &document)) == ERR_OK)
		e = replay_report(r, report_document_report(document), buf_view(&r->entry), &what);
	report_document_free(&document);
	o = outcome_of(e);
	r->good += o == OUTCOME_GOOD;
	r->bad += o == OUTCOME_BAD;
	r->unknown += o == OUTCOME_UNKNOWN;
	if (o != OUTCOME_GOOD && r->bad + r->unknown <= FAULTS_MAX)
		say_fault(o == OUTCOME_BAD ? "differs" : "not replayed", e, "report %llu: %s",
		    (unsigned long long)index, what);
}

static enum err
replay_report(struct replay *r, const struct report *logged, struct view bytes, const char **what)
{
	struct replay_policy *p = find_policy(r, logged->policy_id);
	const struct policy_rule *rule;
	struct appraise_input in = {.bundle = &logged->bundle,
	    .received_s = logged->issued_s,
	    .signed_now = logged->has_signature,
	    .last_signed_s = logged->last_signed_s};
	struct report again = *logged;
	struct replayed h;
	enum err e;

	*what = "its policy is not in the evidence";
	if (p->policy == NULL)
		return p->error;
	*what = "the policy does not allow this collector and workload";
	if ((rule = policy_find(p->policy, logged->bundle.workload, logged->collector)) == NULL)
		return ERR_MISMATCH;
	if ((e = check_signature(r, logged, what)) != ERR_OK)
		return e;
	memset(&h, 0, sizeof(h));
	if ((e = judge_components(r, logged, rule, &h, what)) == ERR_OK) {
		*what = "the verdict derived from policy and evidence is another one";
		memcpy(in.component, h.verdict, sizeof(h.verdict));
		again.reference_count = 0;
		again.finding_count = 0;
		again.finding_total = 0;
		memset(again.claim, 0, sizeof(again.claim));
		memset(again.not_checked, 0, sizeof(again.not_checked));
		buf_clear(&r->words);
		buf_clear(&r->again);
		appraise_conclude(p->policy, rule, &in, &r->words, &again);
		if ((e = buf_status(&r->words)) == ERR_OK &&
		    (e = report_write(&again, &r->again)) == ERR_OK &&
		    !view_equal(buf_view(&r->again), bytes))
			e = ERR_MISMATCH;
	}
	replayed_free(&h);
	return e;
}

static enum err
judge_components(struct replay *r, const struct report *logged, const struct policy_rule *rule,
    struct replayed *h, const char **what)
{
	enum err e = ERR_OK;

	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT && e == ERR_OK; kind++) {
		const struct bundle_component *named = &logged->bundle.component[kind];

		if (!named->present)
			continue;
		*what = "a component is not in the evidence";
		e = evidence_reader_get(
		    r->evidence, PACK_COMPONENT, &named->digest, &h->bytes[kind]);
		if (e != ERR_OK)
			return e;
		*what = "a component is not what the bundle says of it";
		e = component_decode(buf_view(&h->bytes[kind]), &h->component[kind]);
		if (e == ERR_OK && (h->component[kind]->kind != kind ||
				       h->component[kind]->item_count != named->count ||
				       h->bytes[kind].size != named->size))
			e = ERR_MISMATCH;
		if (e == ERR_OK)
			e = appraise_component(
			    rule, h->component[kind], logged->issued_s, &h->verdict[kind]);
	}
	return e;
}

/* The collector's own signature, by the certificate that the report names. */
static enum err
check_signature(struct replay *r, const struct report *logged, const char **what)
{
	struct buf der = BUF_INIT, bundle = BUF_INIT;
	char identity[IDENTITY_SIZE_MAX + 1];
	const unsigned char *bytes;
	X509 *certificate = NULL;
	enum err e;

	if (!logged->has_signature)
		return ERR_OK;
	*what = "the collector's certificate is not in the evidence";
	e = evidence_reader_get(r->evidence, PACK_CERTIFICATE, &logged->certificate, &der);
	if (e == ERR_OK) {
		*what = "the collector's signature over the bundle";
		bytes = der.data;
		bundle_encode(&logged->bundle, &bundle);
		if ((certificate = d2i_X509(NULL, &bytes, (long)der.size)) == NULL ||
		    identity_of_certificate(certificate, identity) != ERR_OK ||
		    !view_equal(view_of_string(identity), logged->collector))
			e = ERR_MISMATCH;
		else
			e = identity_verify_bundle(
			    certificate, buf_view(&bundle), logged->signature);
	}
	X509_free(certificate);
	buf_free(&der);
	buf_free(&bundle);
	return e;
}

static struct replay_policy *
find_policy(struct replay *r, struct view id)
{
	struct replay_policy *p;
	struct faults faults = FAULTS_INIT;
	struct buf manifest = BUF_INIT;
	struct digest digest = DIGEST_ZERO;
	enum err e = policy_id_digest(id, &digest);

	for (p = r->policies; p != NULL; p = p->next)
		if (digest_equal(&p->manifest, &digest))
			return p;
	if ((p = calloc(1, sizeof(*p))) == NULL)
		abort();
	p->manifest = digest;
	p->next = r->policies;
	r->policies = p;
	if (e == ERR_OK)
		e = evidence_reader_get(r->evidence, PACK_MANIFEST, &digest, &manifest);
	if (e == ERR_OK)
		e = policy_from_manifest(
		    buf_view(&manifest), fetch, r->evidence, &faults, &p->policy);
	p->error = e;
	for (size_t i = 0; i < faults.count; i++)
		say("policy", "%s:%u: %s", faults.fault[i].file, faults.fault[i].line,
		    faults.fault[i].text);
	faults_free(&faults);
	buf_free(&manifest);
	return p;
}

static enum err
fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	return evidence_reader_get(context, kind, digest, to);
}

static void
replayed_free(struct replayed *h)
{
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		component_verdict_free(&h->verdict[kind]);
		component_free(&h->component[kind]);
		buf_free(&h->bytes[kind]);
	}
}

static void
replay_free(struct replay *r)
{
	struct replay_policy *p;

	while ((p = r->policies) != NULL) {
		r->policies = p->next;
		policy_free(&p->policy);
		free(p);
	}
	evidence_reader_close(&r->evidence);
	buf_free(&r->entry);
	buf_free(&r->again);
	buf_free(&r->words);
}
