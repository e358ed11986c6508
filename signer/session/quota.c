#include "signer/session/quota.h"

#include "signer/session/rate.h"
#include "signer/session/session_state.h"

#define HOUR_US 3600000000ULL

/* Bits of collector.refused: the last answer was a refusal, and has been logged. */
enum quota { QUOTA_CONNECTIONS, QUOTA_WORKLOADS, QUOTA_COMPONENTS, QUOTA_COUNT };

static const enum err codes[QUOTA_COUNT] = {
    [QUOTA_CONNECTIONS] = ERR_QUOTA_CONNECTIONS,
    [QUOTA_WORKLOADS] = ERR_QUOTA_WORKLOADS,
    [QUOTA_COMPONENTS] = ERR_QUOTA_COMPONENTS,
};

static enum err answer(struct session *s, enum quota quota, bool within);

enum err
quota_take_connection(struct session *s)
{
	struct collector *c = s->collector;
	enum err e = answer(s, QUOTA_CONNECTIONS,
	    c->connection_count < s->service->config->limits.connections_per_collector);

	if (e != ERR_OK)
		return e;
	c->connection_count++;
	s->counted = true;
	return ERR_OK;
}

void
quota_give_connection(struct session *s)
{
	if (s->counted)
		s->collector->connection_count--;
	s->counted = false;
}

enum err
quota_check_workload(struct session *s)
{
	return answer(s, QUOTA_WORKLOADS,
	    s->collector->workload_count < s->service->config->limits.workloads_per_collector);
}

enum err
quota_take_component(struct session *s, uint64_t now_us)
{
	const uint32_t an_hour = s->service->config->limits.components_per_hour;
	struct collector *c = s->collector;
	struct rate rate = {c->components_paid_us};
	enum err e =
	    answer(s, QUOTA_COMPONENTS, rate_take(&rate, HOUR_US / an_hour, an_hour, now_us));

	if (e != ERR_OK)
		return e;
	c->components_paid_us = rate.paid_us;
	/* It is remembered from now on: whoever comes again owes what he has taken. */
	if (!c->owes)
		c->holder_count++;
	c->owes = true;
	return ERR_OK;
}

bool
quota_says(struct session *s, enum err e)
{
	for (unsigned q = 0; q < QUOTA_COUNT; q++) {
		const uint8_t bit = (uint8_t)(1U << q);
		bool said;

		if (codes[q] != e)
			continue;
		said = (s->collector->refused & bit) != 0;
		s->collector->refused |= bit;
		return !said;
	}
	return true;
}

static enum err
answer(struct session *s, enum quota quota, bool within)
{
	if (!within)
		return codes[quota];
	s->collector->refused &= (uint8_t) ~(1U << quota);
	return ERR_OK;
}
