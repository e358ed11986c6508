/*
 * Entries read another way, for comparison: by Jansson, forgiving in everything, and then written
 * again, which must give the same bytes. What has one spelling is that which the writer gives, so
 * the readers of proto/report must take these bytes and no others.
 */
#ifndef HALLMARK_TESTS_FUZZ_ENTRY_REFERENCE_H
#define HALLMARK_TESTS_FUZZ_ENTRY_REFERENCE_H

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/report/absence.h"
#include "proto/report/notice.h"
#include "proto/report/report.h"
#include "tests/fuzz/extensions_reference.h"

/* What was read last, with the memory for it. */
struct reference {
	json_t *root;
	char *extensions;
	char *subject;
	struct buf signature, bundle_extensions, again;
	struct report report;
	struct absence absence;
	struct notice notice;
	struct digest jti; /* as an absence states it */
};

static inline void
reference_free(struct reference *f)
{
	json_decref(f->root);
	free(f->extensions);
	free(f->subject);
	buf_free(&f->signature);
	buf_free(&f->bundle_extensions);
	buf_free(&f->again);
	memset(f, 0, sizeof(*f));
}

/* The getters take anything for `o`: what is not an object has no members. */
static inline bool
get_string(const json_t *o, const char *key, struct view *out)
{
	const char *text = json_string_value(json_object_get(o, key));

	*out = text != NULL ? view_of_string(text) : (struct view){NULL, 0};
	return text != NULL;
}

static inline bool
get_number(const json_t *o, const char *key, uint64_t *out)
{
	const json_t *number = json_object_get(o, key);

	*out = json_is_integer(number) ? (uint64_t)json_integer_value(number) : 0;
	return json_is_integer(number) && json_integer_value(number) >= 0;
}

static inline bool
get_bytes(const json_t *o, const char *key, enum err (*decode)(struct view text, struct buf *to),
    struct buf *to)
{
	struct view text;

	buf_clear(to);
	return get_string(o, key, &text) && decode(text, to) == ERR_OK;
}

static inline bool
get_fixed(const json_t *o, const char *key, enum err (*decode)(struct view text, struct buf *to),
    uint8_t *out, size_t size)
{
	struct buf bytes = BUF_INIT;
	const bool good = get_bytes(o, key, decode, &bytes) && bytes.size == size;

	if (good)
		memcpy(out, bytes.data, size);
	buf_free(&bytes);
	return good;
}

static inline bool
get_digest(const json_t *o, const char *key, struct digest *out)
{
	return get_fixed(o, key, hex_decode, out->bytes, DIGEST_SIZE);
}

static inline bool
get_place(const json_t *o, const char *key, struct entry_place *out)
{
	const json_t *place = json_object_get(o, key);

	return get_number(place, "index", &out->index) && get_digest(place, "leaf", &out->leaf);
}

/* A map as it would be spelled; left out where it is not there. */
static inline bool
get_extensions(const json_t *o, const char *key, char **text, struct view *out)
{
	const json_t *map = json_object_get(o, key);

	*out = (struct view){NULL, 0};
	if (map == NULL)
		return true;
	if (!reference_is_extensions(map) || (*text = json_dumps(map, JSON_COMPACT)) == NULL)
		return false;
	*out = view_of_string(*text);
	return true;
}

static inline bool
load(struct reference *f, struct view entry)
{
	reference_free(f);
	f->root = json_loadb((const char *)entry.data, entry.size, JSON_REJECT_DUPLICATES, NULL);
	return f->root != NULL;
}

/* ---- reports ---- */

/* The names that the dialects give to the same claims. */
struct reference_names {
	const char *profile, *verifier, *status, *vector, *policy, *references, *findings, *count,
	    *group, *rollout, *not_checked, *accepted, *exceptions, *feeds, *form, *bundle, *notice,
	    *previous, *signature, *last_signed, *extensions;
};

