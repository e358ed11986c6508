#include "register/follow/follower.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "journal/logger.h"
#include "register/follow/followed_log.h"
#include "register/follow/mirror.h"

/*
 * A checkpoint takes its place by a rename, or is written where it is. A directory that is made
 * anew under the same name is found at the next look.
 */
#define CHANGES (IN_MOVED_TO | IN_CLOSE_WRITE)

struct follower {
	const struct register_log *config;
	unsigned look_every_ms;
	struct followed_log *log;
	struct mirror *mirror; /* NULL: the log lies here */
	int stop;              /* eventfd: readable when it is to end */
	int changes;           /* inotify; -1: there is none, and time alone tells */
	pthread_t thread;
};

static enum err start(struct follower *f);
static enum err open_mirror(struct follower *f);
static void *run(void *context);
static void look(struct follower *f);
static void fetch(void *context);
static bool is_stopping(void *context);
static bool wait_for_stop(void *context, unsigned ms);
static bool wait_for_change(struct follower *f);
static void watch(struct follower *f);
static void close_all(struct follower *f);

enum err
follower_start(const struct register_config *config, unsigned number, int state_directory,
    const struct followed_listener *heard, struct follower **out)
{
	struct follower *f = calloc(1, sizeof(*f));
	const struct followed_log_wanted wanted = {.number = number,
	    .config = config,
	    .heard = heard,
	    .state_directory = state_directory,
	    .wait = wait_for_stop,
	    .wait_context = f,
	    .fetch = fetch,
	    .fetch_context = f};
	enum err e = ERR_MEMORY;

	*out = NULL;
	if (f == NULL)
		return ERR_MEMORY;
	f->config = &config->logs[number];
	f->look_every_ms = config->follow.look_every_ms;
	f->changes = -1;
	f->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->stop >= 0)
		e = followed_log_new(&wanted, &f->log);
	if (e == ERR_OK && f->config->url != NULL)
		e = open_mirror(f);
	if (e == ERR_OK)
		e = start(f);
	if (e != ERR_OK) {
		close_all(f);
		return e;
	}
	*out = f;
	return ERR_OK;
}

void
follower_stop(struct follower **fp)
{
	struct follower *f = *fp;

	if (f == NULL)
		return;
	if (eventfd_write(f->stop, 1) != 0)
		abort(); /* it would never end */
	(void)pthread_join(f->thread, NULL);
	close_all(f);
	*fp = NULL;
}

/* Signals are the main loop's. */
static enum err
start(struct follower *f)
{
	sigset_t all, before;
	int failed;

	if ((f->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) < 0)
		logger_say(LOGGER_WARNING, "no-inotify", "%s: %s; it is looked at every %u ms",
		    f->config->name, strerror(errno), f->look_every_ms);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&f->thread, NULL, run, f);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed == 0 ? ERR_OK : ERR_MEMORY;
}

static void *
run(void *context)
{
	struct follower *f = context;

	followed_log_begin(f->log);
	do {
		watch(f);
		look(f);
	} while (wait_for_change(f));
	return NULL;
}

static void
look(struct follower *f)
{
	char why[MIRROR_WHY_SIZE];

	switch (f->mirror != NULL ? mirror_take(f->mirror, why) : MIRROR_TAKEN) {
	case MIRROR_TAKEN:
		followed_log_look(f->log);
		if (f->mirror != NULL && followed_log_doubts(f->log))
			mirror_doubt(f->mirror);
		break;
	case MIRROR_LACKS:
		if (wait_for_stop(f, 0)) /* else it was only left off */
			followed_log_lack(f->log, why);
		break;
	case MIRROR_UNSEALED:
		followed_log_unsealed(f->log, why);
		break;
	}
}

static enum err
open_mirror(struct follower *f)
{
	const struct mirror_wanted wanted = {.log = f->config,
	    .seal = followed_log_seal(f->log),
	    .cancelled = is_stopping,
	    .context = f};

	return mirror_new(&wanted, &f->mirror);
}

static void
fetch(void *context)
{
	struct follower *f = context;

	if (f->mirror != NULL)
		mirror_take_evidence(f->mirror);
}

static bool
is_stopping(void *context)
{
	return !wait_for_stop(context, 0);
}

/* False: it is to stop. */
static bool
wait_for_stop(void *context, unsigned ms)
{
	const struct follower *f = context;
	struct pollfd stop = {.fd = f->stop, .events = POLLIN};

	return poll(&stop, 1, (int)ms) <= 0;
}

/* Likewise. What has changed since the last look is a change, too. */
static bool
wait_for_change(struct follower *f)
{
	struct pollfd fds[] = {
	    {.fd = f->stop, .events = POLLIN}, {.fd = f->changes, .events = POLLIN}};
	char events[4096];

	(void)poll(fds, 2, (int)f->look_every_ms);
	if (fds[0].revents != 0)
		return false;
	while (fds[1].revents != 0 && read(f->changes, events, sizeof(events)) > 0)
		;
	return true;
}

/* Again and again: it may not have been there, or be another one. */
static void
watch(struct follower *f)
{
	if (f->changes >= 0 && f->mirror == NULL)
		(void)inotify_add_watch(f->changes, f->config->directory, CHANGES | IN_ONLYDIR);
}

static void
close_all(struct follower *f)
{
	mirror_free(&f->mirror);
	followed_log_free(&f->log);
	if (f->stop >= 0)
		close(f->stop);
	if (f->changes >= 0)
		close(f->changes);
	free(f);
}
