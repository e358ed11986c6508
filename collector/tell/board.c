#include "collector/tell/board.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/ground/interrupt.h"
#include "proto/text.h"
#include "proto/utc.h"

#define ADDRESS_SIZE 320 /* bytes with NUL: a name of DNS, a colon, a port, and room */
#define LOG_SIZE     256 /* bytes with NUL: an origin has 200 */

struct board_workload {
	char *name;           /* owned */
	uint64_t measured_ms; /* wall clock, of the newest measurement; 0: none yet */
	uint64_t took_ms, spent_us;
	uint32_t watched, unwatched; /* files and directories, then */
	bool has_verdict;
	struct board_verdict verdict; /* of the newest receipt */
	uint64_t waiting, dropped;
	uint64_t trouble_s; /* wall clock: since when there is one; 0: there is none */
	bool refused;       /* it is the signer's; else it could not be measured */
	char trouble[TROUBLE_TEXT_SIZE];
};

struct board {
	pthread_mutex_t lock; /* over all below */
	const char *path;
	uint64_t began_ms; /* interrupt_clock_ms, as all that is not called wall clock */
	uint32_t interval_s;
	uint64_t rounds, round_ms, next_ms, measuring_us;
	struct board_tokens tokens;
	struct board_hooks hooks;
	struct board_acts acts;
	bool connected;
	uint64_t session_ms;                      /* since when it is so */
	char signer[ADDRESS_SIZE], log[LOG_SIZE]; /* spoken to last; empty: none yet */
	char trouble[TROUBLE_TEXT_SIZE];          /* with the signer; empty: none */
	const struct collector_config *config;    /* of the loop alone: the lock is not over it */
	size_t count;
	struct board_workload *workload;
};

static struct board_workload *list_new(const struct collector_config *config);
static void list_free(struct board_workload *list, size_t count);
static void keep_known(struct board *b, struct board_workload *fresh, size_t count);
static struct board_workload *lock(struct board *b, size_t workload);
static void set_trouble(struct board_workload *w, bool refused, const char *text);
static void copy_text(char *to, size_t size, struct view text);
static void write_self(const struct board *b, uint64_t now_ms, struct buf *to);
static void write_hooks(const struct board_hooks *h, struct buf *to);
static void write_acts(const struct board_acts *a, struct buf *to);
static void write_tokens(const struct board_tokens *t, struct buf *to);
static void write_workload(const struct board_workload *w, struct buf *to);
static void write_text_or_null(struct buf *to, const char *member, const char *text);
static uint64_t processor_ms(void);

enum err
board_new(const char *path, const struct collector_config *config, struct board **out)
{
	struct board *b = calloc(1, sizeof(*b));

	*out = NULL;
	if (b == NULL)
		return ERR_MEMORY;
	if ((b->workload = list_new(config)) == NULL) {
		free(b);
		return ERR_MEMORY;
	}
	pthread_mutex_init(&b->lock, NULL);
	b->path = path;
	b->config = config;
	b->count = config->workload_count;
	b->interval_s = config->interval_s;
	b->began_ms = b->session_ms = b->next_ms = interrupt_clock_ms();
	*out = b;
	return ERR_OK;
}

void
board_free(struct board **b)
{
	if (*b == NULL)
		return;
	list_free((*b)->workload, (*b)->count);
	pthread_mutex_destroy(&(*b)->lock);
	free(*b);
	*b = NULL;
}

enum err
board_configure(struct board *b, const struct collector_config *config)
{
	struct board_workload *fresh;

	if (b == NULL)
		return ERR_OK;
	if ((fresh = list_new(config)) == NULL)
		return ERR_MEMORY;
	pthread_mutex_lock(&b->lock);
	keep_known(b, fresh, config->workload_count);
	list_free(b->workload, b->count);
	b->workload = fresh;
	b->count = config->workload_count;
	b->config = config;
	b->interval_s = config->interval_s;
	pthread_mutex_unlock(&b->lock);
	return ERR_OK;
}

