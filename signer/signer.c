#include "signer/signer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "journal/logger.h"
#include "journal/sandbox.h"
#include "signer/control.h"
#include "signer/feeds/feed_watch.h"
#include "signer/front/conn_pool.h"
#include "signer/front/links.h"
#include "signer/front/listener.h"
#include "signer/ledger/ledger_stage.h"
#include "signer/ledger/store/index.h"
#include "signer/ledger/store/store.h"
#include "signer/loading/ends.h"
#include "signer/loading/loaded.h"
#include "signer/loading/reloader.h"
#include "signer/session/challenge.h"
#include "signer/session/policy_change.h"
#include "signer/session/recall.h"
#include "signer/session/relay.h"
#include "signer/session/roster.h"
#include "signer/session/service.h"
#include "signer/session/session.h"
#include "signer/session/statements.h"

/*
 * Whether there are descriptors again, where there were none, and how much room is on the disks, is
 * looked at this often: what a fast disk takes meanwhile (1 GB/s) is a quarter of the default
 * reserve.
 */
#define TICK_MS 250

/* A stop takes at most this long: receipts in flight get their time, a dead token does not. */
#define STOP_DEADLINE_MS 9000

/*
 * The end of all patience, whatever hangs: a disk, which a thread is waiting for, above all. What
 * was acknowledged is durable, as when the process is killed.
 */
#define STOP_OVERTIME_US 500000 /* beyond 9 s */

/*
 * A turn takes no more frames after this time: what came in meanwhile, a commit's end above all,
 * has its turn before the rest of a flood.
 */
#define TURN_NS 10000000

struct signer {
	uv_loop_t loop;
	const char *config_path;
	struct store *store;
	struct service service;
	struct ceremony ceremony;
	struct log_index *index;
	struct loaded_libraries libraries;
	struct front_set fronts;
	struct mailbox mailbox; /* of the fronts' letters */
	struct links links;
	struct listener listener;
	struct control_server control;
	struct reloader reloader;
	struct feed_watch feeds;
	uv_prepare_t prepare;
	uv_check_t check;
	uv_idle_t busy; /* active while frames wait for the next turn */
	uv_timer_t tick;
	uv_timer_t stop_deadline;
	uv_signal_t signals[3];
	uint64_t woke_ms; /* when this turn's events came, by the loop's clock; 0: not yet */
	bool late;        /* absences hold reports up */
	bool stopping;
	bool closing;
	int exit_status;
};

static const int signal_numbers[3] = {SIGTERM, SIGINT, SIGHUP};

static enum err start(struct signer *s, struct loaded *l);
static void start_handles(struct signer *s);
static void put_off_reloads(bool off);
static enum err start_fronts(struct signer *s, struct loaded *l);
static void stop_fronts(struct signer *s);
static void stop(struct signer *s, int exit_status);
static void limit_stop(void);
static void on_overtime(int number);
static void close_all(struct signer *s);
static void on_turn(struct signer *s);
static bool say_absences(struct signer *s);
static void say_told(struct signer *s);
static bool may_note(const struct signer *s);
static void on_prepare(uv_prepare_t *handle);
static void on_check(uv_check_t *handle);
static void on_busy(uv_idle_t *handle);
static void on_tick(uv_timer_t *handle);
static void on_stop_deadline(uv_timer_t *handle);
static void on_signal(uv_signal_t *handle, int number);
static bool say_succession(struct signer *s);
static void on_ready(void *context);
static bool may_vouch(void *context, const struct workload *w, uint64_t index);
static void on_settled(void *context);
static void on_room(void *context);
static void on_fatal(void *context);
static void on_drained(void *context);
static void on_letter(void *context, struct letter *letter);
static void on_ledger_closed(void *context);

