#include "signer/ledger/key/keyprocess.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/logger.h"
#include "signer/ledger/key/keylife.h"
#include "signer/ledger/key/unanswered.h"

/*
 * Least time from one start to the next, at first and at most, and from an end to the next start:
 * a process that was killed needs a moment to let go of the guard. The most bounds how late
 * receipts resume after a token came back (a start takes some 30 ms with a local module). A life
 * that hung has had its wait: it is not added to the deadline that it used up.
 */
#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS   1000

/* A start may load a module, log in and find the key: longer than an answer, but not for ever. */
#define START_DEADLINE_MS 15000

/*
 * From the end of the channel to that of the process, or the other way round: how long what is
 * still to be learned of its end is waited for. Both come at once, unless the module has left a
 * process of its own behind, or hangs when it is finalised.
 */
#define END_WAIT_MS 500

enum state {
	STATE_DOWN,     /* waiting for the back-off timer */
	STATE_STARTING, /* the state answer is due */
	STATE_READY,
	STATE_HALTED,  /* the PIN was refused; the process waits for an operator */
	STATE_ENDING,  /* one of channel and process has ended, or it has said why it will */
	STATE_CLOSING, /* for good */
	STATES,
};

static const char *const state_names[STATES] = {[STATE_DOWN] = "down",
    [STATE_STARTING] = "starting",
    [STATE_READY] = "up",
    [STATE_HALTED] = "halted",
    [STATE_ENDING] = "down",
    [STATE_CLOSING] = "closing"};

static const unsigned moves[STATES] = {
    [STATE_DOWN] = 1U << STATE_STARTING | 1U << STATE_DOWN | 1U << STATE_CLOSING,
    [STATE_STARTING] = 1U << STATE_READY | 1U << STATE_HALTED | 1U << STATE_ENDING |
		       1U << STATE_DOWN | 1U << STATE_CLOSING,
    [STATE_READY] = 1U << STATE_ENDING | 1U << STATE_DOWN | 1U << STATE_CLOSING,
    [STATE_HALTED] = 1U << STATE_ENDING | 1U << STATE_DOWN | 1U << STATE_CLOSING,
    [STATE_ENDING] = 1U << STATE_DOWN | 1U << STATE_CLOSING,
    [STATE_CLOSING] = 0,
};

struct keyprocess {
	uv_loop_t *loop;
	const struct signer_config *config;
	struct counters *counters;
	struct keyprocess_events events;
	enum state state;
	struct keylife *life; /* NULL between two */
	uv_timer_t backoff;
	uv_timer_t deadline;
	uint64_t backoff_ms;
	uint64_t started_ms;        /* uv_now at the last start */
	char end[KEYLIFE_END_SIZE]; /* of the last life */
	struct unanswered unanswered;
	struct buf output; /* requests that are not on their way yet */
	unsigned timers_open;
	unsigned lives_open;
	void (*closed)(void *context);
	void *closed_context;
};

static void move(struct keyprocess *k, enum state to);
static void start(struct keyprocess *k);
static void give_up(struct keyprocess *k, const char *reason);
static uint64_t backoff_left(const struct keyprocess *k);
static void wait_for_end(struct keyprocess *k);
static void on_backoff(uv_timer_t *timer);
static void on_deadline(uv_timer_t *timer);
static void on_answer(void *context, const struct keychannel_answer *answer);
static void on_answered(void *context);
static void on_ending(void *context);
static void on_over(void *context, const char *reason);
static void on_life_closed(void *context);
static void on_timer_closed(uv_handle_t *handle);
static void take_state(struct keyprocess *k, const struct keychannel_answer *answer);
static void take_end(struct keyprocess *k, const struct keychannel_answer *answer);
static void halt(struct keyprocess *k, const struct keychannel_answer *answer);
static void deadline_set(struct keyprocess *k);
static void maybe_closed(struct keyprocess *k);

enum err
keyprocess_new(uv_loop_t *loop, const struct signer_config *config, struct counters *counters,
    const struct keyprocess_events *events, struct keyprocess **out)
{
	struct keyprocess *k = calloc(1, sizeof(*k));

	*out = NULL;
	if (k == NULL)
		return ERR_MEMORY;
	k->loop = loop;
	k->config = config;
	k->counters = counters;
	k->events = *events;
	k->backoff_ms = BACKOFF_FIRST_MS;
	k->output = BUF_INIT;
	uv_timer_init(loop, &k->backoff);
	uv_timer_init(loop, &k->deadline);
	k->timers_open = 2;
	k->backoff.data = k;
	k->deadline.data = k;
	*out = k;
	start(k);
	return ERR_OK;
}

