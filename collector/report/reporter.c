#include "collector/report/reporter.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/interrupt.h"
#include "collector/ground/log_key.h"
#include "collector/report/channel_context.h"
#include "collector/report/receipt.h"
#include "collector/report/reporter_bundle.h"
#include "collector/report/reporter_state.h"
#include "collector/report/reporter_submit.h"
#include "collector/report/reporter_tokens.h"
#include "journal/logger.h"

/* Of a workload, from before a reload. */
struct reporter_known {
	struct unmeasured lack;
	struct measurement measurement;
};

/* To a bundle at the end of the chain: reporter_bundle.h. */
typedef bool reporter_way(struct reporter *r, struct reporter_workload *w, bool offline);

static enum reporter_outcome report_by(
    struct reporter *r, size_t workload, reporter_way *measure, struct receipt_summary *out);
static enum reporter_outcome spool_by(struct reporter *r, size_t workload, reporter_way *measure);
static enum err load_key(const char *path, EVP_PKEY **out, struct trouble *t);
static enum err load(struct reporter *r, struct trouble *t);
static enum err load_state(struct reporter *r, struct trouble *t);

enum err
reporter_new(const struct collector_config *config, struct measurer *measurer, struct board *board,
    struct giver *giver, struct actor *actor, bool goes_on, struct reporter **out,
    struct trouble *t)
{
	struct reporter *r = calloc(1, sizeof(*r));
	enum err e;

	*out = NULL;
	if (r == NULL)
		return ERR_MEMORY;
	r->config = config;
	r->measurer = measurer;
	r->board = board;
	r->giver = giver;
	r->actor = actor;
	r->challenges.count = config->workload_count;
	r->next_s = goes_on ? reporter_promise_s(config) : 0;
	r->receipts = r->log_dir = -1;
	r->log = BUF_INIT;
	if ((e = ranking_set(&r->ranking, config->signer_count)) == ERR_OK &&
	    (e = load(r, t)) == ERR_OK)
		*out = r;
	else
		reporter_free(&r);
	return e;
}

void
reporter_free(struct reporter **r)
{
	if (*r == NULL)
		return;
	client_close(&(*r)->client);
	reporter_close_chains(*r);
	free((*r)->workloads);
	free((*r)->challenges.of);
	ranking_free(&(*r)->ranking);
	if ((*r)->log_dir >= 0)
		(void)close((*r)->log_dir);
	if ((*r)->receipts >= 0)
		(void)close((*r)->receipts);
	buf_free(&(*r)->log);
	for (size_t i = 0; (*r)->log_key != NULL && i < (*r)->config->signer_count; i++)
		receipt_keys_free(&(*r)->log_key[i]);
	free((*r)->log_key);
	channel_context_free(&(*r)->tls);
	state_close(&(*r)->state);
	free(*r);
	*r = NULL;
}

bool
reporter_is_connected(const struct reporter *r)
{
	return r->client != NULL;
}

bool
reporter_has_moved(const struct reporter *r)
{
	return r->moved;
}

bool
reporter_has_other(const struct reporter *r)
{
	return ranking_has_other(&r->ranking, interrupt_clock_ms());
}

int
reporter_descriptor(const struct reporter *r)
{
	return r->client != NULL ? client_descriptor(r->client) : -1;
}

/* An idle session that ends is nothing to tell: the next round makes a new one. */
void
reporter_take_news(struct reporter *r)
{
	struct trouble t = TROUBLE_INIT;
	enum err e;

	if (r->client != NULL && (e = client_take_news(r->client, &t)) != ERR_OK)
		reporter_disconnect(r, e, e == ERR_CLOSED ? NULL : &t);
}

uint64_t
reporter_challenge_ms(const struct reporter *r, const bool *passed, size_t *workload)
{
	uint64_t due_ms;

	return reporter_next_challenge(&r->challenges, passed, workload, &due_ms) ? due_ms
										  : UINT64_MAX;
}

uint64_t
reporter_refresh_ms(const struct reporter *r, const bool *passed, size_t *workload)
{
	return reporter_next_refresh_ms(r, passed, workload);
}

void
reporter_refresh_begin(struct reporter *r, size_t workload)
{
	reporter_put_off_refresh(&r->workloads[workload]);
}

