#include "signer/session/quota.h"

#include "signer/session/rate.h"
#include "signer/session/session_state.h"

#define HOUR_US 3600000000ULL

enum err
quota_take_connection(struct session *s)
{
	struct collector *c = s->collector;

	if (c->connection_count >= s->service->config->limits.connections_per_collector)
		return ERR_QUOTA_CONNECTIONS;
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
	return s->collector->workload_count < s->service->config->limits.workloads_per_collector
		   ? ERR_OK
		   : ERR_QUOTA_WORKLOADS;
}

enum err
quota_take_component(struct session *s, uint64_t now_us)
{
	const uint32_t an_hour = s->service->config->limits.components_per_hour;
	struct collector *c = s->collector;
	struct rate rate = {c->components_paid_us};

	if (!rate_take(&rate, HOUR_US / an_hour, an_hour, now_us))
		return ERR_QUOTA_COMPONENTS;
	c->components_paid_us = rate.paid_us;
	/* It is remembered from now on: whoever comes again owes what he has taken. */
	if (!c->owes)
		c->holder_count++;
	c->owes = true;
	return ERR_OK;
}
