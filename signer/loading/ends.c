#include "signer/loading/ends.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "journal/logger.h"
#include "policy/policy.h"
#include "policy/policy_windows.h"
#include "proto/text.h"
#include "proto/utc.h"
#include "trust/verifier.h"

static void take(struct expiry *e, const char *key, uint64_t to_s, struct view of);
static void say_what_is_due(struct service *s, enum ends end, int64_t now_s);
static void say(const struct expiry *e, int64_t now_s);
static void say_of_policy(const struct service *s, enum ends end, int64_t now_s);

const char *
ends_name(enum ends end)
{
	static const char *const names[ENDS] = {
	    [ENDS_CERTIFICATE] = "tls_certificate",
	    [ENDS_CLIENT_CA] = "client_ca",
	    [ENDS_CLIENT_CRL] = "client_crl",
	    [ENDS_LOG_CERTIFICATE] = "log_certificate",
	    [ENDS_POLICY_REVIEW] = "policy_review",
	    [ENDS_POLICY_EXCEPTION] = "policy_exception",
	    [ENDS_POLICY_WINDOW] = "policy_window",
	};

	return names[end];
}

void
ends_take(struct service *s, SSL_CTX *tls)
{
	X509_STORE *store = NULL;

	(void)SSL_CTX_get0_verify_cert_store(tls, &store);
	expiry_of_chain(&s->ends[ENDS_CERTIFICATE], "tls.certificate", tls);
	expiry_of_authorities(
	    &s->ends[ENDS_CLIENT_CA], "tls.client_ca", verifier_authorities(store));
	expiry_of_revocations(
	    &s->ends[ENDS_CLIENT_CRL], "tls.client_crl", verifier_revocations(store));
}

void
ends_say(struct service *s)
{
	const struct expiry *log = ledger_certificate(s->ledger);
	const int64_t now_s = (int64_t)time(NULL);
	struct expiry *own = &s->ends[ENDS_LOG_CERTIFICATE];
	struct policy_window_told window;
	struct view of;
	uint64_t by_s;

	if (log->key != NULL && (own->key == NULL || own->to_s != log->to_s))
		*own = *log;
	by_s = policy_review_by_s(s->policy, &of);
	take(&s->ends[ENDS_POLICY_REVIEW], "policy.review_by", by_s, of);
	by_s = policy_exception_until_s(s->policy, &of);
	take(&s->ends[ENDS_POLICY_EXCEPTION], "policy.except", by_s, of);
	/* One that has just ended gives place to the next, and is said before. */
	say_what_is_due(s, ENDS_POLICY_WINDOW, now_s);
	window = policy_windows_next(s->policy, (uint64_t)now_s);
	take(&s->ends[ENDS_POLICY_WINDOW], "policy.windows", window.until_s,
	    view_of_string(window.family));
	for (unsigned i = 0; i < ENDS; i++)
		say_what_is_due(s, (enum ends)i, now_s);
}

static void
say_what_is_due(struct service *s, enum ends end, int64_t now_s)
{
	if (!expiry_is_to_be_said(&s->ends[end], now_s))
		return;
	if (end == ENDS_POLICY_REVIEW || end == ENDS_POLICY_EXCEPTION || end == ENDS_POLICY_WINDOW)
		say_of_policy(s, end, now_s);
	else
		say(&s->ends[end], now_s);
}

/*
 * What the policy says, 0: nothing; anew where it is another one. It is only near or over: nobody
 * waits for it as for a certificate.
 */
static void
take(struct expiry *e, const char *key, uint64_t to_s, struct view of)
{
	struct expiry now = {.key = key, .from_s = (int64_t)to_s, .to_s = (int64_t)to_s};
	struct buf name = BUF_INIT;

	if (to_s == 0) {
		e->key = NULL;
		return;
	}
	text_append_printable(&name, of, sizeof(now.name) - 1);
	buf_append_byte(&name, '\0');
	if (buf_status(&name) != ERR_OK)
		abort();
	memcpy(now.name, name.data, name.size);
	buf_free(&name);
	if (e->key == NULL || e->to_s != now.to_s || strcmp(e->name, now.name) != 0)
		*e = now;
}

static void
say(const struct expiry *e, int64_t now_s)
{
	char left[EXPIRY_LEFT_SIZE], date[UTC_TEXT_SIZE];
	struct logline l;

	logline_begin(&l,
	    e->said >= EXPIRY_LAST     ? LOGGER_ERROR
	    : e->said == EXPIRY_URGENT ? LOGGER_WARNING
				       : LOGGER_INFO,
	    e->said == EXPIRY_OVER ? "expired" : "expires");
	logline_string(&l, "what", e->key);
	logline_string(&l, "certificate", e->name);
	logline_string(&l, "not_after", utc_text((uint64_t)e->to_s, date));
	logline_string(&l, "left", expiry_left(e, now_s, left));
	logline_end(&l);
}

static void
say_of_policy(const struct service *s, enum ends end, int64_t now_s)
{
	static const char *const events[][2] = {
	    [ENDS_POLICY_REVIEW] = {"review-near", "review-over"},
	    [ENDS_POLICY_EXCEPTION] = {"exception-near", "exception-over"},
	    [ENDS_POLICY_WINDOW] = {"window-near", "window-over"},
	};
	const struct expiry *e = &s->ends[end];
	const bool over = e->said == EXPIRY_OVER;
	char left[EXPIRY_LEFT_SIZE], date[UTC_TEXT_SIZE];
	struct logline l;

	logline_begin(&l, over ? LOGGER_WARNING : LOGGER_INFO, events[end][over]);
	logline_string(&l, "what", e->key);
	logline_view(&l, "policy", policy_id(s->policy));
	logline_string(&l, "entry", e->name);
	logline_string(&l, "not_after", utc_text((uint64_t)e->to_s, date));
	logline_string(&l, "left", expiry_left(e, now_s, left));
	logline_end(&l);
}
