/* Components: built in any order to the same bytes, and none over a limit. */
#include "proto/digest.h"
#include "proto/mp_write.h"
#include "tests/unit/component_fixture.h"

static struct component_file
file(const char *path, uint64_t size)
{
	struct component_file f = {.path = view_of_string(path), .size = size, .mode = 0100644};

	digest_of(path, strlen(path), &f.digest);
	return f;
}

static void
finish_equals(struct component_builder *b, const char *vector, size_t count)
{
	struct buf made = BUF_INIT, expected = BUF_INIT;
	size_t made_count = 0;

	vector_wire(vector, &expected);
	assert_int_equal(component_finish(b, &made, &made_count), ERR_OK);
	assert_int_equal(made_count, count);
	assert_true(view_equal(buf_view(&made), buf_view(&expected)));
	expect(buf_view(&made), ERR_OK);
	buf_free(&made);
	buf_free(&expected);
}

/* Of so many items, in the one spelling. It is over then. */
static void
finish_whole(struct component_builder *b, size_t count)
{
	struct buf made = BUF_INIT;
	size_t made_count = 0;

	assert_int_equal(component_finish(b, &made, &made_count), ERR_OK);
	assert_int_equal(made_count, count);
	expect(buf_view(&made), ERR_OK);
	component_builder_free(&b);
	buf_free(&made);
}

static void
the_files_vector_is_built_from_any_order(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_FILES);
	static const struct view patterns[] = {
	    {(const uint8_t *)"/etc/trading-app/*", 18},
	    {(const uint8_t *)"/etc/trading-app/.*", 19},
	};
	static const struct view details[] = {
	    {(const uint8_t *)"acl=u:33:r--", 12},
	    {(const uint8_t *)"parent=/etc/trading-app 0777 0 0", 32},
	};
	const struct component_fact made = {V("patterns"), 2, patterns};
	struct component_file f[] = {
	    {.path = V("/etc/trading-app/na\xff\x0ame\" \xe2\x82\xac"), .mode = 0100644},
	    {.path = V("/etc/trading-app/limits"),
		.size = 70000,
		.mode = 0100600,
		.uid = 100000,
		.gid = 100000,
		.detail_count = 2,
		.details = details},
	    {.path = V("/etc/trading-app/app.conf"), .size = 512, .mode = 0100640, .gid = 33},
	};

	(void)state;
	assert_int_equal(component_set_made(b, &made, 1), ERR_OK);
	digest_of("", 0, &f[0].digest);
	digest_of("the limits", 10, &f[1].digest);
	digest_of("the configuration", 17, &f[2].digest);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(component_add_file(b, &f[i]), ERR_OK);
	assert_int_equal(component_add_file(b, &f[1]), ERR_OK); /* twice: dropped */
	finish_equals(b, "component-files", 3);
	component_builder_free(&b);
	assert_null(b);
}

static void
the_runtime_vector_is_built_from_any_order(void **state)
{
	static const struct view arguments[] = {
	    {(const uint8_t *)"trading-app", 11},
	    {(const uint8_t *)"--listen", 8},
	    {(const uint8_t *)"127.0.0.1:8443", 14},
	    {NULL, 0},
	};
	static const struct view options[] = {
	    {(const uint8_t *)"environment=HOME", 16},
	    {(const uint8_t *)"environment=LANG", 16},
	};
	const struct component_fact made = {V("options"), 2, options};
	static const struct view id = {(const uint8_t *)"33", 2}, one = {(const uint8_t *)"1", 1};
	const struct component_fact f[] = {
	    {V("uid"), 1, &id},
	    {V("gid"), 1, &id},
	    {V("tracer"), 0, NULL},
	    {V("no_new_privs"), 1, &one},
	    {V("arguments"), 4, arguments},
	};
	struct component_builder *b = component_builder_new(COMPONENT_RUNTIME);

	(void)state;
	assert_int_equal(component_set_made(b, &made, 1), ERR_OK);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(component_add_fact(b, &f[i]), ERR_OK);
	finish_equals(b, "component-runtime", 5);
	component_builder_free(&b);
}

