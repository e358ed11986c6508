/*
 * Writing reports: the pieces of report_dialect.h and the values between them.
 */
#include <string.h>

#include "proto/json/json_write.h"
#include "proto/report/report.h"
#include "proto/report/report_claims.h"
#include "proto/report/report_dialect.h"

/*
 * Everything but strings, the signature and extensions: keys and punctuation (under 2,500 bytes,
 * 900 of them in 16 findings), 29 digests in hex, numbers.
 */
#define FIXED_SIZE_MAX 6144

/* Of each that was accepted. */
#define ACCEPTED_SIZE_MAX (sizeof("{'kind':'','code':''},") - 1)

/* Of each exception, with its time. */
#define FEED_SIZE_MAX      (2 * DIGEST_SIZE + sizeof("],'hallmark.feeds':['',") - 1)
#define EXCEPTION_SIZE_MAX (sizeof("{'kind':'','subject':'','until':253402300799,'why':''},") - 1)

static size_t size_bound(const struct report *r);
static void write_head(
    struct json_writer *w, const struct report *r, const struct report_dialect *names);
static void write_submod(
    struct json_writer *w, const struct report *r, const struct report_dialect *names);
static void write_findings(struct json_writer *w, const struct report *r);
static void write_group(
    struct json_writer *w, const struct report *r, const struct report_dialect *names);
static void write_not_checked(struct json_writer *w, const struct report *r);
static void write_accepted(struct json_writer *w, const struct report *r);
static void write_exceptions(struct json_writer *w, const struct report *r);
static void write_bundle(struct json_writer *w, const struct bundle *b);
static void write_components(struct json_writer *w, const struct bundle *b);
static void write_place(
    struct json_writer *w, const struct report *r, const struct report_dialect *names);

enum err
report_write(const struct report *r, struct buf *to)
{
	const struct report_dialect *names;
	const size_t begun = to->size;
	struct json_writer w;
	enum err e;

	if ((e = report_check(r)) != ERR_OK ||
	    (e = json_write_begin(&w, to, size_bound(r))) != ERR_OK)
		return e;
	names = report_dialect(r->profile);
	write_head(&w, r, names);
	write_submod(&w, r, names);
	json_write_raw(&w, names->form);
	json_write_number(&w, ENTRY_FORM);
	json_write_raw(&w, names->bundle);
	write_bundle(&w, &r->bundle);
	write_place(&w, r, names);
	if (json_write_end(&w) <= REPORT_SIZE_MAX)
		return ERR_OK;
	to->size = begun;
	return ERR_FORMAT_SIZE;
}

void
report_claims_nonce(struct json_writer *w, const struct report *r)
{
	const struct bundle *b = &r->bundle;

	if (b->offline)
		return;
	json_write_text(w, REPORT_TO_NONCE);
	json_write_base64url(w, b->extensions.challenge.size > 0
				    ? b->extensions.challenge
				    : (struct view){b->nonce, NONCE_SIZE});
}

void
report_claims_vector(
    struct json_writer *w, const struct report *r, const struct report_dialect *names)
{
	bool begun = false;

	for (size_t i = 0; i < REPORT_CLAIM_COUNT; i++) {
		if (r->claim[i] == 0)
			continue;
		json_write_raw(w, begun ? VIEW_LITERAL(",") : names->vector);
		begun = true;
		json_write_raw(w, report_claim_piece[i]);
		json_write_text(w, r->claim[i] < 0 ? "-" : "");
		json_write_number(w, (uint64_t)(r->claim[i] < 0 ? -r->claim[i] : r->claim[i]));
	}
	if (begun)
		json_write_text(w, "}");
}

static size_t
size_bound(const struct report *r)
{
	size_t size = r->issuer.size + r->collector.size + r->developer.size + r->build.size +
		      r->policy_id.size + r->group.size + r->rollout.decided.size +
		      r->bundle.workload.size + r->signature.size + r->bundle.extensions.bytes.size;

	for (size_t i = 0; i < r->finding_count; i++)
		size += r->finding[i].kind.size + r->finding[i].code.size +
			r->finding[i].subject.size + r->finding[i].detail.size;
	for (size_t i = 0; i < r->accepted_count; i++)
		size += r->accepted[i].kind.size + r->accepted[i].code.size;
	for (size_t i = 0; i < r->exception_count; i++)
		size += r->exception[i].kind.size + r->exception[i].subject.size +
			r->exception[i].why.size;
	return FIXED_SIZE_MAX + JSON_STRING_SIZE_MAX(size) + ACCEPTED_SIZE_MAX * r->accepted_count +
	       EXCEPTION_SIZE_MAX * r->exception_count + FEED_SIZE_MAX * r->feed_count +
	       r->extensions.size;
}

