/* Challenges: who is asked, what answers, and that each asker hears once how it ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "proto/wire/frame.h"
#include "signer/session/challenge.h"

#define HOST  "spiffe://test/host"
#define NONCE VIEW_LITERAL("01234567")

static char host[] = HOST, relay[] = "relay";

/* A signer of which only the challenges live. */
struct fixture {
	struct service service;
	struct signer_config config;
	struct session session[2]; /* both of HOST */
	struct buf output[2];
	unsigned woken;
	/* what the last asker was told */
	unsigned answers;
	uint64_t id;
	enum err result;
	uint64_t index;
};

static void
on_wake(void *context)
{
	((struct fixture *)context)->woken++;
}

static void
on_answer(void *context, uint64_t id, enum err e, const struct ledger_receipt *r)
{
	struct fixture *f = context;

	f->answers++;
	f->id = id;
	f->result = e;
	assert_int_equal(r != NULL, e == ERR_OK);
	f->index = r != NULL ? r->index : 0;
}

static int
setup(void **state)
{
	static const char *const relays[] = {relay};
	struct fixture *f = calloc(1, sizeof(*f));
	struct service *s;

	assert_non_null(f);
	s = &f->service;
	f->config.relays = relays;
	f->config.relay_count = 1;
	s->config = &f->config;
	s->roster = roster_new();
	s->workloads = workload_table_new();
	for (unsigned i = 0; i < 2; i++) {
		f->output[i] = BUF_INIT;
		f->session[i].service = s;
		f->session[i].identity = host;
		f->session[i].number = i + 1;
		f->session[i].output = (struct session_output){&f->output[i], on_wake, f};
	}
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	challenge_withdraw(&f->service, f);
	assert_int_equal(f->service.challenges.count, 0);
	assert_null(f->service.challenges.first);
	assert_null(f->service.challenges.last);
	for (unsigned i = 0; i < 2; i++) {
		roster_remove(f->service.roster, &f->session[i]);
		buf_free(&f->output[i]);
	}
	roster_free(&f->service.roster);
	workload_table_free(&f->service.workloads);
	free(f);
	return 0;
}

static void
connect_session(struct fixture *f, unsigned i)
{
	assert_int_equal(roster_add(f->service.roster, &f->session[i]), ERR_OK);
}

static void
disconnect(struct fixture *f, unsigned i)
{
	roster_remove(f->service.roster, &f->session[i]);
	challenge_on_session_end(&f->session[i]);
}

static struct workload *
report(struct fixture *f, const char *name, unsigned session)
{
	struct workload *w =
	    workload_get(f->service.workloads, VIEW_LITERAL(HOST), view_of_string(name));

	assert_non_null(w);
	w->has_head = true;
	w->connection = (uint32_t)f->session[session].number;
	return w;
}

static enum err
ask(struct fixture *f, const char *collector, const char *workload, uint64_t id)
{
	const struct challenge_asker asker = {on_answer, f, id, "test"};

	return challenge_begin(
	    &f->service, view_of_string(collector), view_of_string(workload), NONCE, &asker);
}

static void
stage(struct fixture *f, struct workload *w, uint64_t seq, struct view nonce)
{
	struct filing filing;

	memset(&filing, 0, sizeof(filing));
	filing.workload = w;
	filing.bundle.seq = seq;
	filing.bundle.extensions.challenge = nonce;
	challenge_on_staged(&f->service, &filing);
}

static void
receipt(struct fixture *f, const struct workload *w, uint64_t seq, uint64_t index)
{
	const struct ledger_receipt r = {.workload = w, .seq = seq, .index = index};

	challenge_on_receipt(&f->service, &r);
}

