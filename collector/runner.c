#include "collector/runner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collector/ground/backoff.h"
#include "collector/ground/interrupt.h"
#include "collector/processes/rights.h"
#include "collector/report/reporter.h"
#include "collector/report/reporter_renew.h"
#include "collector/rounds.h"
#include "journal/logger.h"

#define RECONNECT_FIRST_MS 1000
#define RECONNECT_MOST_MS  60000

/*
 * Behind a signer that comes back all that waited for it measure anew, each at some moment of this
 * time: 10,000 collectors are 5 measurements a millisecond then.
 */
#define AGAIN_SPREAD_MS 2000

/* And no more often: a signer that comes and goes does not keep the host busy. */
#define AGAIN_REST_MS 10000

/* Behind one that is lost, the same and the next one are turned to within that. */
#define MOVE_SPREAD_MS 500

struct runner {
	const char *path;
	struct collector_config **config;
	struct measurer *measurer;
	struct board *board;   /* NULL: nobody asks */
	struct giver *giver;   /* NULL: tokens go nowhere */
	struct actor *actor;   /* NULL: nothing is done about verdicts */
	struct lender *lender; /* NULL: gates go their own way */
	struct reporter *reporter;
	struct rounds rounds;
	uint64_t round_ms;   /* when the next round begins; UINT64_MAX: one has, and not ended */
	uint64_t began_ms;   /* when the newest one did; 0: that was told of */
	uint64_t again_ms;   /* when one more does, for a session has begun; 0: none */
	uint64_t rest_ms;    /* no such is before */
	uint64_t connect_ms; /* no connection is tried before */
	unsigned tries;      /* in a row that got nothing acknowledged */
	bool was_connected;  /* when it was looked at last */
	bool lost;           /* a session was, and there are several signers to turn to */
	bool renewed;        /* and not connected since */
	bool untidy;         /* something was reported since the last tidying */
};

/* Ways of the reporter to make a bundle, and send or keep it. */
typedef enum reporter_outcome report_function(
    struct reporter *r, size_t workload, struct receipt_summary *out);
typedef enum reporter_outcome spool_function(struct reporter *r, size_t workload);

static bool round_is_due(const struct runner *r, uint64_t now_ms);
static bool may_drain(const struct runner *r);
static void renew(struct runner *r);
static void notice_loss(struct runner *r);
static enum err try_connect(struct runner *r);
static void back_off(struct runner *r);
static enum err begin_round(struct runner *r);
static enum err go_on(struct runner *r);
static void end_round(struct runner *r);
static enum err report(
    struct runner *r, size_t workload, report_function *send, spool_function *keep);
static void take_challenges(struct runner *r);
static void refresh_tokens(struct runner *r);
static bool may_report(const struct runner *r);
static void tidy(struct runner *r);
static enum err took(struct runner *r, enum reporter_outcome outcome, size_t waiting);
static enum err drain_all(struct runner *r);
static void wait_for_work(struct runner *r);
static enum err reload(struct runner *r, struct trouble *t);
static enum err check_socket(
    const struct collector_config *old, const struct collector_config *fresh, struct trouble *t);
static void refuse_reload(const struct faults *faults);
static void refuse_reload_for(enum err e, struct trouble *t);
static void tell(const char *event, const struct runner *r);

enum err
runner_run(const char *path, struct collector_config **config, struct measurer *measurer,
    struct board *board, struct giver *giver, struct actor *actor, struct lender *lender,
    struct trouble *t)
{
	struct runner r = {.path = path,
	    .config = config,
	    .measurer = measurer,
	    .board = board,
	    .giver = giver,
	    .actor = actor,
	    .lender = lender};
	enum err e;