int
signer_run(const char *config_path)
{
	struct signer *s = calloc(1, sizeof(*s));
	struct faults faults = FAULTS_INIT;
	struct loaded loaded;
	int status;

	if (s == NULL)
		return 1;
	if (err_count() > COUNTER_REFUSALS_MAX)
		abort();
	signal(SIGPIPE, SIG_IGN);
	logger_open("hallmark-signer");
	put_off_reloads(true);
	if (loaded_read(config_path, 0, &s->libraries, &loaded, &faults) != ERR_OK) {
		faults_print(&faults, stderr);
		faults_free(&faults);
		loaded_libraries_free(&s->libraries);
		free(s);
		return 1;
	}
	s->config_path = config_path;
	uv_loop_init(&s->loop);
	if (start(s, &loaded) != ERR_OK) {
		/* Nothing has been acknowledged, and the reason has been logged. */
		exit(1);
	}
	uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_loop_close(&s->loop);
	status = s->exit_status;
	statements_free(&s->service);
	chronicle_free(&s->service.chronicle);
	verdicts_free(&s->service.verdicts);
	evidence_close(&s->service.evidence);
	storage_free(&s->service.storage);
	workload_table_free(&s->service.workloads);
	index_close(&s->index);
	store_close(&s->store);
	nonce_source_free(&s->service.nonces);
	roster_free(&s->service.roster);
	relays_free(&s->service.relays);
	witnesses_free(&s->service.witnesses);
	message_decoder_free(&s->service.decoder);
	buf_free(&s->service.scratch);
	policy_free(&s->service.policy);
	policy_free(&s->service.waiting);
	signer_config_free((struct signer_config **)&s->service.config);
	faults_free(&faults);
	loaded_libraries_free(&s->libraries);
	free(s);
	return status;
}

static enum err
start(struct signer *s, struct loaded *l)
{
	struct ledger_events events = {.ready = on_ready,
	    .receipt = session_on_receipt,
	    .noted = statements_on_noted,
	    .waiter_gone = session_is_gone,
	    .waiter_release = session_release,
	    .may_vouch = may_vouch,
	    .room = on_room,
	    .fatal = on_fatal,
	    .context = s};
	struct service *service = &s->service;
	const struct policy_change_events changed = {on_settled, s};
	struct ledger_parts parts;
	enum err e;

	logger_configure(&l->config->logging);
	s->ceremony = l->ceremony;
	service->config = l->config;
	service->config_generation = 1;
	service->policy = l->policy;
	service->policy_generation = 1;
	service->scratch = BUF_INIT;
	service->nonces = nonce_source_new();
	service->workloads = workload_table_new();
	service->decoder = message_decoder_new();
	service->roster = roster_new();
	service->relays = relays_new();
	service->witnesses = witnesses_new();
	if (service->nonces == NULL || service->workloads == NULL || service->decoder == NULL ||
	    service->roster == NULL || service->relays == NULL || service->witnesses == NULL)
		return ERR_MEMORY;
	storage_init(&service->storage, l->config);
	/*
	 * One signer a log: two would each be right about a different future. The second one must
	 * not touch the index either, which the first is writing.
	 */
	if ((e = store_open(l->config->log_directory, &s->store)) != ERR_OK ||
	    (e = index_open(l->config->index_file, &s->index)) != ERR_OK ||
	    (e = evidence_open(l->config->evidence_directory, s->index, &service->evidence)) !=
		ERR_OK)
		return e;
	sandbox_enter(l->config->key_process.socket == NULL);
	if ((e = chronicle_init(&service->chronicle, l->config->log_origin, service->evidence,
		 service->workloads, service->policy)) != ERR_OK)
		return e;
	parts = (struct ledger_parts){s->store, s->index, service->evidence, service->workloads,
	    &service->counters, chronicle_replay(&service->chronicle)};
	if ((e = ledger_open(&s->loop, l->config, &parts, &events, &service->ledger)) != ERR_OK)
		return e;
	service_begin_clock(service);
	if ((e = control_open(&s->control, &s->loop, l->config->status_socket, service)) !=
		ERR_OK ||
	    (e = policy_change_open(service, &s->loop, &changed)) != ERR_OK ||
	    (e = feed_watch_open(&s->feeds, &s->loop, service)) != ERR_OK ||
	    (e = reloader_open(&s->reloader, &s->loop, s->config_path, &s->libraries, l, service,
		 &s->fronts)) != ERR_OK)
		return e;
	ends_take(service, l->settings[0]->tls);
	if ((e = start_fronts(s, l)) != ERR_OK)
		return e;
	storage_look(&service->storage, service->config);
	start_handles(s);
	return ERR_OK;
}

