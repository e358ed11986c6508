#include "register/register.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <uv.h>

#include "config/register_config.h"
#include "journal/logger.h"
#include "register/listeners.h"
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
	uv_signal_t signals[SIGNALS];
	uv_timer_t tend; /* of the journal */
	bool closing;
};

static const int signal_numbers[SIGNALS] = {SIGTERM, SIGINT};

static enum err start(struct registering *r);
static void start_handles(struct registering *r);
static void close_all(struct registering *r);
static void on_signal(uv_signal_t *handle, int number);
static void on_tend(uv_timer_t *handle);

int
register_run(const char *config_path)
{
	struct registering r = {.config = NULL};
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
	if (start(&r) == ERR_OK) {
		start_handles(&r);
		logger_say(LOGGER_NOTICE, "following", "%zu log%s", r.config->log_count,
		    r.config->log_count == 1 ? "" : "s");
		(void)uv_run(&r.loop, UV_RUN_DEFAULT);
		status = 0;
	}
	(void)uv_loop_close(&r.loop);
	witness_free(&r.witness);
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
start(struct registering *r)
{
	struct followed_listener listener;
	enum err e;

	if ((e = witness_open(r->config, &r->witness)) != ERR_OK)
		return e;
	if (r->witness != NULL) {
		listener = witness_listener(r->witness);
		listeners_add(&r->listeners, &listener);
	}
	r->heard = listeners_whole(&r->listeners);
	return ERR_OK;
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

/* Those who follow end first: whom they tell must still be there. */
static void
close_all(struct registering *r)
{
	if (r->closing)
		return;
	r->closing = true;
	logger_say(LOGGER_INFO, "stopping", "nothing more is followed");
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
