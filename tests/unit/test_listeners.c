/* TCP sockets that listen, as the kernel answers: the same that it lists in /proc/net. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/machine/listeners.h"

struct seen {
	const char *address;
	uint16_t port;
	size_t size; /* of an address */
	unsigned times;
};

static void
look(void *context, const uint8_t *address, uint16_t port)
{
	struct seen *s = context;
	char text[INET6_ADDRSTRLEN];

	(void)inet_ntop(s->size == 4 ? AF_INET : AF_INET6, address, text, sizeof(text));
	s->times += port == s->port && strcmp(text, s->address) == 0;
}

/* Of a port that the kernel chooses. */
static int
bound(int family, bool listens, uint16_t *port)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr *at = family == AF_INET ? (void *)&four : (void *)&six;
	socklen_t size = family == AF_INET ? sizeof(four) : sizeof(six);
	const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, at, size), 0);
	assert_int_equal(getsockname(fd, at, &size), 0);
	*port = ntohs(family == AF_INET ? four.sin_port : six.sin6_port);
	if (listens)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void
who_listens_is_told(void **state)
{
	static const int families[] = {AF_INET, AF_INET6};
	struct seen seen[] = {{"127.0.0.1", 0, 4, 0}, {"::1", 0, 16, 0}};
	struct seen bare[] = {{"127.0.0.1", 0, 4, 0}, {"::1", 0, 16, 0}};
	const int asked = listeners_socket();

	(void)state;
	assert_true(asked >= 0);
	listeners_begin(asked);
	for (size_t i = 0; i < 2; i++) {
		const int waits = bound(families[i], true, &seen[i].port);
		const int does_not = bound(families[i], false, &bare[i].port);

		assert_int_equal(listeners_each(families[i], look, &seen[i]), ERR_OK);
		assert_int_equal(seen[i].times, 1);
		assert_int_equal(listeners_each(families[i], look, &bare[i]), ERR_OK);
		assert_int_equal(bare[i].times, 0);
		(void)close(waits);
		assert_int_equal(listeners_each(families[i], look, &seen[i]), ERR_OK);
		assert_int_equal(seen[i].times, 1);
		(void)close(does_not);
	}
	listeners_begin(-1);
	(void)close(asked);
}

/* More than one message holds. */
static void
many_are_told(void **state)
{
	struct seen seen = {"127.0.0.1", 0, 4, 0};
	int waits[300];
	const int asked = listeners_socket();

	(void)state;
	listeners_begin(asked);
	for (size_t i = 0; i < 300; i++)
		waits[i] = bound(AF_INET, true, &seen.port);
	assert_int_equal(listeners_each(AF_INET, look, &seen), ERR_OK);
	assert_int_equal(seen.times, 1);
	for (size_t i = 0; i < 300; i++)
		(void)close(waits[i]);
	listeners_begin(-1);
	(void)close(asked);
}

static void
nobody_answers(void **state)
{
	struct seen seen = {"", 0, 4, 0};
	const int deaf = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_int_equal(listeners_each(AF_INET, look, &seen), ERR_UNSUPPORTED);
	listeners_begin(deaf);
	assert_int_equal(listeners_each(AF_INET, look, &seen), ERR_UNSUPPORTED);
	listeners_begin(-1);
	assert_int_equal(listeners_each(AF_INET, look, &seen), ERR_UNSUPPORTED);
	(void)close(deaf);
}

/* A family of addresses that there is none of is answered with an error. */
static void
a_refusal_is_seen(void **state)
{
	struct seen seen = {"", 0, 4, 0};
	const int asked = listeners_socket();

	(void)state;
	listeners_begin(asked);
	assert_int_equal(listeners_each(AF_MAX - 1, look, &seen), ERR_UNSUPPORTED);
	assert_int_equal(listeners_each(AF_INET, look, &seen), ERR_OK);
	listeners_begin(-1);
	(void)close(asked);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nobody_answers),
	    cmocka_unit_test(who_listens_is_told),
	    cmocka_unit_test(many_are_told),
	    cmocka_unit_test(a_refusal_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