static void
start_handles(struct signer *s)
{
	uv_prepare_init(&s->loop, &s->prepare);
	uv_check_init(&s->loop, &s->check);
	uv_idle_init(&s->loop, &s->busy);
	uv_timer_init(&s->loop, &s->tick);
	uv_timer_init(&s->loop, &s->stop_deadline);
	s->prepare.data = s;
	s->check.data = s;
	s->tick.data = s;
	s->stop_deadline.data = s;
	uv_prepare_start(&s->prepare, on_prepare);
	uv_check_start(&s->check, on_check);
	uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
	for (unsigned i = 0; i < 3; i++) {
		uv_signal_init(&s->loop, &s->signals[i]);
		s->signals[i].data = s;
		uv_signal_start(&s->signals[i], on_signal, signal_numbers[i]);
	}
	put_off_reloads(false);
}

/* One that is asked for during the start, which may take minutes, follows it. It would be the end.
 */
static void
put_off_reloads(bool off)
{
	sigset_t reloads;

	sigemptyset(&reloads);
	sigaddset(&reloads, SIGHUP);
	pthread_sigmask(off ? SIG_BLOCK : SIG_UNBLOCK, &reloads, NULL);
}

/* The fronts are there before anybody is let in; they take the settings. */
static enum err
start_fronts(struct signer *s, struct loaded *l)
{
	mailbox_init(&s->mailbox, &s->loop, on_letter, s);
	links_init(&s->links, &s->service, &s->fronts);
	for (unsigned i = 0; i < l->fronts; i++) {
		struct front *f = front_new(i, l->settings[i], &s->mailbox, &s->service.traffic);

		if (f == NULL)
			return ERR_MEMORY;
		l->settings[i] = NULL; /* moved */
		s->fronts.front[s->fronts.count++] = f;
	}
	return ERR_OK;
}

/* They send what they have, as far as the sockets take it, and end. */
static void
stop_fronts(struct signer *s)
{
	for (unsigned i = 0; i < s->fronts.count; i++) {
		struct letter *letter = letter_new(LETTER_STOP);

		if (letter == NULL)
			abort(); /* an orderly end is not possible any more */
		front_post(s->fronts.front[i], letter);
	}
	for (unsigned i = 0; i < s->fronts.count; i++)
		front_join(&s->fronts.front[i]);
	mailbox_deliver(&s->mailbox);
	links_close(&s->links);
	mailbox_close(&s->mailbox);
}

/* Once: takes nothing more, and ends when all is answered and published. */
static void
stop(struct signer *s, int exit_status)
{
	if (s->stopping)
		return;
	s->stopping = true;
	s->exit_status = exit_status;
	s->service.stopping = true;
	logger_say(LOGGER_INFO, "stopping", "no more bundles are taken");
	listener_close(&s->listener);
	uv_timer_start(&s->stop_deadline, on_stop_deadline, STOP_DEADLINE_MS, 0);
	limit_stop();
	ledger_drain(s->service.ledger, on_drained);
}

/* By a signal: the loop itself may be waiting for a thread that waits for a disk. */
static void
limit_stop(void)
{
	const struct itimerval limit = {
	    .it_value = {.tv_sec = STOP_DEADLINE_MS / 1000, .tv_usec = STOP_OVERTIME_US}};

	signal(SIGALRM, on_overtime);
	setitimer(ITIMER_REAL, &limit, NULL);
}

static void
on_overtime(int number)
{
	(void)number;
	_exit(0);
}

