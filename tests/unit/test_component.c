/* Components: built in any order to the same bytes, read back only in that one form. */
#include "tests/lib/vectors.h"

#include <stdlib.h>

#include "proto/digest.h"
#include "proto/evidence/component.h"
#include "proto/mp_write.h"

#define V(s) VIEW_LITERAL(s)
#define D32  "\xc4\0400123456789abcdef0123456789abcdef"

/* A file named `path` (one letter) with small numbers. */
#define FILE_ITEM(path) "\x97\xc4\x01" path D32 "\x01\x02\x03\x04\x00"

static void
expect(struct view bytes, enum err expected)
{
	struct component *c = (struct component *)(void *)1;
	uint8_t *copy = malloc(bytes.size + 1);

	/* On the heap and exactly as long, so that a sanitizer sees every byte read beyond. */
	assert_non_null(copy);
	memcpy(copy, bytes.data, bytes.size);
	copy = realloc(copy, bytes.size > 0 ? bytes.size : 1);
	assert_int_equal(component_decode((struct view){copy, bytes.size}, &c), expected);
	if (expected != ERR_OK)
		assert_null(c);
	component_free(&c);
	free(copy);
}

static void
refused(struct view bytes)
{
	expect(bytes, ERR_COMPONENT_FORMAT);
}

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

static void
the_files_vector_is_built_from_any_order(void **state)
{
	struct component_builder *b = component_builder_new(COMPONENT_FILES);
	static const struct view patterns[] = {
	    {(const uint8_t *)"/etc/trading-app/*", 18},
	    {(const uint8_t *)"/etc/trading-app/.*", 19},
	};
	const struct component_fact made = {V("patterns"), 2, patterns};
	struct component_file f[] = {
	    {.path = V("/etc/trading-app/na\xff\x0ame\" \xe2\x82\xac"), .mode = 0100644},
	    {.path = V("/etc/trading-app/limits"),
		.size = 70000,
		.mode = 0100600,
		.uid = 100000,
		.gid = 100000},
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
	buf_clear(&bytes);
	assert_int_equal(component_finish(b, &bytes, &count), ERR_OK);
	assert_int_equal(count, 2);
	expect(buf_view(&bytes), ERR_OK);
	component_builder_free(&b);
	buf_free(&bytes);
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
	f.flags = 512;
	assert_int_equal(component_add_file(b, &f), ERR_MSG_RANGE);
	f.flags = 0;
	f.size = (uint64_t)INT64_MAX + 1;
	assert_int_equal(component_add_file(b, &f), ERR_MSG_RANGE);
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

static void
cut_or_extended_vectors_are_refused(void **state)
{
	const char *const vectors[] = {"component-files", "component-runtime", "component-empty"};
	struct buf bytes = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		buf_clear(&bytes);
		vector_wire(vectors[i], &bytes);
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

static void
bad_files_are_refused(void **state)
{
#define ONE "\x94\245files\x01\x90\x91"
	(void)state;
	expect(V(ONE FILE_ITEM("a")), ERR_OK);
	refused(V(ONE "\x96\xc4\001a" D32 "\x01\x02\x03\x04"));
	refused(V(ONE "\x98\xc4\001a" D32 "\x01\x02\x03\x04\x00\x00"));
	refused(V(ONE "\x97\xc4\x00" D32 "\x01\x02\x03\x04\x00"));
	refused(V(ONE "\x97\xc4\x01\x00" D32 "\x01\x02\x03\x04\x00"));
	refused(V(ONE "\x97\241a" D32 "\x01\x02\x03\x04\x00"));
	refused(V(ONE "\x97\xc5\0\001a" D32 "\x01\x02\x03\x04\x00"));
	refused(V(ONE "\x97\xc4\001a"
		      "\xc4\001d"
		      "\x01\x02\x03\x04\x00"));
	refused(V(ONE "\x97\xc4\001a" D32 "\xff\x02\x03\x04\x00"));
	refused(V(ONE "\x97\xc4\001a" D32 "\x01\x02\x03\x04\xcd\x02\x00"));
	refused(V(ONE "\x97\xc4\001a" D32 "\xcf\x80\0\0\0\0\0\0\0\x02\x03\x04\x00"));
	refused(V(ONE "\x97\xc4\001a" D32 "\x01\xcf\0\0\0\x01\0\0\0\0\x03\x04\x00"));
	refused(V(ONE "\x97\xc4\001a" D32 "\x01\xcc\x02\x03\x04\x00"));
	refused(V(ONE "\x92\241a\x90"));
#undef ONE
}

static void
files_out_of_order_or_twice_are_refused(void **state)
{
#define TWO "\x94\245files\x01\x90\x92"
	(void)state;
	expect(V(TWO FILE_ITEM("a") FILE_ITEM("b")), ERR_OK);
	expect(V(TWO FILE_ITEM("a") "\x97\xc4\001a" D32 "\x01\x02\x03\x04\x01"), ERR_OK);
	refused(V(TWO FILE_ITEM("b") FILE_ITEM("a")));
	refused(V(TWO FILE_ITEM("a") FILE_ITEM("a")));
	refused(V(TWO "\x97\xc4\001a" D32 "\x01\x02\x03\x04\x01" FILE_ITEM("a")));
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
	    cmocka_unit_test(the_files_vector_is_built_from_any_order),
	    cmocka_unit_test(the_runtime_vector_is_built_from_any_order),
	    cmocka_unit_test(an_empty_component_is_one),
	    cmocka_unit_test(decoded_items_point_into_the_bytes),
	    cmocka_unit_test(every_column_decides_the_order),
	    cmocka_unit_test(a_builder_goes_on_after_finish),
	    cmocka_unit_test(the_builder_refuses_the_other_shape),
	    cmocka_unit_test(the_builder_refuses_files_over_the_limits),
	    cmocka_unit_test(the_builder_refuses_facts_over_the_limits),
	    cmocka_unit_test(a_fact_named_twice_is_refused),
	    cmocka_unit_test(the_largest_plain_component_passes_and_one_more_item_does_not),
	    cmocka_unit_test(a_builder_takes_so_many_items),
	    cmocka_unit_test(a_component_over_the_size_is_refused),
	    cmocka_unit_test(cut_or_extended_vectors_are_refused),
	    cmocka_unit_test(bad_headers_are_refused),
	    cmocka_unit_test(other_forms_are_refused),
	    cmocka_unit_test(what_it_was_made_with_is_read),
	    cmocka_unit_test(bad_made_is_refused),
	    cmocka_unit_test(what_it_was_made_with_is_bounded),
	    cmocka_unit_test(bad_files_are_refused),
	    cmocka_unit_test(files_out_of_order_or_twice_are_refused),
	    cmocka_unit_test(bad_facts_are_refused),
	    cmocka_unit_test(facts_out_of_order_or_twice_are_refused),
	    cmocka_unit_test(kinds_have_names_in_alphabetical_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
