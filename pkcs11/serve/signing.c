#include "pkcs11/serve/signing.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/serve/sealer.h"

/*
 * What the threads have signed is handed over together, as long as there is more to sign and not
 * longer than this: with a token of 100 us a signature, to wake the main thread, by it the signer,
 * and by that a collector, for each costs a third of what the signature does. One that takes longer
 * than this is never kept. As long a thread goes on signing before it verifies what it has signed:
 * together that takes a third of the time.
 */
#define TOGETHER_US 4000

struct signing_thread {
	pthread_t thread;
	struct signing *owner;
	struct sealer sealer;
	uint64_t began_us;          /* CLOCK_MONOTONIC: with the job, or the first of the jobs */
	struct timespec idle_until; /* the same: when a keep-alive is due */
};

struct signing {
	const struct hsm_config *config;
	struct sealing sealing;
	struct watch *watch; /* the first thread's */
	struct signing_thread *thread;
	unsigned thread_count;
	int fd;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	/* under the mutex */
	struct signing_job *checkpoint;      /* its first signature is to be made */
	struct signing_job *also_checkpoint; /* its second */
	struct signing_jobs tokens;
	struct signing_jobs done;
	uint64_t together_until_us; /* CLOCK_MONOTONIC: when the owner is to be told of them */
	bool told;                  /* it was, and has not taken them yet */
	bool dead;
	bool stop;
};

static enum err threads_start(struct signing *s, struct token *token);
static void *thread_main(void *argument);
static bool wait_for_job(struct signing_thread *t, struct signing_job **job, bool *beside);
static void take_first(struct signing *s, struct signing_job **job, bool *beside);
static bool sign_note(struct signing_thread *t, struct signing_job *job, bool beside);
static bool part_is_last(struct signing *s, struct signing_job *job, enum err result);
static void sign_tokens(struct signing_thread *t, struct signing_job *job, struct signing_jobs *to);
static struct signing_job *take_another_token(struct signing_thread *t);
static void hand_over(struct signing_thread *t, struct signing_jobs jobs);
static uint64_t now_us(void);
static void keep_alive(struct signing_thread *t);
static void wake_owner(struct signing *s);
static void idle_begin(struct signing_thread *t);
static void signing_free(struct signing *s);

enum err
signing_start(const struct hsm_config *config, struct token *token,
    const struct note_verifier *verifier, const struct note_verifier *beside, struct watch *watch,
    struct signing **out)
{
	struct signing *s = calloc(1, sizeof(*s));
	pthread_condattr_t monotonic;
	enum err e;

	*out = NULL;
	if (s == NULL)
		return ERR_MEMORY;
	s->config = config;
	s->watch = watch;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->mutex, NULL);
	pthread_cond_init(&s->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if ((s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
		complain("cannot make an event descriptor: %s", strerror(errno));
		e = ERR_IO;
	} else if ((e = sealing_begin(&s->sealing, config, verifier, beside)) == ERR_OK) {
		e = threads_start(s, token);
	}
	if (e != ERR_OK) {
		signing_stop(&s);
		return e;
	}
	*out = s;
	return ERR_OK;
}

void
signing_put(struct signing *s, struct signing_job **jobp)
{
	struct signing_job *job = *jobp;

	*jobp = NULL; /* moved */
	pthread_mutex_lock(&s->mutex);
	if (job->type == KEYCHANNEL_CHECKPOINT) {
		if (s->checkpoint != NULL || s->also_checkpoint != NULL)
			abort(); /* two at a time would be two truths about what was signed last */
		s->checkpoint = job;
		if (s->sealing.beside != NULL) {
			job->unsigned_parts = 2;
			s->also_checkpoint = job;
			pthread_cond_signal(&s->wake);
		}
	} else {
		signing_jobs_add(&s->tokens, job);
	}
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->mutex);
}

int
signing_fd(const struct signing *s)
{
	return s->fd;
}

