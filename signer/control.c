#include "signer/control.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/logger.h"
#include "proto/encoding.h"
#include "proto/evidence/identity.h"
#include "proto/text.h"
#include "proto/tlog/tlogproof.h"
#include "signer/session/challenge.h"
#include "signer/session/statements.h"
#include "signer/status/status.h"
#include "signer/status/workload_list.h"

#define BACKLOG   16
#define WORDS_MAX 4

/* Reading, then answering; between, perhaps, waiting for what the answer is made of. */
struct control_client {
	uv_pipe_t pipe;
	uv_timer_t timer;
	uv_write_t write;
	unsigned open_handles;
	struct control_server *server;
	struct control_client *next, *previous;
	char input[CONTROL_REQUEST_MAX]; /* the request, as far as it is there */
	size_t input_size;
	struct buf answer;
	bool asked; /* the whole request is there */
	bool ended;
};

/* ERR_OK: the answer is in the buffer, or will be given. */
typedef enum err control_command(struct control_client *c, const struct view *words);
static control_command on_status, on_workloads, on_challenge, on_statement;

static const struct {
	const char *name;
	size_t words; /* with the name */
	control_command *run;
} commands[] = {
    {"status", 1, on_status},
    {"workloads", 2, on_workloads},
    {"workloads", 3, on_workloads},
    {"challenge", 4, on_challenge},
    {"statement", 2, on_statement},
};

static void on_connection(uv_stream_t *stream, int status);
static void accept_client(struct control_server *s);
static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out);
static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *room);
static void on_line(struct control_client *c, struct view line);
static size_t split(struct view line, struct view words[WORDS_MAX + 1]);
static void on_challenged(
    void *context, uint64_t id, enum err e, const struct ledger_receipt *receipt);
static void on_noted(void *context, uint64_t id, const struct digest *statement, uint64_t index);
static void write_receipt(struct buf *to, const struct ledger_receipt *r);
static void refuse(struct control_client *c, enum err e);
static void send_answer(struct control_client *c);
static void on_written(uv_write_t *request, int status);
static void on_timer(uv_timer_t *timer);
static void end(struct control_client *c);
static void on_closed(uv_handle_t *handle);

enum err
control_open(struct control_server *s, uv_loop_t *loop, const char *path, struct service *service)
{
	struct stat st;
	mode_t old;
	int result;

	memset(s, 0, sizeof(*s));
	s->service = service;
	s->started_ms = uv_now(loop);
	uv_pipe_init(loop, &s->pipe, 0);
	s->pipe.data = s;
	s->open = true;
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path); /* the log's lock says that nobody serves it */
	old = umask(0177);
	result = uv_pipe_bind(&s->pipe, path);
	umask(old);
	if (result == 0)
		result = uv_listen((uv_stream_t *)&s->pipe, BACKLOG, on_connection);
	if (result == 0)
		return ERR_OK;
	logger_say(LOGGER_ERROR, "status-socket-failed", "%s: %s; %s", path, uv_strerror(result),
	    result == UV_EADDRINUSE ? "something that is no socket has this name: move it away"
				    : "the directory must exist and be writable");
	control_close(s);
	return ERR_IO;
}

void
control_close(struct control_server *s)
{
	if (!s->open)
		return;
	s->open = false;
	while (s->clients != NULL)
		end(s->clients);
	uv_close((uv_handle_t *)&s->pipe, NULL);
}

static void
on_connection(uv_stream_t *stream, int status)
{
	struct control_server *s = stream->data;

	if (status != 0)
		return;
	/* Until it is accepted the loop looks for no other. */
	if (s->client_count >= CONTROL_CLIENTS_MAX)
		s->held = true;
	else
		accept_client(s);
}

