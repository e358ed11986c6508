/* A made-up year of two hundred hosts: what was planted in it is found, and little else. */
#include "tests/unit/alert_made.h"

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
	maintenance(&y->made, "spiffe://bank.example/host/*", 3 * ALERT_HOUR_S, ++y->statements);
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
	const uint64_t from_s = BEGIN_S + (uint64_t)p->day * ALERT_DAY_S;

	if (a->kind != p->kind || a->first_s < from_s || a->first_s > from_s + 40 * ALERT_DAY_S)
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
			y->made.now_s = BEGIN_S + day * (uint64_t)ALERT_DAY_S + hour * 3600;
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
			    (unsigned)((a->first_s - BEGIN_S) / ALERT_DAY_S),
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
	    cmocka_unit_test(a_year_of_two_hundred_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