/* The measure in a session's output, which is then empty. */
static void
expect_measure(struct fixture *f, unsigned i, const char *workload)
{
	struct message_decoder *d = message_decoder_new();
	struct view payload;
	struct message m;
	size_t used;

	assert_int_equal(frame_next(buf_view(&f->output[i]), &payload, &used), ERR_OK);
	assert_int_equal(used, f->output[i].size);
	assert_int_equal(message_decode(d, payload, &m), ERR_OK);
	assert_int_equal(m.type, MESSAGE_MEASURE);
	assert_true(view_equal(m.body.measure.workload, view_of_string(workload)));
	assert_true(view_equal(m.body.measure.challenge, NONCE));
	buf_clear(&f->output[i]);
	message_decoder_free(&d);
}

static void
the_report_with_the_nonce_is_the_answer(void **state)
{
	struct fixture *f = *state;
	struct workload *w = report(f, "w", 0);

	connect_session(f, 0);
	assert_int_equal(ask(f, HOST, "w", 7), ERR_OK);
	assert_int_equal(f->woken, 1);
	expect_measure(f, 0, "w");
	stage(f, w, 3, VIEW_LITERAL("76543210"));
	stage(f, w, 4, (struct view){NULL, 0});
	receipt(f, w, 3, 30);
	receipt(f, w, 4, 40);
	assert_int_equal(f->answers, 0);
	stage(f, w, 5, NONCE);
	stage(f, w, 6, NONCE);
	receipt(f, w, 6, 60);
	assert_int_equal(f->answers, 0);
	receipt(f, w, 5, 50);
	assert_int_equal(f->answers, 1);
	assert_int_equal(f->id, 7);
	assert_int_equal(f->result, ERR_OK);
	assert_int_equal(f->index, 50);
	assert_false(w->challenged);
}

static void
nobody_can_be_asked(void **state)
{
	struct fixture *f = *state;
	struct workload *w;

	connect_session(f, 0);
	assert_int_equal(ask(f, HOST, "w", 1), ERR_NOT_CONNECTED);
	w = workload_get(f->service.workloads, VIEW_LITERAL(HOST), VIEW_LITERAL("w"));
	assert_non_null(w);
	assert_int_equal(ask(f, HOST, "w", 1), ERR_NOT_CONNECTED);
	report(f, "w", 0);
	assert_int_equal(ask(f, "spiffe://test/hos", "w", 1), ERR_NOT_CONNECTED);
	assert_int_equal(ask(f, "", "w", 1), ERR_NOT_CONNECTED);
	assert_int_equal(ask(f, "not a name", "w", 1), ERR_NOT_CONNECTED);
	f->session[1].identity = relay;
	connect_session(f, 1);
	w = workload_get(f->service.workloads, VIEW_LITERAL("relay"), VIEW_LITERAL("w"));
	assert_non_null(w);
	w->has_head = true; /* it was a collector once */
	assert_int_equal(ask(f, "relay", "w", 1), ERR_NOT_CONNECTED);
	disconnect(f, 0);
	assert_int_equal(ask(f, HOST, "w", 1), ERR_NOT_CONNECTED);
	assert_int_equal(f->answers, 0);
	assert_int_equal(f->woken, 0);
}

static void
nothing_is_taken_now(void **state)
{
	struct fixture *f = *state;

	connect_session(f, 0);
	report(f, "w", 0);
	f->service.storage.low = true;
	assert_int_equal(ask(f, HOST, "w", 1), ERR_STORAGE);
	f->service.storage.low = false;
	f->service.stopping = true;
	assert_int_equal(ask(f, HOST, "w", 1), ERR_BUSY);
	f->service.stopping = false;
	assert_int_equal(ask(f, HOST, "w", 1), ERR_OK);
	assert_int_equal(ask(f, HOST, "w", 2), ERR_IN_FLIGHT);
}

static void
a_bound_on_all_of_them(void **state)
{
	struct fixture *f = *state;
	char name[16];

	connect_session(f, 0);
	for (unsigned i = 0; i <= CHALLENGES_MAX; i++) {
		snprintf(name, sizeof(name), "w%u", i);
		report(f, name, 0);
		assert_int_equal(ask(f, HOST, name, i), i < CHALLENGES_MAX ? ERR_OK : ERR_BUSY);
	}
	challenge_expire(&f->service, UINT64_MAX);
	assert_int_equal(f->answers, CHALLENGES_MAX);
	assert_int_equal(f->service.challenges.count, 0);
}

