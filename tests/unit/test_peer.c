/* Peers as the log names them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <string.h>

#include "signer/front/peer.h"

static void
expect_v4(const char *address, uint16_t port, const char *expected)
{
	union peer p = {.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
	char text[PEER_TEXT_SIZE];

	assert_int_equal(inet_pton(AF_INET, address, &p.v4.sin_addr), 1);
	peer_text(&p, text);
	assert_string_equal(text, expected);
}

static void
expect_v6(const char *address, uint16_t port, const char *expected)
{
	union peer p = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};
	char text[PEER_TEXT_SIZE];

	assert_int_equal(inet_pton(AF_INET6, address, &p.v6.sin6_addr), 1);
	peer_text(&p, text);
	assert_string_equal(text, expected);
}

static void
test_addresses_and_ports(void **state)
{
	(void)state;
	expect_v4("192.0.2.1", 50000, "192.0.2.1:50000");
	expect_v4("255.255.255.255", 65535, "255.255.255.255:65535");
	expect_v6("2001:db8::1", 1, "[2001:db8::1]:1");
	expect_v6("::ffff:192.0.2.1", 443, "[::ffff:192.0.2.1]:443");
}

static void
test_the_longest_has_room(void **state)
{
	(void)state;
	expect_v6("2001:1db8:ffff:ffff:ffff:ffff:ffff:ffff", 65535,
	    "[2001:1db8:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
	expect_v6("::ffff:255.255.255.255", 65535, "[::ffff:255.255.255.255]:65535");
}

static void
test_another_family(void **state)
{
	union peer p = {.any = {.sa_family = AF_UNIX}};
	char text[PEER_TEXT_SIZE];

	(void)state;
	peer_text(&p, text);
	assert_string_equal(text, "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_addresses_and_ports),
	    cmocka_unit_test(test_the_longest_has_room),
	    cmocka_unit_test(test_another_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