static void
an_empty_component_is_one(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_LIBRARIES);

	(void)state;
	finish_equals(b, "component-empty", 0);
	component_builder_free(&b);
	component_builder_free(&b);
}

static void
every_column_decides_the_order(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_LIBRARIES);
	struct component_file f[8];
	struct component *c;
	struct buf bytes = BUF_INIT;
	size_t count;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		f[i] = file("/lib/x.so", 10);
	f[1].flags = 256;
	f[2].gid = 300, f[2].flags = 1;
	f[3].uid = 65536;
	f[4].mode = 0100645;
	f[5].size = 128;
	memset(&f[6].digest, 0xff, DIGEST_SIZE);
	f[7].path = V("/lib/x.so.1");
	for (size_t i = 8; i-- > 0;)
		assert_int_equal(component_add_file(b, &f[i]), ERR_OK);
	assert_int_equal(component_finish(b, &bytes, &count), ERR_OK);
	assert_int_equal(count, 8);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	assert_int_equal(c->items.files[1].flags, 256);
	assert_int_equal(c->items.files[2].gid, 300);
	assert_int_equal(c->items.files[3].uid, 65536);
	assert_int_equal(c->items.files[4].mode, 0100645);
	assert_int_equal(c->items.files[5].size, 128);
	assert_int_equal(c->items.files[6].digest.bytes[0], 0xff);
	assert_int_equal(c->items.files[7].path.size, 11);
	component_free(&c);
	component_builder_free(&b);
	buf_free(&bytes);
}

static void
a_builder_goes_on_after_finish(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_FILES);
	const struct component_file f = file("/a", 1), g = file("/b", 1);
	struct buf bytes = BUF_INIT;
	size_t count;

	(void)state;
	assert_int_equal(component_add_file(b, &g), ERR_OK);
	assert_int_equal(component_finish(b, &bytes, &count), ERR_OK);
	assert_int_equal(count, 1);
	assert_int_equal(component_add_file(b, &f), ERR_OK);
	buf_free(&bytes);
	finish_whole(b, 2);
}

static void
the_builder_refuses_the_other_shape(void **state)
{
	struct component_builder *files = component_builder_new(COMPONENT_EXECUTABLE);
	struct component_builder *facts = component_builder_new(COMPONENT_HOST);
	const struct component_file f = file("/a", 1);
	const struct component_fact g = {V("kernel"), 0, NULL};

	(void)state;
	assert_int_equal(component_add_fact(files, &g), ERR_INVARIANT);
	assert_int_equal(component_add_file(facts, &f), ERR_INVARIANT);
	component_builder_free(&files);
	component_builder_free(&facts);
}

static void
the_builder_refuses_files_over_the_limits(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_FILES);
	static uint8_t path[COMPONENT_PATH_MAX + 1];
	struct component_file f;

	(void)state;
	memset(path, 'p', sizeof(path));
	f = file("", 0);
	assert_int_equal(component_add_file(b, &f), ERR_MSG_RANGE);
	f.path = V("/a\0b");
	assert_int_equal(component_add_file(b, &f), ERR_MSG_RANGE);
	f.path = (struct view){path, sizeof(path)};
	assert_int_equal(component_add_file(b, &f), ERR_MSG_RANGE);
	f.path.size--;
	assert_int_equal(component_add_file(b, &f), ERR_OK);
	f.flags = COMPONENT_FILE_FLAG_MASK + 1;
	assert_int_equal(component_add_file(b, &f), ERR_MSG_RANGE);
	f.flags = 0;
	f.size = (uint64_t)INT64_MAX + 1;
	assert_int_equal(component_add_file(b, &f), ERR_MSG_RANGE);
	component_builder_free(&b);
}

