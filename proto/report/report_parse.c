/*
 * Reading reports: the pieces of report_dialect.h are demanded one behind the other, and the values
 * taken from between them. What the writer would not have put there is refused where it stands.
 */
#include <string.h>

#include "proto/json/json_extensions.h"
#include "proto/report/report.h"
#include "proto/report/report_check.h"
#include "proto/report/report_dialect.h"

struct reading {
	struct json_reader json;
	const struct report_dialect *names;
	struct report_document *document;
	struct report *report;
	size_t nonce_size; /* of eat_nonce; 0: none */
	uint8_t nonce[BUNDLE_CHALLENGE_MAX];
};

static enum err read_all(struct reading *r);
static bool read_profile(struct reading *r);
static bool read_head(struct reading *r);
static bool read_submod(struct reading *r);
static bool read_status(struct json_reader *j, enum report_status *out);
static bool read_piece(struct json_reader *j, const struct view *pieces, size_t count, size_t *at);
static bool read_vector(struct json_reader *j, struct report *r);
static bool read_claim(struct json_reader *j, int8_t *out);
static bool read_references(struct json_reader *j, struct report *r);
static bool read_findings(struct json_reader *j, struct report *r);
static bool read_group(struct reading *r);
static bool read_not_checked(struct json_reader *j, struct report *r);
static bool read_accepted(struct json_reader *j, struct report *r);
static bool read_exceptions(struct json_reader *j, struct report *r);
static bool read_feeds(struct json_reader *j, struct report *r);
static bool read_bundle(struct reading *r);
static bool read_components(struct json_reader *j, struct bundle *b);
static bool read_extensions(struct reading *r);
static bool read_nonce(struct reading *r);
static bool nonces_fit(struct reading *r, bool has_second);
static bool read_place(struct reading *r);
static bool read_signature(struct reading *r);
static enum err verify(struct report_document *d);

enum err
report_parse(struct view json, struct report_document *d)
{
	struct reading r = {.document = d, .report = &d->report};
	enum err e;

	if (json.size > REPORT_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	json_read_begin(&r.json, json, &d->strings);
	if ((e = read_all(&r)) == ERR_UNSUPPORTED)
		return e;
	if ((e = json_read_end(&r.json, e == ERR_OK)) != ERR_OK ||
	    (e = report_check_read(&d->report)) != ERR_OK)
		return e;
	return verify(d);
}

void
report_document_free(struct report_document *d)
{
	buf_free(&d->strings);
	buf_free(&d->bundle);
}

static enum err
read_all(struct reading *r)
{
	struct view profile;
	uint64_t form;

	if (!read_profile(r))
		return json_read_text(&r->json, "{\"eat_profile\":") &&
			       json_read_string(&r->json, &profile)
			   ? ERR_UNSUPPORTED
			   : ERR_FORMAT;
	if (!read_head(r) || !read_submod(r) || !json_read_raw(&r->json, r->names->form) ||
	    !json_read_number(&r->json, &form))
		return ERR_FORMAT;
	if (form != ENTRY_FORM)
		return ERR_UNSUPPORTED;
	return read_bundle(r) && read_place(r) ? ERR_OK : ERR_FORMAT;
}

static bool
read_profile(struct reading *r)
{
	static const enum report_profile all[] = {REPORT_PROFILE_DEPLOYED, REPORT_PROFILE_DRAFT};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		r->names = report_dialect(all[i]);
		r->report->profile = all[i];
		if (json_read_raw(&r->json, r->names->begin))
			return true;
	}
	return false;
}

static bool
read_head(struct reading *r)
{
	struct json_reader *j = &r->json;
	struct report *report = r->report;

	return json_read_text(j, REPORT_TO_ISSUE) && json_read_number(j, &report->issued_s) &&
	       json_read_text(j, REPORT_TO_EXPIRY) && json_read_number(j, &report->expires_s) &&
	       json_read_text(j, REPORT_TO_ISSUER) && json_read_string(j, &report->issuer) &&
	       json_read_text(j, REPORT_TO_COLLECTOR) && json_read_string(j, &report->collector) &&
	       json_read_text(j, REPORT_TO_JTI) && json_read_digest(j, &report->bundle_digest) &&
	       (!r->names->nonce_is_claim || read_nonce(r)) &&
	       json_read_raw(j, r->names->verifier) && json_read_string(j, &report->developer) &&
	       json_read_text(j, REPORT_TO_BUILD) && json_read_string(j, &report->build);
}

