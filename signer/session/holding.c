#include "signer/session/holding.h"

#include <string.h>

static bool is_at_another(const struct session *s);

enum err
holding_take(struct session *s, uint64_t bytes)
{
	struct service *service = s->service;
	const uint64_t all = service->evidence_bytes + bytes;
	const uint64_t all_max = service->config->limits.evidence_pending_bytes;

	if (all > all_max ||
	    (all > all_max / 2 && (s->held_bytes + bytes > HOLDING_SHARE_MAX || is_at_another(s))))
		return ERR_BUSY;
	if (s->held_bytes == 0 && bytes > 0) {
		s->next_holder = service->holders;
		s->previous_holder = NULL;
		if (s->next_holder != NULL)
			s->next_holder->previous_holder = s;
		service->holders = s;
	}
	s->held_bytes += bytes;
	service->evidence_bytes = all;
	return ERR_OK;
}

/* A new configuration may leave less than is taken. */
uint64_t
holding_room(const struct service *s)
{
	const uint64_t all_max = s->config->limits.evidence_pending_bytes;

	return all_max > s->evidence_bytes ? all_max - s->evidence_bytes : 0;
}

void
holding_give(struct session *s, uint64_t bytes)
{
	struct service *service = s->service;

	if (bytes == 0)
		return;
	s->held_bytes -= bytes;
	service->evidence_bytes -= bytes;
	if (s->held_bytes > 0)
		return;
	if (s->previous_holder != NULL)
		s->previous_holder->next_holder = s->next_holder;
	else
		service->holders = s->next_holder;
	if (s->next_holder != NULL)
		s->next_holder->previous_holder = s->previous_holder;
}

/* Whether this collector holds some over another connection. */
static bool
is_at_another(const struct session *s)
{
	for (const struct session *h = s->service->holders; h != NULL; h = h->next_holder)
		if (h != s && strcmp(h->identity, s->identity) == 0)
			return true;
	return false;
}
