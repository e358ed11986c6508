#include "register/tell/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "config/register_config.h"
#include "journal/logger.h"
#include "proto/glob.h"
#include "register/follow/state_file.h"
#include "register/ground/http_client.h"
#include "register/tell/delivery.h"

#define RETRY_FIRST_S 1
#define RETRY_MOST_S  300
#define LOOK_MS       1000 /* where nothing told that there are new events */
#define THIN_EVERY_S  3600

struct outbox {
	const struct register_config *config;
	char *path; /* of the events */
	atomic_bool stopping;
	pthread_mutex_t lock;
	pthread_cond_t news; /* there may be events, or it ends */
	uint64_t changes;    /* how often there was such news */
	struct told *told;   /* as many as are configured */
	const char **names;
};

/* One who is told. */
struct told {
	struct outbox *outbox;
	const struct teller *whom;
	pthread_t thread;
	bool runs;
	struct event_store *store;
	struct delivery *delivery;
	uint64_t acknowledged; /* number of the newest event that he has, or does not want */
	uint64_t tries;        /* of the next one that failed */
};

static int run(struct outbox *o);
static enum err begin(struct outbox *o);
static enum err begin_told(struct outbox *o, size_t index);
static void end(struct outbox *o);
static void watch(struct outbox *o, int signals, int changes);
static void thin(struct outbox *o);
static void wake(struct outbox *o);
static void *deliver(void *told);
static enum err deliver_next(struct told *t, bool *delivered);
static enum err skip(struct told *t, uint64_t number);
static bool wants(const struct teller *whom, const struct event_row *event);
static void tell_outcome(
    struct told *t, const struct event_row *event, enum err e, const char *why);
static void rest(struct outbox *o, uint64_t ms, const uint64_t *changes);
static uint64_t changes_so_far(struct outbox *o);
static bool is_stopping(void *outbox);

int
outbox_run(const char *config_path)
{
	struct faults faults = FAULTS_INIT;
	struct register_config *config;
	struct outbox o = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct buf path = BUF_INIT;
	pthread_condattr_t monotonic;
	int status = 1;

	(void)signal(SIGPIPE, SIG_IGN);
	logger_open("hallmark-register");
	if (register_config_load(config_path, &faults, &config) != ERR_OK) {
		faults_print(&faults, stderr);
		faults_free(&faults);
		return 1;
	}
	logger_configure(&config->logging);
	o.config = config;
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&o.news, &monotonic);
	buf_append_format(&path, "%s/" EVENT_STORE_FILE, config->state_directory);
	buf_append_byte(&path, '\0');
	o.path = (char *)path.data;
	if (config->teller_count == 0)
		(void)fprintf(stderr,
		    "hallmark-register: %s: \"tell\" names nobody: nothing is to be done\n",
		    config_path);
	else if (buf_status(&path) == ERR_OK && http_client_begin_library() == ERR_OK)
		status = run(&o);
	(void)pthread_cond_destroy(&o.news);
	(void)pthread_condattr_destroy(&monotonic);
	buf_free(&path);
	register_config_free(&config);
	faults_free(&faults);
	return status;
}

static int
run(struct outbox *o)
{
	sigset_t ends;
	const char *path = o->config->state_directory;
	int signals, changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), state = -1, status = 1;

	/* Before there are threads, so that they have it too. */
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
	signals = signalfd(-1, &ends, SFD_CLOEXEC);
	/* Whoever of the two programs comes first makes the directory. */
	if (signals >= 0 && changes >= 0 &&
	    state_directory_open(AT_FDCWD, path, &state) == ERR_OK &&
	    inotify_add_watch(changes, path, IN_MODIFY | IN_CREATE | IN_MOVED_TO) >= 0 &&
	    begin(o) == ERR_OK) {
		logger_say(LOGGER_NOTICE, "telling", "%zu who are told", o->config->teller_count);
		watch(o, signals, changes);
		status = 0;
	} else {
		logger_say(LOGGER_ERROR, "not-telling", "%s: %s", path, strerror(errno));
	}
	end(o);
	if (signals >= 0)
		(void)close(signals);
	if (changes >= 0)
		(void)close(changes);
	if (state >= 0)
		(void)close(state);
	return status;
}

static enum err
begin(struct outbox *o)
{
	const size_t count = o->config->teller_count;
	enum err e = ERR_OK;

	o->told = calloc(count, sizeof(*o->told));
	o->names = calloc(count, sizeof(*o->names));
	if (o->told == NULL || o->names == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < count; i++)
		o->names[i] = o->config->tellers[i].name;
	for (size_t i = 0; e == ERR_OK && i < count; i++)
		e = begin_told(o, i);
	return e;
}

/* Who is new is told from here on. */
static enum err
begin_told(struct outbox *o, size_t index)
{
	struct told *t = &o->told[index];
	uint64_t newest = 0;
	enum err e;

	t->outbox = o;
	t->whom = &o->config->tellers[index];
	if ((e = event_store_open(o->path, &t->store)) == ERR_OK &&
	    (e = event_store_newest(t->store, &newest)) == ERR_OK &&
	    (e = event_store_acknowledged(t->store, t->whom->name, newest, &t->acknowledged)) ==
		ERR_OK &&
	    (e = delivery_new(t->whom, is_stopping, o, &t->delivery)) == ERR_OK &&
	    pthread_create(&t->thread, NULL, deliver, t) != 0)
		e = ERR_MEMORY;
	t->runs = e == ERR_OK;
	return e;
}