	if ((e = reporter_new(*config, measurer, board, giver, actor, true, &r.reporter, t)) !=
	    ERR_OK)
		return e;
	if ((e = rounds_set(&r.rounds, r.reporter, measurer, *config)) != ERR_OK) {
		reporter_free(&r.reporter);
		return e;
	}
	tell("started", &r);
	r.round_ms = r.connect_ms = interrupt_clock_ms();
	while (e == ERR_OK && !interrupt_stop()) {
		const uint64_t now_ms = interrupt_clock_ms();

		if (interrupt_take_reload() && (e = reload(&r, t)) != ERR_OK)
			break;
		renew(&r);
		notice_loss(&r);
		if ((round_is_due(&r, now_ms) || r.renewed || r.lost ||
			reporter_waiting(r.reporter) > 0) &&
		    !reporter_is_connected(r.reporter) && now_ms >= r.connect_ms &&
		    (e = try_connect(&r)) != ERR_OK)
			break;
		if (round_is_due(&r, now_ms))
			e = begin_round(&r);
		if (e == ERR_OK)
			e = go_on(&r);
		if (e == ERR_OK && may_drain(&r) && now_ms >= r.connect_ms)
			e = drain_all(&r);
		tidy(&r);
		if (e == ERR_OK)
			wait_for_work(&r);
	}
	if (e == ERR_OK)
		e = reporter_stop(r.reporter);
	if (e == ERR_OK)
		tell("stopped", &r);
	else if (e == ERR_IO && t->text[0] == '\0')
		(void)trouble_set(t, e, "it cannot go on (see above)");
	rounds_free(&r.rounds);
	reporter_free(&r.reporter);
	return e;
}

static bool
round_is_due(const struct runner *r, uint64_t now_ms)
{
	return now_ms >= r->round_ms ||
	       (r->again_ms != 0 && now_ms >= r->again_ms && reporter_is_connected(r->reporter));
}

/* What waits lets what is fresh go first. */
static bool
may_drain(const struct runner *r)
{
	bool any = false;

	if (rounds_expects_any(&r->rounds))
		return false;
	for (size_t i = 0; r->again_ms == 0 && i < (*r->config)->workload_count; i++)
		any = any || reporter_may_drain(r->reporter, i);
	return any;
}

/* Who was refused for what is old now need not wait for the next try. */
static void
renew(struct runner *r)
{
	if (!reporter_renew(r->reporter))
		return;
	r->renewed = true;
	r->tries = 0;
	r->connect_ms = interrupt_clock_ms();
}

/* With several signers nobody waits for the next round with that. */
static void
notice_loss(struct runner *r)
{
	const bool connected = reporter_is_connected(r->reporter);

	if (r->was_connected && !connected && (*r->config)->signer_count > 1) {
		r->lost = true;
		if (r->connect_ms < interrupt_clock_ms())
			r->connect_ms = interrupt_clock_ms() + backoff_random(MOVE_SPREAD_MS);
	}
	r->lost = r->lost && !connected;
	r->was_connected = connected;
}

static enum err
try_connect(struct runner *r)
{
	bool failed;

	r->renewed = false;
	r->again_ms = 0;
	if (reporter_connect(r->reporter, &failed) == ERR_OK) {
		/* What was measured while there was no session says nothing of now. */
		if (reporter_has_moved(r->reporter))
			r->again_ms = interrupt_clock_ms() + backoff_random(MOVE_SPREAD_MS);
		else if (reporter_waiting(r->reporter) > 0)
			r->again_ms = interrupt_clock_ms() + backoff_random(AGAIN_SPREAD_MS);
		if (r->again_ms != 0 && r->again_ms < r->rest_ms)
			r->again_ms = r->rest_ms;
		return ERR_OK;
	}
	if (failed)
		return ERR_IO;
	back_off(r);
	return ERR_OK;
}

/*
 * A connection alone is no success: a signer that takes connections and loses them is not to be
 * asked at full speed by all of its collectors.
 */
static void
back_off(struct runner *r)
{
	r->connect_ms =
	    interrupt_clock_ms() + backoff_ms(r->tries++, RECONNECT_FIRST_MS, RECONNECT_MOST_MS);
}

