/*
 * Reading is done with Jansson and is forgiving in nothing that matters: whatever was read is
 * written again by report_write and must give the same bytes. So a key that is unknown, missing or
 * out of order, a space, another escape, a number with an exponent: none of them needs a rule here.
 * A document of which any part had the wrong type is refused before that.
 *
 * NUL characters are refused by Jansson (JSON_ALLOW_NUL is not given), so its C strings are whole.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/report/report.h"
#include "proto/report/report_dialect.h"

/* The strings of the report are those of `root`, and the signature's bytes lie in `signature`. */
struct report_document {
	struct report report;
	json_t *root;
	struct buf signature;
};

static enum err load(struct view json, json_t **out);
static enum err read_all(struct report_document *d);
static bool read_submod(const json_t *root, const struct report_dialect *names, struct report *r);
static bool read_verdict(
    const json_t *submod, const struct report_dialect *names, struct report *r);
static bool read_findings(const json_t *submod, struct report *r);
static bool read_lists(const json_t *submod, struct report *r);
static bool read_bundle(const json_t *root, struct bundle *b);
static bool read_components(const json_t *map, struct bundle *b);
static bool read_chain(const json_t *root, struct report_document *d);
static bool get_string(const json_t *o, const char *key, struct view *out);
static bool get_number(const json_t *o, const char *key, uint64_t *out);
static bool get_digest(const json_t *o, const char *key, struct digest *out);
static bool get_decoded(const json_t *o, const char *key,
    enum err (*decode)(struct view text, struct buf *to), uint8_t *out, size_t size);
static enum err verify(const struct report *r, struct view json);

