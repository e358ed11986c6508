#include "register/alert/alerting.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "journal/logger.h"
#include "register/alert/alert_source.h"

/* Of one log. */
struct alerted {
	struct alerting_log log;
	struct alert_source *source;
	struct peers *peers;
	bool up_to_date;
	bool told; /* that it cannot be read: said once, until it can be again */
	bool full; /* that there are too many: once */
};

struct alerting {
	pthread_t thread;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;  /* it is to end */
	bool ending;
	size_t count;
	struct alerted log[];
};

static enum err begin(struct alerted *l);
static void close_logs(struct alerting *a);
static void *run(void *context);
static bool look(struct alerted *l);
static void wait(struct alerting *a);

enum err
alerting_start(const struct alerting_log *logs, size_t count, struct alerting **out)
{
	struct alerting *a = calloc(1, sizeof(*a) + count * sizeof(a->log[0]));
	pthread_condattr_t attributes;
	enum err e = ERR_OK;

	*out = NULL;
	if (a == NULL)
		return ERR_MEMORY;
	a->count = count;
	for (size_t i = 0; e == ERR_OK && i < count; i++) {
		a->log[i].log = logs[i];
		e = begin(&a->log[i]);
	}
	if (e != ERR_OK) {
		close_logs(a);
		free(a);
		return e;
	}
	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&a->wake, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	if (pthread_create(&a->thread, NULL, run, a) != 0) {
		close_logs(a);
		free(a);
		return ERR_MEMORY;
	}
	*out = a;
	return ERR_OK;
}

/* From the log's first entry, whatever was before. */
static enum err
begin(struct alerted *l)
{
	alert_source_free(&l->source);
	peers_free(&l->peers);
	l->source = alert_source_new(l->log.view, l->log.evidence);
	l->peers = peers_new();
	if (l->source != NULL && l->peers != NULL)
		return ERR_OK;
	peers_free(&l->peers);
	return ERR_MEMORY;
}

static void
close_logs(struct alerting *a)
{
	for (size_t i = 0; i < a->count; i++) {
		alert_source_free(&a->log[i].source);
		peers_free(&a->log[i].peers);
	}
}

void
alerting_stop(struct alerting **ap)
{
	struct alerting *a = *ap;

	if (a == NULL)
		return;
	(void)pthread_mutex_lock(&a->lock);
	a->ending = true;
	(void)pthread_cond_signal(&a->wake);
	(void)pthread_mutex_unlock(&a->lock);
	(void)pthread_join(a->thread, NULL);
	(void)pthread_cond_destroy(&a->wake);
	(void)pthread_mutex_destroy(&a->lock);
	close_logs(a);
	free(a);
	*ap = NULL;
}

const struct peers *
alerting_take(struct alerting *a, unsigned log, bool *up_to_date)
{
	(void)pthread_mutex_lock(&a->lock);
	*up_to_date = a->log[log].up_to_date;
	return a->log[log].peers;
}

void
alerting_give_back(struct alerting *a)
{
	(void)pthread_mutex_unlock(&a->lock);
}

/* Whoever asks comes in between two goes. */
static void *
run(void *context)
{
	struct alerting *a = context;
	bool ending = false;

	while (!ending) {
		bool more = false;

		for (size_t i = 0; i < a->count; i++) {
			(void)pthread_mutex_lock(&a->lock);
			more |= !a->ending && look(&a->log[i]);
			(void)pthread_mutex_unlock(&a->lock);
		}
		(void)pthread_mutex_lock(&a->lock);
		if (!more && !a->ending)
			wait(a);
		ending = a->ending;
		(void)pthread_mutex_unlock(&a->lock);
	}
	return NULL;
}

/* Whether there is more to read at once. */
static bool
look(struct alerted *l)
{
	bool more = false, anew = l->peers == NULL;
	enum err e = ERR_OK;

	if (!anew)
		e = alert_source_read(l->source, l->peers, &more, &anew);
	if (e == ERR_OK && anew) {
		e = begin(l);
		more = e == ERR_OK;
	}
	if (e == ERR_MEMORY)
		peers_free(&l->peers);
	l->up_to_date = e == ERR_OK && !more;
	if (e != ERR_OK && e != ERR_NOT_FOUND && !l->told)
		logger_say(LOGGER_WARNING, "alerts-behind",
		    "%s: what does not fit is not looked for until its view, and statements in its"
		    " evidence, can be read: %s",
		    l->log.name, err_text(e));
	l->told = e != ERR_OK && e != ERR_NOT_FOUND;
	if (l->peers != NULL && peers_passed_over(l->peers) > 0 && !l->full) {
		l->full = true;
		logger_say(LOGGER_WARNING, "alerts-bounded",
		    "%s: what does not fit is looked for among its first %d workloads alone",
		    l->log.name, PEERS_MAX);
	}
	return more;
}

static void
wait(struct alerting *a)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ALERTING_LOOK_MS * INT64_C(1000000);
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (!a->ending && pthread_cond_timedwait(&a->wake, &a->lock, &until) != ETIMEDOUT)
		continue;
}