void
keyprocess_close(struct keyprocess **kp, void (*closed)(void *context), void *context)
{
	struct keyprocess *k = *kp;

	*kp = NULL;
	move(k, STATE_CLOSING);
	k->closed = closed;
	k->closed_context = context;
	if (k->life != NULL)
		keylife_close(&k->life);
	uv_close((uv_handle_t *)&k->backoff, on_timer_closed);
	uv_close((uv_handle_t *)&k->deadline, on_timer_closed);
}

void
keyprocess_reconfigure(struct keyprocess *k, const struct signer_config *config)
{
	k->config = config;
}

bool
keyprocess_is_ready(const struct keyprocess *k)
{
	return k->state == STATE_READY;
}

const char *
keyprocess_state_name(const struct keyprocess *k)
{
	return state_names[k->state];
}

int
keyprocess_pid(const struct keyprocess *k)
{
	return k->life != NULL ? keylife_pid(k->life) : 0;
}

const char *
keyprocess_end(const struct keyprocess *k)
{
	return k->end;
}

void
keyprocess_request(struct keyprocess *k, struct keychannel_request *request, void *about)
{
	if (k->state != STATE_READY)
		abort();
	unanswered_add(&k->unanswered, request, about);
	keychannel_write_request(&k->output, request);
	if (k->unanswered.count == 1)
		deadline_set(k);
}

void
keyprocess_flush(struct keyprocess *k)
{
	const char *reason;

	if (k->state != STATE_READY || (k->output.size == 0 && buf_status(&k->output) == ERR_OK))
		return;
	if ((reason = keylife_send(k->life, &k->output)) != NULL)
		give_up(k, reason);
}

static void
move(struct keyprocess *k, enum state to)
{
	if ((moves[k->state] & 1U << to) == 0)
		abort();
	k->state = to;
}

static void
start(struct keyprocess *k)
{
	const struct keylife_events events = {.answer = on_answer,
	    .answered = on_answered,
	    .ending = on_ending,
	    .over = on_over,
	    .closed = on_life_closed,
	    .context = k};
	const char *reason;

	if (keylife_new(k->loop, &events, &k->life) != ERR_OK) {
		give_up(k, "no memory for a key process");
		return;
	}
	k->lives_open++;
	k->counters->key_process_starts++;
	k->started_ms = uv_now(k->loop);
	uv_timer_start(&k->deadline, on_deadline, START_DEADLINE_MS, 0);
	move(k, STATE_STARTING);
	if ((reason = keylife_start(k->life, k->config)) != NULL)
		give_up(k, reason);
}

/* Ends the present life and arranges the next. */
static void
give_up(struct keyprocess *k, const char *reason)
{
	struct ration_about about = {
	    .kind = RATION_FAULTS, .event = "key-process-down", .called = "reason"};
	struct logline l;
	bool was_ready = k->state == STATE_READY;
	uint64_t wait_ms = backoff_left(k);

	if (k->state == STATE_CLOSING)
		return;
	snprintf(k->end, sizeof(k->end), "%s", reason);
	/* One that can never start ends every second: of each reason some are said. */
	about.name = view_of_string(k->end);
	logline_begin_rationed(&l, LOGGER_WARNING, &about);
	if (k->life != NULL && keylife_end_code(k->life) != ERR_OK)
		logline_error(&l, keylife_end_code(k->life));
	logline_string(&l, "reason", k->end);
	logline_number(&l, "unanswered", k->unanswered.count);
	logline_number(&l, "retry_ms", wait_ms);
	logline_end(&l);
	move(k, STATE_DOWN);
	memset(&k->unanswered, 0, sizeof(k->unanswered));
	buf_clear(&k->output);
	uv_timer_stop(&k->deadline);
	if (k->life != NULL)
		keylife_close(&k->life);
	uv_timer_start(&k->backoff, on_backoff, wait_ms, 0);
	k->backoff_ms = k->backoff_ms * 2 < BACKOFF_MAX_MS ? k->backoff_ms * 2 : BACKOFF_MAX_MS;
	if (was_ready)
		k->events.down(k->events.context);
}

/* Some of its end has been seen; what is still to come of it says why. */
static void
wait_for_end(struct keyprocess *k)
{
	bool was_ready = k->state == STATE_READY;

	if (k->state == STATE_ENDING || k->state == STATE_CLOSING)
		return;
	move(k, STATE_ENDING);
	uv_timer_start(&k->deadline, on_deadline, END_WAIT_MS, 0);
	if (was_ready)
		k->events.down(k->events.context);
}

