#include "signer/session/quota.h"

#include <uv.h>

#include "signer/ground/rate.h"
#include "signer/session/session_state.h"

#define HOUR_US 3600000000ULL

static void remember(struct collector *c);

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
quota_take_component(struct session *s, uint64_t size, uint64_t now_us)
{
	const uint64_t count = (size + QUOTA_COMPONENT_SIZE - 1) / QUOTA_COMPONENT_SIZE;
	const uint32_t an_hour = s->service->config->limits.components_per_hour;
	struct collector *c = s->collector;
	struct rate rate = {c->components_paid_us};

	if (!rate_take(&rate, HOUR_US / an_hour, an_hour, now_us))
		return ERR_QUOTA_COMPONENTS;
	c->components_paid_us = rate.paid_us + (count - 1) * (HOUR_US / an_hour);
	remember(c);
	return ERR_OK;
}

void
quota_take_time(struct session *s, uint64_t took_us, uint64_t now_us)
{
	struct collector *c = s->collector;

	if (c == NULL || took_us <= QUOTA_TIME_FREE_US)
		return;
	if (c->time_paid_us < now_us)
		c->time_paid_us = now_us;
	c->time_paid_us += (took_us - QUOTA_TIME_FREE_US) * QUOTA_TIME_SHARE;
	remember(c);
}

bool
quota_is_resting(const struct session *s)
{
	const struct collector *c = s->collector;

	return c != NULL && c->time_paid_us > 0 &&
	       c->time_paid_us > uv_hrtime() / 1000 + QUOTA_TIME_AT_ONCE_US * QUOTA_TIME_SHARE;
}

enum err
quota_check_report(const struct session *s, uint64_t now_us)
{
	const uint32_t an_hour = s->service->config->limits.reports_per_hour;
	struct rate rate = {s->collector->reports_paid_us};

	return rate_take(&rate, HOUR_US / an_hour, an_hour, now_us) ? ERR_OK : ERR_QUOTA_REPORTS;
}

/* Its workload has a head from now on: it is remembered. */
void
quota_take_report(struct session *s, uint64_t now_us)
{
	struct collector *c = s->collector;

	if (c->reports_paid_us < now_us)
		c->reports_paid_us = now_us;
	c->reports_paid_us += HOUR_US / s->service->config->limits.reports_per_hour;
}

void
quota_take_flight(struct session *s)
{
	s->in_flight++;
	s->collector->in_flight++;
}

void
quota_give_flight(struct session *s)
{
	s->in_flight--;
	s->collector->in_flight--;
}

bool
quota_is_in_flight(const struct session *s)
{
	return s->collector != NULL &&
	       s->collector->in_flight >= s->service->config->limits.in_flight_per_collector;
}

/* From now on: whoever comes again owes what he has taken. */
static void
remember(struct collector *c)
{
	if (!c->owes)
		c->holder_count++;
	c->owes = true;
}
