/* Packs of evidence: found by digest and kind; what is torn or damaged is absent. */
#include "tests/unit/audit_fixture.h"

#include "log/evidence_reader.h"

static void
append(struct buf *pack, enum pack_kind kind, struct view content, struct digest *digest)
{
	digest_of(content.data, content.size, digest);
	assert_int_equal(pack_append(kind, content, digest, pack), ERR_OK);
}

static struct evidence_reader *
open_packs(struct fixture *f)
{
	struct evidence_reader *r;

	assert_int_equal(evidence_reader_open(f->path, &f->findings, &r), OUTCOME_GOOD);
	return r;
}

static void
expect(struct evidence_reader *r, enum pack_kind kind, const struct digest *digest, enum err e)
{
	struct buf content = BUF_INIT;
	struct digest found;

	assert_int_equal(evidence_reader_get(r, kind, digest, &content), e);
	digest_of(content.data, content.size, &found);
	assert_int_equal(digest_equal(&found, digest), e == ERR_OK);
	if (e != ERR_OK)
		assert_int_equal(content.size, 0);
	buf_free(&content);
}

static void
test_contents_of_several_packs_are_found(void **state)
{
	struct fixture *f = *state;
	struct evidence_reader *r;
	struct buf pack = BUF_INIT;
	struct digest digest[100];

	for (unsigned i = 0; i < 100; i++) {
		struct buf content = BUF_INIT;
		char name[32];

		/* Some that shrink, some that do not. */
		for (unsigned j = 0; j < (i % 2 == 0 ? 1 : 200); j++)
			buf_append_format(&content, "content %u ", i);
		append(&pack, i % 3 == 0 ? PACK_POLICY : PACK_COMPONENT, buf_view(&content),
		    &digest[i]);
		buf_free(&content);
		if (i % 10 == 9) {
			(void)snprintf(name, sizeof(name), "pack-%08u", i);
			fixture_write(f, name, pack.data, pack.size);
			buf_clear(&pack);
		}
	}
	r = open_packs(f);
	fixture_says(f, "100 records in");
	for (unsigned i = 0; i < 100; i++) {
		expect(r, i % 3 == 0 ? PACK_POLICY : PACK_COMPONENT, &digest[i], ERR_OK);
		expect(r, PACK_MANIFEST, &digest[i], ERR_NOT_FOUND);
	}
	expect(r, PACK_COMPONENT, &DIGEST_ZERO, ERR_NOT_FOUND);
	evidence_reader_close(&r);
	assert_null(r);
	buf_free(&pack);
}

static void
test_only_packs_are_read(void **state)
{
	static const char *const names[] = {"pack-1", "pack-0000000a", "pack-000000001",
	    "pack-00000001.new", "Pack-00000001", "notes"};
	struct fixture *f = *state;
	struct evidence_reader *r;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fixture_write(f, names[i], "garbage", 7);
	r = open_packs(f);
	fixture_says(f, " 0 records in");
	evidence_reader_close(&r);
}

static void
test_a_torn_end_is_told(void **state)
{
	struct fixture *f = *state;
	struct buf pack = BUF_INIT;
	struct digest first, second;
	size_t end;

	append(&pack, PACK_COMPONENT, VIEW_LITERAL("one"), &first);
	end = pack.size;
	append(&pack, PACK_COMPONENT, VIEW_LITERAL("two"), &second);
	for (size_t size = end + 1; size < pack.size; size++) {
		struct evidence_reader *r;
		const char *output;

		fixture_write(f, "pack-00000001", pack.data, size);
		r = open_packs(f);
		output = fixture_output(f);
		assert_non_null(strstr(output, "torn from byte 51 of"));
		assert_non_null(strstr(output, "1 record in"));
		expect(r, PACK_COMPONENT, &first, ERR_OK);
		expect(r, PACK_COMPONENT, &second, ERR_NOT_FOUND);
		evidence_reader_close(&r);
	}
	buf_free(&pack);
}

