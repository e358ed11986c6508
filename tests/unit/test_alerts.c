/* What does not fit: each kind of alert by itself, and a made-up year of two hundred hosts. */
#include "register/alert/peers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "register/alert/peer.h"

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

static void
begin(struct made *m)
{
	memset(m, 0, sizeof(*m));
	m->now_s = BEGIN_S;
	m->peers = peers_new();
	assert_non_null(m->peers);
}

static void
end(struct made *m)
{
	peers_free(&m->peers);
}

static struct fact
fact_of(struct made *m, unsigned host)
{
	return (struct fact){.entry = ++m->entry,
	    .time_s = m->now_s,
	    .workload = host + 1,
	    .host = host + 1,
	    .collector = view_of_string(m->host[host].collector),
	    .name = view_of_string(m->host[host].name)};
}

static struct digest
content(const char *kind, unsigned number)
{
	char text[64];
	struct digest d;

	(void)snprintf(text, sizeof(text), "%s %u", kind, number);
	digest_of(text, strlen(text), &d);
	return d;
}

static void
tell(struct made *m, unsigned host)
{
	const struct fact f = fact_of(m, host);

	assert_int_equal(peers_state(m->peers, &f, &m->host[host].state), ERR_OK);
}

static void
put(struct made *m, unsigned host, enum component_kind k, const char *name, unsigned number)
{
	m->host[host].state.present[k] = true;
	m->host[host].state.component[k] = content(name, number);
}

static void
boot(struct made *m, unsigned host, unsigned number)
{
	const struct digest id = content("boot", number);
	const struct fact f = fact_of(m, host);

	assert_int_equal(peers_boot(m->peers, &f, id.bytes), ERR_OK);
}

static void
away(struct made *m, unsigned host)
{
	const struct fact f = fact_of(m, host);

	assert_int_equal(peers_away(m->peers, &f), ERR_OK);
}

/* Of a group, with the group's executable of this number, and a configuration of its own. */
static void
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

static void
arrive_all(struct made *m, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		arrive(m, i, 0, 1);
}

static void
wait_s(struct made *m, uint64_t seconds)
{
	m->now_s += seconds;
	assert_int_equal(peers_time(m->peers, m->now_s), ERR_OK);
}

static void
policy(struct made *m)
{
	assert_int_equal(peers_policy(m->peers, ++m->entry, m->now_s), ERR_OK);
}

static void
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

static void
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

/* The one alert there is. */
static const struct alert *
only(struct made *m, enum alert_kind kind, size_t places)
{
	const struct alert *a;

	assert_int_equal(peers_alert_count(m->peers), 1);
	a = peers_alert(m->peers, 0);
	assert_int_equal(a->kind, kind);
	assert_int_equal(a->place_count, places);
	return a;
}

static void
nothing_is_said_of_what_is_usual(void **state)
{
	struct made m;

	(void)state;
	begin(&m);
	arrive_all(&m, 20);
	for (unsigned day = 0; day < 30; day++)
		wait_s(&m, PEERS_DAY_S);
	assert_int_equal(peers_alert_count(m.peers), 0);
	for (unsigned i = 0; i < 20; i++) { /* what is everybody's own */
		put(&m, i, COMPONENT_CONFIG, "another", i);
		tell(&m, i);
	}
	wait_s(&m, 10 * PEERS_DAY_S);
	assert_int_equal(peers_alert_count(m.peers), 0);
	end(&m);
}

static void
what_was_seen_nowhere_is_one_alert_for_all(void **state)
{
	const struct alert *a;
	struct buf words = BUF_INIT;
	struct made m;

	(void)state;
	begin(&m);
	arrive_all(&m, 20);
	wait_s(&m, 10 * PEERS_DAY_S);
	for (unsigned i = 3; i < 6; i++) {
		put(&m, i, COMPONENT_EXECUTABLE, "implant", 1);
		tell(&m, i);
		wait_s(&m, 60);
	}
	a = only(&m, ALERT_FIRST_SEEN, 3);
	assert_int_equal(a->holders, 3);
	assert_int_equal(a->peers, 20);
	assert_int_equal(a->usual_holders, 17);
	alert_words(a, &words);
	buf_append_byte(&words, '\0');
	assert_int_equal(buf_status(&words), ERR_OK);
	assert_non_null(strstr((const char *)words.data,
	    "app-0 on spiffe://bank.example/host/3 and 2 more: seen nowhere before"));
	assert_non_null(strstr((const char *)words.data, "17 of 20 of group-0 have "));
	buf_free(&words);
	for (unsigned i = 3; i < 6; i++) {
		assert_int_equal(a->end, ALERT_LASTS);
		put(&m, i, COMPONENT_EXECUTABLE, m.host[i].name, 1);
		tell(&m, i);
	}
	assert_int_equal(a->end, ALERT_GONE);
	end(&m);
}