size_t
reporter_waiting(const struct reporter *r)
{
	size_t waiting = 0;

	for (size_t i = 0; i < r->config->workload_count; i++)
		if (r->workloads[i].chain != NULL)
			waiting += chain_waiting(r->workloads[i].chain);
	return waiting;
}

bool
reporter_keeps(const struct reporter *r)
{
	return r->client != NULL || r->log.size > 0;
}

bool
reporter_begin_measuring(struct reporter *r, size_t workload)
{
	return reporter_begin(r, &r->workloads[workload]);
}

uint64_t
reporter_cost_ms(const struct reporter *r, size_t workload)
{
	const struct reporter_workload *w = &r->workloads[workload];

	return w->measurement.spent_us > 0 ? w->measurement.spent_us / 1000 : w->took_ms;
}

struct reporter_known *
reporter_known(const struct reporter *r)
{
	struct reporter_known *known = calloc(r->config->workload_count, sizeof(*known));

	for (size_t i = 0; known != NULL && i < r->config->workload_count; i++)
		known[i] =
		    (struct reporter_known){r->workloads[i].lack, r->workloads[i].measurement};
	return known;
}

void
reporter_know(
    struct reporter *r, const struct reporter_known *known, const struct collector_config *of)
{
	for (size_t i = 0; known != NULL && i < of->workload_count; i++)
		for (size_t j = 0; j < r->config->workload_count; j++) {
			struct reporter_workload *w = &r->workloads[j];

			if (!unmeasured_is_slow(&known[i].lack) ||
			    strcmp(w->config->name, of->workloads[i].name) != 0)
				continue;
			w->lack = known[i].lack;
			w->measurement = known[i].measurement;
		}
}

bool
reporter_is_slow(const struct reporter *r, size_t workload)
{
	return unmeasured_is_slow(&r->workloads[workload].lack);
}

enum reporter_outcome
reporter_report(struct reporter *r, size_t workload, struct receipt_summary *out)
{
	return report_by(r, workload, reporter_measure, out);
}

enum reporter_outcome
reporter_repeat(struct reporter *r, size_t workload, struct receipt_summary *out)
{
	return report_by(r, workload, reporter_repeat_lack, out);
}

static enum reporter_outcome
report_by(struct reporter *r, size_t workload, reporter_way *measure, struct receipt_summary *out)
{
	struct reporter_workload *w = &r->workloads[workload];
	struct reporter_challenge *challenge = &r->challenges.of[workload];
	enum reporter_outcome outcome = reporter_settle(r, w);
	enum reporter_step step = REPORTER_STEP_CHANGED;

	for (unsigned i = 0; outcome == REPORTER_DONE && i < REPORTER_FRESH_TRIES_MAX &&
			     step == REPORTER_STEP_CHANGED;
	     i++) {
		if (measure(r, w, false))
			step = reporter_submit_head(r, w, out);
		else
			outcome = r->failed ? REPORTER_FAILED : REPORTER_REFUSED;
	}
	reporter_end_challenge(challenge, &w->challenge);
	/* The signer has what waits at the head, and its receipt has no room: others follow. */
	if (outcome == REPORTER_REFUSED && w->lacks_room && w->chain != NULL &&
	    chain_is_in_doubt(w->chain))
		return spool_by(r, workload, measure) == REPORTER_FAILED ? REPORTER_FAILED
									 : REPORTER_REFUSED;
	return outcome == REPORTER_DONE ? reporter_outcome_of(step) : outcome;
}

bool
reporter_may_drain(const struct reporter *r, size_t workload)
{
	const struct reporter_workload *w = &r->workloads[workload];

	return r->client != NULL && w->chain != NULL && chain_head_may_go(w->chain);
}

enum reporter_outcome
reporter_drain(struct reporter *r, size_t workload)
{
	struct receipt_summary result;
	const enum reporter_step step = reporter_submit_head(r, &r->workloads[workload], &result);

	r->stored = true; /* and may be needed no more */
	return step == REPORTER_STEP_CHANGED ? REPORTER_DONE : reporter_outcome_of(step);
}

enum reporter_outcome
reporter_spool(struct reporter *r, size_t workload)
{
	return spool_by(r, workload, reporter_measure);
}

enum reporter_outcome
reporter_spool_again(struct reporter *r, size_t workload)
{
	return spool_by(r, workload, reporter_repeat_lack);
}

