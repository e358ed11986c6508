#include "register/witness/stamps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "journal/logger.h"
#include "log/inputfile.h"
#include "register/follow/state_file.h"
#include "register/ground/http_client.h"
#include "register/witness/stamp_files.h"
#include "register/witness/timestamp.h"

#define ANSWER_MS     30000 /* an authority signs within seconds; a token behind it may be slow */
#define RETRY_FIRST_S 10
#define WHY_SIZE      HTTP_CLIENT_WHY_SIZE /* the longest of the reasons */

struct stamped {
	int directory;
	struct stamp_files kept;
	/* What is to be timestamped: the newest that was followed to its end. */
	struct buf note;
	uint64_t size;
	uint64_t due_ms; /* when it may be, if it has grown */
};

struct stamps {
	const struct register_config *config;
	struct timestamp_trust *trust;
	struct http_client *client;
	pthread_t thread;
	bool runs;
	atomic_bool stopping;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t news;
	struct stamped *log; /* as many as are configured */
	uint64_t made, failed;
	/* Of the thread alone. */
	uint64_t retry_s; /* 0: the authority works */
	uint64_t retry_ms;
	size_t turn; /* log whose turn it is, so that one that fails holds up no other */
};

static enum err begin(struct stamps *s);
static enum err open_log(struct stamps *s, size_t number);
static void take_state(void *context, const struct followed_state *state);
static void *ask_always(void *stamps);
static bool next_due(struct stamps *s, uint64_t now_ms, size_t *log, uint64_t *wake_ms);
static void wait_until(struct stamps *s, uint64_t ms);
static enum err stamp(struct stamps *s, size_t log, uint64_t size, struct view note, char *why);
static enum err ask(struct stamps *s, struct view query, struct buf *reply, char *why);
static void tell_outcome(struct stamps *s, size_t log, uint64_t size, enum err e, const char *why);
static bool is_stopping(void *stamps);
static uint64_t now(void);

enum err
stamps_start(const struct register_config *config, struct stamps **out)
{
	struct stamps *s;
	pthread_condattr_t monotonic;
	enum err e;

	*out = NULL;
	if (config->timestamps.url == NULL)
		return ERR_OK;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return ERR_MEMORY;
	s->config = config;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->news, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	if ((e = begin(s)) != ERR_OK)
		stamps_free(&s);
	*out = s;
	return e;
}

void
stamps_let_go(struct stamps *s)
{
	if (s == NULL)
		return;
	(void)pthread_mutex_lock(&s->lock);
	atomic_store(&s->stopping, true);
	(void)pthread_cond_broadcast(&s->news);
	(void)pthread_mutex_unlock(&s->lock);
}

void
stamps_free(struct stamps **sp)
{
	struct stamps *s = *sp;

	if (s == NULL)
		return;
	stamps_let_go(s);
	if (s->runs)
		(void)pthread_join(s->thread, NULL);
	for (size_t i = 0; s->log != NULL && i < s->config->log_count; i++) {
		if (s->log[i].directory >= 0)
			close(s->log[i].directory);
		stamp_files_free(&s->log[i].kept);
		buf_free(&s->log[i].note);
	}
	free(s->log);
	http_client_free(&s->client);
	timestamp_trust_free(&s->trust);
	(void)pthread_cond_destroy(&s->news);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
	*sp = NULL;
}

struct followed_listener
stamps_listener(struct stamps *s)
{
	return (struct followed_listener){.context = s, .state = take_state};
}

enum err
stamps_find(struct stamps *s, struct view log, uint64_t size, enum stamps_part part, struct buf *to)
{
	char name[STAMP_FILE_NAME_SIZE];
	uint64_t found = 0;

	for (size_t i = 0; i < s->config->log_count; i++) {
		bool is_there;

		if (!view_equal(log, view_of_string(s->config->logs[i].name)))
			continue;
		(void)pthread_mutex_lock(&s->lock);
		is_there = stamp_files_covering(&s->log[i].kept, size, &found);
		(void)pthread_mutex_unlock(&s->lock);
		if (!is_there)
			return ERR_NOT_FOUND;
		stamp_file_name(
		    found, part == STAMPS_REPLY ? STAMP_FILE_REPLY : STAMP_FILE_NOTE, name);
		/* One that was kept and is gone is no answer of "not yet". */
		return inputfile_read(s->log[i].directory, name, TIMESTAMP_SIZE_MAX, to) == ERR_OK
			   ? ERR_OK
			   : ERR_IO;
	}
	return ERR_NOT_FOUND;
}