void
board_measured(struct board *b, size_t workload, const struct measurement *m, uint64_t took_ms)
{
	struct board_workload *w = lock(b, workload);

	if (w == NULL)
		return;
	w->measured_ms = m->time_ms;
	w->watched = m->watches;
	w->unwatched = m->unwatched;
	w->took_ms = took_ms;
	w->spent_us = m->spent_us;
	if (!w->refused)
		w->trouble_s = 0;
	pthread_mutex_unlock(&b->lock);
}

void
board_not_measured(struct board *b, size_t workload, enum err e, const struct trouble *t)
{
	struct board_workload *w = lock(b, workload);

	if (w == NULL)
		return;
	set_trouble(w, false, t->text[0] != '\0' ? t->text : err_text(e));
	pthread_mutex_unlock(&b->lock);
}

void
board_verdict(struct board *b, size_t workload, const struct board_verdict *v)
{
	struct board_workload *w = lock(b, workload);

	if (w == NULL)
		return;
	w->has_verdict = true;
	w->verdict = *v;
	/* What could not be measured has a verdict too. */
	if (w->refused)
		w->trouble_s = 0;
	w->refused = false;
	pthread_mutex_unlock(&b->lock);
}

void
board_refused(struct board *b, size_t workload, enum err code)
{
	struct board_workload *w = lock(b, workload);
	char text[TROUBLE_TEXT_SIZE];

	if (w == NULL)
		return;
	(void)snprintf(text, sizeof(text), "the signer refused it: %s (%d %s)", err_text(code),
	    (int)code, err_name(code));
	set_trouble(w, true, text);
	pthread_mutex_unlock(&b->lock);
}

void
board_waiting(struct board *b, size_t workload, uint64_t bundles, uint64_t dropped)
{
	struct board_workload *w = lock(b, workload);

	if (w == NULL)
		return;
	w->waiting = bundles;
	w->dropped = dropped;
	pthread_mutex_unlock(&b->lock);
}

void
board_connected(struct board *b, size_t signer, struct view log)
{
	const struct collector_signer *s;

	if (b == NULL)
		return;
	s = &b->config->signers[signer];
	pthread_mutex_lock(&b->lock);
	if (!b->connected)
		b->session_ms = interrupt_clock_ms();
	b->connected = true;
	(void)snprintf(b->signer, sizeof(b->signer), "%s:%s", s->host, s->port);
	copy_text(b->log, sizeof(b->log), log);
	b->trouble[0] = '\0';
	pthread_mutex_unlock(&b->lock);
}

void
board_disconnected(struct board *b, enum err e, const struct trouble *t)
{
	if (b == NULL)
		return;
	pthread_mutex_lock(&b->lock);
	if (b->connected)
		b->session_ms = interrupt_clock_ms();
	b->connected = false;
	copy_text(b->trouble, sizeof(b->trouble),
	    view_of_string(t != NULL && t->text[0] != '\0' ? t->text : err_text(e)));
	pthread_mutex_unlock(&b->lock);
}

void
board_round(struct board *b, uint64_t took_ms, uint64_t next_ms)
{
	if (b == NULL)
		return;
	pthread_mutex_lock(&b->lock);
	b->rounds++;
	b->round_ms = took_ms;
	b->next_ms = next_ms;
	pthread_mutex_unlock(&b->lock);
}

void
board_spent(struct board *b, uint64_t measuring_us)
{
	if (b == NULL)
		return;
	pthread_mutex_lock(&b->lock);
	b->measuring_us = measuring_us;
	pthread_mutex_unlock(&b->lock);
}

void
board_tokens(struct board *b, const struct board_tokens *t)
{
	if (b == NULL)
		return;
	pthread_mutex_lock(&b->lock);
	b->tokens = *t;
	pthread_mutex_unlock(&b->lock);
}

void
board_hooks(struct board *b, const struct board_hooks *h)
{
	if (b == NULL)
		return;
	pthread_mutex_lock(&b->lock);
	b->hooks = *h;
	pthread_mutex_unlock(&b->lock);
}

