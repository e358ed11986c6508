#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pkcs11/token/choice.h"

static void
fill(unsigned char *to, size_t size, const char *text)
{
	memset(to, ' ', size);
	memcpy(to, text, strlen(text));
}

static struct ck_token_info
token(const char *label, const char *serial)
{
	struct ck_token_info info = {0};

	fill(info.label, sizeof(info.label), label);
	fill(info.serial_number, sizeof(info.serial_number), serial);
	fill(info.manufacturer_id, sizeof(info.manufacturer_id), "Maker");
	fill(info.model, sizeof(info.model), "Model 1");
	return info;
}

static struct choice *
choose(const char *uri)
{
	const struct hsm_config config = {
	    .token_label = uri, .key_label = uri, .token_uri = uri, .key_uri = uri};
	struct choice *c;

	assert_int_equal(choice_new(&config, &c), ERR_OK);
	return c;
}

static bool
means(const char *uri, const char *label, const char *serial, ck_slot_id_t slot)
{
	const struct ck_token_info info = token(label, serial);
	struct ck_slot_info slot_info = {0};
	struct ck_info module_info = {0};
	struct choice *c = choose(uri);
	bool meant;

	fill(slot_info.slot_description, sizeof(slot_info.slot_description), "a slot");
	fill(slot_info.manufacturer_id, sizeof(slot_info.manufacturer_id), "Maker");
	fill(module_info.library_description, sizeof(module_info.library_description), "library");
	fill(module_info.manufacturer_id, sizeof(module_info.manufacturer_id), "Maker");
	meant = choice_is_token(c, slot, &info, &slot_info, &module_info);
	choice_free(&c);
	assert_null(c);
	return meant;
}

static void
each_attribute_of_a_token_counts(void **state)
{
	(void)state;
	assert_true(means("pkcs11:object=k", "a", "1", 0));
	assert_true(means("pkcs11:token=a;object=k", "a", "1", 0));
	assert_false(means("pkcs11:token=a;object=k", "ab", "1", 0));
	assert_false(means("pkcs11:token=ab;object=k", "a", "1", 0));
	assert_true(means("pkcs11:token=a%20b;object=k", "a b", "1", 0));
	assert_true(means("pkcs11:token=;object=k", "", "1", 0));
	assert_false(means("pkcs11:token=;object=k", "a", "1", 0));
	assert_true(means("pkcs11:token=a;serial=1;object=k", "a", "1", 0));
	assert_false(means("pkcs11:token=a;serial=1;object=k", "a", "11", 0));
	assert_true(means("pkcs11:manufacturer=Maker;model=Model%201;object=k", "a", "1", 0));
	assert_false(means("pkcs11:manufacturer=Maker;model=Model%202;object=k", "a", "1", 0));
	assert_true(means("pkcs11:serial=1;slot-id=7;object=k", "a", "1", 7));
	assert_false(means("pkcs11:serial=1;slot-id=7;object=k", "a", "1", 8));
	assert_true(means("pkcs11:slot-description=a%20slot;object=k", "a", "1", 0));
	assert_false(means("pkcs11:slot-description=slot;object=k", "a", "1", 0));
	assert_true(means("pkcs11:library-description=library;object=k", "a", "1", 0));
	assert_false(means("pkcs11:library-description=other;object=k", "a", "1", 0));
}

static void
the_slot_is_asked_for_where_it_counts(void **state)
{
	static const struct {
		const char *uri;
		bool needs;
	} all[] = {{"pkcs11:token=a;serial=1;object=k", false}, {"pkcs11:slot-id=0;object=k", true},
	    {"pkcs11:slot-description=s;object=k", true},
	    {"pkcs11:slot-manufacturer=s;object=k", true},
	    {"pkcs11:library-version=2;object=k", true}};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct choice *c = choose(all[i].uri);

		assert_int_equal(choice_needs_slot(c), all[i].needs);
		choice_free(&c);
	}
}

static void
a_key_is_found_by_label_or_id_or_both(void **state)
{
	struct ck_attribute found[CHOICE_ATTRIBUTES_MAX];
	struct choice *c = choose("pkcs11:token=a;object=k%2f;id=%00%ff");

	(void)state;
	assert_int_equal(choice_key(c, found), 2);
	assert_int_equal(found[0].type, CKA_LABEL);
	assert_int_equal(found[0].value_len, 2);
	assert_memory_equal(found[0].value, "k/", 2);
	assert_int_equal(found[1].type, CKA_ID);
	assert_int_equal(found[1].value_len, 2);
	assert_memory_equal(found[1].value, "\0\377", 2);
	choice_free(&c);
	c = choose("pkcs11:token=a;id=%01;type=private");
	assert_int_equal(choice_key(c, found), 1);
	assert_int_equal(found[0].type, CKA_ID);
	assert_null(choice_attribute(c, CKA_LABEL));
	choice_free(&c);
}

/* An operator's key has a label of its own, beside a log's that is chosen by URI. */
static void
a_label_of_its_own_takes_the_place_of_the_uris_key(void **state)
{
	const struct hsm_config config = {
	    .key_label = "alice", .token_uri = "pkcs11:token=a;object=k;id=%01"};
	struct ck_attribute found[CHOICE_ATTRIBUTES_MAX];
	struct choice *c;

	(void)state;
	assert_int_equal(choice_new(&config, &c), ERR_OK);
	assert_int_equal(choice_key(c, found), 1);
	assert_int_equal(found[0].value_len, 5);
	assert_memory_equal(found[0].value, "alice", 5);
	choice_free(&c);
}

static void
what_is_no_choice_is_refused(void **state)
{
	static const char *const bad[] = {"pkcs11", "pkcs11:token", "pkcs11:token=%4",
	    "pkcs11:token=a", "pkcs11:token=a;object=k;colour=red", "pkcs11:object=k;type=public",
	    "pkcs11:object=k?pin-value=1234", "pkcs11:object=k?pin-source=f",
	    "pkcs11:object=k?module-name=m", "pkcs11:object=k?module-path=m", "http:object=k",
	    "pkcs11:token=0123456789012345678901234567890123;object=k"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct hsm_config config = {.token_label = bad[i],
		    .key_label = bad[i],
		    .token_uri = bad[i],
		    .key_uri = bad[i]};
		struct choice *c;

		assert_int_equal(choice_new(&config, &c), ERR_CONFIG);
		assert_null(c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_attribute_of_a_token_counts),
	    cmocka_unit_test(the_slot_is_asked_for_where_it_counts),
	    cmocka_unit_test(a_key_is_found_by_label_or_id_or_both),
	    cmocka_unit_test(a_label_of_its_own_takes_the_place_of_the_uris_key),
	    cmocka_unit_test(what_is_no_choice_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