struct signing_job *
signing_take(struct signing *s)
{
	struct signing_job *done;
	uint64_t count;

	/* The count before the list: what comes between the two wakes us once more, for nothing. */
	if (read(s->fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		abort();
	pthread_mutex_lock(&s->mutex);
	done = s->done.first;
	s->done = (struct signing_jobs){NULL, NULL};
	s->told = false;
	pthread_mutex_unlock(&s->mutex);
	return done;
}

bool
signing_is_dead(struct signing *s)
{
	bool dead;

	pthread_mutex_lock(&s->mutex);
	dead = s->dead;
	pthread_mutex_unlock(&s->mutex);
	return dead;
}

void
signing_stop(struct signing **sp)
{
	struct signing *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	pthread_mutex_lock(&s->mutex);
	s->stop = true;
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->mutex);
	for (unsigned i = 0; i < s->thread_count; i++)
		pthread_join(s->thread[i].thread, NULL);
	signing_free(s);
}

static enum err
threads_start(struct signing *s, struct token *token)
{
	int failure;
	enum err e;

	if ((s->thread = calloc(s->config->sessions, sizeof(*s->thread))) == NULL)
		return ERR_MEMORY;
	for (unsigned i = 0; i < s->config->sessions; i++) {
		struct signing_thread *t = &s->thread[i];

		t->owner = s;
		if ((e = sealer_open(&t->sealer, &s->sealing, token)) != ERR_OK)
			return e;
		if ((failure = pthread_create(&t->thread, NULL, thread_main, t)) != 0) {
			complain("cannot make a thread for session %u of %u: %s", i + 1,
			    s->config->sessions, strerror(failure));
			sealer_close(&t->sealer);
			return ERR_MEMORY;
		}
		s->thread_count++;
	}
	return ERR_OK;
}

static void *
thread_main(void *argument)
{
	struct signing_thread *t = argument;
	struct signing_job *job;
	bool beside;

	idle_begin(t);
	while (wait_for_job(t, &job, &beside)) {
		struct signing_jobs done = {NULL, NULL};

		t->began_us = now_us();
		if (job == NULL)
			keep_alive(t);
		else if (job->type == KEYCHANNEL_TOKEN)
			sign_tokens(t, job, &done);
		else if (sign_note(t, job, beside))
			signing_jobs_add(&done, job);
		if (done.first != NULL)
			hand_over(t, done);
		idle_begin(t);
	}
	return NULL;
}

/* False: no more. A job of NULL: there was none for as long as a session may idle. */
static bool
wait_for_job(struct signing_thread *t, struct signing_job **job, bool *beside)
{
	struct signing *s = t->owner;
	bool idle = false, stop;

	pthread_mutex_lock(&s->mutex);
	for (take_first(s, job, beside); *job == NULL && !s->stop && !idle;
	     take_first(s, job, beside)) {
		if (s->config->keepalive_s == 0)
			pthread_cond_wait(&s->wake, &s->mutex);
		else
			idle = pthread_cond_timedwait(&s->wake, &s->mutex, &t->idle_until) ==
			       ETIMEDOUT;
	}
	stop = s->stop;
	pthread_mutex_unlock(&s->mutex);
	return !stop;
}

static void
take_first(struct signing *s, struct signing_job **job, bool *beside)
{
	*job = NULL;
	*beside = s->checkpoint == NULL && s->also_checkpoint != NULL;
	if (s->stop)
		return; /* what waits is freed where it waits */
	if (*beside) {
		*job = s->also_checkpoint;
		s->also_checkpoint = NULL;
	} else if ((*job = s->checkpoint) != NULL) {
		s->checkpoint = NULL;
	} else if ((*job = s->tokens.first) != NULL && (s->tokens.first = (*job)->next) == NULL) {
		s->tokens.last = NULL;
	}
}

/* False: it is not done, the other of a note's two signatures is not made yet. */
static bool
sign_note(struct signing_thread *t, struct signing_job *job, bool beside)
{
	const enum err e =
	    beside ? sealer_line_beside(&t->sealer, job) : sealer_note(&t->sealer, job);

	if (t->sealer.beside != NULL)
		return part_is_last(t->owner, job, e);
	job->result = e;
	return true;
}

/* Of a note's two signatures: the one that is made last makes the note whole, if both are good. */
static bool
part_is_last(struct signing *s, struct signing_job *job, enum err result)
{
	bool last;

	pthread_mutex_lock(&s->mutex);
	if (job->result == ERR_OK)
		job->result = result;
	last = --job->unsigned_parts == 0;
	pthread_mutex_unlock(&s->mutex);
	if (last && job->result == ERR_OK) {
		buf_append_view(&job->body, buf_view(&job->beside));
		job->result = buf_status(&job->body);
	}
	if (last && job->result != ERR_OK)
		buf_clear(&job->body);
	return last;
}

/* One, and what else waits, as long as that goes fast; then verifies them. */
static void
sign_tokens(struct signing_thread *t, struct signing_job *job, struct signing_jobs *to)
{
	size_t count = 0;

	do {
		job->result = sealer_begin_jws(&t->sealer, job);
		signing_jobs_add(to, job);
	} while (job->result == ERR_OK && ++count < TOKEN_KEPT_MAX &&
		 (job = take_another_token(t)) != NULL);
	sealer_end_jws(&t->sealer, to->first);
}

/* NULL: there is none, a checkpoint goes before it, or what was signed has waited long enough. */
static struct signing_job *
take_another_token(struct signing_thread *t)
{
	struct signing *s = t->owner;
	struct signing_job *job = NULL;
	bool beside;

	if (now_us() >= t->began_us + TOGETHER_US)
		return NULL;
	pthread_mutex_lock(&s->mutex);
	if (s->checkpoint == NULL && s->also_checkpoint == NULL)
		take_first(s, &job, &beside);
	pthread_mutex_unlock(&s->mutex);
	return job;
}

/* A whole batch waits for a note, and everything for the news of a token that fails. */
static void
hand_over(struct signing_thread *t, struct signing_jobs jobs)
{
	struct signing *s = t->owner;
	const bool urgent =
	    jobs.first->type == KEYCHANNEL_CHECKPOINT || jobs.last->result != ERR_OK;
	bool tell;

	pthread_mutex_lock(&s->mutex);
	if (s->done.first == NULL)
		s->together_until_us = t->began_us + TOGETHER_US;
	signing_jobs_append(&s->done, jobs);
	tell = !s->told && (urgent || s->tokens.first == NULL || now_us() >= s->together_until_us);
	s->told |= tell;
	pthread_mutex_unlock(&s->mutex);
	if (tell)
		wake_owner(s);
}

static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void
keep_alive(struct signing_thread *t)
{
	struct signing *s = t->owner;

	if (sealer_keep_alive(&t->sealer) == ERR_OK) {
		if (t == s->thread)
			watch_look(s->watch, t->sealer.signer);
		return;
	}
	pthread_mutex_lock(&s->mutex);
	s->dead = true;
	pthread_mutex_unlock(&s->mutex);
	wake_owner(s);
}

static void
wake_owner(struct signing *s)
{
	const uint64_t one = 1;

	/* It cannot be full: that takes 2^64 - 2 wake-ups that nobody has read. */
	if (write(s->fd, &one, sizeof(one)) != sizeof(one))
		abort();
}

static void
idle_begin(struct signing_thread *t)
{
	clock_gettime(CLOCK_MONOTONIC, &t->idle_until);
	t->idle_until.tv_sec += t->owner->config->keepalive_s;
}

static void
signing_free(struct signing *s)
{
	for (unsigned i = 0; i < s->thread_count; i++)
		sealer_close(&s->thread[i].sealer);
	free(s->thread);
	if (s->also_checkpoint != s->checkpoint)
		signing_job_free(&s->also_checkpoint);
	signing_job_free(&s->checkpoint);
	signing_jobs_free(&s->tokens.first);
	signing_jobs_free(&s->done.first);
	sealing_end(&s->sealing);
	if (s->fd >= 0)
		close(s->fd);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->mutex);
	free(s);
}
