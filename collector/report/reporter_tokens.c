#include "collector/report/reporter_tokens.h"

#include <time.h>

#include "collector/ground/interrupt.h"
#include "collector/tokens/token_peek.h"
#include "collector/tokens/workload_key.h"
#include "journal/logger.h"
#include "proto/tlog/merkle.h"

/* One that came to nothing is tried again so much later. */
#define REFRESH_AGAIN_MS 5000

static bool is_of(const struct reporter_workload *w, const struct bundle_extensions *x,
    struct view jws, const struct digest *leaf, uint64_t *expires_s);
static uint64_t half_ms(uint64_t expires_s);

void
reporter_take_tokens(struct reporter *r, struct reporter_workload *w, const struct chain_head *head,
    const struct message_receipt *m)
{
	struct view good[MESSAGE_TOKENS_MAX];
	uint64_t expires_s, first_s = UINT64_MAX;
	struct digest leaf;
	size_t count = 0;

	if (head->content.offline || w->config->token == NULL)
		return;
	merkle_leaf(m->report, &leaf);
	for (size_t i = 0; i < m->token_count; i++) {
		if (head->content.extensions.leaving != BUNDLE_STAYING ||
		    !is_of(w, &head->content.extensions, m->token[i], &leaf, &expires_s))
			continue;
		good[count++] = m->token[i];
		if (expires_s < first_s)
			first_s = expires_s;
	}
	giver_put(r->giver, w->config->name, good, count);
	w->refresh_ms = count > 0 ? interrupt_clock_ms() + half_ms(first_s) : 0;
}

void
reporter_refuse_tokens(struct reporter *r, struct reporter_workload *w, enum err code)
{
	switch (code) {
	case ERR_NONCE_UNKNOWN:
	case ERR_NONCE_EXPIRED:
	case ERR_NONCE_REUSED:
	case ERR_BUSY:
	case ERR_IN_FLIGHT:
	case ERR_STORAGE:
		return;
	default:
		if (err_class(code) == ERR_CLASS_ENVIRONMENT || w->config->token == NULL)
			return;
	}
	giver_put(r->giver, w->config->name, NULL, 0);
	w->refresh_ms = 0;
}

uint64_t
reporter_next_refresh_ms(const struct reporter *r, const bool *passed, size_t *workload)
{
	uint64_t first_ms = UINT64_MAX;

	for (size_t i = 0; r->client != NULL && i < r->config->workload_count; i++) {
		const uint64_t due_ms = r->workloads[i].refresh_ms;

		if (due_ms == 0 || due_ms >= first_ms || (passed != NULL && passed[i]))
			continue;
		first_ms = due_ms;
		*workload = i;
	}
	return first_ms;
}

void
reporter_put_off_refresh(struct reporter_workload *w)
{
	w->refresh_ms = interrupt_clock_ms() + REFRESH_AGAIN_MS;
}

bool
reporter_key_of(const struct reporter_workload *w, struct digest *out)
{
	const struct ration_about about = {
	    RATION_FAULTS, "no-workload-key", NULL, "workload", view_of_string(w->config->name)};
	struct trouble t = TROUBLE_INIT;
	struct logline j;
	enum err e;

	if (w->config->token == NULL || w->config->token->key == NULL)
		return false;
	if ((e = workload_key_read(w->config->token->key, out, &t)) == ERR_OK)
		return true;
	logline_begin_rationed(&j, LOGGER_ERROR, &about);
	logline_string(&j, "workload", w->config->name);
	trouble_log(&j, e, &t);
	logline_end(&j);
	return false;
}

static bool
is_of(const struct reporter_workload *w, const struct bundle_extensions *x, struct view jws,
    const struct digest *leaf, uint64_t *expires_s)
{
	struct token_peek peek = {.audience = {NULL, 0}};
	const enum err e = token_peek(jws, &peek);
	const bool is_bound =
	    x->has_workload_key && peek.is_bound && digest_equal(&peek.key, &x->workload_key);
	const bool good = e == ERR_OK && digest_equal(&peek.leaf, leaf) &&
			  (w->config->token->key == NULL || is_bound);
	struct logline j;

	*expires_s = peek.expires_s;
	token_peek_free(&peek);
	if (!good) {
		logline_begin_alarm(&j, LOGGER_WARNING, "bad-token");
		logline_string(&j, "workload", w->config->name);
		logline_string(&j, "text",
		    "with the receipt came a token that is not about its report, or not bound to "
		    "the "
		    "workload's key: it is given to nobody");
		logline_end(&j);
	}
	return good;
}

/* Half of what it still lives, by this host's clock. */
static uint64_t
half_ms(uint64_t expires_s)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return expires_s > (uint64_t)now.tv_sec ? (expires_s - (uint64_t)now.tv_sec) * 500 : 0;
}
