#include "pkcs11/serve/claims.h"

#include <inttypes.h>
#include <string.h>

#include "proto/evidence/identity.h"
#include "proto/glob.h"
#include "proto/json/json_write.h"
#include "proto/report/entry.h"
#include "proto/report/report.h"
#include "proto/report/report_claims.h"
#include "proto/report/report_dialect.h"

/*
 * All but strings: keys and punctuation (400 bytes), the vector with all eight claims (200), a
 * digest in hex and one in base64url, a nonce of 64 bytes, numbers.
 */
#define FIXED_SIZE_MAX 1152

#define SUBJECT_MAX (IDENTITY_SIZE_MAX + 1 + BUNDLE_WORKLOAD_MAX) /* bytes */

/* What a token has otherwise than a report, in either dialect (proto/report/report_dialect.h). */
struct pieces {
	const char *status; /* from the workload's name to the status */
	const char *log;    /* to the origin */
	const char *index;
	const char *end;
};

static const struct token_profile *find_profile(const struct hsm_config *c, struct view name);
static bool take_audience(const struct token_profile *p, struct view *audience, struct buf *why);
static bool is_revoked(const struct report *r, struct buf *why);
static bool is_in_time(const struct claims_source *source, const struct token_profile *p,
    const struct report *r, struct buf *why);
static bool matches_any(
    const struct view *patterns, size_t count, struct view text, enum glob_scope scope);
static bool has_status(const struct token_profile *p, const struct report *r, struct buf *why);
static enum err write_claims(const struct hsm_config *c, const struct token_profile *p,
    const struct report *r, const struct claims_source *source, struct buf *to);
static size_t size_bound(const struct hsm_config *c, const struct token_profile *p,
    const struct report *r, const struct claims_source *source);
static void write_head(struct json_writer *w, const struct token_profile *p, const struct report *r,
    const struct claims_source *source);
static void write_confirmation(struct json_writer *w, const struct bundle_extensions *x);
static void write_appraisal(
    struct json_writer *w, const struct report *r, const struct report_dialect *names);
static void write_subject(struct json_writer *w, const struct report *r);
static uint64_t expiry_s(
    const struct claims_source *source, const struct token_profile *p, const struct report *r);

enum err
claims_derive(const struct hsm_config *config, const struct claims_source *source,
    struct report_document *document, struct buf *claims, struct buf *why)
{
	const struct token_profile *profile = find_profile(config, source->profile);
	struct claims_source asked = *source;
	const struct report *r = &document->report;
	enum err e;

	if (profile == NULL) {
		buf_append_format(why,
		    "expected one of the %zu token profiles that hsm.yaml had when this "
		    "process started, found '%.*s'; it is read anew when this process was ended",
		    config->token_count, view_precision(source->profile),
		    (const char *)source->profile.data);
		return ERR_TOKEN_PROFILE;
	}
	if (!take_audience(profile, &asked.audience, why))
		return ERR_TOKEN_PROFILE;
	if ((e = claims_read_report(source->report, document, why)) != ERR_OK)
		return e;
	if (bundle_chain_is_start(r->bundle.workload)) {
		buf_append_format(why,
		    "expected a report of what runs, found one of what was measured before a "
		    "start");
		return ERR_TOKEN_PROFILE;
	}
	if (is_revoked(r, why) ||
	    !claims_is_covered(config, profile->name, &profile->cover, r, why) ||
	    !has_status(profile, r, why) || !is_in_time(&asked, profile, r, why))
		return ERR_TOKEN_PROFILE;
	return write_claims(config, profile, r, &asked, claims);
}

enum err
claims_read_report(struct view report, struct report_document *document, struct buf *why)
{
	enum err e;

	if (entry_kind(report) != ENTRY_REPORT) {
		buf_append_format(why, "expected a report, found another kind of entry");
		return ERR_TOKEN_PROFILE;
	}
	if ((e = report_parse(report, document)) == ERR_MEMORY)
		return e;
	if (e != ERR_OK) {
		buf_append_format(why,
		    "expected a report that this version reads, found one with %s", err_name(e));
		return ERR_TOKEN_PROFILE;
	}
	if (document->report.bundle.offline) {
		buf_append_format(why,
		    "expected a report of what is now, found a gap record: it tells of the past");
		return ERR_TOKEN_PROFILE;
	}
	return ERR_OK;
}