/* Whatever bit is flipped, what is given out has its digest. */
static void
test_no_flipped_bit_gives_other_content(void **state)
{
	struct fixture *f = *state;
	struct buf pack = BUF_INIT, text = BUF_INIT;
	struct digest first, second;

	for (unsigned i = 0; i < 50; i++)
		buf_append_string(&text, "compressed ");
	append(&pack, PACK_COMPONENT, buf_view(&text), &first);
	append(&pack, PACK_CERTIFICATE, VIEW_LITERAL("verbatim"), &second);
	for (size_t i = 0; i < pack.size * 8; i++) {
		struct buf content = BUF_INIT;
		struct evidence_reader *r;
		struct digest found;

		pack.data[i / 8] ^= (uint8_t)(1 << i % 8);
		fixture_write(f, "pack-00000001", pack.data, pack.size);
		r = open_packs(f);
		if (evidence_reader_get(r, PACK_COMPONENT, &first, &content) == ERR_OK) {
			digest_of(content.data, content.size, &found);
			assert_true(digest_equal(&found, &first));
		}
		buf_clear(&content);
		if (evidence_reader_get(r, PACK_CERTIFICATE, &second, &content) == ERR_OK) {
			digest_of(content.data, content.size, &found);
			assert_true(digest_equal(&found, &second));
		}
		evidence_reader_close(&r);
		buf_free(&content);
		pack.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	buf_free(&pack);
	buf_free(&text);
}

static void
test_a_second_copy_makes_up_for_a_damaged_one(void **state)
{
	struct fixture *f = *state;
	struct evidence_reader *r;
	struct buf pack = BUF_INIT;
	struct digest digest;

	append(&pack, PACK_COMPONENT, VIEW_LITERAL("content"), &digest);
	fixture_write(f, "pack-00000002", pack.data, pack.size);
	pack.data[pack.size - 1] ^= 1;
	fixture_write(f, "pack-00000001", pack.data, pack.size);
	r = open_packs(f);
	fixture_says(f, "2 records in");
	expect(r, PACK_COMPONENT, &digest, ERR_OK);
	evidence_reader_close(&r);
	assert_int_equal(unlinkat(f->dir, "pack-00000002", 0), 0);
	r = open_packs(f);
	expect(r, PACK_COMPONENT, &digest, ERR_CHANGED);
	evidence_reader_close(&r);
	buf_free(&pack);
}

static void
test_a_pack_that_goes_away_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct evidence_reader *r;
	struct buf pack = BUF_INIT;
	struct digest digest;

	append(&pack, PACK_COMPONENT, VIEW_LITERAL("content"), &digest);
	fixture_write(f, "pack-00000001", pack.data, pack.size);
	r = open_packs(f);
	fixture_write(f, "pack-00000001", pack.data, 10);
	expect(r, PACK_COMPONENT, &digest, ERR_CHANGED);
	assert_int_equal(unlinkat(f->dir, "pack-00000001", 0), 0);
	expect(r, PACK_COMPONENT, &digest, ERR_NOT_FOUND);
	evidence_reader_close(&r);
	buf_free(&pack);
}

static bool
update(struct fixture *f, struct evidence_reader *r)
{
	bool more;

	assert_int_equal(evidence_reader_update(r, &f->findings, &more), OUTCOME_GOOD);
	return more;
}

