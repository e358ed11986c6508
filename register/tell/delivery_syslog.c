#include "register/tell/delivery_syslog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proto/utc.h"

#define FACILITY_AUTHPRIV 10 /* RFC 5424, table 1: security messages */
#define SEVERITY_ALERT    1
#define SEVERITY_WARNING  4
#define SEVERITY_NOTICE   5
#define HOST_SIZE         256 /* bytes: RFC 5424, section 6 */

static enum err open_socket(struct delivery_syslog *s, const struct teller *whom);
static int open_unix(const char *path);
static int open_tcp(const struct teller *whom);
static enum err write_message(
    const struct teller *whom, const struct event_row *event, struct buf *to);
static unsigned severity(enum event_kind kind);
static bool send_all(int fd, struct view bytes);
static bool is_open(int fd);

void
delivery_syslog_begin(struct delivery_syslog *s)
{
	s->fd = -1;
}

void
delivery_syslog_end(struct delivery_syslog *s)
{
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}

enum err
delivery_syslog(struct delivery_syslog *s, const struct teller *whom, const struct event_row *event,
    char why[DELIVERY_WHY_SIZE])
{
	struct buf message = BUF_INIT;
	enum err e = write_message(whom, event, &message);

	if (e == ERR_OK && s->fd >= 0 && whom->address != NULL && !is_open(s->fd))
		delivery_syslog_end(s);
	if (e == ERR_OK && s->fd < 0)
		e = open_socket(s, whom);
	if (e == ERR_OK && !send_all(s->fd, buf_view(&message)))
		e = ERR_IO;
	if (e != ERR_OK) {
		(void)snprintf(why, DELIVERY_WHY_SIZE, "%s: %s",
		    whom->socket != NULL ? whom->socket : whom->address,
		    e == ERR_IO ? strerror(errno) : err_text(e));
		delivery_syslog_end(s);
	}
	buf_free(&message);
	return e;
}

static enum err
open_socket(struct delivery_syslog *s, const struct teller *whom)
{
	const struct timeval patience = {.tv_sec = (time_t)whom->timeout_s};

	s->fd = whom->socket != NULL ? open_unix(whom->socket) : open_tcp(whom);
	if (s->fd < 0)
		return ERR_IO;
	(void)setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return ERR_OK;
}

static int
open_unix(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(to.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

static int
open_tcp(const struct teller *whom)
{
	const struct timeval patience = {.tv_sec = (time_t)whom->timeout_s};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(whom->port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(whom->port)};
	const bool is_six = inet_pton(AF_INET6, whom->address, &six.sin6_addr) == 1;
	const struct sockaddr *to =
	    is_six ? (const struct sockaddr *)&six : (const struct sockaddr *)&four;
	int fd;

	if (!is_six && inet_pton(AF_INET, whom->address, &four.sin_addr) != 1) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, to, is_six ? sizeof(six) : sizeof(four)) != 0) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

/* The event's id is MSGID's where it fits, and always in the JSON. */
static enum err
write_message(const struct teller *whom, const struct event_row *event, struct buf *to)
{
	char host[HOST_SIZE] = "-", when[UTC_TEXT_SIZE];
	struct buf text = BUF_INIT;
	enum err e;

	if (gethostname(host, sizeof(host)) != 0 || host[0] == '\0')
		(void)snprintf(host, sizeof(host), "-");
	host[sizeof(host) - 1] = '\0';
	buf_append_format(&text, "<%u>1 %s %s hallmark-register %ld %s - ",
	    FACILITY_AUTHPRIV * 8 + severity(event->kind), utc_text((uint64_t)time(NULL), when),
	    host, (long)getpid(), event_kind_name(event->kind));
	buf_append_view(&text, event->json);
	if ((e = buf_status(&text)) == ERR_OK) {
		if (whom->address != NULL)
			buf_append_format(to, "%zu ", text.size);
		buf_append_view(to, buf_view(&text));
		e = buf_status(to);
	}
	buf_free(&text);
	return e;
}

static unsigned
severity(enum event_kind kind)
{
	if (kind == EVENT_ALARM)
		return SEVERITY_ALERT;
	return kind == EVENT_VERDICT || kind == EVENT_SILENT ? SEVERITY_WARNING : SEVERITY_NOTICE;
}

static bool
send_all(int fd, struct view bytes)
{
	while (bytes.size > 0) {
		const ssize_t sent = send(fd, bytes.data, bytes.size, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		bytes.data += sent;
		bytes.size -= (size_t)sent;
	}
	return true;
}

/* The other side has not ended it: what would be sent then would be lost unsaid. */
static bool
is_open(int fd)
{
	char byte;
	const ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}