/* All workloads are wanted once. Whoever still waits from the round before says so. */
static enum err
begin_round(struct runner *r)
{
	enum err e;

	if ((e = reporter_go_back(r->reporter)) != ERR_OK)
		return e;
	if (r->again_ms != 0)
		r->rest_ms = interrupt_clock_ms() + AGAIN_REST_MS;
	r->again_ms = 0;
	r->began_ms = interrupt_clock_ms();
	r->round_ms = UINT64_MAX; /* until it has ended */
	for (size_t i = 0; i < r->rounds.count && !interrupt_stop(); i++)
		if (rounds_has_waited(&r->rounds, i) &&
		    (e = report(r, i, reporter_repeat, reporter_spool_again)) != ERR_OK)
			return e;
	if (may_report(r))
		rounds_want_all(&r->rounds);
	return ERR_OK;
}

/*
 * Reports what was measured meanwhile, and has others measured. If the connection is lost on the
 * way, another one is made at once, but only as often as tries are due; what finds none goes to the
 * spool.
 */
static enum err
go_on(struct runner *r)
{
	enum err e;
	size_t i;

	take_challenges(r);
	refresh_tokens(r);
	if (may_report(r))
		rounds_want_changed(&r->rounds, interrupt_clock_ms());
	rounds_begin(&r->rounds);
	while (!interrupt_stop() && (i = rounds_answered(&r->rounds)) < r->rounds.count) {
		if (!reporter_is_connected(r->reporter) && interrupt_clock_ms() >= r->connect_ms &&
		    (e = try_connect(r)) != ERR_OK)
			return e;
		if ((e = report(r, i, reporter_report, reporter_spool)) != ERR_OK)
			return e;
		measurer_drop(r->measurer, i); /* where it came to nothing */
		take_challenges(r);
		rounds_begin(&r->rounds);
	}
	if (r->round_ms == UINT64_MAX && !rounds_wants_any(&r->rounds))
		end_round(r);
	if (r->began_ms != 0 && r->round_ms != UINT64_MAX && !rounds_expects_any(&r->rounds)) {
		board_round(r->board, interrupt_clock_ms() - r->began_ms, r->round_ms);
		r->began_ms = 0;
	}
	return ERR_OK;
}

/* All have been begun: who takes longer than from one round to the next is passed over by that. */
static void
end_round(struct runner *r)
{
	const struct collector_config *config = *r->config;

	r->round_ms = interrupt_clock_ms() + backoff_jitter_ms((uint64_t)config->interval_s * 1000,
						 config->jitter_percent);
}

static enum err
report(struct runner *r, size_t workload, report_function *send, spool_function *keep)
{
	const size_t waiting = reporter_waiting(r->reporter);
	struct receipt_summary result;

	r->untidy = true;
	if (reporter_is_connected(r->reporter))
		return took(r, send(r->reporter, workload, &result), waiting);
	return keep(r->reporter, workload) == REPORTER_FAILED ? ERR_IO : ERR_OK;
}

/* Those that the signer has, and that are due, are wanted, too. */
static void
take_challenges(struct runner *r)
{
	size_t i;

	reporter_take_news(r->reporter);
	while (
	    reporter_is_connected(r->reporter) &&
	    reporter_challenge_ms(r->reporter, rounds_busy(&r->rounds), &i) <= interrupt_clock_ms())
		rounds_want(&r->rounds, i);
}

/* Workloads whose tokens would end are measured in time for others. */
static void
refresh_tokens(struct runner *r)
{
	size_t i;

	while (
	    reporter_refresh_ms(r->reporter, rounds_busy(&r->rounds), &i) <= interrupt_clock_ms()) {
		reporter_refresh_begin(r->reporter, i);
		rounds_want(&r->rounds, i);
	}
}

/* What is measured comes to something. */
static bool
may_report(const struct runner *r)
{
	return reporter_is_connected(r->reporter) || reporter_keeps(r->reporter);
}