void
stamps_write_metrics(void *stamps, struct buf *to)
{
	struct stamps *s = stamps;

	(void)pthread_mutex_lock(&s->lock);
	buf_append_format(to,
	    "# HELP hallmark_register_timestamps_total timestamps that were kept\n"
	    "# TYPE hallmark_register_timestamps_total counter\n"
	    "hallmark_register_timestamps_total %" PRIu64 "\n"
	    "# HELP hallmark_register_timestamps_failed_total times that there was none\n"
	    "# TYPE hallmark_register_timestamps_failed_total counter\n"
	    "hallmark_register_timestamps_failed_total %" PRIu64 "\n"
	    "# HELP hallmark_register_log_timestamped_size entries that a timestamp covers\n"
	    "# TYPE hallmark_register_log_timestamped_size gauge\n",
	    s->made, s->failed);
	for (size_t i = 0; i < s->config->log_count; i++)
		buf_append_format(to,
		    "hallmark_register_log_timestamped_size{log=\"%s\"} %" PRIu64 "\n",
		    s->config->logs[i].name, stamp_files_newest(&s->log[i].kept));
	(void)pthread_mutex_unlock(&s->lock);
}

static enum err
begin(struct stamps *s)
{
	enum err e;

	if ((s->log = calloc(s->config->log_count, sizeof(*s->log))) == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < s->config->log_count; i++)
		s->log[i].directory = -1;
	e = timestamp_trust_load(s->config->timestamps.ca, &s->trust);
	if (e == ERR_CONFIG)
		logger_say(LOGGER_ERROR, "timestamps-ca",
		    "%s: expected certificates in PEM of whom timestamps are believed of",
		    s->config->timestamps.ca);
	for (size_t i = 0; e == ERR_OK && i < s->config->log_count; i++)
		e = open_log(s, i);
	if (e == ERR_OK)
		e = http_client_new(s->config->timestamps.tls_ca, is_stopping, s, &s->client);
	if (e == ERR_OK && pthread_create(&s->thread, NULL, ask_always, s) != 0)
		e = ERR_MEMORY;
	s->runs = e == ERR_OK;
	return e;
}

static enum err
open_log(struct stamps *s, size_t number)
{
	const char *state = s->config->state_directory, *name = s->config->logs[number].name;
	struct stamped *log = &s->log[number];
	int at = -1, of_log = -1;
	enum err e = state_directory_open(AT_FDCWD, state, &at);

	if (e == ERR_OK && (e = state_directory_open(at, name, &of_log)) == ERR_OK &&
	    (e = state_directory_open(of_log, STAMP_FILES_DIRECTORY, &log->directory)) == ERR_OK)
		e = stamp_files_read(log->directory, &log->kept);
	if (e == ERR_IO)
		logger_say(LOGGER_ERROR, "state-unusable", "%s/%s/" STAMP_FILES_DIRECTORY ": %s",
		    state, name, strerror(errno));
	if (of_log >= 0)
		close(of_log);
	if (at >= 0)
		close(at);
	return e;
}

/* Not what is only on the way to the checkpoint. */
static void
take_state(void *context, const struct followed_state *state)
{
	struct stamps *s = context;
	struct stamped *log = &s->log[state->log];

	if (state->size == 0 || state->checkpoint.size == 0 || state->replayed_to != state->size)
		return;
	(void)pthread_mutex_lock(&s->lock);
	if (state->size > log->size) {
		struct buf note = BUF_INIT;

		buf_append_view(&note, state->checkpoint);
		if (buf_status(&note) == ERR_OK) {
			buf_free(&log->note);
			log->note = note; /* moved */
			log->size = state->size;
			(void)pthread_cond_signal(&s->news);
		} else {
			buf_free(&note); /* the next one is there soon */
		}
	}
	(void)pthread_mutex_unlock(&s->lock);
}

