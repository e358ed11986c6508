/* Where reports stand in the log, packed: what goes in comes out, and nothing else is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "register/view/places.h"

#define V(s) VIEW_LITERAL(s)

static void
what_is_added_comes_out(void **state)
{
	static const struct place all[] = {{7, 1000, false}, {8, 1000, true}, {300, 1060, false},
	    {301, 400, false}, {9007199254740991ULL, 253402300799ULL, true}};
	struct places p, again;
	struct place each;
	size_t at = 0, i = 0;

	(void)state;
	places_begin(&p, all[0].entry, all[0].issued_s, all[0].offline);
	for (i = 1; i < 5; i++)
		assert_true(places_add(&p, all[i].entry, all[i].issued_s, all[i].offline));
	assert_true(places_load(&again, 7, 1000, (struct view){p.bytes, p.size}));
	assert_int_equal(again.last_entry, all[4].entry);
	assert_int_equal(again.last_s, all[4].issued_s);
	for (i = 0; places_next(&again, &at, &each); i++) {
		assert_int_equal(each.entry, all[i].entry);
		assert_int_equal(each.issued_s, all[i].issued_s);
		assert_int_equal(each.offline, all[i].offline);
	}
	assert_int_equal(i, 5);
}

static void
a_full_piece_takes_no_more_and_stays(void **state)
{
	struct places p, before;
	uint64_t entry = 1;

	(void)state;
	places_begin(&p, entry, 1, false);
	do {
		before = p;
		entry++;
	} while (places_add(&p, entry, entry * 60, false));
	assert_memory_equal(&p, &before, sizeof(p));
	assert_true(entry > 30);
	assert_false(places_add(&p, UINT64_MAX / 4, 0, true));
	assert_memory_equal(&p, &before, sizeof(p));
}

static void
a_damaged_piece_is_none(void **state)
{
	static const struct view wrong[] = {V(""), V("\x02"), V("\x00\x02"), V("\x00\x82\x02"),
	    V("\x00\x02\x80"), V("\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x02")};
	uint8_t much[PLACES_SIZE + 1] = {0};
	struct places p;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(places_load(&p, 1, 1, wrong[i]));
	assert_false(places_load(&p, 1, 1, (struct view){much, sizeof(much)}));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_added_comes_out),
	    cmocka_unit_test(a_full_piece_takes_no_more_and_stays),
	    cmocka_unit_test(a_damaged_piece_is_none)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
