/* Components: read in one form only, and every other one is refused. */
#include "tests/unit/component_fixture.h"

#define D32 "\xc4\0400123456789abcdef0123456789abcdef"

/* A file named `path` (one letter) with small numbers. */
#define FILE_ITEM(path)          FILE_WITH(path, "\x90")
#define FILE_WITH(path, details) "\x98\xc4\x01" path D32 "\x01\x02\x03\x04\x00" details

static void
decoded_items_point_into_the_bytes(void **state)
{
	struct buf bytes = BUF_INIT;
	struct component *c;

	(void)state;
	vector_wire("component-files", &bytes);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	assert_int_equal(c->kind, COMPONENT_FILES);
	assert_int_equal(c->item_count, 3);
	assert_true(view_equal(c->items.files[0].path, V("/etc/trading-app/app.conf")));
	assert_true(c->items.files[0].path.data > bytes.data);
	assert_int_equal(c->items.files[1].size, 70000);
	assert_int_equal(c->items.files[1].uid, 100000);
	assert_int_equal(c->items.files[1].flags, 0);
	component_free(&c);
	bytes.size = 0;
	vector_wire("component-runtime", &bytes);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	assert_int_equal(c->item_count, 5);
	assert_true(view_equal(c->items.facts[0].name, V("arguments")));
	assert_int_equal(c->items.facts[0].value_count, 4);
	assert_true(view_equal(c->items.facts[0].values[2], V("127.0.0.1:8443")));
	assert_int_equal(c->items.facts[0].values[3].size, 0);
	assert_true(view_equal(c->items.facts[4].values[0], V("33")));
	component_free(&c);
	buf_free(&bytes);
}

static void
cut_or_extended_vectors_are_refused(void **state)
{
	const char *const vectors[] = {"component-files", "component-runtime", "component-empty",
	    "component-code", "component-image", "component-web", "component-redacted"};
	struct buf bytes = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		buf_clear(&bytes);
		vector_wire(vectors[i], &bytes);
		expect(buf_view(&bytes), ERR_OK);
		for (size_t size = 0; size < bytes.size; size++)
			refused((struct view){bytes.data, size});
		buf_append_byte(&bytes, 0);
		refused(buf_view(&bytes));
	}
	buf_free(&bytes);
}

static void
bad_headers_are_refused(void **state)
{
	(void)state;
	expect(V("\x94\245files\x01\x90\x90"), ERR_OK);
	refused(V("\x92\245files\x01"));
	refused(V("\x93\245files\x01\x90"));
	refused(V("\x95\245files\x01\x90\x90\x90"));
	refused(V("\x94\245Files\x01\x90\x90"));
	refused(V("\x94\xc4\005files\x01\x90\x90"));
	refused(V("\x94\xd9\005files\x01\x90\x90"));
	refused(V("\x94\245files\x00\x90\x90"));
	refused(V("\x94\245files\x04\x90\x90"));
	refused(V("\x94\245files\xcc\x01\x90\x90"));
	refused(V("\x94\245files\x01\x90\x80"));
	refused(V("\x94\245files\x01\x80\x90"));
	refused(V("\x94\245files\x01\x90\xdc\0\0"));
	refused(V("\x94\245files\x01\xdc\0\0\x90"));
	refused(V("\x94\245files\x01\x90\x91"));
	refused(V("\x94\245files\x01\x91\x90"));
	refused(V("\x94\245files\x01\x90\xdd\xff\xff\xff\xff"));
	refused(V("\xdc\0\4\245files\x01\x90\x90"));
	refused(V("\x81\x01\x01"));
	refused(V("\xc1"));
}

static void
other_forms_are_refused(void **state)
{
	struct buf bytes = BUF_INIT;

	(void)state;
	refused(V("\x94\245files\x02\x90\x90"));
	refused(V("\x93\245files\x03\x90"));
	refused(V("\x94\245files\x03\x90\x90"));
	vector_wire("component-list", &bytes);
	refused(buf_view(&bytes));
	buf_clear(&bytes);
	vector_wire("component-segment-1", &bytes);
	refused(buf_view(&bytes));
	buf_free(&bytes);
}

