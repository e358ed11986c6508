#include "pkcs11/serve/signing.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/serve/jws.h"

/* Never a checkpoint (no newline) and never a JWS (a blank). */
#define KEEPALIVE_TEXT "hallmark keep-alive"

/*
 * What the threads have signed is handed over together, as long as there is more to sign and not
 * longer than this: with a token of 100 us a signature, to wake the main thread, by it the signer,
 * and by that a collector, for each costs a third of what the signature does. One that takes longer
 * than this is never kept.
 */
#define TOGETHER_US 4000

/*
 * The same of what a thread has signed and not verified: several are verified in a third of the
 * time. Eight of SoftHSM's, at 60 us each, are made before this is over.
 */
#define UNVERIFIED_US 1000

struct signing_jobs {
	struct signing_job *first, *last;
};

struct signing_thread {
	pthread_t thread;
	struct signing *owner;
	struct token_signer *signer;
	struct token_signer *beside; /* of the Ed25519 key, or NULL; in the same session */
	struct buf signature;
	uint64_t began_us;          /* CLOCK_MONOTONIC: with the job, or the first of the jobs */
	struct timespec idle_until; /* the same: when a keep-alive is due */
};

struct signing {
	const struct hsm_config *config;
	const struct note_verifier *verifier, *beside; /* the second NULL: one signature a note */
	struct buf jws_header;
	struct ecdsa_known *known; /* for tokens, or NULL: none is signed, or not with P-256 */
	struct watch *watch;       /* the first thread's */
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

static enum err know_key(struct signing *s);
static enum err threads_start(struct signing *s, struct token *token);
static enum err signers_new(struct signing_thread *t, struct token *token);
static void *thread_main(void *argument);
static bool wait_for_job(struct signing_thread *t, struct signing_job **job, bool *beside);
static void take_first(struct signing *s, struct signing_job **job, bool *beside);
static bool sign_note(struct signing_thread *t, struct signing_job *job, bool beside);
static bool part_is_last(struct signing *s, struct signing_job *job, enum err result);
static void sign_tokens(struct signing_thread *t, struct signing_job *job, struct signing_jobs *to);
static struct signing_job *take_another_token(struct signing_thread *t);
static void hand_over(struct signing_thread *t, struct signing_jobs jobs);
static void jobs_add(struct signing_jobs *to, struct signing_job *job);
static uint64_t now_us(void);
static void keep_alive(struct signing_thread *t);
static void wake_owner(struct signing *s);
static void idle_begin(struct signing_thread *t);
static enum err make_note(struct signing_thread *t, struct signing_job *job);
static enum err make_line_beside(struct signing_thread *t, struct signing_job *job);
static enum err begin_jws(struct signing_thread *t, struct signing_job *job);
static void end_all_jws(struct signing_thread *t, struct signing_job *first);
static void jobs_free(struct signing_job *list);
static void signing_free(struct signing *s);

struct signing_job *
signing_job_new(enum keychannel_type type, uint64_t id)
{
	struct signing_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->type = type;
	job->id = id;
	job->input = BUF_INIT;
	job->body = BUF_INIT;
	job->beside = BUF_INIT;
	return job;
}

void
signing_job_free(struct signing_job **job)
{
	if (*job == NULL)
		return;
	buf_free(&(*job)->input);
	buf_free(&(*job)->body);
	buf_free(&(*job)->beside);
	free(*job);
	*job = NULL;
}

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
	s->verifier = verifier;
	s->beside = beside;
	s->watch = watch;
	s->jws_header = BUF_INIT;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->mutex, NULL);
	pthread_cond_init(&s->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if ((s->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
		complain("cannot make an event descriptor: %s", strerror(errno));
		e = ERR_IO;
	} else if ((e = jws_append_header(note_verifier_key(verifier),
			algorithm_of(config->algorithm)->jws, &s->jws_header)) == ERR_OK &&
		   (e = know_key(s)) == ERR_OK) {
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
		if (s->beside != NULL) {
			job->unsigned_parts = 2;
			s->also_checkpoint = job;
			pthread_cond_signal(&s->wake);
		}
	} else {
		jobs_add(&s->tokens, job);
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

/* What takes a while to make, where there may be tokens. */
static enum err
know_key(struct signing *s)
{
	enum err e = ERR_UNSUPPORTED;

	if (s->config->token_count > 0)
		e = ecdsa_known_new(note_verifier_key(s->verifier), &s->known);
	if (e == ERR_OK || e == ERR_UNSUPPORTED)
		return ERR_OK;
	complain("the table by which tokens are verified cannot be made: %s", err_text(e));
	return e;
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
		t->signature = BUF_INIT;
		if ((e = signers_new(t, token)) != ERR_OK)
			return e;
		if ((failure = pthread_create(&t->thread, NULL, thread_main, t)) != 0) {
			complain("cannot make a thread for session %u of %u: %s", i + 1,
			    s->config->sessions, strerror(failure));
			token_signer_free(&t->beside);
			token_signer_free(&t->signer);
			return ERR_MEMORY;
		}
		s->thread_count++;
	}
	return ERR_OK;
}

static enum err
signers_new(struct signing_thread *t, struct token *token)
{
	const struct signing *s = t->owner;
	enum err e =
	    token_signer_new(token, TOKEN_FIRST, note_verifier_key(s->verifier), &t->signer);

	if (e == ERR_OK && s->beside != NULL &&
	    (e = token_signer_new_beside(
		 t->signer, TOKEN_ED25519, note_verifier_key(s->beside), &t->beside)) != ERR_OK)
		token_signer_free(&t->signer);
	if (e == ERR_OK)
		token_signer_know(t->signer, s->known);
	return e;
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
			jobs_add(&done, job);
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
	const enum err e = beside ? make_line_beside(t, job) : make_note(t, job);

	if (t->beside != NULL)
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
		job->result = begin_jws(t, job);
		jobs_add(to, job);
	} while (job->result == ERR_OK && ++count < TOKEN_KEPT_MAX &&
		 (job = take_another_token(t)) != NULL);
	end_all_jws(t, to->first);
}

/* NULL: there is none, a checkpoint goes before it, or what was signed has waited long enough. */
static struct signing_job *
take_another_token(struct signing_thread *t)
{
	struct signing *s = t->owner;
	struct signing_job *job = NULL;
	bool beside;

	if (now_us() >= t->began_us + UNVERIFIED_US)
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
	if (s->done.last != NULL)
		s->done.last->next = jobs.first;
	else
		s->done.first = jobs.first;
	s->done.last = jobs.last;
	tell = !s->told && (urgent || s->tokens.first == NULL || now_us() >= s->together_until_us);
	s->told |= tell;
	pthread_mutex_unlock(&s->mutex);
	if (tell)
		wake_owner(s);
}

static void
jobs_add(struct signing_jobs *to, struct signing_job *job)
{
	job->next = NULL;
	if (to->last != NULL)
		to->last->next = job;
	else
		to->first = job;
	to->last = job;
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

	buf_clear(&t->signature);
	if (token_sign(t->signer, VIEW_LITERAL(KEEPALIVE_TEXT), &t->signature) == ERR_OK) {
		if (t == s->thread)
			watch_look(s->watch, t->signer);
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

static enum err
make_note(struct signing_thread *t, struct signing_job *job)
{
	enum err e;

	buf_clear(&t->signature);
	if ((e = token_sign(t->signer, buf_view(&job->input), &t->signature)) != ERR_OK)
		return e;
	return note_write(
	    buf_view(&job->input), t->owner->verifier, buf_view(&t->signature), &job->body);
}

static enum err
make_line_beside(struct signing_thread *t, struct signing_job *job)
{
	enum err e;

	buf_clear(&t->signature);
	if ((e = token_sign(t->beside, buf_view(&job->input), &t->signature)) != ERR_OK)
		return e;
	return note_add(t->owner->beside, buf_view(&t->signature), &job->beside);
}

/* All but its signature, which is with the signer until it is verified. */
static enum err
begin_jws(struct signing_thread *t, struct signing_job *job)
{
	enum err e;

	buf_append_view(&job->body, buf_view(&t->owner->jws_header));
	jws_append_payload(buf_view(&job->input), &job->body);
	if ((e = buf_status(&job->body)) != ERR_OK)
		return e;
	return token_sign_jws(t->signer, buf_view(&job->body));
}

/* Of the jobs in their order; the last may have failed, and then has no signature. */
static void
end_all_jws(struct signing_thread *t, struct signing_job *first)
{
	struct view signature[TOKEN_KEPT_MAX];
	size_t count, i = 0;
	const enum err e = token_take_jws(t->signer, signature, &count);

	for (struct signing_job *job = first; job != NULL; job = job->next) {
		if (job->result != ERR_OK)
			continue;
		if ((job->result = e) == ERR_OK) {
			jws_append_signature(signature[i++], &job->body);
			job->result = buf_status(&job->body);
		}
	}
}

static void
jobs_free(struct signing_job *list)
{
	struct signing_job *next;

	for (; list != NULL; list = next) {
		next = list->next;
		signing_job_free(&list);
	}
}

static void
signing_free(struct signing *s)
{
	for (unsigned i = 0; i < s->thread_count; i++) {
		token_signer_free(&s->thread[i].beside); /* before the one whose session it has */
		token_signer_free(&s->thread[i].signer);
		buf_free(&s->thread[i].signature);
	}
	free(s->thread);
	if (s->also_checkpoint != s->checkpoint)
		signing_job_free(&s->also_checkpoint);
	signing_job_free(&s->checkpoint);
	jobs_free(s->tokens.first);
	jobs_free(s->done.first);
	ecdsa_known_free(&s->known);
	buf_free(&s->jws_header);
	if (s->fd >= 0)
		close(s->fd);
	pthread_cond_destroy(&s->wake);
	pthread_mutex_destroy(&s->mutex);
	free(s);
}
