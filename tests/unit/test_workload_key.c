/* The key of a workload, and what it is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "collector/tokens/workload_key.h"
#include "proto/encoding.h"
#include "tests/unit/config_fixture.h"

#define V(s) VIEW_LITERAL(s)

/* RFC 7638, section 3.1. */
#define RFC_N                                                                                      \
	"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"  \
	"BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_" \
	"FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"        \
	"bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
#define RFC_THUMBPRINT "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

/* RFC 8037, appendix A.2 and A.3. */
#define ED25519_X          "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED25519_THUMBPRINT "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
#define ED25519_PEM                                                                                \
	"-----BEGIN PUBLIC KEY-----\n"                                                             \
	"MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"                           \
	"-----END PUBLIC KEY-----\n"

static void
expect(struct view text, const char *expected)
{
	struct buf found = BUF_INIT;
	struct digest digest;

	assert_int_equal(workload_key_thumbprint(text, &digest), ERR_OK);
	base64url_append(&found, (struct view){digest.bytes, DIGEST_SIZE});
	assert_true(view_equal(buf_view(&found), view_of_string(expected)));
	buf_free(&found);
}

static void
thumbprints_are_those_of_the_standards(void **state)
{
	(void)state;
	expect(V("{\"kty\":\"RSA\",\"n\":\"" RFC_N
		 "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}"),
	    RFC_THUMBPRINT);
	expect(
	    V("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED25519_X "\"}"), ED25519_THUMBPRINT);
	expect(V(ED25519_PEM), ED25519_THUMBPRINT);
}

static void
what_is_no_key_is_refused(void **state)
{
	static const struct {
		struct view text;
		enum err expected;
	} bad[] = {
	    {V(""), ERR_FORMAT},
	    {V("[]"), ERR_FORMAT},
	    {V("{}"), ERR_FORMAT},
	    {V("{\"kty\":1}"), ERR_FORMAT},
	    {V("{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}"), ERR_UNSUPPORTED},
	    {V("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\"}"), ERR_FORMAT},
	    {V("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\"}"), ERR_FORMAT},
	    {V("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"a\\\"\"}"), ERR_FORMAT},
	    {V("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"a\",\"x\":\"b\"}"), ERR_FORMAT},
	    {V("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"a\"} more"), ERR_FORMAT},
	    {V("-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n"), ERR_FORMAT},
	};
	struct digest digest;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(workload_key_thumbprint(bad[i].text, &digest), bad[i].expected);
}

static void
it_is_read_from_its_file(void **state)
{
	static char large[WORKLOAD_KEY_SIZE_MAX + 2];
	struct fixture *f = *state;
	struct trouble t = TROUBLE_INIT;
	struct digest digest;

	fixture_write(f, "key", 0644, ED25519_PEM);
	assert_int_equal(workload_key_read(fixture_path(f, "key"), &digest, &t), ERR_OK);
	assert_int_equal(workload_key_read(fixture_path(f, "none"), &digest, &t), ERR_NOT_FOUND);
	assert_non_null(strstr(t.text, "token.key"));
	memset(large, ' ', sizeof(large) - 1);
	fixture_write(f, "large", 0644, large);
	assert_int_equal(workload_key_read(fixture_path(f, "large"), &digest, &t), ERR_FORMAT_SIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(thumbprints_are_those_of_the_standards),
	    cmocka_unit_test(what_is_no_key_is_refused),
	    cmocka_unit_test_setup_teardown(
		it_is_read_from_its_file, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
