#include "log/rederive.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/evidence/identity.h"

#define REASON_SIZE  640 /* bytes: a sentence with two excerpts */
#define EXCERPT_SIZE 120 /* bytes of a report around the first difference */

struct rederive {
	struct evidence_reader *evidence;
	struct verdict_cache *cache;
	struct buf words, again;
	char reason[REASON_SIZE];
};

static enum outcome check_signature(struct rederive *r, const struct report *logged);
static enum outcome check_vouching(
    struct rederive *r, const struct report *logged, struct view certificate);
static X509 *first_certificate(struct view der);
static enum outcome judge_all(struct rederive *r, const struct report *logged,
    const struct policy_rule *rule, struct appraise_input *in);
static enum outcome compare(struct rederive *r, const struct report *logged, struct view bytes,
    const struct policy *policy, const struct policy_rule *rule, const struct appraise_input *in);
static enum outcome differ(struct rederive *r, struct view logged);
static enum outcome say(struct rederive *r, enum outcome o, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct rederive *
rederive_new(struct evidence_reader *evidence, const struct findings *f)
{
	struct rederive *r = calloc(1, sizeof(*r));

	if (r == NULL || (r->cache = verdict_cache_new(evidence, f)) == NULL) {
		free(r);
		return NULL;
	}
	r->evidence = evidence;
	return r;
}

void
rederive_free(struct rederive **r)
{
	if (*r == NULL)
		return;
	verdict_cache_free(&(*r)->cache);
	buf_free(&(*r)->words);
	buf_free(&(*r)->again);
	free(*r);
	*r = NULL;
}

enum outcome
rederive_check(
    struct rederive *r, const struct report *logged, struct view bytes, const char **what)
{
	struct appraise_input in = {.bundle = &logged->bundle,
	    .received_s = logged->issued_s,
	    .signed_now = logged->has_signature,
	    .last_signed_s = logged->last_signed_s};
	const struct policy *policy;
	const struct policy_rule *rule;
	enum outcome o;
	enum err e;

	*what = r->reason;
	if ((e = verdict_cache_policy(r->cache, logged->policy_id, &policy)) != ERR_OK)
		return say(r, outcome_of_error(e), "the policy %.*s: %s",
		    view_precision(logged->policy_id), (const char *)logged->policy_id.data,
		    err_text(e));
	rule = policy_find(policy, logged->bundle.workload, logged->collector);
	if (rule == NULL)
		return say(r, OUTCOME_BAD, "the policy does not let %.*s speak for %.*s",
		    view_precision(logged->collector), (const char *)logged->collector.data,
		    view_precision(logged->bundle.workload),
		    (const char *)logged->bundle.workload.data);
	if ((o = check_signature(r, logged)) != OUTCOME_GOOD ||
	    (o = judge_all(r, logged, rule, &in)) != OUTCOME_GOOD)
		return o;
	return compare(r, logged, bytes, policy, rule, &in);
}

static enum outcome
check_signature(struct rederive *r, const struct report *logged)
{
	struct buf der = BUF_INIT;
	enum outcome o;
	enum err e;

	if (!logged->has_signature)
		return OUTCOME_GOOD;
	e = evidence_reader_get(r->evidence, PACK_CERTIFICATE, &logged->certificate, &der);
	if (e != ERR_OK)
		o = say(r, outcome_of_error(e), "the certificate of the collector's signature: %s",
		    err_text(e));
	else
		o = check_vouching(r, logged, buf_view(&der));
	buf_free(&der);
	return o;
}

static enum outcome
check_vouching(struct rederive *r, const struct report *logged, struct view der)
{
	X509 *certificate = first_certificate(der);
	char identity[IDENTITY_SIZE_MAX + 1];
	struct buf bundle = BUF_INIT;
	enum outcome o = OUTCOME_GOOD;
	enum err e;

	bundle_encode(&logged->bundle, &bundle);
	if (buf_status(&bundle) != ERR_OK) {
		o = say(r, OUTCOME_UNKNOWN, "%s", err_text(ERR_MEMORY));
	} else if (certificate == NULL) {
		o = say(r, OUTCOME_BAD,
		    "what the report names as the collector's certificates is something else");
	} else if ((e = identity_of_certificate(certificate, identity)) != ERR_OK ||
		   !view_equal(view_of_string(identity), logged->collector)) {
		o = say(r, OUTCOME_BAD,
		    "the collector's certificate: expected the name %.*s, found %s",
		    view_precision(logged->collector), (const char *)logged->collector.data,
		    e == ERR_OK ? identity : err_text(e));
	} else {
		e = identity_verify_bundle(certificate, buf_view(&bundle), logged->signature);
		if (e != ERR_OK)
			o = say(r, outcome_of_error(e), "%s", err_text(e));
	}
	X509_free(certificate);
	buf_free(&bundle);
	return o;
}

/* The collector's own, of certificates one behind the other; NULL unless that is all there is. */
static X509 *
first_certificate(struct view der)
{
	const unsigned char *p = der.data, *end = der.data + der.size;
	X509 *first = d2i_X509(NULL, &p, (long)der.size), *next;

	while (first != NULL && p < end) {
		next = d2i_X509(NULL, &p, end - p);
		if (next == NULL) {
			X509_free(first);
			first = NULL;
		}
		X509_free(next);
	}
	ERR_clear_error();
	return first;
}

static enum outcome
judge_all(struct rederive *r, const struct report *logged, const struct policy_rule *rule,
    struct appraise_input *in)
{
	char hex[DIGEST_HEX_SIZE + 1];

	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const struct bundle_component *named = &logged->bundle.component[k];
		enum err e;

		if (!named->present)
			continue;
		e = verdict_cache_judge(r->cache, rule, (enum component_kind)k, named,
		    logged->issued_s, &in->component[k]);
		if (e != ERR_OK) {
			digest_to_hex(&named->digest, hex);
			return say(r, outcome_of_error(e), "component %s %s: %s",
			    component_kind_name((enum component_kind)k), hex, err_text(e));
		}
	}
	return OUTCOME_GOOD;
}

