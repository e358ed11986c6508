#include "signer/ledger/key/keyprocess.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "journal/logger.h"
#include "proto/text.h"
#include "signer/ledger/key/child.h"

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

/* Bytes of the sentence about an end that is kept. */
#define END_SIZE 512

enum state {
	STATE_DOWN,       /* waiting for the back-off timer */
	STATE_CONNECTING, /* Unix socket: connect is under way */
	STATE_STARTING,   /* channel is there, the state answer is due */
	STATE_READY,
	STATE_HALTED,  /* the PIN was refused; the process waits for an operator */
	STATE_ENDING,  /* one of channel and process has ended, or it has said why it will */
	STATE_CLOSING, /* for good */
	STATES,
};

static const char *const state_names[STATES] = {[STATE_DOWN] = "down",
    [STATE_CONNECTING] = "starting",
    [STATE_STARTING] = "starting",
    [STATE_READY] = "up",
    [STATE_HALTED] = "halted",
    [STATE_ENDING] = "down",
    [STATE_CLOSING] = "closing"};

static const unsigned moves[STATES] = {
    [STATE_DOWN] =
	1U << STATE_CONNECTING | 1U << STATE_STARTING | 1U << STATE_DOWN | 1U << STATE_CLOSING,
    [STATE_CONNECTING] = 1U << STATE_STARTING | 1U << STATE_DOWN | 1U << STATE_CLOSING,
    [STATE_STARTING] = 1U << STATE_READY | 1U << STATE_HALTED | 1U << STATE_ENDING |
		       1U << STATE_DOWN | 1U << STATE_CLOSING,
    [STATE_READY] = 1U << STATE_ENDING | 1U << STATE_DOWN | 1U << STATE_CLOSING,
    [STATE_HALTED] = 1U << STATE_ENDING | 1U << STATE_DOWN | 1U << STATE_CLOSING,
    [STATE_ENDING] = 1U << STATE_DOWN | 1U << STATE_CLOSING,
    [STATE_CLOSING] = 0,
};

/* A request without an answer. */
struct asked {
	uint64_t id; /* 0: none */
	enum keychannel_type type;
	void *about;
};

/* One life of the process: handles that close on their own time, after a new life has begun. */
struct life {
	struct keyprocess *owner; /* NULL once it was given up */
	uv_pipe_t channel;
	uv_connect_t connect;
	struct child *child; /* NULL before and after, and if somebody else starts it */
	unsigned open_handles;
	struct buf input;
	bool reading, channel_ended;
	char end[END_SIZE]; /* why it ends, as far as is known; empty: not at all */
	enum err code;      /* with which it said that itself */
};

struct keyprocess {
	uv_loop_t *loop;
	const struct signer_config *config;
	struct counters *counters;
	struct keyprocess_events events;
	enum state state;
	struct life *life;
	uv_timer_t backoff;
	uv_timer_t deadline;
	uint64_t backoff_ms;
	uint64_t started_ms; /* uv_now at the last start */
	uint64_t last_id;    /* of the last request */
	char end[END_SIZE];  /* of the last life */
	struct asked asked[KEYCHANNEL_UNANSWERED_MAX];
	unsigned asked_count;
	struct buf output; /* requests that are not with libuv yet */
	unsigned timers_open;
	unsigned lives_open;
	void (*closed)(void *context);
	void *closed_context;
};

struct write_request {
	uv_write_t request;
	struct buf bytes;
};

static void move(struct keyprocess *k, enum state to);
static void start(struct keyprocess *k);
static const char *spawn(struct life *life, const struct signer_config *config);
static void start_reading(struct life *life);
static void give_up(struct keyprocess *k, const char *reason);
static uint64_t backoff_left(const struct keyprocess *k);
static void wait_for_end(struct keyprocess *k);
static void end_known(struct life *life);
static void end_keep(char to[END_SIZE], struct view text);
static void life_end(struct life *life);
static void on_backoff(uv_timer_t *timer);
static void on_deadline(uv_timer_t *timer);
static void on_connect(uv_connect_t *request, int status);
static void on_child_started(void *context);
static void on_child_ended(void *context, int status, int signal_number);
static void on_child_closed(void *context);
static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out);
static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *bytes);
static void on_written(uv_write_t *request, int status);
static void on_channel_closed(uv_handle_t *handle);
static void part_closed(struct life *life);
static void on_timer_closed(uv_handle_t *handle);
static void take_answer(struct keyprocess *k, const struct keychannel_answer *answer);
static void take_end(struct keyprocess *k, const struct keychannel_answer *answer);
static struct asked *find_asked(struct keyprocess *k, uint64_t id);
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
		life_end(k->life);
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
	return k->life != NULL && k->life->child != NULL ? child_pid(k->life->child) : 0;
}