/* A store that grows by a byte at a time: what is whole is found, and found again. */
static void
test_packs_that_grow_are_read_on(void **state)
{
	struct fixture *f = *state;
	struct evidence_reader *r = open_packs(f);
	struct buf pack = BUF_INIT;
	struct digest digest[3];
	size_t end[3];

	for (unsigned i = 0; i < 3; i++) {
		append(&pack, PACK_COMPONENT,
		    (struct view){(const uint8_t *)"one two three" + 4 * i, 3}, &digest[i]);
		end[i] = pack.size;
	}
	for (size_t size = 0; size <= pack.size; size++) {
		const uint64_t generation = evidence_reader_generation(r);
		bool more;

		fixture_write(f, "pack-00000001", pack.data, size);
		more = update(f, r);
		assert_int_equal(more, size == end[0] || size == end[1] || size == end[2]);
		assert_int_equal(evidence_reader_generation(r), generation + more);
		for (unsigned i = 0; i < 3; i++)
			expect(
			    r, PACK_COMPONENT, &digest[i], size >= end[i] ? ERR_OK : ERR_NOT_FOUND);
		assert_false(update(f, r));
	}
	buf_clear(&pack);
	append(&pack, PACK_POLICY, VIEW_LITERAL("in another"), &digest[0]);
	fixture_write(f, "pack-00000002", pack.data, pack.size);
	assert_true(update(f, r));
	expect(r, PACK_POLICY, &digest[0], ERR_OK);
	expect(r, PACK_COMPONENT, &digest[1], ERR_OK);
	evidence_reader_close(&r);
	buf_free(&pack);
}

static void
test_packs_that_shrink_or_go_are_read_again(void **state)
{
	struct fixture *f = *state;
	struct evidence_reader *r;
	struct buf pack = BUF_INIT;
	struct digest first, second;
	size_t end;

	append(&pack, PACK_COMPONENT, VIEW_LITERAL("one"), &first);
	end = pack.size;
	append(&pack, PACK_COMPONENT, VIEW_LITERAL("two"), &second);
	fixture_write(f, "pack-00000001", pack.data, pack.size);
	r = open_packs(f);
	fixture_write(f, "pack-00000001", pack.data, end);
	assert_true(update(f, r));
	expect(r, PACK_COMPONENT, &first, ERR_OK);
	expect(r, PACK_COMPONENT, &second, ERR_NOT_FOUND);
	assert_int_equal(unlinkat(f->dir, "pack-00000001", 0), 0);
	assert_true(update(f, r));
	expect(r, PACK_COMPONENT, &first, ERR_NOT_FOUND);
	fixture_write(f, "pack-00000003", pack.data, pack.size);
	assert_true(update(f, r));
	expect(r, PACK_COMPONENT, &second, ERR_OK);
	evidence_reader_close(&r);
	buf_free(&pack);
}

/* So many that they become part of the first run, and some that do not. */
static void
test_many_that_come_later_are_found(void **state)
{
	struct fixture *f = *state;
	struct evidence_reader *r = NULL;
	struct buf pack = BUF_INIT;
	struct digest *digest = calloc(12000, sizeof(*digest));

	assert_non_null(digest);
	for (unsigned i = 0; i < 12000; i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "%u", i);
		append(&pack, PACK_COMPONENT, view_of_string(text), &digest[i]);
		if (i == 0) {
			fixture_write(f, "pack-00000001", pack.data, pack.size);
			r = open_packs(f);
		} else if (i % 1500 == 0) {
			fixture_write(f, "pack-00000001", pack.data, pack.size);
			assert_true(update(f, r));
			for (unsigned j = 0; j <= i; j += 97)
				expect(r, PACK_COMPONENT, &digest[j], ERR_OK);
			expect(r, PACK_COMPONENT, &digest[i], ERR_OK);
		}
	}
	evidence_reader_close(&r);
	buf_free(&pack);
	free(digest);
}

struct asked {
	struct fixture *f;
	struct evidence_reader *r;
	const struct buf *pack;
	unsigned times;
};

static bool
ask(void *context)
{
	struct asked *a = context;

	if (++a->times == 3) {
		fixture_write(a->f, "pack-00000001", a->pack->data, a->pack->size);
		(void)update(a->f, a->r);
	}
	return a->times <= 3;
}

static void
test_whoever_can_have_more_come_is_asked(void **state)
{
	struct buf pack = BUF_INIT;
	struct asked a = {.f = *state, .r = open_packs(*state), .pack = &pack};
	struct digest digest;

	append(&pack, PACK_COMPONENT, VIEW_LITERAL("late"), &digest);
	evidence_reader_ask(a.r, ask, &a);
	assert_int_equal(evidence_reader_missed(a.r), 0);
	expect(a.r, PACK_COMPONENT, &digest, ERR_OK);
	assert_int_equal(a.times, 3);
	assert_int_equal(evidence_reader_missed(a.r), 0);
	expect(a.r, PACK_POLICY, &digest, ERR_NOT_FOUND);
	assert_int_equal(a.times, 4);
	assert_int_equal(evidence_reader_missed(a.r), 1);
	evidence_reader_close(&a.r);
	buf_free(&pack);
}