static void
what_it_was_made_with_is_read(void **state)
{
	struct buf bytes = BUF_INIT;
	struct component *c;

	(void)state;
	vector_wire("component-files", &bytes);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	assert_int_equal(c->made_count, 1);
	assert_true(view_equal(c->made[0].name, V("patterns")));
	assert_int_equal(c->made[0].value_count, 2);
	assert_true(view_equal(c->made[0].values[1], V("/etc/trading-app/.*")));
	component_free(&c);
	/* Its values are not those of the items. */
	buf_clear(&bytes);
	vector_wire("component-runtime", &bytes);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	assert_int_equal(c->made_count, 1);
	assert_true(view_equal(c->made[0].values[0], V("environment=HOME")));
	assert_true(view_equal(c->items.facts[0].values[0], V("trading-app")));
	component_free(&c);
	buf_free(&bytes);
}

static void
bad_made_is_refused(void **state)
{
#define MADE(made) "\x94\245files\x01" made "\x90"
	(void)state;
	expect(V(MADE("\x91\x92\241a\x90")), ERR_OK);
	expect(V(MADE("\x92\x92\241a\x91\xc4\x01x\x92\241b\x92\xc4\x00\xc4\x00")), ERR_OK);
	refused(V(MADE("\x92\x92\241b\x90\x92\241a\x90")));
	refused(V(MADE("\x92\x92\241a\x90\x92\241a\x91\xc4\x00")));
	refused(V(MADE("\x91\x91\241a")));
	refused(V(MADE("\x91\x93\241a\x90\x90")));
	refused(V(MADE("\x91\x92\xa0\x90")));
	refused(V(MADE("\x91\x92\241 \x90")));
	refused(V(MADE("\x91\x92\xc4\001a\x90")));
	refused(V(MADE("\x91\x92\241a\xc4\x00")));
	refused(V(MADE("\x91\x92\241a\x91\241x")));
	refused(V(MADE("\x91\x92\241a\x91\xc5\0\x01x")));
	refused(V(MADE("\xc0")));
#undef MADE
}

static void
bad_files_are_refused(void **state)
{
#define ONE "\x94\245files\x01\x90\x91"
	(void)state;
	expect(V(ONE FILE_ITEM("a")), ERR_OK);
	refused(V(ONE "\x97\xc4\001a" D32 "\x01\x02\x03\x04\x00"));
	refused(V(ONE "\x99\xc4\001a" D32 "\x01\x02\x03\x04\x00\x90\x00"));
	refused(V(ONE "\x98\xc4\x00" D32 "\x01\x02\x03\x04\x00\x90"));
	refused(V(ONE "\x98\xc4\x01\x00" D32 "\x01\x02\x03\x04\x00\x90"));
	refused(V(ONE "\x98\241a" D32 "\x01\x02\x03\x04\x00\x90"));
	refused(V(ONE "\x98\xc5\0\001a" D32 "\x01\x02\x03\x04\x00\x90"));
	refused(V(ONE "\x98\xc4\001a"
		      "\xc4\001d"
		      "\x01\x02\x03\x04\x00\x90"));
	refused(V(ONE "\x98\xc4\001a" D32 "\xff\x02\x03\x04\x00\x90"));
	refused(V(ONE "\x98\xc4\001a" D32 "\x01\x02\x03\x04\xcd\x40\x00\x90"));
	refused(V(ONE "\x98\xc4\001a" D32 "\xcf\x80\0\0\0\0\0\0\0\x02\x03\x04\x00\x90"));
	refused(V(ONE "\x98\xc4\001a" D32 "\x01\xcf\0\0\0\x01\0\0\0\0\x03\x04\x00\x90"));
	refused(V(ONE "\x98\xc4\001a" D32 "\x01\xcc\x02\x03\x04\x00\x90"));
	refused(V(ONE "\x92\241a\x90"));
#undef ONE
}

