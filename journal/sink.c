#include "journal/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/encoding.h"

static enum { WRITTEN, OPENED_ANEW, LOOKED_AT, SOCKET } kind;
static int descriptor = STDERR_FILENO;

void
sink_open(void)
{
	struct stat st;
	int fd;

	if (fstat(STDERR_FILENO, &st) != 0)
		return;
	if (S_ISSOCK(st.st_mode)) {
		kind = SOCKET;
	} else if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)) {
		fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		kind = fd >= 0 ? OPENED_ANEW : LOOKED_AT;
		descriptor = fd >= 0 ? fd : STDERR_FILENO;
	}
}

void
sink_open_again(void)
{
	if (kind == OPENED_ANEW)
		sink_open();
}

void
sink_forget(void)
{
	descriptor = STDERR_FILENO;
	kind = WRITTEN;
}

void
sink_leave(int none)
{
	if (descriptor != STDERR_FILENO)
		(void)dup3(none, descriptor, O_CLOEXEC);
	(void)dup2(none, STDERR_FILENO);
	kind = WRITTEN;
}

ssize_t
sink_send(struct view bytes)
{
	ssize_t sent;

	if (kind == LOOKED_AT && !sink_wait(0))
		return 0;
	if (kind == LOOKED_AT && bytes.size > PIPE_BUF)
		bytes.size = PIPE_BUF; /* more would wait for the rest */
	do
		sent = kind == SOCKET
			   ? send(descriptor, bytes.data, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL)
			   : write(descriptor, bytes.data, bytes.size);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS))
		return 0;
	return sent;
}

bool
sink_wait(int ms)
{
	struct pollfd room = {.fd = descriptor, .events = POLLOUT};

	return poll(&room, 1, ms) > 0;
}

/* systemd.exec(5): device and inode of what stderr was when the unit was started. */
bool
sink_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	const char *colon = stream != NULL ? strchr(stream, ':') : NULL;
	uint64_t device, inode;
	struct stat st;

	return colon != NULL &&
	       decimal_decode((struct view){(const uint8_t *)stream, (size_t)(colon - stream)},
		   &device) == ERR_OK &&
	       decimal_decode(view_of_string(colon + 1), &inode) == ERR_OK &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}
