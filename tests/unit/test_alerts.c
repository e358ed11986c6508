/* What does not fit: each kind of alert by itself. */
#include "tests/unit/alert_made.h"

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
		wait_s(&m, ALERT_DAY_S);
	assert_int_equal(peers_alert_count(m.peers), 0);
	for (unsigned i = 0; i < 20; i++) { /* what is everybody's own */
		put(&m, i, COMPONENT_CONFIG, "another", i);
		tell(&m, i);
	}
	wait_s(&m, 10 * ALERT_DAY_S);
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
	wait_s(&m, 10 * ALERT_DAY_S);
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
	wait_s(&m, 10 * ALERT_DAY_S);
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
	wait_s(&m, 10 * ALERT_DAY_S);
	policy(&m);
	wait_s(&m, 60);
	for (unsigned i = 0; i < 20; i++) {
		put(&m, i, COMPONENT_EXECUTABLE, m.host[i].name, 2);
		tell(&m, i);
		wait_s(&m, ALERT_HOUR_S);
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
	wait_s(&m, 10 * ALERT_DAY_S);
	maintenance(&m, "spiffe://bank.example/host/*", ALERT_HOUR_S, 1);
	wait_s(&m, 60);
	m.host[0].state.affirming = false;
	put(&m, 0, COMPONENT_EXECUTABLE, "patched", 1);
	tell(&m, 0);
	assert_int_equal(peers_alert_count(m.peers), 0);
	revoke(&m, 1);
	put(&m, 1, COMPONENT_EXECUTABLE, "patched", 2);
	tell(&m, 1);
	(void)only(&m, ALERT_FIRST_SEEN, 1);
	maintenance(&m, "spiffe://bank.example/host/*", ALERT_HOUR_S, 3);
	wait_s(&m, ALERT_HOUR_S);
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
			wait_s(&m, 8 * ALERT_DAY_S);
			put(&m, 4, COMPONENT_EXECUTABLE, m.host[4].name, 1);
			tell(&m, 4);
			(void)only(&m, ALERT_AGAINST_WAVE, 1);
			put(&m, 4, COMPONENT_EXECUTABLE, m.host[4].name, 2);
			tell(&m, 4);
		}
	}
	wait_s(&m, 20 * ALERT_DAY_S);
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
	wait_s(&m, ALERT_DAY_S - 2 * ALERT_HOUR_S);
	assert_int_equal(peers_alert_count(m.peers), 0);
	wait_s(&m, 3 * ALERT_HOUR_S);
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
	wait_s(&m, 6 * ALERT_DAY_S);
	assert_int_equal(peers_alert_count(m.peers), 1);
	wait_s(&m, 2 * ALERT_DAY_S);
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
	wait_s(&m, ALERT_DAY_S);
	boot(&m, 1, 0); /* as host 0 */
	wait_s(&m, ALERT_HOUR_S / 2);
	assert_int_equal(peers_alert_count(m.peers), 0);
	wait_s(&m, 2 * ALERT_HOUR_S);
	assert_int_equal(only(&m, ALERT_CLONE, 2)->end, ALERT_LASTS);
	boot(&m, 1, 77);
	assert_int_equal(only(&m, ALERT_CLONE, 2)->end, ALERT_GONE);
	boot(&m, 3, 2); /* renamed: the other is heard of no more */
	away(&m, 2);
	wait_s(&m, 5 * ALERT_HOUR_S);
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
	wait_s(&m, 10 * ALERT_DAY_S);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(peers_alert_count(m.peers), 0);
		boot(&m, 3, 100 + i);
		wait_s(&m, ALERT_HOUR_S);
	}
	assert_int_equal(only(&m, ALERT_RESTARTS, 1)->end, ALERT_LASTS);
	wait_s(&m, 2 * ALERT_DAY_S);
	assert_int_equal(only(&m, ALERT_RESTARTS, 1)->end, ALERT_CEASED);
	end(&m);
	begin(&m);
	arrive_all(&m, 20);
	wait_s(&m, 10 * ALERT_DAY_S);
	for (unsigned i = 0; i < 4; i++) {
		put(&m, 3, COMPONENT_EXECUTABLE, m.host[3].name, 1 + (i + 1) % 2);
		tell(&m, 3);
		wait_s(&m, ALERT_HOUR_S);
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
	wait_s(&m, 10 * ALERT_DAY_S);
	away(&m, 5);
	wait_s(&m, ALERT_HOUR_S);
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
	wait_s(&m, 10 * ALERT_DAY_S);
	assert_int_equal(peers_alert_count(m.peers), 0);
	end(&m);
}

static void
those_that_are_too_many_are_passed_over(void **state)
{
	struct made m;
	struct fact f;

	(void)state;
	begin(&m);
	arrive_all(&m, 20);
	put(&m, 3, COMPONENT_EXECUTABLE, "implant", 1);
	f = fact_of(&m, 3);
	f.workload = PEERS_MAX + 7;
	assert_int_equal(peers_state(m.peers, &f, &m.host[3].state), ERR_OK);
	assert_int_equal(peers_away(m.peers, &f), ERR_OK);
	assert_int_equal(peers_alert_count(m.peers), 0);
	assert_int_equal(peers_passed_over(m.peers), 7);
	end(&m);
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
	    cmocka_unit_test(those_that_are_too_many_are_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