/* What came of speaking to the signer; so many bundles waited before. */
static enum err
took(struct runner *r, enum reporter_outcome outcome, size_t waiting)
{
	if (outcome == REPORTER_DONE || reporter_waiting(r->reporter) < waiting)
		r->tries = 0;
	/* Its bundle waits now, if there is one; do not come back too fast. */
	if (outcome == REPORTER_LOST && reporter_has_other(r->reporter))
		r->connect_ms = interrupt_clock_ms();
	else if (outcome == REPORTER_LOST)
		back_off(r);
	return outcome == REPORTER_FAILED ? ERR_IO : ERR_OK;
}

/*
 * One bundle of each workload that waits, between rounds: after a connection was lost, or a signer
 * was away. Then it is seen what else is due, and when that were all, what is kept for nobody goes.
 */
static enum err
drain_all(struct runner *r)
{
	enum reporter_outcome outcome = REPORTER_DONE;
	size_t waiting;

	for (size_t i = 0; i < (*r->config)->workload_count && !interrupt_stop(); i++) {
		if (!reporter_may_drain(r->reporter, i))
			continue;
		waiting = reporter_waiting(r->reporter);
		outcome = reporter_drain(r->reporter, i);
		if (outcome == REPORTER_FAILED)
			return ERR_IO;
		if (reporter_waiting(r->reporter) < waiting)
			r->tries = 0;
		/* Refused, or the session is lost again. */
		if (outcome != REPORTER_DONE)
			back_off(r);
	}
	r->untidy = true;
	return ERR_OK;
}

/* Between rounds, when nothing else is due: what is kept for nobody goes. */
static void
tidy(struct runner *r)
{
	if (!r->untidy || r->round_ms == UINT64_MAX || may_drain(r) ||
	    measurer_holds_bytes(r->measurer))
		return;
	reporter_tidy(r->reporter);
	r->untidy = false;
}

static void
wait_for_work(struct runner *r)
{
	struct pollfd news = {.events = POLLIN};
	uint64_t until_ms = r->round_ms, challenge_ms, refresh_ms, changed_ms;
	size_t workload;
	const uint64_t now_ms = interrupt_clock_ms();

	reporter_tell_waiting(r->reporter);
	board_spent(r->board, measurer_spent_us(r->measurer));
	giver_take_news(r->giver, r->board);
	actor_take_news(r->actor, r->board);
	lender_take_news(r->lender);
	/* What lies read already makes no descriptor readable. */
	reporter_take_news(r->reporter);
	if (r->again_ms != 0 && r->again_ms < until_ms && reporter_is_connected(r->reporter))
		until_ms = r->again_ms;
	if (r->connect_ms < until_ms &&
	    (reporter_is_connected(r->reporter) ? may_drain(r)
						: r->lost || reporter_waiting(r->reporter) > 0))
		until_ms = r->connect_ms;
	challenge_ms = reporter_challenge_ms(r->reporter, rounds_busy(&r->rounds), &workload);
	if (challenge_ms < until_ms)
		until_ms = challenge_ms;
	refresh_ms = reporter_refresh_ms(r->reporter, rounds_busy(&r->rounds), &workload);
	if (refresh_ms < until_ms)
		until_ms = refresh_ms;
	if (may_report(r) && (changed_ms = rounds_changed_ms(&r->rounds, now_ms)) < until_ms)
		until_ms = changed_ms;
	if (now_ms + REPORTER_LOOK_MS < until_ms)
		until_ms = now_ms + REPORTER_LOOK_MS;
	if (until_ms <= now_ms || rounds_answered(&r->rounds) < r->rounds.count)
		return;
	if (logger_has_more())
		logger_tend();
	if (logger_has_more() && until_ms > now_ms + LOGGER_TEND_MS)
		until_ms = now_ms + LOGGER_TEND_MS;
	news.fd = reporter_descriptor(r->reporter);
	if (measurer_listen(r->measurer, &news, until_ms - now_ms, INTERRUPT_STEER) > 0)
		reporter_take_news(r->reporter);
}