static void
what_most_have_then_is_usual(void **state)
{
	struct made m;

	(void)state;
	begin(&m);
	arrive_all(&m, 20);
	wait_s(&m, 10 * PEERS_DAY_S);
	for (unsigned i = 0; i < 11; i++) {
		put(&m, i, COMPONENT_EXECUTABLE, m.host[i].name, 2);
		tell(&m, i);
	}
	assert_int_equal(only(&m, ALERT_FIRST_SEEN, 10)->end, ALERT_USUAL);
	end(&m);
}

static void
policy_explains_what_it_permits(void **state)
{
	struct made m;

	(void)state;
	begin(&m);
	arrive_all(&m, 20);
	wait_s(&m, 10 * PEERS_DAY_S);
	policy(&m);
	wait_s(&m, 60);
	for (unsigned i = 0; i < 20; i++) {
		put(&m, i, COMPONENT_EXECUTABLE, m.host[i].name, 2);
		tell(&m, i);
		wait_s(&m, PEERS_HOUR_S);
	}
	assert_int_equal(peers_alert_count(m.peers), 0);
	m.host[7].state.affirming = false; /* and nothing else */
	put(&m, 7, COMPONENT_EXECUTABLE, "implant", 1);
	tell(&m, 7);
	(void)only(&m, ALERT_FIRST_SEEN, 1);
	end(&m);
}

static void
maintenance_explains_until_it_is_over_or_revoked(void **state)
{
	struct made m;

	(void)state;
	begin(&m);
	arrive_all(&m, 20);
	wait_s(&m, 10 * PEERS_DAY_S);
	maintenance(&m, "spiffe://bank.example/host/*", PEERS_HOUR_S, 1);
	wait_s(&m, 60);
	m.host[0].state.affirming = false;
	put(&m, 0, COMPONENT_EXECUTABLE, "patched", 1);
	tell(&m, 0);
	assert_int_equal(peers_alert_count(m.peers), 0);
	revoke(&m, 1);
	put(&m, 1, COMPONENT_EXECUTABLE, "patched", 2);
	tell(&m, 1);
	(void)only(&m, ALERT_FIRST_SEEN, 1);
	maintenance(&m, "spiffe://bank.example/host/*", PEERS_HOUR_S, 3);
	wait_s(&m, PEERS_HOUR_S);
	put(&m, 2, COMPONENT_EXECUTABLE, "patched", 3);
	tell(&m, 2);
	assert_int_equal(peers_alert_count(m.peers), 2);
	end(&m);
}

static void
an_old_one_back_and_one_against_the_wave(void **state)
{
	struct made m;

	(void)state;
	begin(&m);
	arrive_all(&m, 20);
	policy(&m);
	for (unsigned i = 0; i < 20; i++) {
		put(&m, i, COMPONENT_EXECUTABLE, m.host[i].name, 2);
		tell(&m, i);
		if (i == 15) { /* most have it by now */
			wait_s(&m, 8 * PEERS_DAY_S);
			put(&m, 4, COMPONENT_EXECUTABLE, m.host[4].name, 1);
			tell(&m, 4);
			(void)only(&m, ALERT_AGAINST_WAVE, 1);
			put(&m, 4, COMPONENT_EXECUTABLE, m.host[4].name, 2);
			tell(&m, 4);
		}
	}
	wait_s(&m, 20 * PEERS_DAY_S);
	put(&m, 9, COMPONENT_EXECUTABLE, m.host[9].name, 1);
	tell(&m, 9);
	assert_int_equal(
	    peers_alert(m.peers, peers_alert_count(m.peers) - 1)->kind, ALERT_OLD_BACK);
	end(&m);
}

