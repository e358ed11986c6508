#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pkcs11/token/cryptoki.h"
#include "pkcs11/token/failure.h"

/* Every error of every call is walked with a real process: tests/fault/token_failures.py. */
static void
only_what_helps_is_done(void **state)
{
	(void)state;
	assert_int_equal(failure_reaction(FAILURE_SIGN, CKR_FUNCTION_CANCELED), FAILURE_RETRY);
	assert_int_equal(failure_reaction(FAILURE_SIGN, CKR_SESSION_CLOSED), FAILURE_SESSION);
	assert_int_equal(failure_reaction(FAILURE_SIGN, CKR_DEVICE_ERROR), FAILURE_PROCESS);
	assert_int_equal(failure_reaction(FAILURE_SIGN, CKR_MECHANISM_INVALID), FAILURE_OPERATOR);
	assert_int_equal(failure_reaction(FAILURE_OPEN, CKR_SESSION_COUNT), FAILURE_RETRY);
	assert_int_equal(failure_reaction(FAILURE_OPEN, CKR_SESSION_CLOSED), FAILURE_PROCESS);
	/* Never twice with one PIN. */
	for (unsigned long rv = 1; rv < 0x400; rv++) {
		const enum failure_class reaction = failure_reaction(FAILURE_LOGIN, rv);

		assert_true(reaction == FAILURE_PROCESS || reaction == FAILURE_OPERATOR);
	}
}

static void
of_an_unknown_number_nothing_is_assumed(void **state)
{
	(void)state;
	assert_int_equal(failure_reaction(FAILURE_SIGN, 0x7fff), FAILURE_PROCESS);
	assert_int_equal(failure_reaction(FAILURE_SIGN, CKR_VENDOR_DEFINED + 1), FAILURE_PROCESS);
	assert_non_null(strstr(failure_text(CKR_VENDOR_DEFINED + 1), "vendor"));
	assert_non_null(strstr(failure_text(0x7fff), "see PKCS#11"));
}

static void
an_operator_is_told_apart(void **state)
{
	(void)state;
	assert_int_equal(failure_error(FAILURE_READ, CKR_PIN_EXPIRED), ERR_TOKEN_UNFIT);
	assert_int_equal(failure_error(FAILURE_READ, CKR_DEVICE_REMOVED), ERR_TOKEN);
	assert_non_null(strstr(failure_text(CKR_PIN_EXPIRED), "CKR_PIN_EXPIRED: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_what_helps_is_done),
	    cmocka_unit_test(of_an_unknown_number_nothing_is_assumed),
	    cmocka_unit_test(an_operator_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