static inline const struct reference_names *
reference_names(enum report_profile profile)
{
	static const struct reference_names deployed = {"tag:github.com,2023:veraison/ear",
	    "ear.verifier-id", "ear.status", "ear.trustworthiness-vector",
	    "ear.appraisal-policy-id", "hallmark.references", "hallmark.findings",
	    "hallmark.finding-count", "hallmark.group", "hallmark.rollout", "hallmark.not-checked",
	    "hallmark.accepted", "hallmark.exceptions", "hallmark.feeds", "hallmark.form",
	    "hallmark.bundle", "hallmark.notice", "hallmark.previous-report", "hallmark.signature",
	    "hallmark.last-signed", "hallmark.extensions"};
	static const struct reference_names draft = {"tag:ietf.org,2026:rats/ear#04",
	    "ear_verifier_id", "ear_status", "ear_trustworthiness_vector",
	    "ear_appraisal_policy_ids", "references", "findings", "finding-count", "group",
	    "rollout", "not-checked", "accepted", "exceptions", "feeds", "form", "bundle", "notice",
	    "previous-report", "signature", "last-signed", "extensions"};

	return profile == REPORT_PROFILE_DRAFT ? &draft : &deployed;
}

static inline bool
get_status(const json_t *o, const char *name, enum report_status *out)
{
	static const enum report_status all[] = {
	    REPORT_NONE, REPORT_AFFIRMING, REPORT_WARNING, REPORT_CONTRAINDICATED};
	struct view status;

	if (!get_string(o, name, &status))
		return false;
	for (size_t s = 0; s < sizeof(all) / sizeof(all[0]); s++) {
		*out = all[s];
		if (view_equal(status, view_of_string(report_status_name(all[s]))))
			return true;
	}
	return false;
}

static inline bool
get_group(const json_t *o, const struct reference_names *names, struct report *r)
{
	const json_t *rollout = json_object_get(o, names->rollout);
	struct view enforce;

	if (json_object_get(o, names->group) != NULL && !get_string(o, names->group, &r->group))
		return false;
	if (rollout == NULL)
		return true;
	if (!get_string(rollout, "enforce", &enforce))
		return false;
	r->rollout.enforce =
	    view_equal(enforce, VIEW_LITERAL("off")) ? REPORT_ENFORCE_OFF : REPORT_ENFORCE_WARN;
	return get_string(rollout, "decided", &r->rollout.decided) &&
	       get_status(rollout, "status", &r->rollout.status) &&
	       get_number(rollout, "finding-count", &r->rollout.finding_total);
}

static inline bool
get_verdict(const json_t *submod, const struct reference_names *names, struct report *r)
{
	const json_t *vector = json_object_get(submod, names->vector);
	const json_t *policy = json_object_get(submod, names->policy);

	if (!get_status(submod, names->status, &r->status))
		return false;
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
	if (r->profile == REPORT_PROFILE_DRAFT)
		policy = json_array_get(policy, 0);
	if (!json_is_string(policy))
		return false;
	r->policy_id = view_of_string(json_string_value(policy));
	return true;
}

static inline bool
get_lists(const json_t *o, const struct reference_names *names, struct report *r)
{
	const json_t *references = json_object_get(o, names->references);
	const json_t *findings = json_object_get(o, names->findings);
	const json_t *not_checked = json_object_get(o, names->not_checked);
	const json_t *accepted = json_object_get(o, names->accepted);
	const json_t *exceptions = json_object_get(o, names->exceptions);
	const json_t *feeds = json_object_get(o, names->feeds);
	enum component_kind kind;
	const char *text;

	r->reference_count = json_array_size(references);
	r->finding_count = json_array_size(findings);
	r->accepted_count = json_array_size(accepted);
	r->exception_count = json_array_size(exceptions);
	r->feed_count = json_array_size(feeds);
	if (r->reference_count > REPORT_REFERENCES_MAX || r->finding_count > REPORT_FINDINGS_MAX ||
	    r->accepted_count > REPORT_ACCEPTED_MAX || r->exception_count > REPORT_EXCEPTIONS_MAX ||
	    r->feed_count > REPORT_FEEDS_MAX)
		return false;
	for (size_t i = 0; i < r->reference_count; i++) {
		text = json_string_value(json_array_get(references, i));
		if (text == NULL ||
		    digest_from_hex(view_of_string(text), &r->reference[i]) != ERR_OK)
			return false;
	}
	for (size_t i = 0; i < r->feed_count; i++) {
		text = json_string_value(json_array_get(feeds, i));
		if (text == NULL || digest_from_hex(view_of_string(text), &r->feed[i]) != ERR_OK)
			return false;
	}
	for (size_t i = 0; i < r->finding_count; i++) {
		const json_t *finding = json_array_get(findings, i);

		if (!get_string(finding, "kind", &r->finding[i].kind) ||
		    !get_string(finding, "code", &r->finding[i].code) ||
		    !get_string(finding, "subject", &r->finding[i].subject) ||
		    !get_string(finding, "detail", &r->finding[i].detail))
			return false;
	}
	for (size_t i = 0; i < r->accepted_count; i++)
		if (!get_string(json_array_get(accepted, i), "kind", &r->accepted[i].kind) ||
		    !get_string(json_array_get(accepted, i), "code", &r->accepted[i].code))
			return false;
	for (size_t i = 0; i < r->exception_count; i++) {
		const json_t *exception = json_array_get(exceptions, i);

		if (!get_string(exception, "kind", &r->exception[i].kind) ||
		    !get_string(exception, "subject", &r->exception[i].subject) ||
		    !get_number(exception, "until", &r->exception[i].until_s) ||
		    !get_string(exception, "why", &r->exception[i].why))
			return false;
	}
	for (size_t i = 0; i < json_array_size(not_checked); i++) {
		text = json_string_value(json_array_get(not_checked, i));
		if (text == NULL || component_kind_from_name(view_of_string(text), &kind) != ERR_OK)
			return false;
		r->not_checked[kind] = true;
	}
	return get_group(o, names, r) && get_number(o, names->count, &r->finding_total);
}