static void
files_out_of_order_or_twice_are_refused(void **state)
{
#define TWO "\x94\245files\x01\x90\x92"
	(void)state;
	expect(V(TWO FILE_ITEM("a") FILE_ITEM("b")), ERR_OK);
	expect(V(TWO FILE_ITEM("a") "\x98\xc4\001a" D32 "\x01\x02\x03\x04\x01\x90"), ERR_OK);
	refused(V(TWO FILE_ITEM("b") FILE_ITEM("a")));
	refused(V(TWO FILE_ITEM("a") FILE_ITEM("a")));
	refused(V(TWO "\x98\xc4\001a" D32 "\x01\x02\x03\x04\x01\x90" FILE_ITEM("a")));
#undef TWO
}

static void
details_are_read(void **state)
{
	struct buf bytes = BUF_INIT;
	const struct component_file *f;
	struct component *c;
	struct view value;

	(void)state;
	vector_wire("component-files", &bytes);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	f = &c->items.files[1];
	assert_int_equal(c->items.files[0].detail_count, 0);
	assert_int_equal(c->items.files[2].detail_count, 0);
	assert_int_equal(f->detail_count, 2);
	assert_true(view_equal(f->details[0], V("acl=u:33:r--")));
	assert_true(f->details[1].data > bytes.data);
	assert_true(component_detail(f, V("parent"), &value));
	assert_true(view_equal(value, V("/etc/trading-app 0777 0 0")));
	assert_false(component_detail(f, V("par"), &value));
	assert_false(component_detail(f, V("parents"), &value));
	assert_false(component_detail(&c->items.files[0], V("acl"), &value));
	/* What it was made with has values of its own. */
	assert_true(view_equal(c->made[0].values[1], V("/etc/trading-app/.*")));
	component_free(&c);
	buf_free(&bytes);
}

static void
bad_details_are_refused(void **state)
{
#define ONE(details) V("\x94\245files\x01\x90\x91" FILE_WITH("a", details))
	(void)state;
	expect(ONE("\x91\xc4\002a="), ERR_OK);
	expect(ONE("\x91\xc4\007a= b=~c"), ERR_OK);
	expect(ONE("\x93\xc4\004a-=1\xc4\003a=2\xc4\002b="), ERR_OK);
	refused(ONE("\x93\xc4\003a=2\xc4\004a-=1\xc4\002b="));
	refused(ONE("\xc0"));
	refused(ONE("\x80"));
	refused(ONE("\xdc\0\0"));
	refused(ONE("\x91"));
	refused(ONE("\x91\xc4\x00"));
	refused(ONE("\x91\xc4\001a"));
	refused(ONE("\x91\xc4\001="));
	refused(ONE("\x91\xc4\002=a"));
	refused(ONE("\x91\242a="));
	refused(ONE("\x91\xc5\0\002a="));
	refused(ONE("\x91\xc4\003a =")); /* a name without spaces */
	refused(ONE("\x91\xc4\003a\n="));
	refused(ONE("\x91\xc4\003a=\n"));
	refused(ONE("\x91\xc4\003a=\x7f"));
	refused(ONE("\x91\xc4\003a=\x80"));
	refused(ONE("\x91\xc4\003\xc3=a"));
	refused(ONE("\x92\xc4\002b=\xc4\002a="));
	refused(ONE("\x92\xc4\002a=\xc4\002a="));
	refused(ONE("\x92\xc4\002a=\xc4\003a=1")); /* the same name */
	refused(ONE("\x92\xc4\003a=1\xc4\003a=2"));
#undef ONE
}