static enum reporter_outcome
spool_by(struct reporter *r, size_t workload, reporter_way *measure)
{
	struct reporter_workload *w = &r->workloads[workload];
	struct logline j;

	if (r->log.size == 0) /* no log was ever spoken to: there is no chain to go on with */
		return REPORTER_REFUSED;
	if (reporter_open_chain(r, w) != ERR_OK)
		return r->failed ? REPORTER_FAILED : REPORTER_REFUSED;
	if (!reporter_make_room(r, w))
		return REPORTER_FAILED;
	if (!measure(r, w, true))
		return r->failed ? REPORTER_FAILED : REPORTER_REFUSED;
	if (r->client == NULL)
		reporter_have_room(r, w);
	logline_begin(&j, LOGGER_INFO, "spooled");
	logline_string(&j, "workload", w->config->name);
	logline_number(&j, "waiting", chain_waiting(w->chain));
	logline_end(&j);
	return REPORTER_DONE;
}

void
reporter_tell_waiting(const struct reporter *r)
{
	for (size_t i = 0; i < r->config->workload_count; i++) {
		const struct chain *c = r->workloads[i].chain;

		board_waiting(r->board, i, c != NULL ? chain_waiting(c) : 0,
		    c != NULL ? chain_dropped(c) : 0);
	}
}

void
reporter_tidy(struct reporter *r)
{
	const size_t most = r->config->workload_count * COMPONENT_KIND_COUNT;
	struct digest *keep;
	size_t count = 0;

	/* What came and is of no bundle yet would go with the rest. */
	if (r->stored && !measurer_holds_bytes(r->measurer) &&
	    (keep = calloc(most + 1, sizeof(*keep))) != NULL) {
		for (size_t i = 0; i < r->config->workload_count; i++)
			for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
				if (r->workloads[i].measurement.component[k].present)
					keep[count++] =
					    r->workloads[i].measurement.component[k].digest;
		state_sweep_components(r->state, keep, count);
		free(keep);
		r->component_bytes = state_component_bytes(r->state);
		r->stored = false;
	}
	(void)malloc_trim(0);
}

/* NULL where none is configured. */
static enum err
load_key(const char *path, EVP_PKEY **out, struct trouble *t)
{
	*out = NULL;
	return path != NULL ? log_key_load(path, out, t) : ERR_OK;
}

static enum err
load(struct reporter *r, struct trouble *t)
{
	const struct collector_config *config = r->config;
	enum err e;

	r->log_key = calloc(config->signer_count, sizeof(*r->log_key));
	r->workloads = calloc(config->workload_count, sizeof(*r->workloads));
	r->challenges.of = calloc(config->workload_count, sizeof(*r->challenges.of));
	if (r->log_key == NULL || r->workloads == NULL || r->challenges.of == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < config->workload_count; i++) {
		r->workloads[i].config = &config->workloads[i];
		r->workloads[i].reporter = r;
		r->challenges.of[i].workload = config->workloads[i].name;
		if ((e = measure_check(&config->workloads[i], t)) != ERR_OK)
			return e;
	}
	for (size_t i = 0; i < config->signer_count; i++)
		if ((e = load_key(config->signers[i].log_certificate, &r->log_key[i].now.key, t)) !=
			ERR_OK ||
		    (e = load_key(config->signers[i].log_certificate_next, &r->log_key[i].next.key,
			 t)) != ERR_OK)
			return e;
	if ((e = load_state(r, t)) == ERR_OK)
		reporter_identify_program(r);
	return e;
}

static enum err
load_state(struct reporter *r, struct trouble *t)
{
	const struct collector_config *config = r->config;
	struct buf last = BUF_INIT;
	enum err e;

	r->receipts = open(config->receipt_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->receipts < 0)
		return trouble_set(t, ERR_IO, "receipts directory %s: %s",
		    config->receipt_directory, strerror(errno));
	if ((e = channel_context_new(config, &r->tls, t)) != ERR_OK ||
	    (e = state_open(config->state_directory, &r->state, t)) != ERR_OK)
		return e;
	e = state_last_log(r->state, &last, t);
	if (e == ERR_OK)
		e = reporter_select_log(r, buf_view(&last), t);
	buf_free(&last);
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}