static void *
ask_always(void *stamps)
{
	struct stamps *s = stamps;
	char why[WHY_SIZE];

	(void)pthread_mutex_lock(&s->lock);
	while (!is_stopping(s)) {
		struct buf note = BUF_INIT;
		uint64_t wake_ms, size;
		size_t log;
		enum err e;

		if (!next_due(s, now(), &log, &wake_ms)) {
			wait_until(s, wake_ms);
			continue;
		}
		size = s->log[log].size;
		buf_append_view(&note, buf_view(&s->log[log].note));
		(void)pthread_mutex_unlock(&s->lock);
		e = stamp(s, log, size, buf_view(&note), why);
		buf_free(&note);
		(void)pthread_mutex_lock(&s->lock);
		if (!is_stopping(s))
			tell_outcome(s, log, size, e, why);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* The next log whose time has come; or, false, when to look again. */
static bool
next_due(struct stamps *s, uint64_t now_ms, size_t *log, uint64_t *wake_ms)
{
	const size_t count = s->config->log_count;

	*wake_ms = UINT64_MAX;
	for (size_t i = 0; i < count; i++) {
		const size_t number = (s->turn + i) % count;
		const struct stamped *one = &s->log[number];
		const uint64_t due_ms = one->due_ms > s->retry_ms ? one->due_ms : s->retry_ms;

		if (one->size <= stamp_files_newest(&one->kept))
			continue;
		if (due_ms <= now_ms) {
			*log = number;
			return true;
		}
		if (due_ms < *wake_ms)
			*wake_ms = due_ms;
	}
	return false;
}

/* Or until there is something new. */
static void
wait_until(struct stamps *s, uint64_t ms)
{
	const struct timespec until = {
	    .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};

	if (ms == UINT64_MAX)
		(void)pthread_cond_wait(&s->news, &s->lock);
	else
		(void)pthread_cond_timedwait(&s->news, &s->lock, &until);
}

/* Without the lock: others wait neither for the authority nor for the disk. */
static enum err
stamp(struct stamps *s, size_t log, uint64_t size, struct view note, char *why)
{
	struct timestamp_query *query = NULL;
	struct buf asked = BUF_INIT, reply = BUF_INIT;
	char refused[TIMESTAMP_WHY_SIZE];
	enum err e;

	why[0] = '\0';
	if ((e = timestamp_query_new(note, &query)) == ERR_OK &&
	    (e = timestamp_query_write(query, &asked)) == ERR_OK &&
	    (e = ask(s, buf_view(&asked), &reply, why)) == ERR_OK) {
		e = timestamp_check(query, s->trust, buf_view(&reply), refused);
		if (e != ERR_OK)
			(void)snprintf(
			    why, WHY_SIZE, "what it answered does not count: %s", refused);
	}
	if (e == ERR_OK) {
		e = stamp_files_keep(s->log[log].directory, size, note, buf_view(&reply));
		if (e != ERR_OK)
			(void)snprintf(why, WHY_SIZE, "it could not be kept: %s", strerror(errno));
	}
	if (e != ERR_OK && why[0] == '\0')
		(void)snprintf(why, WHY_SIZE, "%s", err_text(e));
	timestamp_query_free(&query);
	buf_free(&asked);
	buf_free(&reply);
	return e;
}

static enum err
ask(struct stamps *s, struct view query, struct buf *reply, char *why)
{
	static const char *const fields[] = {
	    "Content-Type: application/timestamp-query", "Accept: application/timestamp-reply"};
	const struct http_wanted wanted = {.url = s->config->timestamps.url,
	    .timeout_ms = ANSWER_MS,
	    .size_max = TIMESTAMP_SIZE_MAX,
	    .post = true,
	    .body = query,
	    .fields = fields,
	    .field_count = sizeof(fields) / sizeof(fields[0])};
	unsigned status;
	enum err e = http_client_ask(s->client, &wanted, &status, reply, why);

	if (e == ERR_OK && status != 200) {
		(void)snprintf(why, WHY_SIZE, "expected status 200, found %u", status);
		e = ERR_IO;
	}
	return e;
}

/* Once when it fails, and once when it works again. */
static void
tell_outcome(struct stamps *s, size_t log, uint64_t size, enum err e, const char *why)
{
	const char *url = s->config->timestamps.url;
	const uint64_t every_s = s->config->timestamps.every_s;

	if (e == ERR_OK)
		e = stamp_files_add(&s->log[log].kept, size);
	if (e == ERR_OK) {
		s->made++;
		s->log[log].due_ms = now() + every_s * 1000;
		if (s->retry_s != 0)
			logger_say(LOGGER_NOTICE, "timestamping", "%s works again", url);
		s->retry_s = 0;
		s->retry_ms = 0;
		logger_say(LOGGER_DEBUG, "timestamped", "%s: %" PRIu64 " entries",
		    s->config->logs[log].name, size);
		return;
	}
	s->failed++;
	if (s->retry_s == 0)
		logger_say(LOGGER_WARNING, "not-timestamped", "%s by %s: %s",
		    s->config->logs[log].name, url, why[0] != '\0' ? why : err_text(e));
	s->retry_s = s->retry_s == 0 ? RETRY_FIRST_S : s->retry_s * 2;
	if (s->retry_s > every_s)
		s->retry_s = every_s;
	s->retry_ms = now() + s->retry_s * 1000;
	s->turn = (log + 1) % s->config->log_count;
}

static bool
is_stopping(void *stamps)
{
	struct stamps *s = stamps;

	return atomic_load(&s->stopping);
}

/* CLOCK_MONOTONIC, in milliseconds. */
static uint64_t
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}