/* The old reporter goes first: state and receipts have one owner. */
static enum err
reload(struct runner *r, struct trouble *t)
{
	struct collector_config *fresh, *old = *r->config;
	struct faults faults = FAULTS_INIT;
	struct reporter_known *known;
	enum err e;

	if (collector_config_load(r->path, &faults, &fresh) != ERR_OK) {
		refuse_reload(&faults);
		faults_free(&faults);
		return ERR_OK;
	}
	faults_free(&faults);
	if ((e = rights_check_report(fresh, t)) != ERR_OK ||
	    (e = check_socket(old, fresh, t)) != ERR_OK) {
		refuse_reload_for(e, t);
		collector_config_free(&fresh);
		return ERR_OK;
	}
	if ((e = reporter_give_way(r->reporter, fresh)) != ERR_OK) {
		collector_config_free(&fresh);
		return e;
	}
	measurer_drop_all(r->measurer); /* they tell a reporter that goes */
	known = reporter_known(r->reporter);
	reporter_free(&r->reporter);
	if ((e = reporter_new(fresh, r->measurer, r->board, r->giver, r->actor, true, &r->reporter,
		 t)) == ERR_OK &&
	    ((e = rounds_set(&r->rounds, r->reporter, r->measurer, fresh)) != ERR_OK ||
		(e = board_configure(r->board, fresh)) != ERR_OK))
		reporter_free(&r->reporter);
	if (e == ERR_OK) {
		reporter_know(r->reporter, known, old);
		free(known);
		measurer_reload(r->measurer);
		giver_reload(r->giver);
		actor_reload(r->actor);
		*r->config = fresh;
		collector_config_free(&old);
		logger_configure(&fresh->logging);
		r->round_ms = r->connect_ms = interrupt_clock_ms();
		r->again_ms = 0;
		r->tries = 0;
		tell("reloaded", r);
		return ERR_OK;
	}
	collector_config_free(&fresh);
	if (e == ERR_CONFIG) {
		refuse_reload_for(e, t);
		e = reporter_new(
		    old, r->measurer, r->board, r->giver, r->actor, true, &r->reporter, t);
	}
	if (e == ERR_OK)
		reporter_know(r->reporter, known, old);
	free(known);
	if (e == ERR_OK)
		e = rounds_set(&r->rounds, r->reporter, r->measurer, old);
	r->round_ms = interrupt_clock_ms();
	return e;
}

/* It was made before the process gave up its rights. */
static enum err
check_socket(
    const struct collector_config *old, const struct collector_config *fresh, struct trouble *t)
{
	const char *a = old->status_socket, *b = fresh->status_socket;

	if (a == b || (a != NULL && b != NULL && strcmp(a, b) == 0))
		return ERR_OK;
	return trouble_set(t, ERR_CONFIG, "status.socket: another one, or none, takes a restart");
}

/* A line of the log for each fault: nobody has a terminal here. */
static void
refuse_reload(const struct faults *faults)
{
	for (size_t i = 0; i < faults->count; i++) {
		const struct fault *f = &faults->fault[i];
		struct logline j;

		logline_begin(&j, LOGGER_ERROR, "reload-refused");
		logline_string(&j, "file", f->file);
		if (f->line > 0)
			logline_number(&j, "line", f->line);
		logline_string(&j, "text", f->text);
		logline_end(&j);
	}
}

static void
refuse_reload_for(enum err e, struct trouble *t)
{
	struct logline j;

	logline_begin(&j, LOGGER_ERROR, "reload-refused");
	trouble_log(&j, e, t);
	logline_end(&j);
	t->text[0] = '\0';
}

static void
tell(const char *event, const struct runner *r)
{
	struct logline j;

	logline_begin(&j, LOGGER_INFO, event);
	logline_string(&j, "version", HALLMARK_VERSION);
	logline_string(&j, "config", r->path);
	logline_number(&j, "workloads", (*r->config)->workload_count);
	logline_number(&j, "interval_s", (*r->config)->interval_s);
	logline_end(&j);
}