static void
the_builder_refuses_details_over_the_limits(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_FILES);
	struct component_file f = file("/a", 1);
	struct view details[COMPONENT_DETAILS_MAX + 1];
	static char text[COMPONENT_DETAILS_MAX + 1][8];
	static uint8_t longest[COMPONENT_DETAIL_MAX + 1];

	(void)state;
	for (size_t i = 0; i <= COMPONENT_DETAILS_MAX; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "d%02zu=", i);
		details[i] = view_of_string(text[i]);
	}
	f.details = details;
	f.detail_count = COMPONENT_DETAILS_MAX + 1;
	assert_int_equal(component_add_file(b, &f), ERR_MSG_RANGE);
	f.detail_count--;
	assert_int_equal(component_add_file(b, &f), ERR_OK);
	details[1] = details[0];
	assert_int_equal(component_add_file(b, &f), ERR_MSG_RANGE);
	memset(longest, 'x', sizeof(longest));
	longest[1] = '=';
	f.detail_count = 1;
	details[0] = (struct view){longest, sizeof(longest)};
	assert_int_equal(component_add_file(b, &f), ERR_MSG_RANGE);
	details[0].size--;
	assert_int_equal(component_add_file(b, &f), ERR_OK);
	details[0] = V("a");
	assert_int_equal(component_add_file(b, &f), ERR_MSG_RANGE);
	finish_whole(b, 2);
}

/* They take memory as values do. */
static void
a_component_has_so_many_details(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_FILES);
	static const struct view details[] = {
	    {(const uint8_t *)"a=", 2}, {(const uint8_t *)"b=", 2}};
	struct component_file f = file("/a", 1);

	(void)state;
	f.details = details;
	f.detail_count = 2;
	for (size_t i = 0; i < COMPONENT_VALUES_MAX / 2; i++)
		assert_int_equal(component_add_file(b, &f), ERR_OK);
	assert_int_equal(component_add_file(b, &f), ERR_MSG_RANGE);
	f.detail_count = 0;
	assert_int_equal(component_add_file(b, &f), ERR_OK);
	component_builder_free(&b);
}

static void
the_builder_refuses_facts_over_the_limits(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_HOST);
	static uint8_t value[COMPONENT_VALUE_MAX + 1];
	static struct view many[COMPONENT_VALUES_MAX];
	const char *const bad[] = {"", "a b", "a\n", "caf\xc3\xa9", "a\x7f"};
	struct component_fact f = {.value_count = 0};
	struct view v = {value, sizeof(value)};
	char name[COMPONENT_FACT_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		f.name = view_of_string(bad[i]);
		assert_int_equal(component_add_fact(b, &f), ERR_MSG_RANGE);
	}
	memset(name, 'n', sizeof(name));
	f.name = (struct view){(uint8_t *)name, sizeof(name)};
	assert_int_equal(component_add_fact(b, &f), ERR_MSG_RANGE);
	f.name.size--;
	f.value_count = 1;
	f.values = &v;
	assert_int_equal(component_add_fact(b, &f), ERR_MSG_RANGE);
	v.size--;
	assert_int_equal(component_add_fact(b, &f), ERR_OK);
	f.name = V("many");
	f.value_count = COMPONENT_VALUES_MAX;
	f.values = many;
	assert_int_equal(component_add_fact(b, &f), ERR_MSG_RANGE);
	f.value_count = COMPONENT_VALUES_MAX - 1;
	assert_int_equal(component_add_fact(b, &f), ERR_OK);
	component_builder_free(&b);
}

static void
a_fact_named_twice_is_refused(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_PACKAGES);
	const struct view one = V("1");
	struct component_fact f = {V("openssl"), 1, &one};
	struct buf bytes = BUF_INIT;
	size_t count;

	(void)state;
	buf_append_string(&bytes, "kept");
	assert_int_equal(component_add_fact(b, &f), ERR_OK);
	assert_int_equal(component_add_fact(b, &f), ERR_OK);
	assert_int_equal(component_finish(b, &bytes, &count), ERR_MSG_DUPLICATE);
	assert_int_equal(bytes.size, 4);
	component_builder_free(&b);
	buf_free(&bytes);
}

/* "n0000" and so on, without values. */
static void
put_facts(struct buf *to, unsigned count)
{
	uint8_t *p = buf_reserve(to, 16 + 8 * (size_t)count);
	char name[16];

	assert_non_null(p);
	p = mp_put_array(p, 4);
	p = mp_put_str(p, VIEW_LITERAL("config"));
	p = mp_put_uint(p, COMPONENT_FORM_PLAIN);
	p = mp_put_array(p, 0);
	p = mp_put_array(p, count);
	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "n%04u", i);
		p = mp_put_array(p, 2);
		p = mp_put_str(p, view_of_string(name));
		p = mp_put_array(p, 0);
	}
	to->size = (size_t)(p - to->data);
}