static void
details_decide_the_order_last(void **state)
{
#define TWO(one, other) V("\x94\245files\x01\x90\x92" FILE_WITH("a", one) FILE_WITH("a", other))
	(void)state;
	expect(TWO("\x90", "\x91\xc4\002a="), ERR_OK);
	expect(TWO("\x91\xc4\002b=", "\x91\xc4\003a=1"), ERR_OK); /* the shorter one first */
	expect(TWO("\x91\xc4\002b=", "\x92\xc4\002a=\xc4\002b="), ERR_OK);
	refused(TWO("\x91\xc4\002a=", "\x90"));
	refused(TWO("\x91\xc4\002a=", "\x91\xc4\002a="));
	refused(TWO("\x91\xc4\003a=1", "\x91\xc4\002b="));
	refused(TWO("\x92\xc4\002a=\xc4\002b=", "\x91\xc4\002b="));
#undef TWO
}

static void
bad_facts_are_refused(void **state)
{
#define ONE "\x94\244host\x01\x90\x91"
	(void)state;
	expect(V(ONE "\x92\241a\x90"), ERR_OK);
	expect(V(ONE "\x92\241a\x92\xc4\x01x\xc4\x00"), ERR_OK);
	refused(V(ONE "\x91\241a"));
	refused(V(ONE "\x93\241a\x90\x90"));
	refused(V(ONE "\x92\xa0\x90"));
	refused(V(ONE "\x92\xa1 \x90"));
	refused(V(ONE "\x92\xc4\001a\x90"));
	refused(V(ONE "\x92\241a\xc4\x00"));
	refused(V(ONE "\x92\241a\x91\xa1x"));
	refused(V(ONE "\x92\241a\x91\x01"));
	refused(V(ONE "\x92\241a\x91\xc5\0\x01x"));
	refused(V(ONE "\x92\241a\xdc\0\x01\xc4\x01x"));
	refused(V(ONE FILE_ITEM("a")));
#undef ONE
}

static void
facts_out_of_order_or_twice_are_refused(void **state)
{
#define TWO "\x94\244host\x01\x90\x92"
	(void)state;
	expect(V(TWO "\x92\241a\x90\x92\242aa\x90"), ERR_OK);
	refused(V(TWO "\x92\242aa\x90\x92\241a\x90"));
	refused(V(TWO "\x92\241a\x90\x92\241a\x91\xc4\x01x"));
#undef TWO
}

static void
kinds_have_names_in_alphabetical_order(void **state)
{
	enum component_kind kind;

	(void)state;
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		const char *name = component_kind_name((enum component_kind)k);

		assert_int_equal(component_kind_from_name(view_of_string(name), &kind), ERR_OK);
		assert_int_equal(kind, k);
		if (k > 0)
			assert_true(
			    strcmp(component_kind_name((enum component_kind)(k - 1)), name) < 0);
	}
	assert_int_equal(component_kind_from_name(V("tpm"), &kind), ERR_MSG_RANGE);
	assert_int_equal(component_kind_from_name(V(""), &kind), ERR_MSG_RANGE);
	assert_int_equal(component_kind_from_name(V("files\0"), &kind), ERR_MSG_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(decoded_items_point_into_the_bytes),
	    cmocka_unit_test(cut_or_extended_vectors_are_refused),
	    cmocka_unit_test(bad_headers_are_refused),
	    cmocka_unit_test(other_forms_are_refused),
	    cmocka_unit_test(what_it_was_made_with_is_read),
	    cmocka_unit_test(bad_made_is_refused),
	    cmocka_unit_test(bad_files_are_refused),
	    cmocka_unit_test(files_out_of_order_or_twice_are_refused),
	    cmocka_unit_test(details_are_read),
	    cmocka_unit_test(bad_details_are_refused),
	    cmocka_unit_test(details_decide_the_order_last),
	    cmocka_unit_test(bad_facts_are_refused),
	    cmocka_unit_test(facts_out_of_order_or_twice_are_refused),
	    cmocka_unit_test(kinds_have_names_in_alphabetical_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