static uint64_t
backoff_left(const struct keyprocess *k)
{
	uint64_t since_ms = uv_now(k->loop) - k->started_ms;

	if (since_ms + BACKOFF_FIRST_MS >= k->backoff_ms)
		return BACKOFF_FIRST_MS;
	return k->backoff_ms - since_ms;
}

static void
on_backoff(uv_timer_t *timer)
{
	start(timer->data);
}

static void
on_deadline(uv_timer_t *timer)
{
	struct keyprocess *k = timer->data;
	char reason[64];

	if (k->state == STATE_ENDING) {
		give_up(k, keylife_end(k->life));
		return;
	}
	if (k->state == STATE_READY)
		snprintf(reason, sizeof(reason), "no answer within the deadline of %" PRIu32 " ms",
		    k->config->key_process.deadline_ms);
	else
		snprintf(reason, sizeof(reason), "not ready within the deadline of %d ms",
		    START_DEADLINE_MS);
	give_up(k, reason);
}

static void
on_answer(void *context, const struct keychannel_answer *answer)
{
	struct keyprocess *k = context;
	struct logline l;
	void *about;

	if (answer->type == KEYCHANNEL_STATE && answer->id == 0) {
		take_state(k, answer);
		return;
	}
	if (k->state != STATE_READY || !unanswered_take(&k->unanswered, answer, &about)) {
		give_up(k, "it answered what was not asked");
		return;
	}
	deadline_set(k);
	if (!keychannel_is_decision(answer->type, answer->result)) {
		logline_begin(&l, LOGGER_WARNING, "key-process-failed");
		logline_error(&l, answer->result);
		logline_view(&l, "text", answer->body);
		logline_end(&l);
		keylife_last_word(k->life, ERR_OK, answer->body);
		give_up(k, keylife_end(k->life));
		return;
	}
	k->backoff_ms = BACKOFF_FIRST_MS;
	k->events.answer(k->events.context, about, answer);
}

static void
on_answered(void *context)
{
	struct keyprocess *k = context;

	if (k->state == STATE_READY)
		k->events.answered(k->events.context);
}

static void
on_ending(void *context)
{
	wait_for_end(context);
}

static void
on_over(void *context, const char *reason)
{
	give_up(context, reason);
}

static void
on_life_closed(void *context)
{
	struct keyprocess *k = context;

	k->lives_open--;
	maybe_closed(k);
}

/* What it says unasked. */
static void
take_state(struct keyprocess *k, const struct keychannel_answer *answer)
{
	if (answer->result != ERR_OK) {
		take_end(k, answer);
	} else if (k->state == STATE_STARTING) {
		move(k, STATE_READY);
		uv_timer_stop(&k->deadline);
		k->events.ready(k->events.context, answer->size, &answer->root, answer->body);
	} else if (k->state == STATE_READY) {
		k->events.renewed(k->events.context, answer->body);
	} else {
		give_up(k, "it answered what was not asked");
	}
}

/* The last word of a process that ends, or waits for an operator first. */
static void
take_end(struct keyprocess *k, const struct keychannel_answer *answer)
{
	if (answer->result == ERR_PIN_REFUSED && k->state == STATE_STARTING) {
		halt(k, answer);
		return;
	}
	keylife_last_word(k->life, answer->result, answer->body);
	wait_for_end(k);
}

/* Why it waits is not why it will end: of that the life knows nothing yet. */
static void
halt(struct keyprocess *k, const struct keychannel_answer *answer)
{
	struct logline l;

	move(k, STATE_HALTED);
	uv_timer_stop(&k->deadline);
	logline_begin(&l, LOGGER_ERROR, "key-process-halted");
	logline_error(&l, answer->result);
	logline_string(&l, "text", keylife_sentence(answer->body, k->end));
	logline_end(&l);
}

/*
 * The deadline runs exactly while an answer is due, anew from each answer. One session that hangs
 * while others go on is for the key process to notice, which has a deadline for each.
 */
static void
deadline_set(struct keyprocess *k)
{
	if (k->unanswered.count == 0)
		uv_timer_stop(&k->deadline);
	else
		uv_timer_start(&k->deadline, on_deadline, k->config->key_process.deadline_ms, 0);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct keyprocess *k = handle->data;

	k->timers_open--;
	maybe_closed(k);
}

static void
maybe_closed(struct keyprocess *k)
{
	void (*closed)(void *context) = k->closed;
	void *context = k->closed_context;

	if (k->state != STATE_CLOSING || k->timers_open > 0 || k->lives_open > 0)
		return;
	buf_free(&k->output);
	free(k);
	closed(context);
}