static bool
read_submod(struct reading *r)
{
	struct json_reader *j = &r->json;
	struct report *report = r->report;

	if (!json_read_text(j, REPORT_TO_WORKLOAD) ||
	    !json_read_string(j, &report->bundle.workload) || !json_read_raw(j, r->names->status) ||
	    !read_status(j, &report->status))
		return false;
	memset(report->claim, 0, sizeof(report->claim));
	report->accepted_count = report->exception_count = report->feed_count = 0;
	if (json_read_raw(j, r->names->vector) && !read_vector(j, report))
		return false;
	return json_read_raw(j, r->names->policy) && json_read_string(j, &report->policy_id) &&
	       json_read_raw(j, r->names->policy_end) &&
	       (r->names->nonce_is_claim || read_nonce(r)) &&
	       json_read_raw(j, r->names->references) && read_references(j, report) &&
	       json_read_raw(j, r->names->findings) && read_findings(j, report) &&
	       json_read_raw(j, r->names->count) && json_read_number(j, &report->finding_total) &&
	       read_group(r) && json_read_raw(j, r->names->not_checked) &&
	       read_not_checked(j, report) &&
	       (!json_read_raw(j, r->names->accepted) || read_accepted(j, report)) &&
	       (!json_read_raw(j, r->names->exceptions) || read_exceptions(j, report)) &&
	       (!json_read_raw(j, r->names->feeds) || read_feeds(j, report));
}

static bool
read_status(struct json_reader *j, enum report_status *out)
{
	/* By their rank, as the pieces are. */
	static const enum report_status all[] = {
	    REPORT_AFFIRMING, REPORT_NONE, REPORT_WARNING, REPORT_CONTRAINDICATED};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		*out = all[i];
		if (json_read_raw(j, report_status_piece[i]))
			return true;
	}
	return false;
}

/* The next of some pieces, in their order: moves `at` behind it. False if none of the rest is next.
 */
static bool
read_piece(struct json_reader *j, const struct view *pieces, size_t count, size_t *at)
{
	while (*at < count)
		if (json_read_raw(j, pieces[(*at)++]))
			return true;
	return false;
}

/* The rest of a vector behind its brace: in the draft's order, at least one. */
static bool
read_vector(struct json_reader *j, struct report *r)
{
	size_t at = 0;

	do {
		if (!read_piece(j, report_claim_piece, REPORT_CLAIM_COUNT, &at) ||
		    !read_claim(j, &r->claim[at - 1]))
			return false;
	} while (json_read_text(j, ","));
	return json_read_text(j, "}");
}

/* -128 to 127, but for 0: that is no claim. */
static bool
read_claim(struct json_reader *j, int8_t *out)
{
	const bool negative = json_read_text(j, "-");
	uint64_t value;

	if (!json_read_number(j, &value) || value == 0 || value > (negative ? 128 : 127))
		return false;
	*out = (int8_t)(negative ? -(int)value : (int)value);
	return true;
}

/* Each of the lists ends before its bracket, with which the next piece begins. */
static bool
read_references(struct json_reader *j, struct report *r)
{
	r->reference_count = 0;
	if (json_read_sees(j, "]"))
		return true;
	do {
		if (r->reference_count == REPORT_REFERENCES_MAX ||
		    !json_read_digest(j, &r->reference[r->reference_count++]))
			return false;
	} while (json_read_text(j, ","));
	return true;
}

static bool
read_findings(struct json_reader *j, struct report *r)
{
	r->finding_count = 0;
	if (json_read_sees(j, "]"))
		return true;
	do {
		struct report_finding *f = &r->finding[r->finding_count];

		if (r->finding_count++ == REPORT_FINDINGS_MAX ||
		    !json_read_text(j, REPORT_TO_FINDING_KIND) || !json_read_string(j, &f->kind) ||
		    !json_read_text(j, REPORT_TO_FINDING_CODE) || !json_read_string(j, &f->code) ||
		    !json_read_text(j, REPORT_TO_FINDING_SUBJECT) ||
		    !json_read_string(j, &f->subject) ||
		    !json_read_text(j, REPORT_TO_FINDING_DETAIL) ||
		    !json_read_string(j, &f->detail) || !json_read_text(j, "}"))
			return false;
	} while (json_read_text(j, ","));
	return true;
}