static void
accept_client(struct control_server *s)
{
	struct control_client *c = calloc(1, sizeof(*c));
	uv_loop_t *loop = s->pipe.loop;

	if (c == NULL)
		return;
	c->server = s;
	c->answer = BUF_INIT;
	uv_pipe_init(loop, &c->pipe, 0);
	uv_timer_init(loop, &c->timer);
	c->open_handles = 2;
	c->pipe.data = c->timer.data = c->write.data = c;
	c->next = s->clients;
	if (c->next != NULL)
		c->next->previous = c;
	s->clients = c;
	s->client_count++;
	uv_timer_start(&c->timer, on_timer, CONTROL_PATIENCE_MS, 0);
	if (uv_accept((uv_stream_t *)&s->pipe, (uv_stream_t *)&c->pipe) != 0 ||
	    uv_read_start((uv_stream_t *)&c->pipe, on_room, on_read) != 0)
		end(c);
}

static void
on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	struct control_client *c = handle->data;

	(void)suggested;
	*out = uv_buf_init(c->input + c->input_size, (unsigned)(sizeof(c->input) - c->input_size));
}

/* No room is UV_ENOBUFS: a line that is too long, or more than a line. */
static void
on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *room)
{
	struct control_client *c = stream->data;
	const char *feed;

	(void)room;
	if (size == 0)
		return;
	if (size == UV_ENOBUFS && !c->asked) {
		refuse(c, ERR_FORMAT_SIZE);
		return;
	}
	if (size < 0 || c->asked) {
		end(c);
		return;
	}
	c->input_size += (size_t)size;
	if ((feed = memchr(c->input, '\n', c->input_size)) == NULL)
		return;
	c->asked = true;
	uv_timer_stop(&c->timer);
	on_line(c, (struct view){(const uint8_t *)c->input, (size_t)(feed - c->input)});
}

static void
on_line(struct control_client *c, struct view line)
{
	struct view words[WORDS_MAX + 1] = {{NULL, 0}};
	const size_t count = split(line, words);
	enum err e = ERR_MSG_RANGE;

	if (line.size + 1 == c->input_size)
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
			if (commands[i].words == count &&
			    view_equal(words[0], view_of_string(commands[i].name)))
				e = commands[i].run(c, words);
	if (e != ERR_OK)
		refuse(c, e);
}

/* How many words there are; those beyond WORDS_MAX are one. */
static size_t
split(struct view line, struct view words[WORDS_MAX + 1])
{
	size_t count = 0;

	for (;;) {
		const uint8_t *space = count < WORDS_MAX ? memchr(line.data, ' ', line.size) : NULL;
		const size_t size = space != NULL ? (size_t)(space - line.data) : line.size;

		words[count++] = (struct view){line.data, size};
		if (space == NULL)
			return count;
		line = (struct view){space + 1, line.size - size - 1};
	}
}

static enum err
on_status(struct control_client *c, const struct view *words)
{
	const struct control_server *s = c->server;

	(void)words;
	status_write(s->service, (uv_now(s->pipe.loop) - s->started_ms) / 1000, &c->answer);
	send_answer(c);
	return ERR_OK;
}

static enum err
on_workloads(struct control_client *c, const struct view *words)
{
	const bool troubled = view_equal(words[1], VIEW_LITERAL("troubled"));
	enum err e = ERR_MSG_RANGE;

	if (troubled || view_equal(words[1], VIEW_LITERAL("all")))
		e = workload_list_write(
		    c->server->service->workloads, words[2], troubled, &c->answer);
	if (e == ERR_OK)
		send_answer(c);
	return e;
}

static enum err
on_challenge(struct control_client *c, const struct view *words)
{
	const struct challenge_asker asker = {on_challenged, c, 0, "control"};
	struct buf nonce = BUF_INIT;
	enum err e = ERR_MSG_RANGE;

	if (identity_is_valid(words[1]) && bundle_workload_check(words[2]) == ERR_OK &&
	    hex_decode(words[3], &nonce) == ERR_OK && nonce.size >= BUNDLE_CHALLENGE_MIN &&
	    nonce.size <= BUNDLE_CHALLENGE_MAX)
		e = challenge_begin(
		    c->server->service, words[1], words[2], buf_view(&nonce), &asker);
	buf_free(&nonce);
	return e;
}