bool
claims_is_covered(const struct hsm_config *config, struct view profile,
    const struct profile_cover *cover, const struct report *r, struct buf *why)
{
	const struct view workload = bundle_chain_workload(r->bundle.workload);

	if (!view_equal(r->issuer, view_of_string(config->origin)))
		buf_append_format(why, "expected a report of %s, found one of %.*s", config->origin,
		    view_precision(r->issuer), (const char *)r->issuer.data);
	else if (!matches_any(
		     cover->collectors, cover->collector_count, r->collector, GLOB_IDENTITY))
		buf_append_format(why, "profile '%.*s' does not cover the collector %.*s",
		    view_precision(profile), (const char *)profile.data,
		    view_precision(r->collector), (const char *)r->collector.data);
	else if (!matches_any(cover->workloads, cover->workload_count, workload, GLOB_TEXT))
		buf_append_format(why, "profile '%.*s' does not cover the workload %.*s",
		    view_precision(profile), (const char *)profile.data, view_precision(workload),
		    (const char *)workload.data);
	else
		return true;
	return false;
}

static const struct token_profile *
find_profile(const struct hsm_config *c, struct view name)
{
	for (size_t i = 0; i < c->token_count; i++)
		if (view_equal(c->tokens[i].name, name))
			return &c->tokens[i];
	return NULL;
}

/* Where none was asked for it is the profile's only one. Says in `why` what is not. */
static bool
take_audience(const struct token_profile *p, struct view *audience, struct buf *why)
{
	if (audience->size == 0 && p->audience_count == 1) {
		*audience = p->audiences[0];
		return true;
	}
	for (size_t i = 0; i < p->audience_count; i++)
		if (view_equal(p->audiences[i], *audience))
			return true;
	if (audience->size == 0)
		buf_append_format(why,
		    "profile '%.*s' has %zu audiences, and the policy names none of them",
		    view_precision(p->name), (const char *)p->name.data, p->audience_count);
	else
		buf_append_format(why, "profile '%.*s' does not list the audience %.*s",
		    view_precision(p->name), (const char *)p->name.data, view_precision(*audience),
		    (const char *)audience->data);
	return false;
}

/* Whatever the profile covers: operators have said that nobody is to rely on it. */
static bool
is_revoked(const struct report *r, struct buf *why)
{
	for (size_t i = 0; i < r->finding_count; i++) {
		if (!view_equal(r->finding[i].code, VIEW_LITERAL("revoked")))
			continue;
		buf_append_format(why, "expected a report of what counts, found: %.*s",
		    view_precision(r->finding[i].detail), (const char *)r->finding[i].detail.data);
		return true;
	}
	return false;
}

/* Says in `why` what is not. */
static bool
is_in_time(const struct claims_source *source, const struct token_profile *p,
    const struct report *r, struct buf *why)
{
	if (r->issued_s > source->now_s + CLAIMS_AHEAD_S)
		buf_append_format(why,
		    "expected a report that was issued by now, found one %" PRIu64 " s ahead of it",
		    r->issued_s - source->now_s);
	else if (expiry_s(source, p, r) <= source->now_s)
		buf_append_format(why, "the token would have ended %" PRIu64 " s ago",
		    source->now_s - expiry_s(source, p, r));
	else
		return true;
	return false;
}

static bool
matches_any(const struct view *patterns, size_t count, struct view text, enum glob_scope scope)
{
	for (size_t i = 0; i < count; i++)
		if (glob_match(patterns[i], text, scope))
			return true;
	return false;
}

/* Says in `why` that it has not. */
static bool
has_status(const struct token_profile *p, const struct report *r, struct buf *why)
{
	for (size_t i = 0; i < p->status_count; i++)
		if (p->statuses[i] == r->status)
			return true;
	buf_append_format(why, "profile '%.*s' does not cover the status %s",
	    view_precision(p->name), (const char *)p->name.data, report_status_name(r->status));
	return false;
}