static enum outcome
compare(struct rederive *r, const struct report *logged, struct view bytes,
    const struct policy *policy, const struct policy_rule *rule, const struct appraise_input *in)
{
	struct report again = *logged;
	enum err e;

	buf_clear(&r->words);
	buf_clear(&r->again);
	appraise_conclude(policy, rule, in, &r->words, &again);
	if ((e = buf_status(&r->words)) != ERR_OK ||
	    (e = report_write(&again, &r->again)) != ERR_OK)
		return say(r, outcome_of_error(e), "the verdict made again: %s", err_text(e));
	if (view_equal(buf_view(&r->again), bytes))
		return OUTCOME_GOOD;
	if (logged->extensions.size > 0)
		return say(r, OUTCOME_UNKNOWN,
		    "policy and evidence give another report, and this one has extensions that "
		    "this version does not know: %.*s",
		    view_precision(logged->extensions), (const char *)logged->extensions.data);
	if (again.status != logged->status)
		return say(r, OUTCOME_BAD, "policy and evidence give %s, the log has %s",
		    report_status_name(again.status), report_status_name(logged->status));
	return differ(r, bytes);
}

static enum outcome
differ(struct rederive *r, struct view logged)
{
	const struct view again = buf_view(&r->again);
	const size_t least = again.size < logged.size ? again.size : logged.size;
	size_t at = 0, begin;
	struct view a, b;

	while (at < least && again.data[at] == logged.data[at])
		at++;
	begin = at > EXCERPT_SIZE / 3 ? at - EXCERPT_SIZE / 3 : 0;
	a = (struct view){again.data + begin, again.size - begin};
	b = (struct view){logged.data + begin, logged.size - begin};
	return say(r, OUTCOME_BAD,
	    "policy and evidence give another report, from byte %zu on: expected ...%.*s..., found "
	    "...%.*s...",
	    at, a.size > EXCERPT_SIZE ? EXCERPT_SIZE : (int)a.size, (const char *)a.data,
	    b.size > EXCERPT_SIZE ? EXCERPT_SIZE : (int)b.size, (const char *)b.data);
}

static enum outcome
say(struct rederive *r, enum outcome o, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(r->reason, sizeof(r->reason), format, arguments);
	va_end(arguments);
	return o;
}
