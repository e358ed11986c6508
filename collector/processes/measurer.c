#include "collector/processes/measurer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/ground/interrupt.h"
#include "collector/processes/exchange.h"
#include "collector/processes/starter.h"
#include "journal/logger.h"

#define READ_SIZE   (64 * 1024) /* bytes: what such a socket hands out at once */
#define END_WAIT_MS 1000        /* for the reason of an end that was seen */
#define LISTEN_MS   3600000 /* and then again: how long an answer may take is not bounded here */

struct measurer {
	int control;
	int channel;       /* -1: there is none */
	struct buf in;     /* what came by it and was not looked at */
	uint32_t asked;    /* requests to the starter */
	uint64_t until_ms; /* how long the next one is waited for, by interrupt_clock_ms */
	bool gone;         /* the starter is */
	bool greeted;      /* by who is at the channel's other end */
	struct digest configuration;
	uint32_t workloads;
};

/* One answer, as it comes. */
struct answer {
	const struct collector_workload *workload;
	const struct measure_output *to;
	struct measurement *out;
	struct bundle_component newest[COMPONENT_KIND_COUNT]; /* without `count` */
	uint64_t bytes;
	unsigned kinds;
	bool over;
	enum err verdict; /* of the measuring */
};

static enum err reach(struct measurer *m, struct trouble *t);
static enum err take_messages(struct measurer *m, uint64_t wait_ms, struct trouble *t);
static void take_message(struct measurer *m, const struct starter_message *s, int fd);
static ssize_t receive(int control, struct starter_message *s, int *fd);
static enum err greet(struct measurer *m, struct trouble *t);
static enum err ask(struct measurer *m, size_t workload, struct trouble *t);
static enum err hear(struct measurer *m, struct answer *a, struct trouble *t);
static enum err next_frame(struct measurer *m, uint64_t until_ms, struct exchange_frame *f,
    size_t *used, struct trouble *t);
static enum err read_more(struct measurer *m, uint64_t until_ms, struct trouble *t);
static enum err take_frame(struct answer *a, const struct exchange_frame *f, struct trouble *t);
static enum err take_bytes(struct answer *a, const struct exchange_frame *f, struct trouble *t);
static enum err take_end(struct answer *a, const struct exchange_frame *f);
static struct trouble words_of(const struct exchange_frame *f);
static enum err ended(struct measurer *m, struct trouble *t);
static void leave(struct measurer *m);
static void request(struct measurer *m, enum starter_request what);

enum err
measurer_new(int control, struct measurer **out)
{
	struct measurer *m = calloc(1, sizeof(*m));

	*out = m;
	if (m == NULL)
		return ERR_MEMORY;
	m->control = control;
	m->channel = -1;
	m->in = BUF_INIT;
	m->until_ms = interrupt_clock_ms() + MEASURER_WAIT_MS;
	return ERR_OK;
}

void
measurer_free(struct measurer **m)
{
	if (*m == NULL)
		return;
	leave(*m);
	(void)close((*m)->control);
	free(*m);
	*m = NULL;
}

enum err
measurer_measure(struct measurer *m, const struct collector_config *config, size_t workload,
    const struct measure_output *to, struct measurement *out, struct trouble *t)
{
	struct answer a = {.workload = &config->workloads[workload], .to = to, .out = out};
	enum err e;

	memset(out, 0, sizeof(*out));
	if ((e = reach(m, t)) != ERR_OK)
		return e;
	if (!digest_equal(&m->configuration, &config->source) || workload >= m->workloads)
		return trouble_set(t, ERR_MISMATCH,
		    "the measuring process has read another configuration than this one; it has "
		    "changed meanwhile: reload it (SIGHUP)");
	if ((e = ask(m, workload, t)) == ERR_OK)
		e = hear(m, &a, t);
	buf_free(&m->in);
	if (e == ERR_OK)
		return a.verdict;
	if (m->channel >= 0) { /* it is in the middle of its answer, or not to be listened to */
		leave(m);
		request(m, STARTER_ANOTHER);
	}
	return e;
}

bool
measurer_is_gone(const struct measurer *m)
{
	return m->gone;
}

void
measurer_reload(struct measurer *m)
{
	leave(m);
	request(m, STARTER_RELOAD);
}

/* The newest one that is there, or comes in time, and has said what it has read. */
static enum err
reach(struct measurer *m, struct trouble *t)
{
	enum err e = take_messages(m, 0, t);

	while (e == ERR_OK && m->channel < 0) {
		const uint64_t now_ms = interrupt_clock_ms();

		if (now_ms >= m->until_ms)
			return trouble_set(t, ERR_TRUNCATED,
			    "there is no measuring process; one is being started");
		e = take_messages(m, m->until_ms - now_ms, t);
	}
	return e == ERR_OK && !m->greeted ? greet(m, t) : e;
}