static enum err
write_claims(const struct hsm_config *c, const struct token_profile *p, const struct report *r,
    const struct claims_source *source, struct buf *to)
{
	static const struct pieces dialects[] = {
	    [REPORT_PROFILE_DEPLOYED] = {":{\"ear.status\":", "}},\"hallmark.log\":",
		",\"hallmark.index\":", "}"},
	    [REPORT_PROFILE_DRAFT] = {":{\"ear_status\":", "}},\"hallmark\":{\"log\":",
		",\"index\":", "}}"},
	};
	const struct report_dialect *names = report_dialect(r->profile);
	const struct pieces *pieces = &dialects[r->profile];
	struct json_writer w;
	enum err e;

	if ((e = json_write_begin(&w, to, size_bound(c, p, r, source))) != ERR_OK)
		return e;
	write_head(&w, p, r, source);
	json_write_text(&w, ",");
	json_write_raw(
	    &w, (struct view){names->begin.data + 1, names->begin.size - 1}); /* no brace */
	if (names->nonce_is_claim)
		report_claims_nonce(&w, r);
	json_write_raw(&w, names->verifier);
	json_write_string(&w, r->developer);
	json_write_text(&w, REPORT_TO_BUILD);
	json_write_string(&w, r->build);
	json_write_text(&w, REPORT_TO_WORKLOAD);
	json_write_string(&w, r->bundle.workload);
	json_write_text(&w, pieces->status);
	write_appraisal(&w, r, names);
	json_write_text(&w, pieces->log);
	json_write_string(&w, r->issuer);
	json_write_text(&w, pieces->index);
	json_write_number(&w, source->index);
	json_write_text(&w, pieces->end);
	json_write_end(&w);
	return ERR_OK;
}

static size_t
size_bound(const struct hsm_config *c, const struct token_profile *p, const struct report *r,
    const struct claims_source *source)
{
	const size_t strings = p->issuer.size + source->audience.size + r->collector.size +
			       2 * r->bundle.workload.size + r->developer.size + r->build.size +
			       r->policy_id.size + strlen(c->origin);

	return FIXED_SIZE_MAX + JSON_STRING_SIZE_MAX(strings);
}

static void
write_head(struct json_writer *w, const struct token_profile *p, const struct report *r,
    const struct claims_source *source)
{
	json_write_text(w, "{\"iss\":");
	json_write_string(w, p->issuer);
	json_write_text(w, REPORT_TO_COLLECTOR);
	write_subject(w, r);
	json_write_text(w, ",\"aud\":");
	json_write_string(w, source->audience);
	json_write_text(w, REPORT_TO_ISSUE);
	json_write_number(w, r->issued_s);
	json_write_text(w, REPORT_TO_EXPIRY);
	json_write_number(w, expiry_s(source, p, r));
	json_write_text(w, REPORT_TO_JTI);
	json_write_digest(w, &source->leaf);
	write_confirmation(w, &r->bundle.extensions);
}

/* For whoever has the private key. */
static void
write_confirmation(struct json_writer *w, const struct bundle_extensions *x)
{
	if (!x->has_workload_key)
		return;
	json_write_text(w, ",\"cnf\":{\"jkt\":");
	json_write_base64url(w, (struct view){x->workload_key.bytes, DIGEST_SIZE});
	json_write_text(w, "}");
}

/* From the status on. */
static void
write_appraisal(struct json_writer *w, const struct report *r, const struct report_dialect *names)
{
	json_write_string(w, view_of_string(report_status_name(r->status)));
	report_claims_vector(w, r, names);
	json_write_raw(w, names->policy);
	json_write_string(w, r->policy_id);
	json_write_raw(w, names->policy_end);
	if (!names->nonce_is_claim)
		report_claims_nonce(w, r);
}

/* One name for both: a workload's has no "/", so where it begins is never in doubt. */
static void
write_subject(struct json_writer *w, const struct report *r)
{
	uint8_t subject[SUBJECT_MAX];
	const size_t size = r->collector.size;

	memcpy(subject, r->collector.data, size);
	subject[size] = '/';
	memcpy(subject + size + 1, r->bundle.workload.data, r->bundle.workload.size);
	json_write_string(w, (struct view){subject, size + 1 + r->bundle.workload.size});
}

/*
 * A token outlives neither its profile's lifetime, nor what was asked for, nor the verdict that it
 * is about.
 */
static uint64_t
expiry_s(const struct claims_source *source, const struct token_profile *p, const struct report *r)
{
	const bool shorter = source->lifetime_s > 0 && source->lifetime_s < p->lifetime_s;
	const uint64_t latest_s = r->issued_s + (shorter ? source->lifetime_s : p->lifetime_s);

	return r->expires_s < latest_s ? r->expires_s : latest_s;
}
