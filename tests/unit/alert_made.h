/* A made-up log, as its alerts see it: hosts with a workload each, and what happens to them. */
#ifndef HALLMARK_TESTS_UNIT_ALERT_MADE_H
#define HALLMARK_TESTS_UNIT_ALERT_MADE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "register/alert/peer.h"
#include "register/alert/peers.h"

#define BEGIN_S   UINT64_C(1767225600) /* 2026-01-01 00:00 UTC */
#define HOST_MOST 1024

/* A log, as it is made up. */
struct made {
	struct peers *peers;
	uint64_t entry, now_s;
	struct {
		struct fact_state state;
		char collector[64], name[32], group[32];
	} host[HOST_MOST];
};

__attribute__((unused)) static void
begin(struct made *m)
{
	memset(m, 0, sizeof(*m));
	m->now_s = BEGIN_S;
	m->peers = peers_new();
	assert_non_null(m->peers);
}

__attribute__((unused)) static void
end(struct made *m)
{
	peers_free(&m->peers);
}

__attribute__((unused)) static struct fact
fact_of(struct made *m, unsigned host)
{
	return (struct fact){.entry = ++m->entry,
	    .time_s = m->now_s,
	    .workload = host + 1,
	    .host = host + 1,
	    .collector = view_of_string(m->host[host].collector),
	    .name = view_of_string(m->host[host].name)};
}

__attribute__((unused)) static struct digest
content(const char *kind, unsigned number)
{
	char text[64];
	struct digest d;

	(void)snprintf(text, sizeof(text), "%s %u", kind, number);
	digest_of(text, strlen(text), &d);
	return d;
}

__attribute__((unused)) static void
tell(struct made *m, unsigned host)
{
	const struct fact f = fact_of(m, host);

	assert_int_equal(peers_state(m->peers, &f, &m->host[host].state), ERR_OK);
}

__attribute__((unused)) static void
put(struct made *m, unsigned host, enum component_kind k, const char *name, unsigned number)
{
	m->host[host].state.present[k] = true;
	m->host[host].state.component[k] = content(name, number);
}

__attribute__((unused)) static void
boot(struct made *m, unsigned host, unsigned number)
{
	const struct digest id = content("boot", number);
	const struct fact f = fact_of(m, host);

	assert_int_equal(peers_boot(m->peers, &f, id.bytes), ERR_OK);
}

__attribute__((unused)) static void
away(struct made *m, unsigned host)
{
	const struct fact f = fact_of(m, host);

	assert_int_equal(peers_away(m->peers, &f), ERR_OK);
}

/* Of a group, with the group's executable of this number, and a configuration of its own. */
__attribute__((unused)) static void
arrive(struct made *m, unsigned host, unsigned group, unsigned number)
{
	(void)snprintf(m->host[host].collector, sizeof(m->host[host].collector),
	    "spiffe://bank.example/host/%u", host);
	(void)snprintf(m->host[host].name, sizeof(m->host[host].name), "app-%u", group);
	(void)snprintf(m->host[host].group, sizeof(m->host[host].group), "group-%u", group);
	m->host[host].state =
	    (struct fact_state){.affirming = true, .group = view_of_string(m->host[host].group)};
	put(m, host, COMPONENT_EXECUTABLE, m->host[host].name, number);
	put(m, host, COMPONENT_CONFIG, "own configuration", host);
	tell(m, host);
	boot(m, host, host);
}

__attribute__((unused)) static void
arrive_all(struct made *m, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		arrive(m, i, 0, 1);
}

__attribute__((unused)) static void
wait_s(struct made *m, uint64_t seconds)
{
	m->now_s += seconds;
	assert_int_equal(peers_time(m->peers, m->now_s), ERR_OK);
}

__attribute__((unused)) static void
policy(struct made *m)
{
	assert_int_equal(peers_policy(m->peers, ++m->entry, m->now_s), ERR_OK);
}

__attribute__((unused)) static void
maintenance(struct made *m, const char *collectors, uint64_t seconds, unsigned number)
{
	const struct statement s = {.kind_name = VIEW_LITERAL("maintenance"),
	    .origin = VIEW_LITERAL("test"),
	    .member_count = 2,
	    .member = {{VIEW_LITERAL("collectors"), view_of_string(collectors)},
		{VIEW_LITERAL("workloads"), VIEW_LITERAL("*")}},
	    .not_before_s = m->now_s,
	    .not_after_s = m->now_s + seconds,
	    .reason = VIEW_LITERAL("packages"),
	    .author = VIEW_LITERAL("operator"),
	    .number = number};
	const struct digest name = content("statement", number);

	assert_int_equal(peers_statement(m->peers, ++m->entry, m->now_s, &name, &s), ERR_OK);
}

__attribute__((unused)) static void
revoke(struct made *m, unsigned number)
{
	char hex[DIGEST_HEX_SIZE + 1];
	const struct digest name = content("statement", number), own = content("revoke", number);
	const struct statement s = {.kind_name = VIEW_LITERAL("revoke"),
	    .origin = VIEW_LITERAL("test"),
	    .member_count = 1,
	    .member = {{VIEW_LITERAL("statement"), {(const uint8_t *)hex, DIGEST_HEX_SIZE}}},
	    .not_before_s = m->now_s,
	    .not_after_s = m->now_s + 60,
	    .reason = VIEW_LITERAL("done"),
	    .author = VIEW_LITERAL("operator"),
	    .number = number + 1};

	digest_to_hex(&name, hex);
	assert_int_equal(peers_statement(m->peers, ++m->entry, m->now_s, &own, &s), ERR_OK);
}

#endif
