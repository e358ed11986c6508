/* The CAs that a policy knows collectors by: certificates alone, and which ones they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "policy/governance/collectors_ca.h"
#include "tests/unit/ca_fixture.h"

static struct collectors_ca *
accept(struct view pem)
{
	struct faults faults = FAULTS_INIT;
	struct collectors_ca *c;

	assert_int_equal(collectors_ca_parse("ca.pem", pem, &faults, &c), ERR_OK);
	assert_int_equal(faults.count, 0);
	assert_non_null(c);
	return c;
}

static void
refuse(struct view pem, const char *why)
{
	struct faults faults = FAULTS_INIT;
	struct collectors_ca *c;

	assert_int_equal(collectors_ca_parse("ca.pem", pem, &faults, &c), ERR_CONFIG);
	assert_null(c);
	assert_int_equal(faults.count, 1);
	assert_string_equal(faults.fault[0].file, "ca.pem");
	if (strstr(faults.fault[0].text, why) == NULL)
		fail_msg("expected \"%s\", found \"%s\"", why, faults.fault[0].text);
	faults_free(&faults);
}

static void
certificates_are_found_by_their_digests(void **state)
{
	struct buf pem = BUF_INIT;
	struct digest first, second, other;
	struct collectors_ca *c;

	(void)state;
	buf_append_string(&pem, "subject=CN = one\n");
	ca_append_pem("one", &pem, &first);
	buf_append_string(&pem, "\n# the next\n");
	ca_append_pem("two", &pem, &second);
	digest_of("x", 1, &other);
	c = accept(buf_view(&pem));
	assert_int_equal(collectors_ca_count(c), 2);
	assert_true(collectors_ca_has(c, &first));
	assert_true(collectors_ca_has(c, &second));
	assert_false(collectors_ca_has(c, &other));
	assert_int_equal(
	    X509_check_issued(collectors_ca_at(c, 0), collectors_ca_at(c, 0)), X509_V_OK);
	assert_int_not_equal(
	    X509_check_issued(collectors_ca_at(c, 0), collectors_ca_at(c, 1)), X509_V_OK);
	collectors_ca_free(&c);
	assert_null(c);
	buf_free(&pem);
}

static void
a_file_without_certificates_is_refused(void **state)
{
	(void)state;
	refuse(VIEW_LITERAL(""), "found 0 bytes");
	refuse(VIEW_LITERAL("nothing\n"), "found none");
}

static void
what_is_no_certificate_is_refused(void **state)
{
	struct buf pem = BUF_INIT;

	(void)state;
	ca_append_pem("one", &pem, NULL);
	buf_append_string(&pem, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
	refuse(buf_view(&pem), "a block \"PRIVATE KEY\"");
	buf_clear(&pem);
	buf_append_string(&pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	refuse(buf_view(&pem), "certificate 1 cannot be read");
	buf_free(&pem);
}

static void
a_cut_file_is_refused(void **state)
{
	struct buf pem = BUF_INIT;
	size_t whole;

	(void)state;
	ca_append_pem("one", &pem, NULL);
	whole = pem.size;
	ca_append_pem("two", &pem, NULL);
	refuse((struct view){pem.data, pem.size - 30}, "a block that cannot be read");
	refuse((struct view){pem.data, whole + 60}, "a block that cannot be read");
	buf_free(&pem);
}

static void
too_many_certificates_are_refused(void **state)
{
	struct buf one = BUF_INIT, pem = BUF_INIT;
	struct collectors_ca *c;

	(void)state;
	ca_append_pem("one", &one, NULL);
	for (unsigned i = 0; i < COLLECTORS_CA_COUNT_MAX; i++)
		buf_append_view(&pem, buf_view(&one));
	c = accept(buf_view(&pem));
	assert_int_equal(collectors_ca_count(c), COLLECTORS_CA_COUNT_MAX);
	collectors_ca_free(&c);
	buf_append_view(&pem, buf_view(&one));
	refuse(buf_view(&pem), "at most 256");
	buf_free(&one);
	buf_free(&pem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(certificates_are_found_by_their_digests),
	    cmocka_unit_test(a_file_without_certificates_is_refused),
	    cmocka_unit_test(what_is_no_certificate_is_refused),
	    cmocka_unit_test(a_cut_file_is_refused),
	    cmocka_unit_test(too_many_certificates_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
