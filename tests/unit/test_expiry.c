/* What is near its end, when that is said, and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/ca_fixture.h"
#include "trust/expiry.h"

#define DAY 86400

static void
test_states_by_what_is_left_of_a_life(void **state)
{
	struct expiry e = {.key = "tls.certificate", .from_s = 0, .to_s = 90 * DAY};

	(void)state;
	assert_int_equal(expiry_state(&e, 70 * DAY), EXPIRY_FAR);
	assert_int_equal(expiry_state(&e, 76 * DAY), EXPIRY_URGENT); /* a third of 90 is more */
	assert_int_equal(expiry_state(&e, 90 * DAY), EXPIRY_OVER);
	e.to_s = 7 * DAY; /* a list that is renewed daily */
	assert_int_equal(expiry_state(&e, DAY), EXPIRY_NEAR);
	assert_int_equal(expiry_state(&e, 5 * DAY), EXPIRY_URGENT);
	e.to_s = INT64_MAX;
	assert_int_equal(expiry_state(&e, 1000000 * (int64_t)DAY), EXPIRY_FAR);
	e = (struct expiry){.to_s = 1};
	assert_int_equal(expiry_state(&e, 2), EXPIRY_FAR); /* nothing is there */
}

static void
test_a_logs_certificate_is_near_a_month_a_week_and_a_day_before(void **state)
{
	struct expiry e = {
	    .key = "log_certificate", .from_s = 0, .to_s = 3650 * (int64_t)DAY, .of_log = true};

	(void)state;
	assert_int_equal(expiry_state(&e, e.to_s - 30 * DAY - 1), EXPIRY_FAR);
	assert_int_equal(expiry_state(&e, e.to_s - 30 * DAY), EXPIRY_NEAR);
	assert_int_equal(expiry_state(&e, e.to_s - 7 * DAY - 1), EXPIRY_NEAR);
	assert_int_equal(expiry_state(&e, e.to_s - 7 * DAY), EXPIRY_URGENT);
	assert_int_equal(expiry_state(&e, e.to_s - DAY - 1), EXPIRY_URGENT);
	assert_int_equal(expiry_state(&e, e.to_s - DAY), EXPIRY_LAST);
	assert_int_equal(expiry_state(&e, e.to_s), EXPIRY_OVER);
	for (int days = 30; days >= 0; days--)
		assert_true(expiry_is_to_be_said(&e, e.to_s - days * DAY));
	e.of_log = false;
	assert_int_equal(expiry_state(&e, e.to_s - 15 * DAY), EXPIRY_FAR);
}

static void
test_of_a_logs_chain_what_ends_first_counts(void **state)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct buf pem = BUF_INIT;
	struct expiry e;
	BIO *bio;

	(void)state;
	ca_append_pem("log", &pem, NULL);
	ca_append_pem("ca", &pem, NULL);
	bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	for (int i = 0; i < 2; i++)
		sk_X509_push(chain, PEM_read_bio_X509(bio, NULL, NULL, NULL));
	X509_gmtime_adj(X509_getm_notAfter(sk_X509_value(chain, 1)), 60);
	expiry_of_log(&e, "log_certificate", chain);
	assert_string_equal(e.name, "CN=ca");
	assert_true(e.of_log);
	assert_true(e.to_s - e.from_s <= 61); /* they were made in another second, at most */
	assert_string_equal(expiry_state_name(expiry_state(&e, e.from_s)), "last");
	BIO_free(bio);
	buf_free(&pem);
	sk_X509_pop_free(chain, X509_free);
}

static void
test_it_is_said_once_when_it_gets_worse_and_daily(void **state)
{
	struct expiry e = {.key = "tls.certificate", .from_s = 0, .to_s = 30 * DAY};

	(void)state;
	assert_false(expiry_is_to_be_said(&e, 15 * DAY));
	assert_true(expiry_is_to_be_said(&e, 17 * DAY));
	assert_false(expiry_is_to_be_said(&e, 17 * DAY + 1));
	assert_false(expiry_is_to_be_said(&e, 18 * DAY - 1));
	assert_true(expiry_is_to_be_said(&e, 18 * DAY));
	assert_true(expiry_is_to_be_said(&e, 21 * DAY)); /* urgent */
	assert_true(expiry_is_to_be_said(&e, 30 * DAY)); /* over, at once */
	assert_false(expiry_is_to_be_said(&e, 30 * DAY + 60));
	assert_true(expiry_is_to_be_said(&e, 31 * DAY));
}

static void
test_the_time_left_in_words(void **state)
{
	struct expiry e = {.key = "x", .to_s = 100 * DAY};
	char to[EXPIRY_LEFT_SIZE];

	(void)state;
	assert_string_equal(expiry_left(&e, 87 * DAY, to), "13 days left");
	assert_string_equal(expiry_left(&e, 99 * DAY, to), "24 h left");
	assert_string_equal(expiry_left(&e, 100 * DAY - 180, to), "3 min left");
	assert_string_equal(expiry_left(&e, 100 * DAY - 1, to), "1 s left");
	assert_string_equal(expiry_left(&e, 103 * DAY, to), "over for 3 days");
}

static void
test_of_several_cas_what_ends_first_counts(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct authorities *a;
	struct buf pem = BUF_INIT;
	struct expiry e;

	(void)state;
	ca_append_pem("one", &pem, NULL);
	ca_append_pem("two", &pem, NULL);
	assert_int_equal(
	    authorities_parse("f", "tls.client_ca", buf_view(&pem), NULL, &faults, &a), ERR_OK);
	expiry_of_authorities(&e, "tls.client_ca", a);
	assert_string_equal(e.key, "tls.client_ca");
	assert_true(strcmp(e.name, "CN=one") == 0 || strcmp(e.name, "CN=two") == 0);
	assert_int_equal(e.to_s - e.from_s, 3600);
	authorities_free(&a);
	buf_free(&pem);
	expiry_of_revocations(&e, "tls.client_crl", NULL);
	assert_null(e.key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_states_by_what_is_left_of_a_life),
	    cmocka_unit_test(test_a_logs_certificate_is_near_a_month_a_week_and_a_day_before),
	    cmocka_unit_test(test_of_a_logs_chain_what_ends_first_counts),
	    cmocka_unit_test(test_it_is_said_once_when_it_gets_worse_and_daily),
	    cmocka_unit_test(test_the_time_left_in_words),
	    cmocka_unit_test(test_of_several_cas_what_ends_first_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