static void
close_all(struct signer *s)
{
	if (s->closing)
		return;
	s->closing = true;
	put_off_reloads(true); /* nobody takes them any more: one would be the end */
	listener_close(&s->listener);
	stop_fronts(s);
	control_close(&s->control);
	reloader_close(&s->reloader);
	feed_watch_close(&s->feeds);
	policy_change_close(&s->service);
	uv_close((uv_handle_t *)&s->prepare, NULL);
	uv_close((uv_handle_t *)&s->check, NULL);
	uv_close((uv_handle_t *)&s->busy, NULL);
	uv_close((uv_handle_t *)&s->tick, NULL);
	uv_close((uv_handle_t *)&s->stop_deadline, NULL);
	for (unsigned i = 0; i < 3; i++)
		uv_close((uv_handle_t *)&s->signals[i], NULL);
	ledger_close(&s->service.ledger, on_ledger_closed, s);
}

/*
 * The end of a turn: what it brought in is committed, what it brought about is sent. A receipt may
 * make room for frames that wait, so this goes on until nothing is left to look at, or the turn has
 * been long enough.
 */
static void
on_turn(struct signer *s)
{
	uint64_t until_ns = uv_hrtime() + TURN_NS;
	bool any = true, more;

	if (s->closing)
		return;
	more = say_absences(s);
	more = policy_change_go_on(&s->service) || more;
	more = recall_go_on(&s->service) || more;
	say_told(s);
	while (any) {
		any = links_drive(&s->links, until_ns);
		ledger_turn(s->service.ledger);
		any = any && uv_hrtime() < until_ns;
	}
	links_flush(&s->links);
	if (more || links_are_ready(&s->links))
		uv_idle_start(&s->busy, on_busy);
	else
		uv_idle_stop(&s->busy);
}

/* Whether some are left; reports that were held up by them go on when none is late any more. */
static bool
say_absences(struct signer *s)
{
	struct chronicle *c = &s->service.chronicle;
	const bool more = chronicle_go_on(c), late = chronicle_is_late(c);

	if (s->late && !late)
		links_resume(&s->links);
	s->late = late;
	return more;
}

/*
 * What the key process has told: of its token, and that another key follows, which is the last
 * entry of a batch. Before what this turn brings.
 */
static void
say_told(struct signer *s)
{
	struct service *service = &s->service;
	struct notice_writer *notices = &service->chronicle.notices;
	uint64_t iat_s;

	if (may_note(s) && notice_writer_owes_token(notices, service->last_issued_s)) {
		iat_s = service_entry_s(service);
		if (may_note(s) && notice_writer_owes_token(notices, iat_s))
			notice_writer_put_token(notices, iat_s);
	}
	if (may_note(s) && ledger_transition(service->ledger).size > 0) {
		iat_s = service_entry_s(service);
		if (may_note(s))
			notice_writer_put_key(notices, ledger_transition(service->ledger), iat_s);
	}
}

/* Dating an entry may bring others before it: what was so is asked again then. */
static bool
may_note(const struct signer *s)
{
	const struct service *service = &s->service;

	return !s->stopping && service->chronicle.begun && !service->storage.low &&
	       service->clock_state == CLOCK_TRUSTED &&
	       !ledger_awaits_succession(service->ledger) && ledger_entry_fits(service->ledger) &&
	       !chronicle_is_late(&service->chronicle);
}

/* Only keeps the loop from waiting; on_turn does the work. */
static void
on_busy(uv_idle_t *handle)
{
	(void)handle;
}

static void
on_prepare(uv_prepare_t *handle)
{
	struct signer *s = handle->data;

	on_turn(s);
	traffic_turned(&s->service.traffic, s->woke_ms, uv_hrtime() / 1000);
}

static void
on_check(uv_check_t *handle)
{
	struct signer *s = handle->data;

	s->woke_ms = uv_now(&s->loop);
	on_turn(s);
}