static inline bool
get_bundle(struct reference *f, const json_t *o, const json_t *with_nonce)
{
	const json_t *components = json_object_get(o, "components");
	struct bundle *b = &f->report.bundle;
	bool good = true;

	b->offline = json_is_true(json_object_get(o, "offline"));
	if (json_object_get(o, "extensions") != NULL &&
	    (!get_bytes(o, "extensions", base64url_decode, &f->bundle_extensions) ||
		bundle_extensions_read(buf_view(&f->bundle_extensions), &b->extensions) != ERR_OK))
		return false;
	/* The writer puts the challenge where there is one: another one there is not equal. */
	if (b->extensions.challenge.size > 0)
		good = get_fixed(o, "nonce", base64url_decode, b->nonce, NONCE_SIZE);
	else if (!b->offline)
		good = get_fixed(with_nonce, "eat_nonce", base64url_decode, b->nonce, NONCE_SIZE);
	for (size_t k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const json_t *c =
		    json_object_get(components, component_kind_name((enum component_kind)k));

		if (c == NULL)
			continue;
		b->component[k].present = true;
		good = good && get_digest(c, "sha256", &b->component[k].digest) &&
		       get_number(c, "count", &b->component[k].count) &&
		       get_number(c, "size", &b->component[k].size);
	}
	return good && get_number(o, "seq", &b->seq) && get_digest(o, "prev", &b->prev) &&
	       get_fixed(o, "boot", hex_decode, b->boot_id, BOOT_ID_SIZE) &&
	       get_number(o, "time", &b->time_ms) && get_number(o, "next", &b->next_s);
}

static inline bool
get_report(struct reference *f, enum report_profile profile)
{
	const struct reference_names *names = reference_names(profile);
	const json_t *verifier = json_object_get(f->root, names->verifier);
	json_t *submods = json_object_get(f->root, "submods");
	const bool draft = profile == REPORT_PROFILE_DRAFT;
	const json_t *submod, *own, *signature;
	struct report *r = &f->report;
	uint64_t form;
	void *member;

	r->profile = profile;
	if (json_object_size(submods) != 1)
		return false;
	member = json_object_iter(submods);
	r->bundle.workload = view_of_string(json_object_iter_key(member));
	submod = json_object_iter_value(member);
	own = draft ? json_object_get(f->root, "hallmark") : f->root;
	signature = json_object_get(own, names->signature);
	if (!get_number(f->root, "iat", &r->issued_s) ||
	    !get_number(f->root, "exp", &r->expires_s) || !get_string(f->root, "iss", &r->issuer) ||
	    !get_string(f->root, "sub", &r->collector) ||
	    !get_digest(f->root, "jti", &r->bundle_digest) ||
	    !get_string(verifier, "developer", &r->developer) ||
	    !get_string(verifier, "build", &r->build) || !get_verdict(submod, names, r) ||
	    !get_lists(draft ? json_object_get(submod, "hallmark") : submod, names, r) ||
	    !get_number(own, names->form, &form) || form != ENTRY_FORM ||
	    !get_bundle(f, json_object_get(own, names->bundle), draft ? submod : f->root) ||
	    !get_place(own, names->notice, &r->notice) ||
	    !get_extensions(own, names->extensions, &f->extensions, &r->extensions))
		return false;
	r->has_previous = get_digest(own, names->previous, &r->previous);
	r->has_signature = get_digest(signature, "certificate", &r->certificate) &&
			   get_bytes(signature, "value", base64url_decode, &f->signature);
	r->signature = buf_view(&f->signature);
	return get_number(own, names->last_signed, &r->last_signed_s) ||
	       json_object_get(own, names->last_signed) == NULL;
}