/* Its members are one behind the other, or not there. */
static bool
read_group(struct reading *r)
{
	struct json_reader *j = &r->json;
	struct report *report = r->report;
	struct report_rollout *o = &report->rollout;
	size_t at = 1; /* no `on` is written */

	report->group = (struct view){NULL, 0};
	*o = (struct report_rollout){.enforce = REPORT_ENFORCE_ON};
	if (json_read_raw(j, r->names->group) &&
	    (!json_read_string(j, &report->group) || report->group.size == 0))
		return false;
	if (!json_read_raw(j, r->names->rollout))
		return true;
	if (!read_piece(j, report_enforce_piece, REPORT_ENFORCE_OFF + 1, &at))
		return false;
	o->enforce = (enum report_enforce)(at - 1);
	return json_read_text(j, REPORT_TO_ROLLOUT_DECIDED) && json_read_string(j, &o->decided) &&
	       json_read_text(j, REPORT_TO_ROLLOUT_STATUS) && read_status(j, &o->status) &&
	       json_read_text(j, REPORT_TO_ROLLOUT_COUNT) &&
	       json_read_number(j, &o->finding_total) && json_read_text(j, "}");
}

static bool
read_not_checked(struct json_reader *j, struct report *r)
{
	size_t at = 0;

	memset(r->not_checked, 0, sizeof(r->not_checked));
	if (json_read_sees(j, "]"))
		return true;
	do {
		if (!read_piece(j, report_kind_piece, COMPONENT_KIND_COUNT, &at))
			return false;
		r->not_checked[at - 1] = true;
	} while (json_read_text(j, ","));
	return true;
}

static bool
read_accepted(struct json_reader *j, struct report *r)
{
	do {
		struct report_accepted *a = &r->accepted[r->accepted_count];

		if (r->accepted_count++ == REPORT_ACCEPTED_MAX ||
		    !json_read_text(j, REPORT_TO_FINDING_KIND) || !json_read_string(j, &a->kind) ||
		    !json_read_text(j, REPORT_TO_FINDING_CODE) || !json_read_string(j, &a->code) ||
		    !json_read_text(j, "}"))
			return false;
	} while (json_read_text(j, ","));
	return true;
}

static bool
read_exceptions(struct json_reader *j, struct report *r)
{
	do {
		struct report_exception *x = &r->exception[r->exception_count];

		if (r->exception_count++ == REPORT_EXCEPTIONS_MAX ||
		    !json_read_text(j, REPORT_TO_FINDING_KIND) || !json_read_string(j, &x->kind) ||
		    !json_read_text(j, REPORT_TO_FINDING_SUBJECT) ||
		    !json_read_string(j, &x->subject) ||
		    !json_read_text(j, REPORT_TO_EXCEPTION_UNTIL) ||
		    !json_read_number(j, &x->until_s) ||
		    !json_read_text(j, REPORT_TO_EXCEPTION_WHY) || !json_read_string(j, &x->why) ||
		    !json_read_text(j, "}"))
			return false;
	} while (json_read_text(j, ","));
	return true;
}

static bool
read_feeds(struct json_reader *j, struct report *r)
{
	do {
		if (r->feed_count == REPORT_FEEDS_MAX ||
		    !json_read_digest(j, &r->feed[r->feed_count++]))
			return false;
	} while (json_read_text(j, ","));
	return true;
}

static bool
read_bundle(struct reading *r)
{
	struct json_reader *j = &r->json;
	struct bundle *b = &r->report->bundle;
	size_t size;
	bool second;

	if (!json_read_raw(j, r->names->bundle) || !json_read_number(j, &b->seq) ||
	    !json_read_text(j, REPORT_TO_PREV) || !json_read_digest(j, &b->prev) ||
	    !json_read_text(j, REPORT_TO_BOOT) || !json_read_hex(j, b->boot_id, BOOT_ID_SIZE) ||
	    !json_read_text(j, REPORT_TO_TIME) || !json_read_number(j, &b->time_ms) ||
	    !json_read_text(j, REPORT_TO_NEXT) || !json_read_number(j, &b->next_s) ||
	    !json_read_text(j, REPORT_TO_OFFLINE))
		return false;
	b->offline = json_read_text(j, "true");
	if (!b->offline && !json_read_text(j, "false"))
		return false;
	second = json_read_text(j, REPORT_TO_BUNDLE_NONCE);
	if (second && (!json_read_base64url(j, b->nonce, NONCE_SIZE, &size) || size != NONCE_SIZE))
		return false;
	return json_read_text(j, REPORT_TO_COMPONENTS) && read_components(j, b) &&
	       read_extensions(r) && nonces_fit(r, second);
}