static void
test_what_cannot_be_opened(void **state)
{
	struct fixture *f = *state;
	struct evidence_reader *r;
	char path[128];

	assert_int_equal(evidence_reader_open("/nonexistent", &f->findings, &r), OUTCOME_UNKNOWN);
	assert_null(r);
	fixture_write(f, "file", "", 0);
	(void)snprintf(path, sizeof(path), "%s/file", f->path);
	assert_int_equal(evidence_reader_open(path, &f->findings, &r), OUTCOME_UNKNOWN);
	assert_int_equal(mkfifoat(f->dir, "pack-00000001", 0600), 0);
	assert_int_equal(evidence_reader_open(f->path, &f->findings, &r), OUTCOME_UNKNOWN);
	fixture_says(f, "pack-00000001: it is not a regular file");
	assert_null(r);
}

/* As many records as there are bytes for them, each damaged, and each to be read at every request.
 */
static void
test_of_many_copies_the_first_are_tried(void **state)
{
	struct fixture *f = *state;

	for (unsigned damaged = 14; damaged <= 17; damaged++) {
		struct buf pack = BUF_INIT, good = BUF_INIT;
		struct evidence_reader *r;
		struct digest digest;

		append(&good, PACK_POLICY, VIEW_LITERAL("content"), &digest);
		for (unsigned i = 0; i < damaged; i++) {
			buf_append_view(&pack, buf_view(&good));
			pack.data[pack.size - 1] ^= 1;
			pack.data[pack.size - good.size + 4] = PACK_COMPONENT;
		}
		good.data[4] = PACK_COMPONENT;
		buf_append_view(&pack, buf_view(&good));
		good.data[4] = PACK_POLICY;
		buf_append_view(&pack, buf_view(&good));
		fixture_write(f, "pack-00000001", pack.data, pack.size);
		r = open_packs(f);
		expect(r, PACK_COMPONENT, &digest, damaged < 16 ? ERR_OK : ERR_CHANGED);
		expect(r, PACK_POLICY, &digest, ERR_OK);
		evidence_reader_close(&r);
		buf_free(&pack);
		buf_free(&good);
	}
}

static void
test_damaged_packs_are_told_by_number_if_there_are_many(void **state)
{
	struct fixture *f = *state;
	struct evidence_reader *r;
	const char *output;
	size_t lines = 0;
	char name[32];

	for (unsigned i = 0; i < 40; i++) {
		(void)snprintf(name, sizeof(name), "pack-%08u", i);
		fixture_write(f, name, "garbage", 7);
	}
	r = open_packs(f);
	output = fixture_output(f);
	assert_non_null(strstr(output, "and 24 more packs are damaged or torn"));
	for (const char *p = output; (p = strstr(p, "warn")) != NULL; p++)
		lines++;
	assert_int_equal(lines, 17);
	evidence_reader_close(&r);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_open, fixture_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_contents_of_several_packs_are_found),
	    TEST(test_only_packs_are_read),
	    TEST(test_a_torn_end_is_told),
	    TEST(test_no_flipped_bit_gives_other_content),
	    TEST(test_a_second_copy_makes_up_for_a_damaged_one),
	    TEST(test_of_many_copies_the_first_are_tried),
	    TEST(test_damaged_packs_are_told_by_number_if_there_are_many),
	    TEST(test_a_pack_that_goes_away_is_an_error),
	    TEST(test_packs_that_grow_are_read_on),
	    TEST(test_packs_that_shrink_or_go_are_read_again),
	    TEST(test_many_that_come_later_are_found),
	    TEST(test_whoever_can_have_more_come_is_asked),
	    TEST(test_what_cannot_be_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