static void
write_head(struct json_writer *w, const struct report *r, const struct report_dialect *names)
{
	json_write_raw(w, names->begin);
	json_write_text(w, REPORT_TO_ISSUE);
	json_write_number(w, r->issued_s);
	json_write_text(w, REPORT_TO_EXPIRY);
	json_write_number(w, r->expires_s);
	json_write_text(w, REPORT_TO_ISSUER);
	json_write_string(w, r->issuer);
	json_write_text(w, REPORT_TO_COLLECTOR);
	json_write_string(w, r->collector);
	json_write_text(w, REPORT_TO_JTI);
	json_write_digest(w, &r->bundle_digest);
	if (names->nonce_is_claim)
		report_claims_nonce(w, r);
	json_write_raw(w, names->verifier);
	json_write_string(w, r->developer);
	json_write_text(w, REPORT_TO_BUILD);
	json_write_string(w, r->build);
}

static void
write_submod(struct json_writer *w, const struct report *r, const struct report_dialect *names)
{
	json_write_text(w, REPORT_TO_WORKLOAD);
	json_write_string(w, r->bundle.workload);
	json_write_raw(w, names->status);
	json_write_raw(w, report_status_piece[report_status_rank(r->status)]);
	report_claims_vector(w, r, names);
	json_write_raw(w, names->policy);
	json_write_string(w, r->policy_id);
	json_write_raw(w, names->policy_end);
	if (!names->nonce_is_claim)
		report_claims_nonce(w, r);
	json_write_raw(w, names->references);
	for (size_t i = 0; i < r->reference_count; i++) {
		json_write_text(w, i > 0 ? "," : "");
		json_write_digest(w, &r->reference[i]);
	}
	json_write_raw(w, names->findings);
	write_findings(w, r);
	json_write_raw(w, names->count);
	json_write_number(w, r->finding_total);
	write_group(w, r, names);
	json_write_raw(w, names->not_checked);
	write_not_checked(w, r);
	if (r->accepted_count > 0) {
		json_write_raw(w, names->accepted);
		write_accepted(w, r);
	}
	if (r->exception_count > 0) {
		json_write_raw(w, names->exceptions);
		write_exceptions(w, r);
	}
	for (size_t i = 0; i < r->feed_count; i++) {
		json_write_raw(w, i > 0 ? VIEW_LITERAL(",") : names->feeds);
		json_write_digest(w, &r->feed[i]);
	}
}

static void
write_findings(struct json_writer *w, const struct report *r)
{
	for (size_t i = 0; i < r->finding_count; i++) {
		json_write_text(w, i > 0 ? "," : "");
		json_write_text(w, REPORT_TO_FINDING_KIND);
		json_write_string(w, r->finding[i].kind);
		json_write_text(w, REPORT_TO_FINDING_CODE);
		json_write_string(w, r->finding[i].code);
		json_write_text(w, REPORT_TO_FINDING_SUBJECT);
		json_write_string(w, r->finding[i].subject);
		json_write_text(w, REPORT_TO_FINDING_DETAIL);
		json_write_string(w, r->finding[i].detail);
		json_write_text(w, "}");
	}
}

static void
write_group(struct json_writer *w, const struct report *r, const struct report_dialect *names)
{
	const struct report_rollout *o = &r->rollout;

	if (r->group.size > 0) {
		json_write_raw(w, names->group);
		json_write_string(w, r->group);
	}
	if (o->enforce == REPORT_ENFORCE_ON)
		return;
	json_write_raw(w, names->rollout);
	json_write_raw(w, report_enforce_piece[o->enforce]);
	json_write_text(w, REPORT_TO_ROLLOUT_DECIDED);
	json_write_string(w, o->decided);
	json_write_text(w, REPORT_TO_ROLLOUT_STATUS);
	json_write_raw(w, report_status_piece[report_status_rank(o->status)]);
	json_write_text(w, REPORT_TO_ROLLOUT_COUNT);
	json_write_number(w, o->finding_total);
	json_write_text(w, "}");
}

