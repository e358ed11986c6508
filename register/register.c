#include "register/register.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <uv.h>

#include "config/register_config.h"
#include "journal/logger.h"
#include "journal/sandbox.h"
#include "register/follow/follower.h"
#include "register/follow/state_file.h"
#include "register/ground/http_client.h"
#include "register/listeners.h"
#include "register/progress.h"
#include "register/serving.h"
#include "register/tell/changes.h"
#include "register/views.h"
#include "register/witness/stamps.h"
#include "register/witness/witness.h"

#define SIGNALS 2

/*
 * The main loop answers; each log has a thread that follows it (register/follow/) and tells the
 * listeners.
 *
 * A part that is added here is begun in start(), before the followers, where it also adds its
 * listener; what it has of the loop is closed in close_all(), behind the followers' end; the rest
 * is freed in register_run(), behind the loop's.
 */
struct registering {
	uv_loop_t loop;
	struct register_config *config;
	struct listeners listeners;
	struct followed_listener heard; /* all of them */
	struct witness *witness;
	struct stamps *stamps;
	struct views *views;
	struct serving *serving;
	struct changes *changes;
	struct progress *progress;
	int state;                   /* directory, locked */
	struct follower **followers; /* of each log */
	uv_signal_t signals[SIGNALS];
	uv_timer_t tend; /* of the journal */
	bool closing;
};

static const int signal_numbers[SIGNALS] = {SIGTERM, SIGINT};

static enum err start(struct registering *r, struct faults *faults);
static enum err lock_state(struct registering *r);
static enum err start_followers(struct registering *r);
static void let_go(struct registering *r);
static void stop_followers(struct registering *r);
static void start_handles(struct registering *r);
static void close_all(struct registering *r);
static void on_signal(uv_signal_t *handle, int number);
static void on_tend(uv_timer_t *handle);

int
register_run(const char *config_path)
{
	struct registering r = {.state = -1};
	struct faults faults = FAULTS_INIT;
	int status = 1;

	(void)signal(SIGPIPE, SIG_IGN);
	logger_open("hallmark-register");
	if (register_config_load(config_path, &faults, &r.config) != ERR_OK) {
		faults_print(&faults, stderr);
		faults_free(&faults);
		return 1;
	}
	logger_configure(&r.config->logging);
	(void)uv_loop_init(&r.loop);
	if (start(&r, &faults) == ERR_OK) {
		start_handles(&r);
		logger_say(LOGGER_NOTICE, "following", "%zu log%s", r.config->log_count,
		    r.config->log_count == 1 ? "" : "s");
		(void)uv_run(&r.loop, UV_RUN_DEFAULT);
		status = 0;
	} else {
		let_go(&r);
		stop_followers(&r);
		(void)uv_run(&r.loop, UV_RUN_NOWAIT);
	}
	faults_print(&faults, stderr);
	serving_free(&r.serving);
	(void)uv_loop_close(&r.loop);
	changes_free(&r.changes);
	views_free(&r.views);
	stamps_free(&r.stamps);
	witness_free(&r.witness);
	progress_free(&r.progress);
	if (r.state >= 0)
		close(r.state);
	register_config_free(&r.config);
	faults_free(&faults);
	return status;
}

int
register_check(const char *config_path)
{
	struct faults faults = FAULTS_INIT;
	struct register_config *config;
	const bool good = register_config_load(config_path, &faults, &config) == ERR_OK;

	if (good)
		(void)printf("%s: good\n", config_path);
	faults_print(&faults, stderr);
	faults_free(&faults);
	register_config_free(&config);
	return good ? 0 : 1;
}