static void
on_challenged(void *context, uint64_t id, enum err e, const struct ledger_receipt *receipt)
{
	struct control_client *c = context;

	(void)id;
	if (e != ERR_OK) {
		refuse(c, e);
		return;
	}
	write_receipt(&c->answer, receipt);
	send_answer(c);
}

static enum err
on_statement(struct control_client *c, const struct view *words)
{
	const struct statements_submitter submitter = {on_noted, c, 0, "control"};
	struct buf envelope = BUF_INIT;
	enum err e = base64_decode(words[1], &envelope);

	if (e == ERR_OK)
		e = statements_submit(c->server->service, buf_view(&envelope), &submitter);
	else if (e != ERR_MEMORY)
		e = ERR_MSG_RANGE;
	buf_free(&envelope);
	return e;
}

static void
on_noted(void *context, uint64_t id, const struct digest *statement, uint64_t index)
{
	struct control_client *c = context;
	char hex[DIGEST_HEX_SIZE + 1];

	(void)id;
	digest_to_hex(statement, hex);
	buf_append_format(
	    &c->answer, "{\"sha256\":\"%s\",\"index\":%llu}\n", hex, (unsigned long long)index);
	send_answer(c);
}

static void
write_receipt(struct buf *to, const struct ledger_receipt *r)
{
	const struct tlogproof proof = {true, r->report, r->index, *r->proof, r->note};
	struct buf text = BUF_INIT;

	tlogproof_write(&proof, &text);
	buf_append_string(to, "{\"collector\":");
	json_append_string(to, workload_collector(r->workload));
	buf_append_string(to, ",\"workload\":");
	json_append_string(to, workload_name(r->workload));
	buf_append_format(to, ",\"index\":%llu,\"receipt\":", (unsigned long long)r->index);
	json_append_string(to, buf_view(&text));
	buf_append_string(to, "}\n");
	if (buf_status(&text) != ERR_OK)
		to->failed = true;
	buf_free(&text);
}

static void
refuse(struct control_client *c, enum err e)
{
	const struct ration_about about = {
	    RATION_FAULTS, "control-refusal", err_name(e), "from", VIEW_LITERAL("control")};
	struct logline l;

	service_count(c->server->service, e);
	logline_begin_rationed(&l, LOGGER_WARNING, &about);
	logline_error(&l, e);
	logline_end(&l);
	buf_append_format(&c->answer, "{\"error\":{\"code\":%d,\"name\":\"%s\",\"text\":\"%s\"}}\n",
	    (int)e, err_name(e), err_text(e));
	send_answer(c);
}

/* All of it or nothing: half an object is an answer that nobody should believe. */
static void
send_answer(struct control_client *c)
{
	const uv_buf_t bytes = uv_buf_init((char *)c->answer.data, (unsigned)c->answer.size);

	uv_read_stop((uv_stream_t *)&c->pipe);
	uv_timer_start(&c->timer, on_timer, CONTROL_PATIENCE_MS, 0);
	if (buf_status(&c->answer) != ERR_OK ||
	    uv_write(&c->write, (uv_stream_t *)&c->pipe, &bytes, 1, on_written) != 0)
		end(c);
}

static void
on_written(uv_write_t *request, int status)
{
	(void)status; /* whoever asked has gone */
	end(request->data);
}

static void
on_timer(uv_timer_t *timer)
{
	end(timer->data);
}

static void
end(struct control_client *c)
{
	struct control_server *s = c->server;

	if (c->ended)
		return;
	c->ended = true;
	challenge_withdraw(s->service, c);
	statements_withdraw(s->service, c);
	if (c->previous != NULL)
		c->previous->next = c->next;
	else
		s->clients = c->next;
	if (c->next != NULL)
		c->next->previous = c->previous;
	uv_close((uv_handle_t *)&c->pipe, on_closed);
	uv_close((uv_handle_t *)&c->timer, on_closed);
}

static void
on_closed(uv_handle_t *handle)
{
	struct control_client *c = handle->data;
	struct control_server *s = c->server;

	if (--c->open_handles > 0)
		return;
	buf_free(&c->answer);
	free(c);
	s->client_count--;
	if (s->open && s->held) {
		s->held = false;
		accept_client(s);
	}
}