/* All that are there; if there are none, those that come while it waits. */
static enum err
take_messages(struct measurer *m, uint64_t wait_ms, struct trouble *t)
{
	struct pollfd news = {.fd = m->control, .events = POLLIN};
	struct starter_message s;
	ssize_t size = 1;
	int fd;

	if (!m->gone && wait_ms > 0 && interrupt_poll(&news, 1, wait_ms, INTERRUPT_STOP) < 0 &&
	    interrupt_cuts(INTERRUPT_STOP))
		return ERR_CLOSED;
	while (!m->gone && size > 0)
		if ((size = receive(m->control, &s, &fd)) == (ssize_t)sizeof(s))
			take_message(m, &s, fd);
		else if (size >= 0 || (errno != EAGAIN && errno != EINTR))
			m->gone = true;
	if (m->gone)
		return trouble_set(t, ERR_TRUNCATED,
		    "the process that starts the measuring one has ended, which only a start of "
		    "the whole program mends");
	return ERR_OK;
}

/* One that was said before the last request was heard is about a process that is no more. */
static void
take_message(struct measurer *m, const struct starter_message *s, int fd)
{
	struct logline j;

	if (s->heard == m->asked && s->event == STARTER_MEASURER && fd >= 0) {
		leave(m);
		m->channel = fd; /* moved */
		return;
	}
	if (fd >= 0)
		(void)close(fd);
	if (s->heard != m->asked || s->event != STARTER_ENDED)
		return;
	if (m->channel >= 0)
		leave(m);
	logline_begin(&j, LOGGER_ERROR, "measurer-ended");
	logline_string(&j, "text", s->why.text);
	logline_end(&j);
}

/* As recvmsg, without waiting; -1 in *fd if none came with it. */
static ssize_t
receive(int control, struct starter_message *s, int *fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} with;
	struct iovec part = {s, sizeof(*s)};
	struct msghdr message = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = &with,
	    .msg_controllen = sizeof(with.room)};
	const ssize_t size = recvmsg(control, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = size > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*fd = -1;
	if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(header), sizeof(int));
	return size;
}

static enum err
greet(struct measurer *m, struct trouble *t)
{
	struct exchange_frame f;
	size_t used;
	enum err e = next_frame(m, interrupt_clock_ms() + MEASURER_WAIT_MS, &f, &used, t);

	if (e == ERR_OK && f.type == EXCHANGE_HELLO && used == m->in.size) {
		m->configuration = f.configuration;
		m->workloads = f.workloads;
		m->greeted = true;
	} else if (e == ERR_OK && f.type == EXCHANGE_TROUBLE) {
		*t = words_of(&f);
		e = f.code;
	} else if (e == ERR_OK) {
		e = trouble_set(t, ERR_FORMAT, "the measuring process began with what is no hello");
	}
	buf_free(&m->in);
	if (e != ERR_OK && m->channel >= 0) {
		leave(m);
		request(m, STARTER_ANOTHER);
	}
	return e;
}

/* One that ended while it had nothing to do costs nobody anything. */
static enum err
ask(struct measurer *m, size_t workload, struct trouble *t)
{
	uint8_t number[EXCHANGE_REQUEST_SIZE];
	enum err e;

	be32_put(number, (uint32_t)workload);
	if (send(m->channel, number, sizeof(number), MSG_NOSIGNAL) == (ssize_t)sizeof(number))
		return ERR_OK;
	(void)ended(m, t);
	if ((e = reach(m, t)) != ERR_OK)
		return e;
	return send(m->channel, number, sizeof(number), MSG_NOSIGNAL) == (ssize_t)sizeof(number)
		   ? ERR_OK
		   : ended(m, t);
}

static enum err
hear(struct measurer *m, struct answer *a, struct trouble *t)
{
	struct exchange_frame f;
	enum err e = ERR_OK;
	size_t used;

	while (e == ERR_OK && !a->over) {
		if ((e = next_frame(m, UINT64_MAX, &f, &used, t)) == ERR_OK &&
		    (e = take_frame(a, &f, t)) == ERR_OK)
			buf_consume(&m->in, used);
	}
	if (e == ERR_OK && m->in.size > 0)
		e = ERR_FORMAT;
	if (e == ERR_FORMAT && t->text[0] == '\0')
		(void)trouble_set(t, e, "the measuring process said what is no answer");
	return e;
}

static enum err
next_frame(struct measurer *m, uint64_t until_ms, struct exchange_frame *f, size_t *used,
    struct trouble *t)
{
	enum err e;

	for (;;) {
		if ((e = exchange_next(buf_view(&m->in), f, used)) != ERR_OK || *used > 0)
			return e;
		if ((e = read_more(m, until_ms, t)) != ERR_OK)
			return e;
	}
}