static void
the_session_that_spoke_for_it_and_then_another(void **state)
{
	struct fixture *f = *state;

	connect_session(f, 0);
	connect_session(f, 1);
	report(f, "w", 0);
	assert_int_equal(ask(f, HOST, "w", 1), ERR_OK);
	assert_int_equal(f->output[1].size, 0);
	expect_measure(f, 0, "w");
	disconnect(f, 0);
	assert_int_equal(f->answers, 0);
	expect_measure(f, 1, "w");
	disconnect(f, 1);
	assert_int_equal(f->answers, 1);
	assert_int_equal(f->result, ERR_NOT_CONNECTED);
}

static void
one_that_has_answered_may_go(void **state)
{
	struct fixture *f = *state;
	struct workload *w = report(f, "w", 0);

	connect_session(f, 0);
	assert_int_equal(ask(f, HOST, "w", 1), ERR_OK);
	stage(f, w, 9, NONCE);
	disconnect(f, 0);
	assert_int_equal(f->answers, 0);
	receipt(f, w, 9, 90);
	assert_int_equal(f->result, ERR_OK);
	assert_int_equal(f->index, 90);
}

static void
those_whose_time_is_over_are_told(void **state)
{
	struct fixture *f = *state;
	struct workload *w = report(f, "one", 0);
	const uint64_t now_ms = uv_hrtime() / 1000000;

	connect_session(f, 0);
	report(f, "two", 0);
	assert_int_equal(ask(f, HOST, "one", 1), ERR_OK);
	assert_int_equal(ask(f, HOST, "two", 2), ERR_OK);
	challenge_expire(&f->service, now_ms);
	challenge_expire(&f->service, now_ms + CHALLENGE_TIMEOUT_S * 1000 - 1);
	assert_int_equal(f->answers, 0);
	stage(f, w, 3, NONCE); /* logged, and its receipt does not come */
	challenge_expire(&f->service, uv_hrtime() / 1000000 + CHALLENGE_TIMEOUT_S * 1000);
	assert_int_equal(f->answers, 2);
	assert_int_equal(f->id, 2);
	assert_int_equal(f->result, ERR_UNANSWERED);
	assert_false(w->challenged);
	disconnect(f, 0);
	assert_int_equal(f->answers, 2);
}

static void
an_asker_that_is_gone_hears_nothing(void **state)
{
	struct fixture *f = *state;
	struct workload *w = report(f, "one", 0);
	int other;
	const struct challenge_asker asker = {on_answer, f, 5, "other"};

	connect_session(f, 0);
	report(f, "two", 0);
	assert_int_equal(ask(f, HOST, "one", 1), ERR_OK);
	challenge_withdraw(&f->service, &other);
	assert_int_equal(f->service.challenges.count, 1);
	challenge_withdraw(&f->service, f);
	assert_int_equal(f->service.challenges.count, 0);
	assert_false(w->challenged);
	assert_null(f->session[0].asked);
	assert_int_equal(
	    challenge_begin(&f->service, VIEW_LITERAL(HOST), VIEW_LITERAL("one"), NONCE, &asker),
	    ERR_OK);
	assert_int_equal(f->answers, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		the_report_with_the_nonce_is_the_answer, setup, teardown),
	    cmocka_unit_test_setup_teardown(nobody_can_be_asked, setup, teardown),
	    cmocka_unit_test_setup_teardown(nothing_is_taken_now, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_bound_on_all_of_them, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		the_session_that_spoke_for_it_and_then_another, setup, teardown),
	    cmocka_unit_test_setup_teardown(one_that_has_answered_may_go, setup, teardown),
	    cmocka_unit_test_setup_teardown(those_whose_time_is_over_are_told, setup, teardown),
	    cmocka_unit_test_setup_teardown(an_asker_that_is_gone_hears_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
