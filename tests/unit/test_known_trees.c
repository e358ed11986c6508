/* What the signer believes of the key process's memory: never more than that has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pkcs11/serve/trees.h"
#include "signer/ledger/known_trees.h"

static struct known_trees ours;
static struct trees theirs;

static void
begin(uint64_t size)
{
	struct digest root = {{0}};

	known_trees_begin(&ours, size);
	theirs.count = 0;
	trees_add(&theirs, size, &root);
}

static void
add(uint64_t size)
{
	struct digest root = {{0}};

	known_trees_add(&ours, size);
	trees_add(&theirs, size, &root);
}

static void
nothing_is_known_before_a_key_process_is_there(void **state)
{
	static const struct known_trees none;

	(void)state;
	assert_false(known_trees_has(&none, 0));
	assert_false(known_trees_has(&none, UINT64_MAX));
}

static void
a_fresh_one_knows_its_state_alone(void **state)
{
	(void)state;
	begin(10);
	add(20);
	begin(20);
	assert_false(known_trees_has(&ours, 10));
	assert_true(known_trees_has(&ours, 20));
	assert_false(known_trees_has(&ours, 30));
}

/* Whatever we hold for known is known, also when one more is signed before it is read. */
static void
never_more_than_the_key_process_has(void **state)
{
	(void)state;
	begin(3);
	for (uint64_t n = 2; n <= 3 * KEYCHANNEL_TREES; n++) {
		struct digest root = {{0}};

		trees_add(&theirs, 3 * n, &root); /* signed, and its answer under way */
		for (uint64_t k = n > KEYCHANNEL_TREES + 2 ? n - KEYCHANNEL_TREES - 2 : 1; k < n;
		     k++)
			if (known_trees_has(&ours, 3 * k))
				assert_non_null(trees_root(&theirs, 3 * k));
		known_trees_add(&ours, 3 * n);
		assert_true(known_trees_has(&ours, 3 * n));
		if (n >= KEYCHANNEL_TREES) {
			assert_true(known_trees_has(&ours, 3 * (n - KEYCHANNEL_TREES + 2)));
			assert_false(known_trees_has(&ours, 3 * (n - KEYCHANNEL_TREES + 1)));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_known_before_a_key_process_is_there),
	    cmocka_unit_test(a_fresh_one_knows_its_state_alone),
	    cmocka_unit_test(never_more_than_the_key_process_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