static void
end(struct outbox *o)
{
	atomic_store(&o->stopping, true);
	wake(o);
	for (size_t i = 0; o->told != NULL && i < o->config->teller_count; i++) {
		if (o->told[i].runs)
			(void)pthread_join(o->told[i].thread, NULL);
		delivery_free(&o->told[i].delivery);
		event_store_close(&o->told[i].store);
	}
	free(o->told);
	free(o->names);
}

/* Until a signal. */
static void
watch(struct outbox *o, int signals, int changes)
{
	struct pollfd wait[] = {
	    {.fd = signals, .events = POLLIN}, {.fd = changes, .events = POLLIN}};
	char what[4096];
	time_t thinned_s = 0;

	for (;;) {
		if (poll(wait, 2, LOOK_MS) < 0 && errno != EINTR)
			return;
		if ((wait[0].revents & POLLIN) != 0)
			return;
		while (read(changes, what, sizeof(what)) > 0)
			;
		wake(o); /* also where nothing was told: a file system may tell nothing */
		logger_tend();
		if (time(NULL) - thinned_s >= THIN_EVERY_S) {
			thinned_s = time(NULL);
			thin(o);
		}
	}
}

static void
thin(struct outbox *o)
{
	struct event_store *store;

	if (event_store_open(o->path, &store) == ERR_OK &&
	    event_store_thin(store, o->names, o->config->teller_count, (uint64_t)time(NULL)) !=
		ERR_OK)
		logger_say(LOGGER_WARNING, "events-not-thinned", "tried again in an hour");
	event_store_close(&store);
}

static void
wake(struct outbox *o)
{
	(void)pthread_mutex_lock(&o->lock);
	o->changes++;
	(void)pthread_cond_broadcast(&o->news);
	(void)pthread_mutex_unlock(&o->lock);
}

/* Of one who is told, until the end. */
static void *
deliver(void *told)
{
	struct told *t = told;
	uint64_t retry_s = RETRY_FIRST_S;
	bool delivered;

	while (!is_stopping(t->outbox)) {
		const uint64_t changes = changes_so_far(t->outbox);
		const enum err e = deliver_next(t, &delivered);

		if (e == ERR_OK) {
			retry_s = RETRY_FIRST_S;
			if (!delivered)
				rest(t->outbox, LOOK_MS, &changes);
			continue;
		}
		rest(t->outbox, retry_s * 1000, NULL);
		retry_s = retry_s * 2 > RETRY_MOST_S ? RETRY_MOST_S : retry_s * 2;
	}
	return NULL;
}

/* *delivered: there was one, and he has it. */
static enum err
deliver_next(struct told *t, bool *delivered)
{
	char why[DELIVERY_WHY_SIZE];
	struct event_row event;
	uint64_t before = t->acknowledged;
	enum err e;

	*delivered = false;
	while (
	    (e = event_store_next(t->store, before, &event)) == ERR_OK && !wants(t->whom, &event))
		before = event.number;
	if (e == ERR_NOT_FOUND)
		return before == t->acknowledged ? ERR_OK : skip(t, before);
	if (e != ERR_OK)
		return e;
	e = delivery_try(t->delivery, &event, why);
	if (e != ERR_OK && is_stopping(t->outbox))
		return e;
	t->tries++;
	tell_outcome(t, &event, e, why);
	if (e == ERR_OK && (e = event_store_acknowledge(t->store, t->whom->name, event.number,
				t->tries, (uint64_t)time(NULL))) == ERR_OK) {
		t->acknowledged = event.number;
		t->tries = 0;
		*delivered = true;
	}
	return e;
}

/* Those that he does not want: as if he had them, and nothing is kept of a delivery. */
static enum err
skip(struct told *t, uint64_t number)
{
	enum err e = event_store_pass(t->store, t->whom->name, number);

	if (e == ERR_OK)
		t->acknowledged = number;
	return e;
}

static bool
wants(const struct teller *whom, const struct event_row *event)
{
	if ((unsigned)event->kind >= EVENT_KINDS || !whom->wants[event->kind])
		return false;
	for (size_t i = 0; i < whom->workload_count; i++)
		if (glob_match(view_of_string(whom->workloads[i]), event->workload, GLOB_TEXT))
			return true;
	return whom->workload_count == 0 || event->workload.size == 0;
}

/* Once for each event that failed, and once when it went. */
static void
tell_outcome(struct told *t, const struct event_row *event, enum err e, const char *why)
{
	if (e != ERR_OK && t->tries == 1)
		logger_say(LOGGER_WARNING, "not-told",
		    "%s was not told of %.*s, and is until it has it: %s", t->whom->name,
		    (int)event->id.size, (const char *)event->id.data, why);
	else if (e == ERR_OK && t->tries > 1)
		logger_say(LOGGER_NOTICE, "told", "%s was told of %.*s, after %llu tries",
		    t->whom->name, (int)event->id.size, (const char *)event->id.data,
		    (unsigned long long)t->tries);
}

/* `changes`: until there are others than these; NULL: whatever there is. */
static void
rest(struct outbox *o, uint64_t ms, const uint64_t *changes)
{
	struct timespec until;
	int waited = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	(void)pthread_mutex_lock(&o->lock);
	while (waited == 0 && !is_stopping(o) && (changes == NULL || *changes == o->changes))
		waited = pthread_cond_timedwait(&o->news, &o->lock, &until);
	(void)pthread_mutex_unlock(&o->lock);
}

static uint64_t
changes_so_far(struct outbox *o)
{
	uint64_t changes;

	(void)pthread_mutex_lock(&o->lock);
	changes = o->changes;
	(void)pthread_mutex_unlock(&o->lock);
	return changes;
}

static bool
is_stopping(void *outbox)
{
	struct outbox *o = outbox;

	return atomic_load(&o->stopping);
}
