#include "collector/tokens/desk_visitor.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NONCE_SIZE_BYTES (DESK_NONCE_DIGITS / 2)

static ssize_t receive(struct desk_visitor *v, pid_t *writer);
static bool take_request(struct desk_visitor *v);
static bool say(const struct desk_visitor *v, struct view text);
static void leave(struct desk_visitor *v);

void
desk_visitor_greet(struct desk_visitor *v, struct giver_counts *counts)
{
	uint8_t bytes[NONCE_SIZE_BYTES];
	struct buf text = BUF_INIT;

	v->pidfd = (int)syscall(SYS_pidfd_open, v->pid, 0);
	if (v->pidfd < 0) {
		desk_visitor_refuse(v, "gone", &counts->gone);
		return;
	}
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
		desk_visitor_refuse(v, "busy", &counts->busy);
		return;
	}
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(v->nonce + 2 * i, 3, "%02x", bytes[i]);
	buf_append_format(&text, "hallmark-token 1 %s\n", v->nonce);
	if (!say(v, buf_view(&text)))
		desk_visitor_refuse(v, "gone", &counts->gone);
	buf_free(&text);
}

void
desk_visitor_read(struct desk_visitor *v, struct giver_counts *counts)
{
	pid_t writer = 0;
	const ssize_t size = receive(v, &writer);

	if (size < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (size <= 0) {
		desk_visitor_refuse(v, "form", &counts->malformed);
		return;
	}
	/* Another one that was handed the socket, or has its number by now. */
	if (writer != v->pid) {
		desk_visitor_refuse(v, "stranger", &counts->strangers);
		return;
	}
	v->size += (size_t)size;
	v->request[v->size] = '\0';
	if (memchr(v->request, '\n', v->size) == NULL && v->size < DESK_REQUEST_MAX)
		return; /* there is more to come */
	if (take_request(v))
		v->state = DESK_WAITING;
	else
		desk_visitor_refuse(v, "form", &counts->malformed);
}

bool
desk_visitor_has_ended(const struct desk_visitor *v)
{
	struct pollfd event = {.fd = v->pidfd, .events = POLLIN};

	return poll(&event, 1, 0) != 0;
}

void
desk_visitor_refuse(struct desk_visitor *v, const char *word, uint64_t *count)
{
	struct buf text = BUF_INIT;

	buf_append_format(&text, "no %s\n", word);
	(void)say(v, buf_view(&text)); /* who does not hear it is refused, too */
	buf_free(&text);
	++*count;
	leave(v);
}

void
desk_visitor_give(struct desk_visitor *v, const char *jws, uint64_t expires_s, uint64_t *count)
{
	struct buf text = BUF_INIT;

	buf_append_format(&text, "token %" PRIu64 " %s\n", expires_s, jws);
	if (say(v, buf_view(&text)))
		++*count;
	buf_free(&text);
	leave(v);
}

/* What one process has written, and which; one without a name has none. */
static ssize_t
receive(struct desk_visitor *v, pid_t *writer)
{
	struct iovec part = {v->request + v->size, DESK_REQUEST_MAX - v->size};
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct msghdr message = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	ssize_t size;
	struct ucred who;

	memset(&control, 0, sizeof(control));
	size = recvmsg(v->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (size > 0 && message.msg_controllen >= CMSG_LEN(sizeof(who)) &&
	    control.header.cmsg_level == SOL_SOCKET &&
	    control.header.cmsg_type == SCM_CREDENTIALS && (message.msg_flags & MSG_CTRUNC) == 0) {
		memcpy(&who, CMSG_DATA(&control.header), sizeof(who));
		*writer = who.pid;
	}
	return size;
}

/* "NONCE\n" or "NONCE AUDIENCE\n", and nothing behind it. */
static bool
take_request(struct desk_visitor *v)
{
	char *end = memchr(v->request, '\n', v->size);

	if (end == NULL || end != v->request + v->size - 1 || v->size < DESK_NONCE_DIGITS + 1 ||
	    memchr(v->request, '\0', v->size) != NULL ||
	    memcmp(v->request, v->nonce, DESK_NONCE_DIGITS) != 0)
		return false;
	*end = '\0';
	v->audience = v->request + DESK_NONCE_DIGITS;
	if (*v->audience == '\0')
		return true;
	return *v->audience == ' ' && *++v->audience != '\0' && strchr(v->audience, ' ') == NULL;
}

/* There is room for all of it, or the visitor does not read. */
static bool
say(const struct desk_visitor *v, struct view text)
{
	return send(v->fd, text.data, text.size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)text.size;
}

static void
leave(struct desk_visitor *v)
{
	(void)close(v->fd);
	if (v->pidfd >= 0)
		(void)close(v->pidfd);
	v->fd = v->pidfd = -1;
	v->state = DESK_FREE;
}