static void
rare_and_left_behind(void **state)
{
	const struct alert *a;
	struct made m;

	(void)state;
	begin(&m);
	arrive_all(&m, 40);
	arrive(&m, 40, 0, 7); /* as it comes: nobody says a thing for a day */
	wait_s(&m, PEERS_DAY_S - 2 * PEERS_HOUR_S);
	assert_int_equal(peers_alert_count(m.peers), 0);
	wait_s(&m, 3 * PEERS_HOUR_S);
	a = only(&m, ALERT_RARE, 1);
	assert_ptr_equal(peer_collector(a->place[0]).data[0], 's');
	put(&m, 40, COMPONENT_EXECUTABLE, m.host[40].name, 1);
	tell(&m, 40);
	assert_int_equal(a->end, ALERT_GONE);
	policy(&m);
	for (unsigned i = 0; i < 39; i++) {
		put(&m, i, COMPONENT_EXECUTABLE, m.host[i].name, 2);
		tell(&m, i);
	}
	wait_s(&m, 6 * PEERS_DAY_S);
	assert_int_equal(peers_alert_count(m.peers), 1);
	wait_s(&m, 2 * PEERS_DAY_S);
	assert_int_equal(peers_alert_count(m.peers), 2);
	assert_int_equal(peers_alert(m.peers, 1)->kind, ALERT_STRAGGLER);
	assert_int_equal(peers_alert(m.peers, 1)->place_count, 2);
	end(&m);
}

static void
two_on_one_boot(void **state)
{
	struct made m;

	(void)state;
	begin(&m);
	arrive_all(&m, 5);
	wait_s(&m, PEERS_DAY_S);
	boot(&m, 1, 0); /* as host 0 */
	wait_s(&m, PEERS_HOUR_S / 2);
	assert_int_equal(peers_alert_count(m.peers), 0);
	wait_s(&m, 2 * PEERS_HOUR_S);
	assert_int_equal(only(&m, ALERT_CLONE, 2)->end, ALERT_LASTS);
	boot(&m, 1, 77);
	assert_int_equal(only(&m, ALERT_CLONE, 2)->end, ALERT_GONE);
	boot(&m, 3, 2); /* renamed: the other is heard of no more */
	away(&m, 2);
	wait_s(&m, 5 * PEERS_HOUR_S);
	assert_int_equal(peers_alert_count(m.peers), 1);
	end(&m);
}

static void
booted_too_often_and_changed_too_often(void **state)
{
	struct made m;

	(void)state;
	begin(&m);
	arrive_all(&m, 20);
	wait_s(&m, 10 * PEERS_DAY_S);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(peers_alert_count(m.peers), 0);
		boot(&m, 3, 100 + i);
		wait_s(&m, PEERS_HOUR_S);
	}
	assert_int_equal(only(&m, ALERT_RESTARTS, 1)->end, ALERT_LASTS);
	wait_s(&m, 2 * PEERS_DAY_S);
	assert_int_equal(only(&m, ALERT_RESTARTS, 1)->end, ALERT_CEASED);
	end(&m);
	begin(&m);
	arrive_all(&m, 20);
	wait_s(&m, 10 * PEERS_DAY_S);
	for (unsigned i = 0; i < 4; i++) {
		put(&m, 3, COMPONENT_EXECUTABLE, m.host[3].name, 1 + (i + 1) % 2);
		tell(&m, 3);
		wait_s(&m, PEERS_HOUR_S);
	}
	assert_int_equal(
	    peers_alert(m.peers, peers_alert_count(m.peers) - 1)->kind, ALERT_FLAPPING);
	end(&m);
}

static void
who_comes_back_with_something_else_is_asked(void **state)
{
	struct made m;

	(void)state;
	begin(&m);
	arrive_all(&m, 20);
	wait_s(&m, 10 * PEERS_DAY_S);
	away(&m, 5);
	wait_s(&m, PEERS_HOUR_S);
	tell(&m, 5);
	assert_int_equal(peers_alert_count(m.peers), 0);
	away(&m, 5);
	put(&m, 5, COMPONENT_EXECUTABLE, "implant", 1);
	tell(&m, 5);
	assert_int_equal(only(&m, ALERT_FIRST_SEEN, 1)->peers, 20);
	end(&m);
}

