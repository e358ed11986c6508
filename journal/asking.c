#include "journal/asking.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proto/text.h"

/*
 * Bytes: a receipt of the largest report, with a checkpoint of 64 KiB; a collector's 1,024
 * workloads, each with a sentence of 1 KB about what is wrong.
 */
#define ANSWER_MAX (2 * 1024 * 1024)

static int connect_to(const struct asked *of, unsigned timeout_s);
static bool send_all(int fd, struct view request);
static bool receive_all(int fd, uint64_t deadline_ms, struct buf *answer);
static bool wait_for_more(int fd, uint64_t deadline_ms);
static uint64_t now_ms(void);
static bool make_printable(json_t *value);
static bool make_string_printable(json_t *value);
static void say_failure(const struct asked *of, unsigned timeout_s);

int
asking(const struct asked *of, struct view request, unsigned timeout_s, struct buf *answer)
{
	const uint64_t deadline_ms = now_ms() + (uint64_t)timeout_s * 1000;
	int fd = connect_to(of, timeout_s);
	bool good;

	if (fd < 0)
		return 1;
	good = send_all(fd, request) && receive_all(fd, deadline_ms, answer);
	if (!good)
		say_failure(of, timeout_s);
	close(fd);
	return good ? 0 : 1;
}

json_t *
asking_parse(const struct buf *answer)
{
	json_t *json =
	    json_loadb((const char *)answer->data, answer->size, JSON_REJECT_DUPLICATES, NULL);

	if (json != NULL && make_printable(json))
		return json;
	json_decref(json);
	return NULL;
}

void
asking_say_refusal(const struct asked *of, const struct buf *answer, const char *expected)
{
	json_t *json = asking_parse(answer);
	json_t *error = json_object_get(json, "error");
	const char *name = json_string_value(json_object_get(error, "name"));
	const char *text = json_string_value(json_object_get(error, "text"));

	if (name != NULL && text != NULL)
		fprintf(stderr, "%s: %s (%lld %s)\n", of->program, text,
		    (long long)json_integer_value(json_object_get(error, "code")), name);
	else
		fprintf(stderr,
		    "%s: %s: expected %s in JSON, found something else; is this the %s's status "
		    "socket?\n",
		    of->program, of->socket, expected, of->role);
	json_decref(json);
}

static int
connect_to(const struct asked *of, unsigned timeout_s)
{
	const struct timeval timeout = {.tv_sec = (time_t)timeout_s};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(of->socket) >= sizeof(address.sun_path)) {
		fprintf(stderr, "%s: %s: longer than a Unix socket's path may be\n", of->program,
		    of->socket);
		return -1;
	}
	memcpy(address.sun_path, of->socket, strlen(of->socket) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) == 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	say_failure(of, timeout_s);
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
receive_all(int fd, uint64_t deadline_ms, struct buf *answer)
{
	ssize_t got = 1;

	while (got > 0 && answer->size < ANSWER_MAX) {
		uint8_t *room = buf_reserve(answer, 4096);

		got = room != NULL && wait_for_more(fd, deadline_ms) ? read(fd, room, 4096) : -1;
		answer->size += got > 0 ? (size_t)got : 0;
	}
	return got >= 0;
}

static bool
wait_for_more(int fd, uint64_t deadline_ms)
{
	struct pollfd more = {.fd = fd, .events = POLLIN};
	const uint64_t now = now_ms();
	int ready = poll(&more, 1, deadline_ms > now ? (int)(deadline_ms - now) : 0);

	if (ready == 0)
		errno = EAGAIN;
	return ready > 0;
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* False where that cannot be: of a name, or for want of memory. */
static bool
make_printable(json_t *value)
{
	const char *name;
	json_t *member;
	bool good = true;
	size_t i;

	json_array_foreach(value, i, member) good = good && make_printable(member);
	json_object_foreach(value, name, member)
	{
		good =
		    good && text_is_printable(view_of_string(name), true) && make_printable(member);
	}
	return good && (!json_is_string(value) || make_string_printable(value));
}

static bool
make_string_printable(json_t *value)
{
	const struct view said = {
	    (const uint8_t *)json_string_value(value), json_string_length(value)};
	struct buf shown = BUF_INIT;
	bool good;

	if (text_is_printable(said, true))
		return true;
	text_append_printable(&shown, said, ANSWER_MAX);
	good = buf_status(&shown) == ERR_OK &&
	       json_string_setn(value, (const char *)shown.data, shown.size) == 0;
	buf_free(&shown);
	return good;
}

/* By errno; nothing waits longer than the timeout. */
static void
say_failure(const struct asked *of, unsigned timeout_s)
{
	if (errno == EAGAIN)
		fprintf(stderr, "%s: %s: no answer within %u s; the %s is stopped or hangs\n",
		    of->program, of->socket, timeout_s, of->role);
	else
		fprintf(stderr, "%s: %s: %s; is the %s running?\n", of->program, of->socket,
		    strerror(errno), of->role);
}