static bool
read_components(struct json_reader *j, struct bundle *b)
{
	size_t at = 0;

	memset(b->component, 0, sizeof(b->component));
	do {
		struct bundle_component *c;

		if (!read_piece(j, report_component_piece, COMPONENT_KIND_COUNT, &at))
			return false;
		c = &b->component[at - 1];
		c->present = true;
		if (!json_read_digest(j, &c->digest) ||
		    !json_read_text(j, REPORT_TO_COMPONENT_COUNT) ||
		    !json_read_number(j, &c->count) ||
		    !json_read_text(j, REPORT_TO_COMPONENT_SIZE) ||
		    !json_read_number(j, &c->size) || !json_read_text(j, "}"))
			return false;
	} while (json_read_text(j, ","));
	return json_read_text(j, "}");
}

/* Of the bundle: its canonical bytes, or nothing. */
static bool
read_extensions(struct reading *r)
{
	struct bundle_extensions *x = &r->report->bundle.extensions;
	uint8_t *bytes = r->document->extensions;
	size_t size;

	memset(x, 0, sizeof(*x));
	if (!json_read_text(&r->json, REPORT_TO_BUNDLE_EXTENSIONS))
		return true;
	return json_read_base64url(&r->json, bytes, sizeof(r->document->extensions), &size) &&
	       bundle_extensions_read((struct view){bytes, size}, x) == ERR_OK;
}

/* eat_nonce, if it is there: whose it is shows when the bundle was read. */
static bool
read_nonce(struct reading *r)
{
	return !json_read_text(&r->json, REPORT_TO_NONCE) ||
	       json_read_base64url(&r->json, r->nonce, sizeof(r->nonce), &r->nonce_size);
}

/*
 * A bundle with a challenge has it as eat_nonce, and its own nonce stands beside it; one without
 * has its own as eat_nonce; one that was gathered offline has none.
 */
static bool
nonces_fit(struct reading *r, bool has_second)
{
	struct bundle *b = &r->report->bundle;
	const struct view nonce = {r->nonce, r->nonce_size};
	const bool challenge = b->extensions.challenge.size > 0;

	if (has_second != challenge || b->offline != (r->nonce_size == 0))
		return false;
	if (challenge)
		return view_equal(nonce, b->extensions.challenge);
	if (b->offline)
		memset(b->nonce, 0, NONCE_SIZE);
	else if (r->nonce_size == NONCE_SIZE)
		memcpy(b->nonce, r->nonce, NONCE_SIZE);
	return b->offline || r->nonce_size == NONCE_SIZE;
}

static bool
read_place(struct reading *r)
{
	struct json_reader *j = &r->json;
	struct report *report = r->report;

	if (!json_read_raw(j, r->names->notice) || !entry_place_read(j, &report->notice))
		return false;
	report->has_previous = json_read_raw(j, r->names->previous);
	if (report->has_previous && !json_read_digest(j, &report->previous))
		return false;
	if (!read_signature(r))
		return false;
	report->last_signed_s = 0;
	if (json_read_raw(j, r->names->last_signed) &&
	    (!json_read_number(j, &report->last_signed_s) || report->last_signed_s == 0))
		return false;
	report->extensions = (struct view){NULL, 0};
	if (json_read_raw(j, r->names->extensions) && !json_extensions_read(j, &report->extensions))
		return false;
	return json_read_raw(j, r->names->end);
}

static bool
read_signature(struct reading *r)
{
	struct report *report = r->report;
	uint8_t *bytes = r->document->signature;

	report->signature = (struct view){bytes, 0};
	report->has_signature = json_read_raw(&r->json, r->names->signature);
	return !report->has_signature ||
	       (json_read_digest(&r->json, &report->certificate) &&
		   json_read_text(&r->json, REPORT_TO_SIGNATURE_VALUE) &&
		   json_read_base64url(
		       &r->json, bytes, sizeof(r->document->signature), &report->signature.size) &&
		   json_read_text(&r->json, "}"));
}

/* jti is the digest of the bundle's bytes, which the claims make again. */
static enum err
verify(struct report_document *d)
{
	struct digest digest;
	enum err e;

	buf_clear(&d->bundle);
	bundle_encode(&d->report.bundle, &d->bundle);
	if ((e = buf_status(&d->bundle)) != ERR_OK)
		return e;
	digest_of(d->bundle.data, d->bundle.size, &digest);
	return digest_equal(&digest, &d->report.bundle_digest) ? ERR_OK : ERR_MISMATCH;
}