static void
the_largest_plain_component_passes_and_one_more_item_does_not(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_CONFIG);
	struct component_fact f = {.value_count = 0};
	struct buf bytes = BUF_INIT, made = BUF_INIT;
	struct component *c;
	char name[16];
	size_t count;

	(void)state;
	put_facts(&bytes, COMPONENT_PLAIN_ITEMS_MAX);
	assert_int_equal(component_decode(buf_view(&bytes), &c), ERR_OK);
	assert_int_equal(c->item_count, COMPONENT_PLAIN_ITEMS_MAX);
	for (unsigned i = 0; i < COMPONENT_PLAIN_ITEMS_MAX; i++)
		assert_int_equal(component_add_fact(b, &c->items.facts[i]), ERR_OK);
	component_free(&c);
	assert_int_equal(component_finish(b, &made, &count), ERR_OK);
	assert_int_equal(count, COMPONENT_PLAIN_ITEMS_MAX);
	assert_true(view_equal(buf_view(&made), buf_view(&bytes)));

	buf_clear(&bytes);
	put_facts(&bytes, COMPONENT_PLAIN_ITEMS_MAX + 1);
	refused(buf_view(&bytes));
	(void)snprintf(name, sizeof(name), "n%04u", COMPONENT_PLAIN_ITEMS_MAX);
	f.name = view_of_string(name);
	assert_int_equal(component_add_fact(b, &f), ERR_OK);
	assert_int_equal(component_finish(b, &made, &count), ERR_FORMAT_SIZE);
	component_builder_free(&b);
	buf_free(&bytes);
	buf_free(&made);
}

static void
a_builder_takes_so_many_items(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_FILES);
	const struct component_file f = file("/a", 1);
	struct buf bytes = BUF_INIT;
	size_t count;

	(void)state;
	for (unsigned i = 0; i < COMPONENT_ITEMS_MAX; i++)
		assert_int_equal(component_add_file(b, &f), ERR_OK);
	assert_int_equal(component_add_file(b, &f), ERR_MSG_RANGE);
	assert_int_equal(component_finish(b, &bytes, &count), ERR_OK);
	assert_int_equal(count, 1); /* all of them are the same */
	component_builder_free(&b);
	buf_free(&bytes);
}

static void
a_component_over_the_size_is_refused(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_HOST);
	static uint8_t value[COMPONENT_VALUE_MAX];
	const struct view v = {value, sizeof(value)};
	struct component_fact f = {.value_count = 1, .values = &v};
	struct buf bytes = BUF_INIT;
	char name[32];
	size_t count;

	(void)state;
	for (unsigned i = 0; i < COMPONENT_SIZE_MAX / COMPONENT_VALUE_MAX; i++) {
		(void)snprintf(name, sizeof(name), "fact-%u", i);
		f.name = view_of_string(name);
		assert_int_equal(component_add_fact(b, &f), ERR_OK);
	}
	assert_int_equal(component_finish(b, &bytes, &count), ERR_FORMAT_SIZE);
	assert_int_equal(bytes.size, 0);
	assert_non_null(buf_reserve(&bytes, COMPONENT_SIZE_MAX + 1));
	memset(bytes.data, 0, COMPONENT_SIZE_MAX + 1);
	refused((struct view){bytes.data, COMPONENT_SIZE_MAX + 1});
	component_builder_free(&b);
	buf_free(&bytes);
}

/* `count` names of five letters, each with one value of `size` bytes. */
static enum err
set_made(struct component_builder *b, size_t count, size_t size)
{
	static char name[COMPONENT_MADE_NAMES_MAX + 1][24];
	static struct view value;
	struct component_fact f[COMPONENT_MADE_NAMES_MAX + 1];
	uint8_t *bytes = calloc(1, size + 1);
	enum err e;

	assert_non_null(bytes);
	value = (struct view){bytes, size};
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(name[i], sizeof(name[i]), "n%04zu", i);
		f[i] = (struct component_fact){view_of_string(name[i]), 1, &value};
	}
	e = component_set_made(b, f, count);
	free(bytes);
	return e;
}

