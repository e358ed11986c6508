#include <string.h>

#include "proto/encoding.h"
#include "proto/report/report.h"
#include "proto/report/report_dialect.h"

/*
 * Everything but strings and the signature: keys and punctuation (under 2,000 bytes, 900 of them in
 * 16 findings), 27 digests in hex, numbers.
 */
#define FIXED_SIZE_MAX 6144

/* One reservation for the whole report, then every byte is put at `p`. */
struct writer {
	struct buf *to;
	uint8_t *p;
};

static size_t size_bound(const struct report *r);
static void put_head(struct writer *w, const struct report *r, const struct report_dialect *names);
static void put_submod(
    struct writer *w, const struct report *r, const struct report_dialect *names);
static void put_vector(
    struct writer *w, const struct report *r, const struct report_dialect *names);
static void put_findings(struct writer *w, const struct report *r);
static void put_not_checked(struct writer *w, const struct report *r);
static void put_bundle(struct writer *w, const struct bundle *b);
static void put_chain(struct writer *w, const struct report *r);
static void put_string(struct writer *w, const char *key, struct view v);
static void put_number(struct writer *w, const char *key, uint64_t number);
static void put_digest(struct writer *w, const char *key, const struct digest *d);
static void put_base64url(struct writer *w, const char *key, struct view v);
static void put_name(struct writer *w, const char *name);
static void put_decimal(struct writer *w, uint64_t number);

/* Inlined, so that the size of a literal is known where it stands. */
static inline void
put(struct writer *w, const char *text)
{
	const size_t size = strlen(text);

	memcpy(w->p, text, size);
	w->p += size;
}

enum err
report_write(const struct report *r, struct buf *to)
{
	const struct report_dialect *names;
	struct writer w = {to, NULL};
	const size_t begun = to->size;
	enum err e;

	if ((e = report_check(r)) != ERR_OK)
		return e;
	names = report_dialect(r->profile);
	if (to->failed || (w.p = buf_reserve(to, size_bound(r))) == NULL)
		return ERR_MEMORY;
	put_head(&w, r, names);
	put_submod(&w, r, names);
	put_bundle(&w, &r->bundle);
	put_chain(&w, r);
	put(&w, "}");
	to->size = (size_t)(w.p - to->data);
	if (to->size - begun > REPORT_SIZE_MAX) {
		to->size = begun;
		return ERR_FORMAT_SIZE;
	}
	return ERR_OK;
}

static size_t
size_bound(const struct report *r)
{
	size_t size = r->issuer.size + r->collector.size + r->developer.size + r->build.size +
		      r->policy_id.size + r->bundle.workload.size;

	for (size_t i = 0; i < r->finding_count; i++)
		size += r->finding[i].kind.size + r->finding[i].code.size +
			r->finding[i].subject.size + r->finding[i].detail.size;
	return FIXED_SIZE_MAX + 6 * size + 2 * r->signature.size;
}

static void
put_head(struct writer *w, const struct report *r, const struct report_dialect *names)
{
	put(w, "{\"eat_profile\":");
	put_name(w, names->profile);
	put_number(w, ",\"iat\":", r->issued_s);
	put_number(w, ",\"exp\":", r->expires_s);
	put_string(w, ",\"iss\":", r->issuer);
	put_string(w, ",\"sub\":", r->collector);
	put_digest(w, ",\"jti\":", &r->bundle_digest);
	put(w, ",");
	put_name(w, names->verifier_id);
	put_string(w, ":{\"developer\":", r->developer);
	put_string(w, ",\"build\":", r->build);
	put(w, "}");
}

static void
put_submod(struct writer *w, const struct report *r, const struct report_dialect *names)
{
	put_string(w, ",\"submods\":{", r->bundle.workload);
	put(w, ":{");
	put_name(w, names->status);
	put(w, ":");
	put_name(w, report_status_name(r->status));
	put_vector(w, r, names);
	put(w, ",");
	put_name(w, names->policy);
	put_string(w, names->policy_is_list ? ":[" : ":", r->policy_id);
	if (names->policy_is_list)
		put(w, "]");
	if (!r->bundle.offline)
		put_base64url(w, ",\"eat_nonce\":", (struct view){r->bundle.nonce, NONCE_SIZE});
	put(w, ",\"hallmark.references\":[");
	for (size_t i = 0; i < r->reference_count; i++)
		put_digest(w, i > 0 ? "," : "", &r->reference[i]);
	put(w, "]");
	put_findings(w, r);
	put_not_checked(w, r);
	put(w, "}}");
}