static void
write_not_checked(struct json_writer *w, const struct report *r)
{
	bool begun = false;

	for (size_t k = 0; k < COMPONENT_KIND_COUNT; k++) {
		if (!r->not_checked[k])
			continue;
		json_write_text(w, begun ? "," : "");
		begun = true;
		json_write_raw(w, report_kind_piece[k]);
	}
}

static void
write_accepted(struct json_writer *w, const struct report *r)
{
	for (size_t i = 0; i < r->accepted_count; i++) {
		json_write_text(w, i > 0 ? "," : "");
		json_write_text(w, REPORT_TO_FINDING_KIND);
		json_write_string(w, r->accepted[i].kind);
		json_write_text(w, REPORT_TO_FINDING_CODE);
		json_write_string(w, r->accepted[i].code);
		json_write_text(w, "}");
	}
}

static void
write_exceptions(struct json_writer *w, const struct report *r)
{
	for (size_t i = 0; i < r->exception_count; i++) {
		const struct report_exception *x = &r->exception[i];

		json_write_text(w, i > 0 ? "," : "");
		json_write_text(w, REPORT_TO_FINDING_KIND);
		json_write_string(w, x->kind);
		json_write_text(w, REPORT_TO_FINDING_SUBJECT);
		json_write_string(w, x->subject);
		json_write_text(w, REPORT_TO_EXCEPTION_UNTIL);
		json_write_number(w, x->until_s);
		json_write_text(w, REPORT_TO_EXCEPTION_WHY);
		json_write_string(w, x->why);
		json_write_text(w, "}");
	}
}

static void
write_bundle(struct json_writer *w, const struct bundle *b)
{
	json_write_number(w, b->seq);
	json_write_text(w, REPORT_TO_PREV);
	json_write_digest(w, &b->prev);
	json_write_text(w, REPORT_TO_BOOT);
	json_write_hex(w, (struct view){b->boot_id, BOOT_ID_SIZE});
	json_write_text(w, REPORT_TO_TIME);
	json_write_number(w, b->time_ms);
	json_write_text(w, REPORT_TO_NEXT);
	json_write_number(w, b->next_s);
	json_write_text(w, REPORT_TO_OFFLINE);
	json_write_text(w, b->offline ? "true" : "false");
	if (b->extensions.challenge.size > 0) {
		json_write_text(w, REPORT_TO_BUNDLE_NONCE);
		json_write_base64url(w, (struct view){b->nonce, NONCE_SIZE});
	}
	write_components(w, b);
	if (b->extensions.bytes.size > 0) {
		json_write_text(w, REPORT_TO_BUNDLE_EXTENSIONS);
		json_write_base64url(w, b->extensions.bytes);
	}
}

static void
write_components(struct json_writer *w, const struct bundle *b)
{
	bool begun = false;

	json_write_text(w, REPORT_TO_COMPONENTS);
	for (size_t k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const struct bundle_component *c = &b->component[k];

		if (!c->present)
			continue;
		json_write_text(w, begun ? "," : "");
		begun = true;
		json_write_raw(w, report_component_piece[k]);
		json_write_digest(w, &c->digest);
		json_write_text(w, REPORT_TO_COMPONENT_COUNT);
		json_write_number(w, c->count);
		json_write_text(w, REPORT_TO_COMPONENT_SIZE);
		json_write_number(w, c->size);
		json_write_text(w, "}");
	}
	json_write_text(w, "}");
}

static void
write_place(struct json_writer *w, const struct report *r, const struct report_dialect *names)
{
	json_write_raw(w, names->notice);
	entry_place_write(w, &r->notice);
	if (r->has_previous) {
		json_write_raw(w, names->previous);
		json_write_digest(w, &r->previous);
	}
	if (r->has_signature) {
		json_write_raw(w, names->signature);
		json_write_digest(w, &r->certificate);
		json_write_text(w, REPORT_TO_SIGNATURE_VALUE);
		json_write_base64url(w, r->signature);
		json_write_text(w, "}");
	}
	if (r->last_signed_s != 0) {
		json_write_raw(w, names->last_signed);
		json_write_number(w, r->last_signed_s);
	}
	if (r->extensions.size > 0) {
		json_write_raw(w, names->extensions);
		json_write_raw(w, r->extensions);
	}
	json_write_raw(w, names->end);
}
