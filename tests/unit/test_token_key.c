#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pkcs11/token/token.h"

/* Of the 32 answers that a token can give, one is good. */
static void
a_key_is_safe_only_if_every_attribute_says_so(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 32; i++) {
		struct token_key_attributes a = {.sensitive = (i & 1) != 0,
		    .always_sensitive = (i & 2) != 0,
		    .extractable = (i & 4) != 0,
		    .never_extractable = (i & 8) != 0,
		    .local = (i & 16) != 0};

		assert_int_equal(token_key_is_safe(&a), i == (1 | 2 | 8 | 16));
	}
}

/* What a structure says that nobody has filled in. */
static void
a_key_is_not_safe_by_default(void **state)
{
	const struct token_key_attributes none = {0};

	(void)state;
	assert_false(token_key_is_safe(&none));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_is_safe_only_if_every_attribute_says_so),
	    cmocka_unit_test(a_key_is_not_safe_by_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