/* ERR_OK, ERR_MISMATCH, or anything else for what is not in the one spelling. */
static inline enum err
reference_report(struct reference *f, struct view entry)
{
	struct digest digest;
	struct view profile;
	enum report_profile p;

	if (entry.size > REPORT_SIZE_MAX || !load(f, entry) ||
	    !get_string(f->root, "eat_profile", &profile))
		return ERR_FORMAT;
	p = view_equal(profile, VIEW_LITERAL("tag:github.com,2023:veraison/ear"))
		? REPORT_PROFILE_DEPLOYED
		: REPORT_PROFILE_DRAFT;
	if (!get_report(f, p) || report_write(&f->report, &f->again) != ERR_OK ||
	    !view_equal(buf_view(&f->again), entry))
		return ERR_FORMAT;
	buf_clear(&f->again);
	bundle_encode(&f->report.bundle, &f->again);
	digest_of(f->again.data, f->again.size, &digest);
	return digest_equal(&digest, &f->report.bundle_digest) ? ERR_OK : ERR_MISMATCH;
}

/* ---- absences ---- */

static inline enum err
reference_absence(struct reference *f, struct view entry)
{
	struct absence *a = &f->absence;
	const json_t *list;
	struct digest digest;
	uint64_t form;

	if (entry.size > ENTRY_SIZE_MAX || !load(f, entry))
		return ERR_FORMAT;
	list = json_object_get(f->root, "hallmark.absent");
	a->count = json_array_size(list);
	if (a->count > ABSENCE_WORKLOADS_MAX)
		return ERR_FORMAT;
	for (size_t i = 0; i < a->count; i++) {
		const json_t *o = json_array_get(list, i);

		if (!get_string(o, "workload", &a->absent[i].workload) ||
		    !get_number(o, "due", &a->absent[i].due_s) ||
		    !get_number(o, "count", &a->absent[i].count) ||
		    !get_number(o, "report", &a->absent[i].report) ||
		    !get_digest(o, "previous-report", &a->absent[i].previous))
			return ERR_FORMAT;
	}
	if (!get_number(f->root, "iat", &a->issued_s) || !get_string(f->root, "iss", &a->issuer) ||
	    !get_string(f->root, "sub", &a->collector) || !get_digest(f->root, "jti", &f->jti) ||
	    !get_number(f->root, "hallmark.form", &form) || form != ENTRY_FORM ||
	    !get_place(f->root, "hallmark.notice", &a->notice) ||
	    !get_extensions(f->root, "hallmark.extensions", &f->extensions, &a->extensions))
		return ERR_FORMAT;
	if (absence_write(a, &f->again) != ERR_OK)
		return ERR_FORMAT;
	/* The writer puts the right jti in the place of whatever stands there. */
	absence_id(a, &digest);
	if (digest_equal(&digest, &f->jti))
		return view_equal(buf_view(&f->again), entry) ? ERR_OK : ERR_FORMAT;
	return f->again.size == entry.size ? ERR_MISMATCH : ERR_FORMAT;
}

/* ---- notices ---- */

static inline bool
get_token(const json_t *o, struct token_seen *t)
{
	const json_t *changes = json_object_get(o, "changes");

	t->change_count = json_array_size(changes);
	if (t->change_count > TOKEN_SEEN_CHANGES_MAX)
		return false;
	for (size_t i = 0; i < t->change_count; i++) {
		const json_t *c = json_array_get(changes, i);

		if (!get_number(c, "number", &t->change[i].number) ||
		    !get_string(c, "what", &t->change[i].what) ||
		    !get_string(c, "before", &t->change[i].before) ||
		    !get_string(c, "after", &t->change[i].after))
			return false;
	}
	return get_digest(o, "record", &t->record) && get_string(o, "label", &t->label) &&
	       get_string(o, "manufacturer", &t->manufacturer) &&
	       get_string(o, "model", &t->model) && get_string(o, "serial", &t->serial) &&
	       get_string(o, "firmware", &t->firmware) && get_number(o, "number", &t->number);
}