static void
what_it_was_made_with_is_bounded(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_FILES);
	static const struct view none[COMPONENT_MADE_SIZE_MAX + 1];
	const struct component_fact many = {V("n"), COMPONENT_MADE_SIZE_MAX + 1, none};
	const struct component_fact twice[] = {{V("a"), 0, NULL}, {V("a"), 0, NULL}};
	const struct component_fact back[] = {{V("b"), 0, NULL}, {V("a"), 0, NULL}};
	const struct component_fact bad = {V("a b"), 0, NULL};
	struct buf bytes = BUF_INIT, beyond = BUF_INIT;
	size_t count;

	(void)state;
	assert_int_equal(set_made(b, COMPONENT_MADE_NAMES_MAX + 1, 0), ERR_MSG_RANGE);
	assert_int_equal(set_made(b, COMPONENT_MADE_NAMES_MAX, 0), ERR_OK);
	assert_int_equal(component_set_made(b, twice, 2), ERR_MSG_DUPLICATE);
	assert_int_equal(component_set_made(b, back, 2), ERR_MSG_DUPLICATE);
	assert_int_equal(component_set_made(b, &bad, 1), ERR_MSG_RANGE);
	assert_int_equal(component_set_made(b, &many, 1), ERR_MSG_RANGE);
	/* Array, array, name of 5 bytes, array, header of 3: 12 bytes beside the value. */
	assert_int_equal(set_made(b, 1, COMPONENT_MADE_SIZE_MAX - 11), ERR_MSG_RANGE);
	assert_int_equal(component_finish(b, &bytes, &count), ERR_OK);
	assert_true(view_equal(buf_view(&bytes), V("\x94\245files\x01\x90\x90")));
	assert_int_equal(set_made(b, 1, COMPONENT_MADE_SIZE_MAX - 12), ERR_OK);
	buf_clear(&bytes);
	assert_int_equal(component_finish(b, &bytes, &count), ERR_OK);
	expect(buf_view(&bytes), ERR_OK);
	/* The same with one byte more, and 64 names with one more. */
	buf_append(&beyond, bytes.data, 8 + 9);
	buf_append(&beyond, "\xc5\xff\xf5", 3);
	buf_append(&beyond, none, COMPONENT_MADE_SIZE_MAX - 11);
	buf_append_byte(&beyond, 0x90);
	refused(buf_view(&beyond));
	buf_clear(&beyond);
	buf_append_view(&beyond, V("\x94\245files\x01\xdc\0\x41"));
	for (unsigned i = 0; i <= COMPONENT_MADE_NAMES_MAX; i++)
		buf_append_format(&beyond, "\x92\xa3n%02u\x90", i);
	buf_append_byte(&beyond, 0x90);
	refused(buf_view(&beyond));
	component_builder_free(&b);
	buf_free(&bytes);
	buf_free(&beyond);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_files_vector_is_built_from_any_order),
	    cmocka_unit_test(the_runtime_vector_is_built_from_any_order),
	    cmocka_unit_test(an_empty_component_is_one),
	    cmocka_unit_test(every_column_decides_the_order),
	    cmocka_unit_test(a_builder_goes_on_after_finish),
	    cmocka_unit_test(the_builder_refuses_the_other_shape),
	    cmocka_unit_test(the_builder_refuses_files_over_the_limits),
	    cmocka_unit_test(the_builder_refuses_details_over_the_limits),
	    cmocka_unit_test(a_component_has_so_many_details),
	    cmocka_unit_test(the_builder_refuses_facts_over_the_limits),
	    cmocka_unit_test(a_fact_named_twice_is_refused),
	    cmocka_unit_test(the_largest_plain_component_passes_and_one_more_item_does_not),
	    cmocka_unit_test(a_builder_takes_so_many_items),
	    cmocka_unit_test(a_component_over_the_size_is_refused),
	    cmocka_unit_test(what_it_was_made_with_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
