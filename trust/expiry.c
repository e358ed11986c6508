#include "trust/expiry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void begin(struct expiry *e);
static void sooner_certificate(struct expiry *e, const char *key, const X509 *certificate);
static void sooner(
    struct expiry *e, const char *key, const X509_NAME *name, int64_t from_s, int64_t to_s);

void
expiry_of_log(struct expiry *e, const char *key, const STACK_OF(X509) * chain)
{
	begin(e);
	e->of_log = true;
	for (int i = 0; i < sk_X509_num(chain); i++)
		sooner_certificate(e, key, sk_X509_value(chain, i));
}

void
expiry_of_chain(struct expiry *e, const char *key, const SSL_CTX *ctx)
{
	STACK_OF(X509) *chain = NULL;

	begin(e);
	sooner_certificate(e, key, SSL_CTX_get0_certificate(ctx));
	(void)SSL_CTX_get0_chain_certs((SSL_CTX *)(uintptr_t)ctx, &chain);
	for (int i = 0; i < sk_X509_num(chain); i++)
		sooner_certificate(e, key, sk_X509_value(chain, i));
}

void
expiry_of_authorities(struct expiry *e, const char *key, const struct authorities *a)
{
	size_t count;

	begin(e);
	for (size_t i = 0; i < authorities_count(a); i += count) {
		const X509_NAME *name = X509_get_subject_name(authorities_at(a, i));
		size_t last = i;

		(void)authorities_named(a, name, &count);
		for (size_t k = i + 1; k < i + count; k++)
			if (certificate_date_s(X509_get0_notAfter(authorities_at(a, k))) >
			    certificate_date_s(X509_get0_notAfter(authorities_at(a, last))))
				last = k;
		sooner(e, key, name,
		    certificate_date_s(X509_get0_notBefore(authorities_at(a, last))),
		    certificate_date_s(X509_get0_notAfter(authorities_at(a, last))));
	}
}

void
expiry_of_revocations(struct expiry *e, const char *key, const struct revocations *r)
{
	begin(e);
	for (size_t i = 0; i < revocations_count(r); i++) {
		const struct revocation_list *l = revocations_at(r, i);

		if (!revocation_list_is_delta(l))
			sooner(e, key, revocation_list_issuer(l), revocation_list_from_s(l),
			    revocation_list_to_s(l));
	}
}

enum expiry_state
expiry_state(const struct expiry *e, int64_t now_s)
{
	const int64_t near_s = e->of_log ? EXPIRY_LOG_NEAR_S : EXPIRY_NEAR_S;

	if (e->key == NULL || e->to_s == INT64_MAX || now_s < e->to_s - near_s)
		return EXPIRY_FAR;
	if (now_s >= e->to_s)
		return EXPIRY_OVER;
	if (!e->of_log)
		return e->to_s - now_s < (e->to_s - e->from_s) / EXPIRY_URGENT_PART ? EXPIRY_URGENT
										    : EXPIRY_NEAR;
	return e->to_s - now_s <= EXPIRY_LOG_LAST_S     ? EXPIRY_LAST
	       : e->to_s - now_s <= EXPIRY_LOG_URGENT_S ? EXPIRY_URGENT
							: EXPIRY_NEAR;
}

const char *
expiry_state_name(enum expiry_state state)
{
	static const char *const names[] = {[EXPIRY_FAR] = "far",
	    [EXPIRY_NEAR] = "near",
	    [EXPIRY_URGENT] = "urgent",
	    [EXPIRY_LAST] = "last",
	    [EXPIRY_OVER] = "over"};

	return names[state];
}

bool
expiry_is_to_be_said(struct expiry *e, int64_t now_s)
{
	const enum expiry_state state = expiry_state(e, now_s);
	const bool again = now_s - e->said_s >= EXPIRY_SAY_AGAIN_S || now_s < e->said_s;

	if (state == EXPIRY_FAR || (state <= e->said && !again))
		return false;
	e->said = state;
	e->said_s = now_s;
	return true;
}

const char *
expiry_left(const struct expiry *e, int64_t now_s, char to[EXPIRY_LEFT_SIZE])
{
	const int64_t s = e->to_s > now_s ? e->to_s - now_s : now_s - e->to_s;
	const char *unit = s >= 2 * 86400 ? "days" : s >= 7200 ? "h" : s >= 120 ? "min" : "s";
	const int64_t number = s >= 2 * 86400 ? s / 86400
			       : s >= 7200    ? s / 3600
			       : s >= 120     ? s / 60
					      : s;

	(void)snprintf(to, EXPIRY_LEFT_SIZE,
	    e->to_s > now_s ? "%" PRId64 " %s left" : "over for %" PRId64 " %s", number, unit);
	return to;
}

static void
begin(struct expiry *e)
{
	memset(e, 0, sizeof(*e));
	e->to_s = INT64_MAX;
}

static void
sooner_certificate(struct expiry *e, const char *key, const X509 *certificate)
{
	sooner(e, key, X509_get_subject_name(certificate),
	    certificate_date_s(X509_get0_notBefore(certificate)),
	    certificate_date_s(X509_get0_notAfter(certificate)));
}

static void
sooner(struct expiry *e, const char *key, const X509_NAME *name, int64_t from_s, int64_t to_s)
{
	if (e->key != NULL && to_s >= e->to_s)
		return;
	e->key = key;
	(void)certificate_name(name, e->name);
	e->from_s = from_s;
	e->to_s = to_s;
}
