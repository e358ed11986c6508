#include "signer/ledger/key/keylife.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "journal/logger.h"
#include "proto/text.h"
#include "signer/ledger/key/child.h"

/* Its handles close on their own time, when the next life may have begun. */
struct keylife {
	struct keylife_events events;
	uv_pipe_t channel;
	uv_connect_t connect;
	struct child *child; /* NULL before and after, and by a socket */
	unsigned open_handles;
	struct buf input;
	bool by_socket;
	bool reading, channel_ended;
	bool closing;               /* the caller has given it up */
	char end[KEYLIFE_END_SIZE]; /* why it ends, as far as is known; empty: not at all */
	enum err code;              /* with which it said that itself */
};

struct write_request {
	uv_write_t request;
	struct buf bytes;
};

static const char *spawn(struct keylife *life, const struct signer_config *config);
static void start_reading(struct keylife *life);
static void over(struct keylife *life);
static void on_connect(uv_connect_t *request, int status);
static void on_child_started(void *context);
static void on_child_ended(void *context, int status, int signal_number);
static void on_child_closed(void *context);
static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out);
static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *bytes);
static void take_channel_end(struct keylife *life);
static void on_written(uv_write_t *request, int status);
static void on_channel_closed(uv_handle_t *handle);
static void part_closed(struct keylife *life);

enum err
keylife_new(uv_loop_t *loop, const struct keylife_events *events, struct keylife **out)
{
	struct keylife *life = calloc(1, sizeof(*life));

	*out = NULL;
	if (life == NULL)
		return ERR_MEMORY;
	life->events = *events;
	life->input = BUF_INIT;
	uv_pipe_init(loop, &life->channel, 0);
	life->channel.data = life;
	life->open_handles = 1;
	*out = life;
	return ERR_OK;
}

const char *
keylife_start(struct keylife *life, const struct signer_config *config)
{
	life->by_socket = config->key_process.socket != NULL;
	if (!life->by_socket)
		return spawn(life, config);
	life->connect.data = life;
	uv_pipe_connect(&life->connect, &life->channel, config->key_process.socket, on_connect);
	return NULL;
}

void
keylife_close(struct keylife **lp)
{
	struct keylife *life = *lp;

	*lp = NULL;
	life->closing = true;
	/* Not by a polite signal: a module that hangs does not come to its handlers. */
	if (life->child != NULL)
		child_kill(life->child);
	uv_close((uv_handle_t *)&life->channel, on_channel_closed);
}

const char *
keylife_send(struct keylife *life, struct buf *bytes)
{
	struct write_request *w;
	uv_buf_t view;

	if (buf_status(bytes) != ERR_OK || (w = calloc(1, sizeof(*w))) == NULL)
		return "no memory for a request";
	w->bytes = *bytes; /* moved */
	*bytes = BUF_INIT;
	view = uv_buf_init((char *)w->bytes.data, (unsigned)w->bytes.size);
	w->request.data = w;
	if (uv_write(&w->request, (uv_stream_t *)&life->channel, &view, 1, on_written) == 0)
		return NULL;
	buf_free(&w->bytes);
	free(w);
	return "cannot write to the key process";
}

void
keylife_last_word(struct keylife *life, enum err code, struct view sentence)
{
	keylife_sentence(sentence, life->end);
	life->code = code;
}

const char *
keylife_end(const struct keylife *life)
{
	if (life->end[0] != '\0')
		return life->end;
	return life->by_socket ? "it closed the channel without a word; the journal of its unit "
				 "may tell more"
			       : "it closed the channel without a word";
}

enum err
keylife_end_code(const struct keylife *life)
{
	return life->code;
}

int
keylife_pid(const struct keylife *life)
{
	return life->child != NULL ? child_pid(life->child) : 0;
}