/* A kind of which everybody has its own is not kept, and says nothing. */
static void
what_has_no_end_has_a_bound(void **state)
{
	struct made m;

	(void)state;
	begin(&m);
	arrive_all(&m, 20);
	for (unsigned i = 0; i < 3 * PEER_CONTENTS_MAX; i++) {
		put(&m, i % 20, COMPONENT_RUNTIME, "of its own", i);
		tell(&m, i % 20);
	}
	wait_s(&m, 10 * PEERS_DAY_S);
	assert_int_equal(peers_alert_count(m.peers), 0);
	end(&m);
}

/* --- a year --- */

#define GROUPS    4
#define OF_GROUP  50
#define YEAR_DAYS 365
#define PLANTED   20

struct planted {
	unsigned day;
	enum alert_kind kind;
	unsigned host; /* of those that are planted, none twice */
};

static const struct planted planted[PLANTED] = {
    {30, ALERT_FIRST_SEEN, 7},
    {61, ALERT_FIRST_SEEN, 58},
    {95, ALERT_FIRST_SEEN, 111},
    {142, ALERT_FIRST_SEEN, 163},
    {255, ALERT_FIRST_SEEN, 21},
    {324, ALERT_FIRST_SEEN, 72},
    {47, ALERT_OLD_BACK, 130},
    {118, ALERT_OLD_BACK, 177},
    {204, ALERT_OLD_BACK, 34},
    {290, ALERT_OLD_BACK, 85},
    {34, ALERT_RARE, 143},
    {160, ALERT_RARE, 190},
    {270, ALERT_RARE, 11},
    {76, ALERT_STRAGGLER, 96},
    {230, ALERT_STRAGGLER, 124},
    {88, ALERT_CLONE, 151},
    {300, ALERT_CLONE, 39},
    {132, ALERT_RESTARTS, 66},
    {310, ALERT_RESTARTS, 137},
    {180, ALERT_FLAPPING, 187},
};

/* Made up from a seed, so that it is the same year each time. */
struct year {
	struct made made;
	uint64_t seed;
	unsigned release[GROUPS], package[GROUPS], boots, statements;
	unsigned release_day[GROUPS]; /* a roll-out began then */
	bool behind[HOST_MOST];       /* it does not take part in the next one */
	size_t found, others;
	char ids[256][ALERT_ID_SIZE + 1];
};

static unsigned
drawn(struct year *y, unsigned below)
{
	y->seed = y->seed * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)((y->seed >> 33) % below);
}

static bool
is_planted(unsigned host)
{
	for (unsigned i = 0; i < PLANTED; i++)
		if (planted[i].host == host)
			return true;
	return false;
}

static void
year_begin(struct year *y)
{
	memset(y, 0, sizeof(*y));
	y->seed = 20260101;
	y->boots = 10000;
	begin(&y->made);
	for (unsigned g = 0; g < GROUPS; g++)
		y->release[g] = y->package[g] = 1;
	for (unsigned i = 0; i < GROUPS * OF_GROUP; i++) {
		arrive(&y->made, i, i / OF_GROUP, 1);
		put(&y->made, i, COMPONENT_PACKAGES, "packages", i / OF_GROUP * 1000 + 1);
		put(&y->made, i, COMPONENT_LIBRARIES, "libraries", i / OF_GROUP * 1000 + 1);
		tell(&y->made, i);
	}
}

/* Every third week a release in each group: a policy, three hosts at first, the rest within two
 * days. */
static void
roll_out(struct year *y, unsigned day, unsigned hour)
{
	for (unsigned g = 0; g < GROUPS; g++) {
		const unsigned since = day - y->release_day[g];

		if (hour == 9 && day % 21 == 5 + g) {
			policy(&y->made);
			y->release[g]++;
			y->release_day[g] = day;
			for (unsigned i = 0; i < 3; i++) {
				const unsigned h = g * OF_GROUP + i;

				put(&y->made, h, COMPONENT_EXECUTABLE, y->made.host[h].name,
				    y->release[g]);
				tell(&y->made, h);
			}
		}
		if (y->release[g] > 1 && (since == 1 || since == 2) && hour >= 8 && hour < 18)
			for (unsigned i = 3; i < OF_GROUP; i++) {
				const unsigned h = g * OF_GROUP + i;
				const struct digest to =
				    content(y->made.host[h].name, y->release[g]);

				if (y->behind[h] ||
				    digest_equal(&to,
					&y->made.host[h].state.component[COMPONENT_EXECUTABLE]) ||
				    (drawn(y, 10) != 0 && !(since == 2 && hour == 17)))
					continue;
				put(&y->made, h, COMPONENT_EXECUTABLE, y->made.host[h].name,
				    y->release[g]);
				tell(&y->made, h);
			}
	}
}