static void
on_tick(uv_timer_t *handle)
{
	struct signer *s = handle->data;

	listener_resume(&s->listener);
	if (s->service.someone_rests) {
		s->service.someone_rests = false;
		links_resume(&s->links);
	}
	/* Before it is looked whether the disks have room again: since when is to be said then. */
	(void)service_entry_s(&s->service);
	storage_look(&s->service.storage, s->service.config);
	challenge_expire(&s->service, uv_hrtime() / 1000000);
	recall_tick(&s->service);
	policy_change_look(&s->service);
	reloader_tick(&s->reloader);
	feed_watch_tick(&s->feeds);
	ends_say(&s->service);
	logger_tend();
}

static void
on_stop_deadline(uv_timer_t *handle)
{
	struct signer *s = handle->data;

	logger_say(LOGGER_WARNING, "stop-deadline",
	    "some reports have no receipt yet; they are durable, and the next start seals them");
	close_all(s);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	struct signer *s = handle->data;

	if (number == SIGHUP)
		reloader_ask(&s->reloader);
	else
		stop(s, 0);
}

/* Before anything else gets into the log of which the key was lost. */
static bool
say_succession(struct signer *s)
{
	struct view brought = ledger_transition(s->service.ledger);
	struct logline l;
	enum err e;

	if (brought.size == 0 || !ledger_awaits_succession(s->service.ledger) ||
	    (e = notice_writer_put_succession(
		 &s->service.chronicle.notices, brought, service_entry_s(&s->service))) == ERR_OK)
		return true;
	logline_begin_alarm(&l, LOGGER_ERROR, "key-cannot-continue");
	logline_error(&l, e);
	logline_string(&l, "mend",
	    "the log's own operators, of the manifest in force, have to say that it goes on: let "
	    "enough of them with the right sign, and run hallmark-hsm continue again");
	logline_end(&l);
	return false;
}

static void
on_ready(void *context)
{
	struct signer *s = context;
	const struct signer_config *c = s->service.config;
	struct logline l;

	if (s->stopping)
		return;
	ends_say(&s->service); /* whoever looks why nobody gets in finds it here */
	/* What it says of itself comes before anything is accepted. */
	if (ceremony_begin(&s->ceremony, &s->service.chronicle, s->service.ledger,
		service_now_s(&s->service)) != ERR_OK ||
	    !say_succession(s) || policy_change_begin(&s->service) != ERR_OK ||
	    feed_watch_begin(&s->service) != ERR_OK) {
		on_fatal(s);
		return;
	}
	recall_resume(&s->service);
	if (listener_open(&s->listener, &s->loop, &s->service, &s->fronts) != ERR_OK) {
		on_fatal(s);
		return;
	}
	logline_begin(&l, LOGGER_INFO, "listening");
	logline_string(&l, "host", c->listen_host);
	logline_number(&l, "port", c->listen_port);
	logline_string(&l, "log", c->log_origin);
	logline_view(&l, "policy", policy_id(s->service.policy));
	logline_number(&l, "loops", s->fronts.count);
	logline_end(&l);
}

static bool
may_vouch(void *context, const struct workload *w, uint64_t index)
{
	const struct signer *s = context;

	return recall_may_vouch(&s->service, w, index);
}

static void
on_settled(void *context)
{
	struct signer *s = context;

	reloader_settled(&s->reloader);
}

static void
on_room(void *context)
{
	struct signer *s = context;

	links_resume(&s->links);
}

/*
 * Something is wrong that recovery has to look at. Nothing is drained and nothing is sent: the
 * process ends here, as if it had been killed, and its successor reads the disk.
 */
static void
on_fatal(void *context)
{
	(void)context;
	logger_say(LOGGER_ERROR, "fatal", "nothing more is acknowledged; the signer ends");
	logger_finish();
	_exit(1);
}

static void
on_drained(void *context)
{
	struct signer *s = context;

	links_flush(&s->links);
	close_all(s);
}

static void
on_letter(void *context, struct letter *letter)
{
	struct signer *s = context;

	links_on_letter(&s->links, letter);
}

static void
on_ledger_closed(void *context)
{
	struct signer *s = context;

	logger_say(LOGGER_INFO, "stopped", "exit status %d", s->exit_status);
}