/* The parts, those first whom others need; then those who follow. */
static enum err
start(struct registering *r, struct faults *faults)
{
	struct followed_listener listener;
	struct serving_parts parts;
	enum err e = http_client_begin_library();

	if (e != ERR_OK)
		logger_say(LOGGER_ERROR, "no-memory", "nothing can be asked for by HTTP");
	else
		e = lock_state(r);
	if (e == ERR_OK && (r->progress = progress_new(r->config)) == NULL)
		e = ERR_MEMORY;
	if (e != ERR_OK)
		return e;
	sandbox_enter(false);
	listener = progress_listener(r->progress);
	listeners_add(&r->listeners, &listener);
	if ((e = witness_open(r->config, &r->witness)) != ERR_OK)
		return e;
	if (r->witness != NULL) {
		listener = witness_listener(r->witness);
		listeners_add(&r->listeners, &listener);
	}
	if ((e = stamps_start(r->config, &r->stamps)) != ERR_OK)
		return e;
	if (r->stamps != NULL) {
		listener = stamps_listener(r->stamps);
		listeners_add(&r->listeners, &listener);
	}
	if ((e = views_open(r->config, &r->views)) != ERR_OK)
		return e;
	listener = views_listener(r->views);
	listeners_add(&r->listeners, &listener);
	parts =
	    (struct serving_parts){.views = r->views, .witness = r->witness, .stamps = r->stamps};
	if ((e = serving_open(&r->loop, r->config, &parts, faults, &r->serving)) != ERR_OK)
		return e;
	if (r->serving != NULL) {
		listener = serving_listener(r->serving);
		listeners_add(&r->listeners, &listener);
	}
	e = changes_open(
	    r->config, r->serving != NULL ? serving_wake : NULL, r->serving, &r->changes);
	if (e != ERR_OK)
		return e;
	listener = changes_listener(r->changes);
	listeners_add(&r->listeners, &listener);
	return start_followers(r);
}

/* One register a state: two would each be right about another past. */
static enum err
lock_state(struct registering *r)
{
	const char *path = r->config->state_directory;
	enum err e = state_directory_open(AT_FDCWD, path, &r->state);

	if (e == ERR_OK && flock(r->state, LOCK_EX | LOCK_NB) != 0)
		e = ERR_IO;
	if (e != ERR_OK)
		logger_say(LOGGER_ERROR, "state-unusable", "%s: %s", path,
		    errno == EWOULDBLOCK ? "another register has it" : strerror(errno));
	return e;
}

static enum err
start_followers(struct registering *r)
{
	enum err e = ERR_OK;

	r->heard = listeners_whole(&r->listeners);
	r->followers = calloc(r->config->log_count, sizeof(struct follower *));
	if (r->followers == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < r->config->log_count && e == ERR_OK; i++)
		e = follower_start(r->config, (unsigned)i, r->state, &r->heard, &r->followers[i]);
	return e;
}

/* Of the loop's: nobody who follows waits for it any more, or wakes it. */
static void
let_go(struct registering *r)
{
	if (r->changes != NULL)
		changes_let_go(r->changes);
	serving_close(r->serving);
	stamps_let_go(r->stamps);
}

static void
stop_followers(struct registering *r)
{
	for (size_t i = 0; r->followers != NULL && i < r->config->log_count; i++)
		follower_stop(&r->followers[i]);
	free(r->followers);
	r->followers = NULL;
}

static void
start_handles(struct registering *r)
{
	for (unsigned i = 0; i < SIGNALS; i++) {
		(void)uv_signal_init(&r->loop, &r->signals[i]);
		r->signals[i].data = r;
		(void)uv_signal_start(&r->signals[i], on_signal, signal_numbers[i]);
	}
	(void)uv_timer_init(&r->loop, &r->tend);
	(void)uv_timer_start(&r->tend, on_tend, LOGGER_TEND_MS, LOGGER_TEND_MS);
}

/*
 * Those who follow end before what they tell is gone; but who may have to wait for this loop is let
 * go first.
 */
static void
close_all(struct registering *r)
{
	if (r->closing)
		return;
	r->closing = true;
	logger_say(LOGGER_INFO, "stopping", "nothing more is followed");
	let_go(r);
	stop_followers(r);
	for (unsigned i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&r->signals[i], NULL);
	uv_close((uv_handle_t *)&r->tend, NULL);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	close_all(handle->data);
}

static void
on_tend(uv_timer_t *handle)
{
	(void)handle;
	logger_tend();
}