const char *
keylife_sentence(struct view said, char to[KEYLIFE_END_SIZE])
{
	struct buf printable = BUF_INIT;

	text_append_printable(&printable, said, KEYLIFE_END_SIZE - 1);
	snprintf(to, KEYLIFE_END_SIZE, "%.*s", (int)printable.size, (const char *)printable.data);
	buf_free(&printable);
	return to;
}

/*
 * Descriptors: 0 is /dev/null, 1 and 2 are our stderr, 3 is the channel. Nothing else is inherited:
 * libuv opens everything close-on-exec, and the key process closes what it does not know. Gives why
 * it failed, or NULL.
 */
static const char *
spawn(struct keylife *life, const struct signer_config *config)
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
start_reading(struct keylife *life)
{
	life->reading = uv_read_start((uv_stream_t *)&life->channel, on_allocate, on_read) == 0;
	if (!life->reading)
		life->events.over(life->events.context, "cannot read from the key process");
}

/* Nothing more is to come. */
static void
over(struct keylife *life)
{
	life->events.over(life->events.context, keylife_end(life));
}

static void
on_connect(uv_connect_t *request, int status)
{
	struct keylife *life = request->data;

	if (life->closing)
		return;
	if (status != 0)
		life->events.over(life->events.context, uv_strerror(status));
	else
		start_reading(life);
}

/* What it says is listened to from here on, so that whoever is up has a pid. */
static void
on_child_started(void *context)
{
	struct keylife *life = context;

	if (!life->closing)
		start_reading(life);
}

static void
on_child_ended(void *context, int status, int signal_number)
{
	char end[CHILD_END_SIZE];
	const struct ration_about about = {.kind = RATION_FAULTS,
	    .event = "key-process-exit",
	    .called = "reason",
	    .name = view_of_string(child_end_text(status, signal_number, end))};
	struct keylife *life = context;
	struct logline l;

	life->child = NULL;
	if (life->closing)
		return;
	logline_begin_rationed(&l, LOGGER_WARNING, &about);
	logline_number(&l, "status", (uint64_t)(status < 0 ? -status : status));
	logline_number(&l, "signal", (uint64_t)signal_number);
	logline_end(&l);
	if (life->end[0] == '\0')
		child_end_text(status, signal_number, life->end);
	/* Its last words may lie in the channel still: the end of that comes behind them. */
	if (life->channel_ended || !life->reading)
		over(life);
	else
		life->events.ending(life->events.context);
}

static void
on_child_closed(void *context)
{
	part_closed(context);
}

static void
on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct keylife *life = handle->data;
	uint8_t *room = buf_reserve(&life->input, suggested);

	*out = uv_buf_init((char *)room, room != NULL ? (unsigned)suggested : 0);
}

static void
on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *bytes)
{
	struct keylife *life = stream->data;
	const struct keylife_events *events = &life->events;
	struct keychannel_answer answer;
	struct view rest;
	size_t used = 1;

	(void)bytes;
	if (life->closing)
		return;
	if (size < 0) {
		take_channel_end(life);
		return;
	}
	life->input.size += (size_t)size;
	rest = buf_view(&life->input);
	while (!life->closing && used > 0) {
		if (keychannel_next_answer(rest, &answer, &used) != ERR_OK) {
			events->over(events->context, "its answer is not in the channel's format");
		} else if (used > 0) {
			events->answer(events->context, &answer);
			rest.data += used;
			rest.size -= used;
		}
	}
	if (life->closing)
		return;
	buf_consume(&life->input, life->input.size - rest.size);
	events->answered(events->context);
}

static void
take_channel_end(struct keylife *life)
{
	uv_read_stop((uv_stream_t *)&life->channel);
	life->channel_ended = true;
	if (life->child != NULL)
		life->events.ending(life->events.context);
	else
		over(life);
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
part_closed(struct keylife *life)
{
	struct keylife_events events = life->events;

	if (--life->open_handles > 0)
		return;
	buf_free(&life->input);
	free(life);
	events.closed(events.context);
}