enum err
report_parse(struct view json, struct report_document **out)
{
	struct report_document *d;
	enum err e;

	*out = NULL;
	if (json.size > REPORT_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	if ((d = calloc(1, sizeof(*d))) == NULL)
		return ERR_MEMORY;
	d->signature = BUF_INIT;
	if ((e = load(json, &d->root)) == ERR_OK && (e = read_all(d)) == ERR_OK)
		e = verify(&d->report, json);
	if (e == ERR_OK) {
		*out = d;
		d = NULL; /* moved */
	}
	report_document_free(&d);
	return e;
}

const struct report *
report_document_report(const struct report_document *d)
{
	return &d->report;
}

void
report_document_free(struct report_document **d)
{
	if (*d == NULL)
		return;
	json_decref((*d)->root);
	buf_free(&(*d)->signature);
	free(*d);
	*d = NULL;
}

static enum err
load(struct view json, json_t **out)
{
	json_error_t error;

	*out = json_loadb((const char *)json.data, json.size, JSON_REJECT_DUPLICATES, &error);
	if (*out != NULL)
		return ERR_OK;
	return json_error_code(&error) == json_error_out_of_memory ? ERR_MEMORY : ERR_FORMAT;
}

static enum err
read_all(struct report_document *d)
{
	const struct report_dialect *names;
	struct report *r = &d->report;
	struct view profile;
	json_t *verifier;

	if (!get_string(d->root, "eat_profile", &profile))
		return ERR_FORMAT;
	for (r->profile = REPORT_PROFILE_DEPLOYED;; r->profile = REPORT_PROFILE_DRAFT) {
		names = report_dialect(r->profile);
		if (view_equal(profile, view_of_string(names->profile)))
			break;
		if (r->profile == REPORT_PROFILE_DRAFT)
			return ERR_UNSUPPORTED;
	}
	verifier = json_object_get(d->root, names->verifier_id);
	if (!get_number(d->root, "iat", &r->issued_s) ||
	    !get_number(d->root, "exp", &r->expires_s) || !get_string(d->root, "iss", &r->issuer) ||
	    !get_string(d->root, "sub", &r->collector) ||
	    !get_digest(d->root, "jti", &r->bundle_digest) ||
	    !get_string(verifier, "developer", &r->developer) ||
	    !get_string(verifier, "build", &r->build) || !read_bundle(d->root, &r->bundle) ||
	    !read_submod(d->root, names, r) || !read_chain(d->root, d))
		return ERR_FORMAT;
	return ERR_OK;
}

static bool
read_submod(const json_t *root, const struct report_dialect *names, struct report *r)
{
	json_t *submods = json_object_get(root, "submods");
	json_t *submod;
	void *member;
	const char *workload;

	if (json_object_size(submods) != 1) /* 0 for what is not an object, too */
		return false;
	member = json_object_iter(submods);
	workload = json_object_iter_key(member);
	submod = json_object_iter_value(member);
	r->bundle.workload = view_of_string(workload);
	if (json_object_get(submod, "eat_nonce") != NULL) {
		if (r->bundle.offline || !get_decoded(submod, "eat_nonce", base64url_decode,
					     r->bundle.nonce, NONCE_SIZE))
			return false;
	} else if (!r->bundle.offline) {
		return false;
	}
	return read_verdict(submod, names, r) && read_lists(submod, r) && read_findings(submod, r);
}

static bool
read_verdict(const json_t *submod, const struct report_dialect *names, struct report *r)
{
	static const enum report_status all[] = {
	    REPORT_NONE, REPORT_AFFIRMING, REPORT_WARNING, REPORT_CONTRAINDICATED};
	const json_t *vector = json_object_get(submod, names->vector);
	const json_t *policies = json_object_get(submod, names->policy);
	struct view status;
	size_t s = 0;

	if (!get_string(submod, names->status, &status))
		return false;
	while (s < 4 && !view_equal(status, view_of_string(report_status_name(all[s]))))
		s++;
	if (s == 4)
		return false;
	r->status = all[s];
	for (size_t i = 0; i < REPORT_CLAIM_COUNT; i++) {
		const json_t *claim =
		    json_object_get(vector, report_claim_name((enum report_claim)i));

		if (claim == NULL)
			continue;
		if (!json_is_integer(claim) || json_integer_value(claim) < -128 ||
		    json_integer_value(claim) > 127)
			return false;
		r->claim[i] = (int8_t)json_integer_value(claim);
	}
	if (names->policy_is_list)
		policies = json_array_get(policies, 0);
	if (!json_is_string(policies))
		return false;
	r->policy_id = view_of_string(json_string_value(policies));
	return true;
}

static bool
read_lists(const json_t *submod, struct report *r)
{
	const json_t *references = json_object_get(submod, "hallmark.references");
	const json_t *not_checked = json_object_get(submod, "hallmark.not-checked");
	enum component_kind kind;
	const char *text;

	r->reference_count = json_array_size(references);
	if (r->reference_count > REPORT_REFERENCES_MAX)
		return false;
	for (size_t i = 0; i < r->reference_count; i++) {
		text = json_string_value(json_array_get(references, i));
		if (text == NULL ||
		    digest_from_hex(view_of_string(text), &r->reference[i]) != ERR_OK)
			return false;
	}
	for (size_t i = 0; i < json_array_size(not_checked); i++) {
		text = json_string_value(json_array_get(not_checked, i));
		if (text == NULL || component_kind_from_name(view_of_string(text), &kind) != ERR_OK)
			return false;
		r->not_checked[kind] = true;
	}
	return true;
}

static bool
read_findings(const json_t *submod, struct report *r)
{
	const json_t *findings = json_object_get(submod, "hallmark.findings");

	r->finding_count = json_array_size(findings);
	if (r->finding_count > REPORT_FINDINGS_MAX)
		return false;
	for (size_t i = 0; i < r->finding_count; i++) {
		const json_t *finding = json_array_get(findings, i);

		if (!get_string(finding, "kind", &r->finding[i].kind) ||
		    !get_string(finding, "code", &r->finding[i].code) ||
		    !get_string(finding, "subject", &r->finding[i].subject) ||
		    !get_string(finding, "detail", &r->finding[i].detail))
			return false;
	}
	return get_number(submod, "hallmark.finding-count", &r->finding_total);
}

static bool
read_bundle(const json_t *root, struct bundle *b)
{
	const json_t *o = json_object_get(root, "hallmark.bundle");
	const json_t *offline = json_object_get(o, "offline");

	if (!json_is_boolean(offline))
		return false;
	b->offline = json_is_true(offline);
	return get_number(o, "seq", &b->seq) && get_digest(o, "prev", &b->prev) &&
	       get_decoded(o, "boot", hex_decode, b->boot_id, BOOT_ID_SIZE) &&
	       get_number(o, "time", &b->time_ms) &&
	       read_components(json_object_get(o, "components"), b);
}

static bool
read_components(const json_t *map, struct bundle *b)
{
	for (size_t k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const json_t *o = json_object_get(map, component_kind_name((enum component_kind)k));
		struct bundle_component *c = &b->component[k];

		if (o == NULL)
			continue;
		c->present = true;
		if (!get_digest(o, "sha256", &c->digest) || !get_number(o, "count", &c->count) ||
		    !get_number(o, "size", &c->size))
			return false;
	}
	return true;
}

static bool
read_chain(const json_t *root, struct report_document *d)
{
	const json_t *signature = json_object_get(root, "hallmark.signature");
	struct report *r = &d->report;
	struct view text;

	r->has_previous = json_object_get(root, "hallmark.previous-report") != NULL;
	if (r->has_previous && !get_digest(root, "hallmark.previous-report", &r->previous))
		return false;
	r->has_signature = signature != NULL;
	if (r->has_signature) {
		if (!get_digest(signature, "certificate", &r->certificate) ||
		    !get_string(signature, "value", &text) ||
		    base64url_decode(text, &d->signature) != ERR_OK)
			return false;
		r->signature = buf_view(&d->signature);
	}
	if (json_object_get(root, "hallmark.last-signed") == NULL)
		return true;
	return get_number(root, "hallmark.last-signed", &r->last_signed_s);
}

/* The three getters take anything for `o`: what is not an object has no members. */
static bool
get_string(const json_t *o, const char *key, struct view *out)
{
	const char *text = json_string_value(json_object_get(o, key));

	if (text == NULL)
		return false;
	*out = view_of_string(text);
	return true;
}

static bool
get_number(const json_t *o, const char *key, uint64_t *out)
{
	const json_t *number = json_object_get(o, key);

	if (!json_is_integer(number) || json_integer_value(number) < 0)
		return false;
	*out = (uint64_t)json_integer_value(number);
	return true;
}

static bool
get_digest(const json_t *o, const char *key, struct digest *out)
{
	struct view text;

	return get_string(o, key, &text) && digest_from_hex(text, out) == ERR_OK;
}

static bool
get_decoded(const json_t *o, const char *key, enum err (*decode)(struct view text, struct buf *to),
    uint8_t *out, size_t size)
{
	struct buf bytes = BUF_INIT;
	struct view text;
	bool good;

	good = get_string(o, key, &text) && decode(text, &bytes) == ERR_OK && bytes.size == size;
	if (good)
		memcpy(out, bytes.data, size);
	buf_free(&bytes);
	return good;
}

static enum err
verify(const struct report *r, struct view json)
{
	struct buf again = BUF_INIT;
	struct digest digest;
	enum err e;

	if ((e = report_write(r, &again)) != ERR_OK)
		goto out;
	if (!view_equal(buf_view(&again), json)) {
		e = ERR_FORMAT;
		goto out;
	}
	buf_clear(&again);
	bundle_encode(&r->bundle, &again);
	if ((e = buf_status(&again)) != ERR_OK)
		goto out;
	digest_of(again.data, again.size, &digest);
	e = digest_equal(&digest, &r->bundle_digest) ? ERR_OK : ERR_MISMATCH;
out:
	buf_free(&again);
	return e;
}