const char *
keyprocess_end(const struct keyprocess *k)
{
	return k->end;
}

void
keyprocess_request(struct keyprocess *k, struct keychannel_request *request, void *about)
{
	struct asked *asked = find_asked(k, 0);

	if (k->state != STATE_READY || asked == NULL)
		abort();
	request->id = ++k->last_id;
	*asked = (struct asked){request->id, request->type, about};
	keychannel_write_request(&k->output, request);
	if (k->asked_count++ == 0)
		deadline_set(k);
}

void
keyprocess_flush(struct keyprocess *k)
{
	struct write_request *w;
	uv_buf_t bytes;

	if (k->state != STATE_READY || (k->output.size == 0 && buf_status(&k->output) == ERR_OK))
		return;
	if (buf_status(&k->output) != ERR_OK || (w = calloc(1, sizeof(*w))) == NULL) {
		give_up(k, "no memory for a request");
		return;
	}
	w->bytes = k->output; /* moved */
	k->output = BUF_INIT;
	bytes = uv_buf_init((char *)w->bytes.data, (unsigned)w->bytes.size);
	w->request.data = w;
	if (uv_write(&w->request, (uv_stream_t *)&k->life->channel, &bytes, 1, on_written) != 0) {
		buf_free(&w->bytes);
		free(w);
		give_up(k, "cannot write to the key process");
	}
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
	struct life *life = calloc(1, sizeof(*life));
	const char *reason;

	if (life == NULL) {
		give_up(k, "no memory for a key process");
		return;
	}
	life->owner = k;
	life->input = BUF_INIT;
	uv_pipe_init(k->loop, &life->channel, 0);
	life->channel.data = life;
	life->open_handles = 1;
	k->life = life;
	k->lives_open++;
	k->counters->key_process_starts++;
	k->started_ms = uv_now(k->loop);
	k->last_id = 0;
	uv_timer_start(&k->deadline, on_deadline, START_DEADLINE_MS, 0);
	if (k->config->key_process.socket != NULL) {
		move(k, STATE_CONNECTING);
		life->connect.data = life;
		uv_pipe_connect(
		    &life->connect, &life->channel, k->config->key_process.socket, on_connect);
		return;
	}
	move(k, STATE_STARTING);
	if ((reason = spawn(life, k->config)) != NULL)
		give_up(k, reason);
}

/*
 * Descriptors: 0 is /dev/null, 1 and 2 are our stderr, 3 is the channel. Nothing else is inherited:
 * libuv opens everything close-on-exec, and the key process closes what it does not know. Gives why
 * it failed, or NULL.
 */
static const char *
spawn(struct life *life, const struct signer_config *config)
{
	static const char *const forms[] = {
	    [LOGGER_TEXT] = NULL, [LOGGER_JSON] = "--json", [LOGGER_RFC5424] = "--rfc5424"};
	const char *const arguments[] = {config->key_process.program, "serve", "-c",
	    config->key_process.config, forms[config->logging.format], NULL};
	struct child_calls calls = {.started = on_child_started,
	    .ended = on_child_ended,
	    .closed = on_child_closed,
	    .context = life};
	uv_os_sock_t ends[2];
	int status = uv_socketpair(SOCK_STREAM, 0, ends, UV_NONBLOCK_PIPE, 0);

	if (status != 0)
		return uv_strerror(status);
	if (child_start(life->channel.loop, arguments, ends[1], KEYCHANNEL_FD, &calls,
		&life->child) != ERR_OK) {
		close(ends[0]);
		return "no memory or no thread to start it";
	}
	life->open_handles++;
	if ((status = uv_pipe_open(&life->channel, ends[0])) == 0)
		return NULL;
	close(ends[0]);
	return uv_strerror(status);
}

