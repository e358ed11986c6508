#include "signer/control_ask.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* Bytes: a receipt of the largest report, with a checkpoint of 64 KiB. */
#define ANSWER_MAX (512 * 1024)

static int connect_to(const char *path, unsigned timeout_s);
static bool send_all(int fd, struct view request);
static bool receive_all(int fd, struct buf *answer);
static void say_failure(const char *path, unsigned timeout_s);

int
control_ask(const char *path, struct view request, unsigned timeout_s, struct buf *answer)
{
	int fd = connect_to(path, timeout_s);
	bool good;

	if (fd < 0)
		return 1;
	good = send_all(fd, request) && receive_all(fd, answer);
	if (!good)
		say_failure(path, timeout_s);
	close(fd);
	return good ? 0 : 1;
}

void
control_say_refusal(const char *path, const struct buf *answer, const char *expected)
{
	json_t *json =
	    json_loadb((const char *)answer->data, answer->size, JSON_REJECT_DUPLICATES, NULL);
	json_t *error = json_object_get(json, "error");
	const char *name = json_string_value(json_object_get(error, "name"));
	const char *text = json_string_value(json_object_get(error, "text"));

	if (name != NULL && text != NULL)
		fprintf(stderr, "hallmark-signer: %s (%lld %s)\n", text,
		    (long long)json_integer_value(json_object_get(error, "code")), name);
	else
		fprintf(stderr,
		    "hallmark-signer: %s: expected %s in JSON, found something else; is this the "
		    "signer's status socket?\n",
		    path, expected);
	json_decref(json);
}

static int
connect_to(const char *path, unsigned timeout_s)
{
	const struct timeval timeout = {.tv_sec = (time_t)timeout_s};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(
		    stderr, "hallmark-signer: %s: longer than a Unix socket's path may be\n", path);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) == 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	say_failure(path, timeout_s);
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool
send_all(int fd, struct view request)
{
	while (request.size > 0) {
		const ssize_t sent = send(fd, request.data, request.size, MSG_NOSIGNAL);

		if (sent < 0)
			return false;
		request = (struct view){request.data + sent, request.size - (size_t)sent};
	}
	return true;
}

static bool
receive_all(int fd, struct buf *answer)
{
	ssize_t got = 1;

	while (got > 0 && answer->size < ANSWER_MAX) {
		uint8_t *room = buf_reserve(answer, 4096);

		got = room != NULL ? read(fd, room, 4096) : -1;
		answer->size += got > 0 ? (size_t)got : 0;
	}
	return got >= 0;
}

/* By errno; no call waits longer than the timeout. */
static void
say_failure(const char *path, unsigned timeout_s)
{
	if (errno == EAGAIN)
		fprintf(stderr,
		    "hallmark-signer: %s: no answer within %u s; the signer is stopped or hangs\n",
		    path, timeout_s);
	else
		fprintf(stderr, "hallmark-signer: %s: %s; is the signer running?\n", path,
		    strerror(errno));
}
