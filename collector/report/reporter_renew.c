#include "collector/report/reporter_renew.h"

#include <time.h>

#include "collector/ground/interrupt.h"
#include "collector/report/channel_context.h"
#include "collector/report/reporter.h"
#include "collector/report/reporter_state.h"
#include "proto/utc.h"

static void tell_end(struct expiry *e, const char *path);

bool
reporter_renew(struct reporter *r)
{
	const uint64_t now_ms = interrupt_clock_ms();
	struct trouble t = TROUBLE_INIT;
	enum channel_renewal news;
	struct logline j;

	tell_end(&r->tls->own, r->config->tls.certificate);
	tell_end(&r->tls->signer_ca, r->config->tls.signer_ca);
	if (now_ms - r->look_ms < REPORTER_LOOK_MS / 2)
		return false;
	r->look_ms = now_ms;
	news = channel_context_renew(r->tls, now_ms, &t);
	if (news == CHANNEL_REFUSED) {
		logline_begin(&j, LOGGER_ERROR, "renewal-refused");
		trouble_log(&j, ERR_CONFIG, &t);
		logline_end(&j);
	}
	if (news != CHANNEL_RENEWED)
		return false;
	logline_begin(&j, LOGGER_INFO, "renewed");
	logline_string(&j, "certificate", r->tls->own.name);
	logline_end(&j);
	if (r->client != NULL)
		reporter_disconnect(r, ERR_CLOSED, NULL);
	return true;
}

static void
tell_end(struct expiry *e, const char *path)
{
	const int64_t now_s = (int64_t)time(NULL);
	char left[EXPIRY_LEFT_SIZE], date[UTC_TEXT_SIZE];
	struct logline j;

	if (!expiry_is_to_be_said(e, now_s))
		return;
	logline_begin(&j,
	    e->said >= EXPIRY_LAST     ? LOGGER_ERROR
	    : e->said == EXPIRY_URGENT ? LOGGER_WARNING
				       : LOGGER_INFO,
	    e->said == EXPIRY_OVER ? "expired" : "expires");
	logline_string(&j, "what", e->key);
	logline_string(&j, "file", path);
	logline_string(&j, "certificate", e->name);
	logline_string(&j, "not_after", utc_text((uint64_t)e->to_s, date));
	logline_string(&j, "left", expiry_left(e, now_s, left));
	logline_end(&j);
}