static void
start_reading(struct life *life)
{
	life->reading = uv_read_start((uv_stream_t *)&life->channel, on_allocate, on_read) == 0;
	if (!life->reading)
		give_up(life->owner, "cannot read from the key process");
}

/* Ends the present life and arranges the next. */
static void
give_up(struct keyprocess *k, const char *reason)
{
	struct logline l;
	bool was_ready = k->state == STATE_READY;
	uint64_t wait_ms = backoff_left(k);

	if (k->state == STATE_CLOSING)
		return;
	snprintf(k->end, END_SIZE, "%s", reason);
	logline_begin(&l, LOGGER_WARNING, "key-process-down");
	if (k->life != NULL && k->life->code != ERR_OK)
		logline_error(&l, k->life->code);
	logline_string(&l, "reason", k->end);
	logline_number(&l, "unanswered", k->asked_count);
	logline_number(&l, "retry_ms", wait_ms);
	logline_end(&l);
	move(k, STATE_DOWN);
	memset(k->asked, 0, sizeof(k->asked));
	k->asked_count = 0;
	buf_clear(&k->output);
	uv_timer_stop(&k->deadline);
	if (k->life != NULL)
		life_end(k->life);
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

/* Nothing more is to come. */
static void
end_known(struct life *life)
{
	const char *reason = life->end;

	if (reason[0] == '\0')
		reason = life->owner->config->key_process.socket != NULL
			     ? "it closed the channel without a word; the journal of its unit may "
			       "tell more"
			     : "it closed the channel without a word";
	give_up(life->owner, reason);
}

static void
end_keep(char to[END_SIZE], struct view text)
{
	struct buf printable = BUF_INIT;

	text_append_printable(&printable, text, END_SIZE - 1);
	snprintf(to, END_SIZE, "%.*s", (int)printable.size, (const char *)printable.data);
	buf_free(&printable);
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
life_end(struct life *life)
{
	life->owner->life = NULL;
	/* Not by a polite signal: a module that hangs does not come to its handlers. */
	if (life->child != NULL)
		child_kill(life->child);
	uv_close((uv_handle_t *)&life->channel, on_channel_closed);
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
		end_known(k->life);
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
on_connect(uv_connect_t *request, int status)
{
	struct life *life = request->data;
	struct keyprocess *k = life->owner;

	if (k == NULL || k->life != life)
		return;
	if (status != 0) {
		give_up(k, uv_strerror(status));
		return;
	}
	move(k, STATE_STARTING);
	start_reading(life);
}

/* What it says is listened to from here on, so that whoever is up has a pid. */
static void
on_child_started(void *context)
{
	struct life *life = context;

	if (life->owner->life == life)
		start_reading(life);
}

static void
on_child_ended(void *context, int status, int signal_number)
{
	struct life *life = context;
	struct keyprocess *k = life->owner;
	struct logline l;

	life->child = NULL;
	if (k->life != life)
		return;
	logline_begin(&l, LOGGER_WARNING, "key-process-exit");
	logline_number(&l, "status", (uint64_t)(status < 0 ? -status : status));
	logline_number(&l, "signal", (uint64_t)signal_number);
	logline_end(&l);
	if (life->end[0] == '\0')
		child_end_text(status, signal_number, life->end);
	/* Its last words may lie in the channel still: the end of that comes behind them. */
	if (life->channel_ended || !life->reading)
		end_known(life);
	else
		wait_for_end(k);
}

static void
on_child_closed(void *context)
{
	part_closed(context);
}

static void
on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct life *life = handle->data;
	uint8_t *room = buf_reserve(&life->input, suggested);

	*out = uv_buf_init((char *)room, room != NULL ? (unsigned)suggested : 0);
}

static void
on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *bytes)
{
	struct life *life = stream->data;
	struct keyprocess *k = life->owner;
	struct keychannel_answer answer;
	struct view rest;
	size_t used = 1;

	(void)bytes;
	if (k->life != life)
		return;
	if (size < 0) {
		uv_read_stop(stream);
		life->channel_ended = true;
		if (life->child != NULL)
			wait_for_end(k);
		else
			end_known(life);
		return;
	}
	life->input.size += (size_t)size;
	rest = buf_view(&life->input);
	while (k->life == life && used > 0) {
		if (keychannel_next_answer(rest, &answer, &used) != ERR_OK) {
			give_up(k, "its answer is not in the channel's format");
		} else if (used > 0) {
			take_answer(k, &answer);
			rest.data += used;
			rest.size -= used;
		}
	}
	if (k->life != life)
		return;
	buf_consume(&life->input, life->input.size - rest.size);
	if (k->state == STATE_READY)
		k->events.answered(k->events.context);
}

static void
take_answer(struct keyprocess *k, const struct keychannel_answer *answer)
{
	struct asked *asked = find_asked(k, answer->id);
	struct logline l;
	void *about;

	if (k->state == STATE_STARTING && answer->type == KEYCHANNEL_STATE && answer->id == 0 &&
	    answer->result == ERR_OK) {
		move(k, STATE_READY);
		uv_timer_stop(&k->deadline);
		k->events.ready(k->events.context, answer->size, &answer->root, answer->body);
		return;
	}
	if (answer->type == KEYCHANNEL_STATE && answer->id == 0 && answer->result != ERR_OK) {
		take_end(k, answer);
		return;
	}
	if (k->state != STATE_READY || answer->id == 0 || asked == NULL ||
	    asked->type != answer->type) {
		give_up(k, "it answered what was not asked");
		return;
	}
	about = asked->about;
	asked->id = 0;
	k->asked_count--;
	deadline_set(k);
	if (!keychannel_is_decision(answer->type, answer->result)) {
		logline_begin(&l, LOGGER_WARNING, "key-process-failed");
		logline_error(&l, answer->result);
		logline_view(&l, "text", answer->body);
		logline_end(&l);
		end_keep(k->life->end, answer->body);
		end_known(k->life);
		return;
	}
	k->backoff_ms = BACKOFF_FIRST_MS;
	k->events.answer(k->events.context, about, answer);
}

/* The last word of a process that ends, or waits for an operator first. */
static void
take_end(struct keyprocess *k, const struct keychannel_answer *answer)
{
	struct logline l;

	end_keep(k->life->end, answer->body);
	k->life->code = answer->result;
	if (answer->result != ERR_PIN_REFUSED || k->state != STATE_STARTING) {
		wait_for_end(k);
		return;
	}
	move(k, STATE_HALTED);
	uv_timer_stop(&k->deadline);
	memcpy(k->end, k->life->end, END_SIZE);
	k->life->end[0] = '\0'; /* how it ends when it does is another matter */
	k->life->code = ERR_OK;
	logline_begin(&l, LOGGER_ERROR, "key-process-halted");
	logline_error(&l, answer->result);
	logline_string(&l, "text", k->end);
	logline_end(&l);
}

/* The request with this id that has no answer yet; of id 0, a free place. NULL: there is none. */
static struct asked *
find_asked(struct keyprocess *k, uint64_t id)
{
	for (size_t i = 0; i < KEYCHANNEL_UNANSWERED_MAX; i++)
		if (k->asked[i].id == id)
			return &k->asked[i];
	return NULL;
}

/*
 * The deadline runs exactly while an answer is due, anew from each answer. One session that hangs
 * while others go on is for the key process to notice, which has a deadline for each.
 */
static void
deadline_set(struct keyprocess *k)
{
	if (k->asked_count == 0)
		uv_timer_stop(&k->deadline);
	else
		uv_timer_start(&k->deadline, on_deadline, k->config->key_process.deadline_ms, 0);
}

static void
on_written(uv_write_t *request, int status)
{
	struct write_request *w = request->data;

	/* A failed write shows as the end of the stream, where it is handled. */
	(void)status;
	buf_free(&w->bytes);
	free(w);
}

static void
on_channel_closed(uv_handle_t *handle)
{
	part_closed(handle->data);
}

static void
part_closed(struct life *life)
{
	struct keyprocess *k = life->owner;

	if (--life->open_handles > 0)
		return;
	buf_free(&life->input);
	free(life);
	k->lives_open--;
	maybe_closed(k);
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