/* Left out where it would be empty: the draft forbids an empty vector. */
static void
put_vector(struct writer *w, const struct report *r, const struct report_dialect *names)
{
	bool begun = false;

	for (size_t i = 0; i < REPORT_CLAIM_COUNT; i++) {
		if (r->claim[i] == 0)
			continue;
		if (!begun) {
			put(w, ",");
			put_name(w, names->vector);
		}
		put(w, begun ? "," : ":{");
		begun = true;
		put_name(w, report_claim_name((enum report_claim)i));
		put(w, r->claim[i] < 0 ? ":-" : ":");
		put_decimal(w, (uint64_t)(r->claim[i] < 0 ? -r->claim[i] : r->claim[i]));
	}
	if (begun)
		put(w, "}");
}

static void
put_findings(struct writer *w, const struct report *r)
{
	put(w, ",\"hallmark.findings\":[");
	for (size_t i = 0; i < r->finding_count; i++) {
		put_string(w, i > 0 ? ",{\"kind\":" : "{\"kind\":", r->finding[i].kind);
		put_string(w, ",\"code\":", r->finding[i].code);
		put_string(w, ",\"subject\":", r->finding[i].subject);
		put_string(w, ",\"detail\":", r->finding[i].detail);
		put(w, "}");
	}
	put_number(w, "],\"hallmark.finding-count\":", r->finding_total);
}

static void
put_not_checked(struct writer *w, const struct report *r)
{
	bool begun = false;

	put(w, ",\"hallmark.not-checked\":[");
	for (size_t k = 0; k < COMPONENT_KIND_COUNT; k++) {
		if (!r->not_checked[k])
			continue;
		if (begun)
			put(w, ",");
		begun = true;
		put_name(w, component_kind_name((enum component_kind)k));
	}
	put(w, "]");
}

static void
put_bundle(struct writer *w, const struct bundle *b)
{
	bool begun = false;

	put_number(w, ",\"hallmark.bundle\":{\"seq\":", b->seq);
	put_digest(w, ",\"prev\":", &b->prev);
	put(w, ",\"boot\":\"");
	hex_put(w->p, (struct view){b->boot_id, BOOT_ID_SIZE});
	w->p += 2 * BOOT_ID_SIZE;
	put_number(w, "\",\"time\":", b->time_ms);
	put(w, b->offline ? ",\"offline\":true" : ",\"offline\":false");
	put(w, ",\"components\":{");
	for (size_t k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const struct bundle_component *c = &b->component[k];

		if (!c->present)
			continue;
		if (begun)
			put(w, ",");
		begun = true;
		put_name(w, component_kind_name((enum component_kind)k));
		put_digest(w, ":{\"sha256\":", &c->digest);
		put_number(w, ",\"count\":", c->count);
		put_number(w, ",\"size\":", c->size);
		put(w, "}");
	}
	put(w, "}}");
}

static void
put_chain(struct writer *w, const struct report *r)
{
	if (r->has_previous)
		put_digest(w, ",\"hallmark.previous-report\":", &r->previous);
	if (r->has_signature) {
		put_digest(w, ",\"hallmark.signature\":{\"certificate\":", &r->certificate);
		put_base64url(w, ",\"value\":", r->signature);
		put(w, "}");
	}
	if (r->last_signed_s != 0)
		put_number(w, ",\"hallmark.last-signed\":", r->last_signed_s);
}

static void
put_string(struct writer *w, const char *key, struct view v)
{
	put(w, key);
	w->p = json_put_string(w->p, v);
}

static void
put_number(struct writer *w, const char *key, uint64_t number)
{
	put(w, key);
	put_decimal(w, number);
}

static void
put_digest(struct writer *w, const char *key, const struct digest *d)
{
	put(w, key);
	*w->p++ = '"';
	hex_put(w->p, (struct view){d->bytes, DIGEST_SIZE});
	w->p += DIGEST_HEX_SIZE;
	*w->p++ = '"';
}

/* The reservation of report_write covers this: base64url_append does not move the bytes. */
static void
put_base64url(struct writer *w, const char *key, struct view v)
{
	put(w, key);
	put(w, "\"");
	w->to->size = (size_t)(w->p - w->to->data);
	base64url_append(w->to, v);
	w->p = w->to->data + w->to->size;
	put(w, "\"");
}

/* A name of our own, in which nothing needs an escape. */
static void
put_name(struct writer *w, const char *name)
{
	put(w, "\"");
	put(w, name);
	put(w, "\"");
}

static void
put_decimal(struct writer *w, uint64_t number)
{
	w->p = decimal_put(w->p, number);
}