void
board_acts(struct board *b, const struct board_acts *a)
{
	if (b == NULL)
		return;
	pthread_mutex_lock(&b->lock);
	b->acts = *a;
	pthread_mutex_unlock(&b->lock);
}

void
board_write(struct board *b, struct buf *to)
{
	pthread_mutex_lock(&b->lock);
	write_self(b, interrupt_clock_ms(), to);
	buf_append_string(to, ",\"workloads\":[");
	for (size_t i = 0; i < b->count; i++) {
		if (i > 0)
			buf_append_byte(to, ',');
		write_workload(&b->workload[i], to);
	}
	buf_append_string(to, "]}\n");
	pthread_mutex_unlock(&b->lock);
}

static struct board_workload *
list_new(const struct collector_config *config)
{
	struct board_workload *list = calloc(config->workload_count, sizeof(*list));

	for (size_t i = 0; list != NULL && i < config->workload_count; i++)
		if ((list[i].name = strdup(config->workloads[i].name)) == NULL) {
			list_free(list, i);
			return NULL;
		}
	return list;
}

static void
list_free(struct board_workload *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i].name);
	free(list);
}

/* Names are unique. */
static void
keep_known(struct board *b, struct board_workload *fresh, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < b->count; j++) {
			char *name = fresh[i].name;

			if (strcmp(name, b->workload[j].name) != 0)
				continue;
			fresh[i] = b->workload[j];
			fresh[i].name = name;
		}
}