/* Waits for something, or the end. */
static enum err
read_more(struct measurer *m, uint64_t until_ms, struct trouble *t)
{
	struct pollfd news = {.fd = m->channel, .events = POLLIN};
	const uint64_t now_ms = interrupt_clock_ms();
	uint8_t *room;
	ssize_t got;

	if (now_ms >= until_ms)
		return trouble_set(t, ERR_TRUNCATED, "the measuring process says nothing");
	if (interrupt_poll(&news, 1, until_ms - now_ms < LISTEN_MS ? until_ms - now_ms : LISTEN_MS,
		INTERRUPT_STOP) <= 0)
		return interrupt_cuts(INTERRUPT_STOP) ? ERR_CLOSED : ERR_OK;
	if ((room = buf_reserve(&m->in, READ_SIZE)) == NULL)
		return ERR_MEMORY;
	if ((got = read(m->channel, room, READ_SIZE)) > 0)
		m->in.size += (size_t)got;
	return got > 0 || (got < 0 && errno == EINTR) ? ERR_OK : ended(m, t);
}

static enum err
take_frame(struct answer *a, const struct exchange_frame *f, struct trouble *t)
{
	struct trouble told;

	switch (f->type) {
	case EXCHANGE_SEGMENT:
	case EXCHANGE_COMPONENT:
		return take_bytes(a, f, t);
	case EXCHANGE_MISSING:
		if (!a->workload->measure[f->kind] || ++a->kinds > MEASURER_KINDS_MAX)
			return ERR_FORMAT;
		told = words_of(f);
		a->to->missing(a->to->context, f->kind, f->code, &told);
		return ERR_OK;
	case EXCHANGE_MEASURED:
		return take_end(a, f);
	case EXCHANGE_TROUBLE:
		*t = words_of(f);
		a->verdict = f->code;
		a->over = true;
		return ERR_OK;
	case EXCHANGE_HELLO:
		break;
	}
	return ERR_FORMAT;
}

static enum err
take_bytes(struct answer *a, const struct exchange_frame *f, struct trouble *t)
{
	struct bundle_component *newest = &a->newest[f->kind];
	const bool is_segment = f->type == EXCHANGE_SEGMENT;
	enum component_kind kind;
	enum component_form form;
	struct digest digest;

	a->bytes += f->bytes.size;
	if (!a->workload->measure[f->kind] || a->bytes > MEASURER_BYTES_MAX ||
	    component_form_of(f->bytes, &kind, &form) != ERR_OK || kind != f->kind ||
	    is_segment != (form == COMPONENT_FORM_SEGMENT))
		return ERR_FORMAT;
	digest_of(f->bytes.data, f->bytes.size, &digest);
	if (is_segment)
		return a->to->segment_sink(a->to->context, kind, f->bytes, &digest, t);
	if (++a->kinds > MEASURER_KINDS_MAX)
		return ERR_FORMAT;
	newest->present = true;
	newest->digest = digest;
	newest->size = f->bytes.size;
	return a->to->sink(a->to->context, kind, f->bytes, &digest, t);
}

static enum err
take_end(struct answer *a, const struct exchange_frame *f)
{
	a->out->pid = (pid_t)f->pid;
	a->out->time_ms = f->time_ms;
	memcpy(a->out->boot_id, f->boot_id, BOOT_ID_SIZE);
	for (unsigned kind = 0; kind < COMPONENT_KIND_COUNT; kind++) {
		if (!f->measured[kind].present)
			continue;
		if (!a->newest[kind].present)
			return ERR_FORMAT;
		a->out->component[kind] = a->newest[kind];
		a->out->component[kind].count = f->measured[kind].count;
	}
	a->over = true;
	return ERR_OK;
}

static struct trouble
words_of(const struct exchange_frame *f)
{
	struct trouble t = TROUBLE_INIT;

	if (f->words.size > 0)
		memcpy(t.text, f->words.data, f->words.size);
	return t;
}

/* Its end of the channel is closed: why, the starter says in a moment, and that is in the log. */
static enum err
ended(struct measurer *m, struct trouble *t)
{
	struct trouble gone = TROUBLE_INIT;

	leave(m);
	if (take_messages(m, END_WAIT_MS, &gone) != ERR_OK && m->gone) {
		*t = gone;
		return ERR_TRUNCATED;
	}
	return trouble_set(
	    t, ERR_TRUNCATED, "the measuring process ended while it measured (see above)");
}

static void
leave(struct measurer *m)
{
	if (m->channel >= 0)
		(void)close(m->channel);
	m->channel = -1;
	m->greeted = false;
	buf_free(&m->in);
	m->until_ms = interrupt_clock_ms() + MEASURER_WAIT_MS;
}

static void
request(struct measurer *m, enum starter_request what)
{
	const uint32_t word = what;

	m->asked++;
	m->gone =
	    m->gone || send(m->control, &word, sizeof(word), MSG_NOSIGNAL) != (ssize_t)sizeof(word);
}
