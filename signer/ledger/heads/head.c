#include "signer/ledger/heads/head.h"

#include "signer/ledger/heads/verdict.h"

struct chain_head
head_after(const struct workload *w, const struct report *r)
{
	struct chain_head h = w->has_head ? w->head : (struct chain_head){0};

	h.seq = r->bundle.seq;
	h.bundle_digest = r->bundle_digest;
	h.last_signed_s = r->last_signed_s;
	if (r->bundle.offline) {
		h.gaps = (h.gaps + 1U) & BUNDLE_GAPS_MAX; /* it is below: filing_check */
		return h;
	}
	h.gaps = 0;
	h.time_ms = r->bundle.time_ms & CHAIN_TIME_MASK;
	h.verdict = verdict_next(w, r);
	return h;
}