/* NULL, not locked: nobody asks. */
static struct board_workload *
lock(struct board *b, size_t workload)
{
	if (b == NULL)
		return NULL;
	pthread_mutex_lock(&b->lock);
	if (workload < b->count)
		return &b->workload[workload];
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

static void
set_trouble(struct board_workload *w, bool refused, const char *text)
{
	if (w->trouble_s == 0)
		w->trouble_s = (uint64_t)time(NULL);
	w->refused = refused;
	copy_text(w->trouble, sizeof(w->trouble), view_of_string(text));
}

static void
copy_text(char *to, size_t size, struct view text)
{
	(void)snprintf(to, size, "%.*s", (int)text.size, (const char *)text.data);
}

static void
write_self(const struct board *b, uint64_t now_ms, struct buf *to)
{
	const unsigned long long all_ms = processor_ms() + b->measuring_us / 1000;
	char now[UTC_TEXT_SIZE];
	uint64_t waiting = 0;

	for (size_t i = 0; i < b->count; i++)
		waiting += b->workload[i].waiting;
	buf_append_format(to, "{\"version\":\"%s\",\"pid\":%ld,\"uptime_s\":%llu,\"time\":\"%s\"",
	    HALLMARK_VERSION, (long)getpid(), (unsigned long long)(now_ms - b->began_ms) / 1000,
	    utc_text((uint64_t)time(NULL), now));
	write_text_or_null(to, "config", b->path);
	write_text_or_null(to, "signer", b->signer);
	write_text_or_null(to, "log", b->log);
	buf_append_format(to, ",\"connected\":%s,\"session_s\":%llu",
	    b->connected ? "true" : "false", (unsigned long long)(now_ms - b->session_ms) / 1000);
	write_text_or_null(to, "trouble", b->trouble);
	buf_append_format(to,
	    ",\"interval_s\":%lu,\"rounds\":%llu,\"round_ms\":%llu,\"next_round_s\":%llu,"
	    "\"waiting\":%llu,\"processor_ms\":%llu,\"measuring_ms\":%llu",
	    (unsigned long)b->interval_s, (unsigned long long)b->rounds,
	    (unsigned long long)b->round_ms,
	    (unsigned long long)(b->next_ms > now_ms ? (b->next_ms - now_ms) / 1000 : 0),
	    (unsigned long long)waiting, all_ms, (unsigned long long)b->measuring_us / 1000);
	write_tokens(&b->tokens, to);
	write_hooks(&b->hooks, to);
	write_acts(&b->acts, to);
}

static void
write_tokens(const struct board_tokens *t, struct buf *to)
{
	static const char *const reasons[BOARD_TOKEN_REASONS] = {
	    "strangers", "gone", "malformed", "without", "busy"};

	buf_append_format(to, ",\"tokens\":{\"files\":%llu,\"file_failures\":%llu,\"given\":%llu",
	    (unsigned long long)t->files, (unsigned long long)t->file_failures,
	    (unsigned long long)t->given);
	for (size_t i = 0; i < BOARD_TOKEN_REASONS; i++)
		buf_append_format(
		    to, ",\"%s\":%llu", reasons[i], (unsigned long long)t->refused[i]);
	buf_append_string(to, "}");
}

static void
write_hooks(const struct board_hooks *h, struct buf *to)
{
	buf_append_format(to,
	    ",\"hooks\":{\"runs\":%llu,\"failed\":%llu,\"overdue\":%llu,\"not_started\":%llu,"
	    "\"lost\":%llu,\"left\":%llu,\"refused_receipts\":%llu}",
	    (unsigned long long)h->runs, (unsigned long long)h->failed,
	    (unsigned long long)h->overdue, (unsigned long long)h->not_started,
	    (unsigned long long)h->lost, (unsigned long long)h->left,
	    (unsigned long long)h->refused_receipts);
}

static void
write_acts(const struct board_acts *a, struct buf *to)
{
	buf_append_format(to,
	    ",\"acts\":{\"waiting\":%llu,\"held\":%llu,\"suspended\":%llu,\"off\":%s,"
	    "\"done\":%llu,\"undone\":%llu,\"failed\":%llu,\"refused_grants\":%llu}",
	    (unsigned long long)a->waiting, (unsigned long long)a->held,
	    (unsigned long long)a->suspended, a->off ? "true" : "false",
	    (unsigned long long)a->done, (unsigned long long)a->undone,
	    (unsigned long long)a->failed, (unsigned long long)a->refused_grants);
}

static void
write_workload(const struct board_workload *w, struct buf *to)
{
	char time[UTC_TEXT_SIZE];

	buf_append_string(to, "{\"name\":");
	json_append_string(to, view_of_string(w->name));
	write_text_or_null(
	    to, "verdict", w->has_verdict ? report_status_name(w->verdict.status) : "");
	if (w->has_verdict)
		buf_append_format(to, ",\"index\":%llu", (unsigned long long)w->verdict.index);
	else
		buf_append_string(to, ",\"index\":null");
	buf_append_format(to, ",\"findings\":%llu", (unsigned long long)w->verdict.findings);
	write_text_or_null(to, "finding", w->verdict.finding);
	write_text_or_null(
	    to, "measured", w->measured_ms > 0 ? utc_text(w->measured_ms / 1000, time) : "");
	buf_append_format(to,
	    ",\"took_ms\":%llu,\"spent_us\":%llu,\"watched\":%lu,\"unwatched\":%lu",
	    (unsigned long long)w->took_ms, (unsigned long long)w->spent_us,
	    (unsigned long)w->watched, (unsigned long)w->unwatched);
	buf_append_format(to, ",\"waiting\":%llu,\"dropped\":%llu", (unsigned long long)w->waiting,
	    (unsigned long long)w->dropped);
	write_text_or_null(to, "trouble", w->trouble_s > 0 ? w->trouble : "");
	write_text_or_null(
	    to, "trouble_since", w->trouble_s > 0 ? utc_text(w->trouble_s, time) : "");
	buf_append_byte(to, '}');
}

static void
write_text_or_null(struct buf *to, const char *member, const char *text)
{
	buf_append_format(to, ",\"%s\":", member);
	if (text[0] != '\0')
		json_append_string(to, view_of_string(text));
	else
		buf_append_string(to, "null");
}

/* Of this process. */
static uint64_t
processor_ms(void)
{
	struct timespec used;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}