/* Every month packages and libraries, and a boot, in a night of maintenance. */
static void
patch(struct year *y, unsigned day, unsigned hour)
{
	const unsigned g = day % 30 / 7;

	if (day % 30 % 7 != 6 || g >= GROUPS || hour != 2)
		return;
	maintenance(&y->made, "spiffe://bank.example/host/*", 3 * PEERS_HOUR_S, ++y->statements);
	y->package[g]++;
	for (unsigned i = 0; i < OF_GROUP; i++) {
		const unsigned h = g * OF_GROUP + i;

		y->made.now_s += 30;
		put(&y->made, h, COMPONENT_PACKAGES, "packages", g * 1000 + y->package[g]);
		put(&y->made, h, COMPONENT_LIBRARIES, "libraries", g * 1000 + y->package[g]);
		tell(&y->made, h);
		boot(&y->made, h, y->boots++);
	}
	y->made.now_s -= OF_GROUP * 30;
}

/* What is no reason to look: boots, silences, configurations, machines that are replaced. */
static void
go_on(struct year *y)
{
	const unsigned h = drawn(y, GROUPS * OF_GROUP);

	if (is_planted(h))
		return;
	switch (drawn(y, 40)) {
	case 0:
		boot(&y->made, h, y->boots++);
		break;
	case 1:
		away(&y->made, h);
		y->made.now_s += 600;
		tell(&y->made, h);
		y->made.now_s -= 600;
		break;
	case 2:
		put(&y->made, h, COMPONENT_CONFIG, "changed", y->boots++);
		tell(&y->made, h);
		break;
	case 3: /* made anew: another machine under its name */
		away(&y->made, h);
		boot(&y->made, h, y->boots++);
		tell(&y->made, h);
		break;
	default:
		break;
	}
}

static void
plant(struct year *y, const struct planted *p, unsigned hour)
{
	struct made *m = &y->made;
	const unsigned g = p->host / OF_GROUP;
	char *name = m->host[p->host].name;

	if (p->kind == ALERT_STRAGGLER && hour == 0)
		y->behind[p->host] = true;
	if (p->kind == ALERT_RESTARTS && hour >= 10 && hour < 14)
		boot(m, p->host, y->boots++);
	if (p->kind == ALERT_FLAPPING && hour >= 10 && hour < 16) {
		m->host[p->host].state.affirming = false;
		put(m, p->host, COMPONENT_LIBRARIES, "libraries",
		    g * 1000 + y->package[g] - (hour % 2 == 0));
		tell(m, p->host);
	}
	if (hour != 11)
		return;
	if (p->kind == ALERT_FIRST_SEEN) {
		m->host[p->host].state.affirming = false;
		put(m, p->host, COMPONENT_LIBRARIES, "implant", p->day);
	} else if (p->kind == ALERT_OLD_BACK) {
		m->host[p->host].state.affirming = false;
		put(m, p->host, COMPONENT_EXECUTABLE, name, 1);
	} else if (p->kind == ALERT_RARE) { /* made anew, out of a bad image */
		away(m, p->host);
		memset(&m->host[p->host].state.present, 0, sizeof(m->host[0].state.present));
		tell(m, p->host);
		m->host[p->host].state.affirming = false;
		put(m, p->host, COMPONENT_LIBRARIES, "bad image", p->day);
	} else if (p->kind == ALERT_CLONE) {
		boot(m, p->host, y->boots);
		boot(m, p->host + 1, y->boots++);
	} else {
		return;
	}
	tell(m, p->host);
}

