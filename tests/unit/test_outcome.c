/* Outcomes: what outweighs what, and what an error proves. */
#include "tests/lib/vectors.h"

#include "log/outcome.h"

static void
test_bad_outweighs_all(void **state)
{
	(void)state;
	assert_int_equal(outcome_worse(OUTCOME_BAD, OUTCOME_UNKNOWN), OUTCOME_BAD);
	assert_int_equal(outcome_worse(OUTCOME_UNKNOWN, OUTCOME_BAD), OUTCOME_BAD);
	assert_int_equal(outcome_worse(OUTCOME_GOOD, OUTCOME_BAD), OUTCOME_BAD);
	assert_int_equal(outcome_worse(OUTCOME_BAD, OUTCOME_BAD), OUTCOME_BAD);
}

static void
test_unknown_outweighs_good(void **state)
{
	(void)state;
	assert_int_equal(outcome_worse(OUTCOME_GOOD, OUTCOME_UNKNOWN), OUTCOME_UNKNOWN);
	assert_int_equal(outcome_worse(OUTCOME_UNKNOWN, OUTCOME_GOOD), OUTCOME_UNKNOWN);
	assert_int_equal(outcome_worse(OUTCOME_GOOD, OUTCOME_GOOD), OUTCOME_GOOD);
}

static void
test_exit_statuses(void **state)
{
	(void)state;
	assert_int_equal(OUTCOME_GOOD, 0);
	assert_int_equal(OUTCOME_BAD, 1);
	assert_int_equal(OUTCOME_UNKNOWN, 2);
}

static void
test_no_error_but_none_is_good(void **state)
{
	(void)state;
	for (unsigned i = 0; i < err_count(); i++)
		assert_int_equal(outcome_of_error(err_at(i)) == OUTCOME_GOOD, err_at(i) == ERR_OK);
}

static void
test_the_environment_proves_nothing(void **state)
{
	static const enum err none[] = {ERR_IO, ERR_MEMORY, ERR_NOT_FOUND, ERR_CRYPTO, ERR_CHANGED,
	    ERR_CONFIG, ERR_INVARIANT, ERR_UNSUPPORTED, ERR_UNKNOWN_KEY};

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_int_equal(outcome_of_error(none[i]), OUTCOME_UNKNOWN);
}

static void
test_documents_prove(void **state)
{
	static const enum err proof[] = {ERR_FORMAT, ERR_FORMAT_BASE64, ERR_FORMAT_NUMBER,
	    ERR_FORMAT_SIZE, ERR_PROOF, ERR_SIGNATURE, ERR_DIGEST, ERR_MISMATCH,
	    ERR_COMPONENT_FORMAT, ERR_EVIDENCE_SIGNATURE, ERR_IDENTITY, ERR_MSG_RANGE};

	(void)state;
	for (size_t i = 0; i < sizeof(proof) / sizeof(proof[0]); i++)
		assert_int_equal(outcome_of_error(proof[i]), OUTCOME_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bad_outweighs_all),
	    cmocka_unit_test(test_unknown_outweighs_good),
	    cmocka_unit_test(test_exit_statuses),
	    cmocka_unit_test(test_no_error_but_none_is_good),
	    cmocka_unit_test(test_the_environment_proves_nothing),
	    cmocka_unit_test(test_documents_prove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