static inline bool
get_subject(struct reference *f, const json_t *o)
{
	const json_t *approvals = json_object_get(o, "approvals");
	struct notice *n = &f->notice;

	switch (n->kind) {
	case NOTICE_START:
		n->cause = NOTICE_CAUSE_OTHER;
		if (!get_string(o, "cause", &n->cause_name))
			return false;
		if (view_equal(n->cause_name, VIEW_LITERAL("start")))
			n->cause = NOTICE_CAUSE_START;
		else if (view_equal(n->cause_name, VIEW_LITERAL("stall")))
			n->cause = NOTICE_CAUSE_STALL;
		else if (view_equal(n->cause_name, VIEW_LITERAL("storage")))
			n->cause = NOTICE_CAUSE_STORAGE;
		else if (view_equal(n->cause_name, VIEW_LITERAL("clock")))
			n->cause = NOTICE_CAUSE_CLOCK;
		return get_number(o, "from", &n->from_s) && get_number(o, "to", &n->to_s) &&
		       get_string(o, "build", &n->build);
	case NOTICE_MANIFEST:
		n->approval_count = json_array_size(approvals);
		if (n->approval_count > NOTICE_APPROVALS_MAX)
			return false;
		for (size_t i = 0; i < n->approval_count; i++) {
			const char *text = json_string_value(json_array_get(approvals, i));

			if (text == NULL ||
			    digest_from_hex(view_of_string(text), &n->approval[i]) != ERR_OK)
				return false;
		}
		return get_digest(o, "sha256", &n->sha256);
	case NOTICE_STATEMENT:
		return get_digest(o, "sha256", &n->sha256) &&
		       get_string(o, "kind", &n->statement_kind) && get_digest(o, "key", &n->key) &&
		       get_number(o, "number", &n->number);
	case NOTICE_KEY:
		return get_digest(o, "from", &n->from) && get_digest(o, "to", &n->to) &&
		       get_string(o, "transition", &n->transition);
	case NOTICE_TOKEN:
		return get_token(o, &n->token);
	case NOTICE_FEED:
		return get_string(o, "name", &n->name) && get_digest(o, "sha256", &n->sha256) &&
		       get_number(o, "written", &n->written_s);
	case NOTICE_OTHER:
		break;
	}
	return get_extensions(f->root, "hallmark.subject", &f->subject, &n->subject);
}

static inline enum err
reference_notice(struct reference *f, struct view entry)
{
	struct notice *n = &f->notice;
	uint64_t form;

	if (entry.size > ENTRY_SIZE_MAX || !load(f, entry) ||
	    !get_string(f->root, "hallmark.notice", &n->kind_name))
		return ERR_FORMAT;
	n->kind = NOTICE_OTHER;
	if (view_equal(n->kind_name, VIEW_LITERAL("start")))
		n->kind = NOTICE_START;
	else if (view_equal(n->kind_name, VIEW_LITERAL("manifest")))
		n->kind = NOTICE_MANIFEST;
	else if (view_equal(n->kind_name, VIEW_LITERAL("statement")))
		n->kind = NOTICE_STATEMENT;
	else if (view_equal(n->kind_name, VIEW_LITERAL("key")))
		n->kind = NOTICE_KEY;
	else if (view_equal(n->kind_name, VIEW_LITERAL("token")))
		n->kind = NOTICE_TOKEN;
	else if (view_equal(n->kind_name, VIEW_LITERAL("feed")))
		n->kind = NOTICE_FEED;
	n->has_previous = get_place(f->root, "hallmark.previous-notice", &n->previous);
	if (!get_number(f->root, "iat", &n->issued_s) || !get_string(f->root, "iss", &n->issuer) ||
	    !get_number(f->root, "hallmark.form", &form) || form != ENTRY_FORM ||
	    !get_digest(f->root, "hallmark.in-force", &n->in_force) ||
	    !get_subject(f, json_object_get(f->root, "hallmark.subject")) ||
	    !get_extensions(f->root, "hallmark.extensions", &f->extensions, &n->extensions))
		return ERR_FORMAT;
	return notice_write(n, &f->again) == ERR_OK && view_equal(buf_view(&f->again), entry)
		   ? ERR_OK
		   : ERR_FORMAT;
}

#endif