/* Somebody has looked, and has put it right a few days later. */
static void
mend(struct year *y, const struct planted *p)
{
	struct made *m = &y->made;
	const unsigned g = p->host / OF_GROUP;

	y->behind[p->host] = false;
	m->host[p->host].state.affirming = true;
	put(m, p->host, COMPONENT_LIBRARIES, "libraries", g * 1000 + y->package[g]);
	put(m, p->host, COMPONENT_EXECUTABLE, m->host[p->host].name, y->release[g]);
	tell(m, p->host);
	if (p->kind == ALERT_CLONE)
		boot(m, p->host, y->boots++);
}

static bool
is_of(const struct alert *a, const struct planted *p)
{
	const uint64_t from_s = BEGIN_S + (uint64_t)p->day * PEERS_DAY_S;

	if (a->kind != p->kind || a->first_s < from_s || a->first_s > from_s + 40 * PEERS_DAY_S)
		return false;
	for (size_t i = 0; i < a->place_count && i < ALERT_PLACES_MAX; i++)
		if (a->place[i]->n == p->host + 1)
			return true;
	return false;
}

static void
live_through(struct year *y)
{
	bool found[PLANTED] = {false};

	year_begin(y);
	for (unsigned day = 0; day < YEAR_DAYS; day++)
		for (unsigned hour = 0; hour < 24; hour++) {
			y->made.now_s = BEGIN_S + day * (uint64_t)PEERS_DAY_S + hour * 3600;
			patch(y, day, hour);
			roll_out(y, day, hour);
			go_on(y);
			for (unsigned i = 0; i < PLANTED; i++) {
				if (planted[i].day == day)
					plant(y, &planted[i], hour);
				if (planted[i].day + 33 == day && hour == 12)
					mend(y, &planted[i]);
			}
		}
	for (size_t i = 0; i < peers_alert_count(y->made.peers); i++) {
		const struct alert *a = peers_alert(y->made.peers, i);
		bool meant = false;

		assert_true(i < sizeof(y->ids) / sizeof(y->ids[0]));
		alert_id(a, y->ids[i]);
		for (unsigned k = 0; k < PLANTED; k++)
			if (is_of(a, &planted[k])) {
				meant = true;
				y->found += !found[k];
				found[k] = true;
			}
		if (!meant) {
			struct buf words = BUF_INIT;

			y->others++;
			alert_words(a, &words);
			print_message("day %u, not planted: %s: %.*s\n",
			    (unsigned)((a->first_s - BEGIN_S) / PEERS_DAY_S),
			    alert_kind_name(a->kind), view_precision(buf_view(&words)),
			    (const char *)words.data);
			buf_free(&words);
		}
	}
	for (unsigned k = 0; k < PLANTED; k++)
		if (!found[k])
			print_message("not found: day %u host %u %s\n", planted[k].day,
			    planted[k].host, alert_kind_name(planted[k].kind));
}

static void
a_year_of_two_hundred_hosts(void **state)
{
	struct year *first = calloc(1, sizeof(*first)), *second = calloc(1, sizeof(*second));

	(void)state;
	assert_non_null(first);
	assert_non_null(second);
	live_through(first);
	live_through(second);
	print_message("%zu of %u found, %zu alerts beside them in a year\n", first->found, PLANTED,
	    first->others);
	assert_int_equal(first->found, PLANTED);
	assert_true(first->others <= 52); /* one a week */
	assert_int_equal(
	    peers_alert_count(first->made.peers), peers_alert_count(second->made.peers));
	assert_memory_equal(first->ids, second->ids, sizeof(first->ids));
	end(&first->made);
	end(&second->made);
	free(first);
	free(second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_said_of_what_is_usual),
	    cmocka_unit_test(what_was_seen_nowhere_is_one_alert_for_all),
	    cmocka_unit_test(what_most_have_then_is_usual),
	    cmocka_unit_test(policy_explains_what_it_permits),
	    cmocka_unit_test(maintenance_explains_until_it_is_over_or_revoked),
	    cmocka_unit_test(an_old_one_back_and_one_against_the_wave),
	    cmocka_unit_test(rare_and_left_behind),
	    cmocka_unit_test(two_on_one_boot),
	    cmocka_unit_test(booted_too_often_and_changed_too_often),
	    cmocka_unit_test(who_comes_back_with_something_else_is_asked),
	    cmocka_unit_test(what_has_no_end_has_a_bound),
	    cmocka_unit_test(a_year_of_two_hundred_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
