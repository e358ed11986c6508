/* Reference sets: the lines of sha256sum and our own, strictly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/sources/reference.h"
#include "tests/unit/config_fixture.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define Z "0000000000000000000000000000000000000000000000000000000000000000"

static struct reference_set *
parse(struct fixture *f, struct view text)
{
	struct reference_set *s;
	enum err e = reference_parse("r.sha256", text, &f->faults, &s);

	assert_int_equal(e, f->faults.count == 0 ? ERR_OK : ERR_CONFIG);
	assert_int_equal(s == NULL, e != ERR_OK);
	return s;
}

static struct reference_set *
accept(void **state, struct view text)
{
	struct reference_set *s = parse(*state, text);

	fixture_expect_count(*state, 0);
	return s;
}

/* One fault, at this line. */
static void
refuse(void **state, struct view text, unsigned line, const char *fault)
{
	struct fixture *f = *state;

	faults_free(&f->faults);
	assert_null(parse(f, text));
	fixture_expect_count(f, 1);
	fixture_expect(f, line, fault);
}

#define V(text) VIEW_LITERAL(text)

static void
expect_path(const struct reference_set *s, size_t index, struct view path)
{
	assert_true(view_equal(reference_at(s, index)->path, path));
}

static void
test_both_modes(void **state)
{
	struct reference_set *s = accept(state, V(A "  /bin/a\n" B " */bin/b\n"));

	assert_int_equal(reference_count(s), 2);
	expect_path(s, 0, V("/bin/a"));
	expect_path(s, 1, V("/bin/b"));
	assert_int_equal(reference_at(s, 1)->digest.bytes[31], 0xbb);
	reference_free(&s);
	assert_null(s);
}

static void
test_sorted_and_without_repeats(void **state)
{
	struct reference_set *s =
	    accept(state, V(B "  /b\n" A "  /b\n" A "  /a\n" B " */b\n" A "  /a b\n"));

	assert_int_equal(reference_count(s), 4);
	expect_path(s, 0, V("/a"));
	expect_path(s, 1, V("/a b"));
	expect_path(s, 2, V("/b"));
	assert_int_equal(reference_at(s, 2)->digest.bytes[0], 0xaa);
	expect_path(s, 3, V("/b"));
	reference_free(&s);
}

static void
test_escaped_names(void **state)
{
	struct reference_set *s = accept(state,
	    V("\\" A "  /x\\ny\n\\" A "  /x\\\\y\n\\" A " */x\\ry\n" A "  / two  spaces \n"));

	expect_path(s, 0, V("/ two  spaces "));
	expect_path(s, 1, V("/x\ny"));
	expect_path(s, 2, V("/x\ry"));
	expect_path(s, 3, V("/x\\y"));
	reference_free(&s);
}

static void
test_names_are_bytes(void **state)
{
	struct reference_set *s = accept(state, V(A "  /\xff\xfe\n" A "  /.../..a/.b/b.\n"));

	expect_path(s, 1, V("/\xff\xfe"));
	reference_free(&s);
}

static void
test_hidden_paths(void **state)
{
#define HIDDEN "hmac-sha256:0123456789abcdef:" A
	struct reference_set *s = accept(state, V(A "  /a\n" B "  " HIDDEN "\n"));

	expect_path(s, 1, V(HIDDEN));
	reference_free(&s);
	refuse(state, V(A "  hmac-sha256:0123456789abcdeg:" A "\n"), 1, "an absolute path");
	refuse(state, V(A "  hmac-sha256::0123456789abcde:" A "\n"), 1, "an absolute path");
	refuse(state, V(A "  " HIDDEN "0\n"), 1, "an absolute path");
	refuse(state, V(A "  hmac-sha256:\n"), 1, "an absolute path");
#undef HIDDEN
}

/* Written again, it is the same text. */
static struct reference_set *
accept_canonical(void **state, struct view text)
{
	struct reference_set *s = accept(state, text);
	struct buf again = BUF_INIT;

	for (size_t i = 0; i < reference_count(s); i++)
		reference_entry_append(reference_at(s, i), &again);
	assert_int_equal(again.size, text.size);
	assert_memory_equal(again.data, text.data, text.size);
	buf_free(&again);
	return s;
}

static void
test_own_lines(void **state)
{
	struct reference_set *s = accept_canonical(
	    state, V(B "  /a\nfile " A " /b uid=0 gid=42 mode=4755\nfile " A " /c gid=4294967295\n"
		       "link b /d\nlink ../x\\sy\\\\\\n\\r /e\\s\\\\\\n\\r uid=7\n"));
	const struct reference_entry *e = reference_at(s, 1);
	struct digest target;

	assert_int_equal(e->kind, REFERENCE_FILE);
	assert_int_equal(e->given, REFERENCE_UID | REFERENCE_GID | REFERENCE_MODE);
	assert_int_equal(e->gid, 42);
	assert_int_equal(e->mode, 04755);
	assert_int_equal(reference_at(s, 2)->given, REFERENCE_GID);
	assert_int_equal(reference_at(s, 2)->gid, UINT32_MAX);
	digest_of("b", 1, &target);
	assert_int_equal(reference_at(s, 3)->kind, REFERENCE_LINK);
	assert_true(digest_equal(&reference_at(s, 3)->digest, &target));
	expect_path(s, 4, V("/e \\\n\r"));
	assert_true(view_equal(reference_at(s, 4)->target, V("../x y\\\n\r")));
	reference_free(&s);
}

/* Of a path: files first, by digest, then by what is given, where nothing comes first. */
static void
test_own_lines_are_sorted(void **state)
{
	struct reference_set *s = accept_canonical(
	    state, V(A "  /a\nfile " A " /a mode=0644\nfile " A " /a mode=0755\nfile " A
		       " /a gid=0\nfile " A " /a uid=0\nfile " A " /a uid=1\n" B
		       "  /a\nlink b /a\nlink b /a uid=0\n"));

	assert_int_equal(reference_count(s), 9);
	reference_free(&s);
	s = accept(state, V("file " A " /a\n" A " */a\nlink b /a\nlink b /a\n"));
	assert_int_equal(reference_count(s), 2);
	reference_free(&s);
}

static void
test_bad_own_lines(void **state)
{
	refuse(state, V("file " A "\n"), 1, "content and path");
	refuse(state, V("file  " A " /a\n"), 1, "content and path");
	refuse(state, V("link b \n"), 1, "content and path");
	refuse(state, V("file b /a\n"), 1, "64 lower-case hex digits");
	refuse(state, V("file " Z " /a\n"), 1, "all zeros");
	refuse(state, V("file " A " a\n"), 1, "absolute path");
	refuse(state, V("link b /a/\n"), 1, "under such a path");
	refuse(state, V("link b\0 /a\n"), 1, "zero byte");
	refuse(state, V("link b /a\r\n"), 1, "carriage return");
	refuse(state, V("link b\\ /a\n"), 1, "must stand before another");
	refuse(state, V("link b /a\\t\n"), 1, "must stand before another");
	refuse(state, V("dir b /a\n"), 1, "\"file\" or \"link\"");
	refuse(state, V("file " A " /a \n"), 1, "nothing behind the path");
	refuse(state, V("file " A " /a b\n"), 1, "nothing behind the path");
	refuse(state, V("file " A " /a gid=0 uid=0\n"), 1, "nothing behind the path");
	refuse(state, V("file " A " /a uid=0 uid=0\n"), 1, "nothing behind the path");
	refuse(state, V("file " A " /a uid=00\n"), 1, "nothing behind the path");
	refuse(state, V("file " A " /a uid=\n"), 1, "nothing behind the path");
	refuse(state, V("file " A " /a uid=4294967296\n"), 1, "nothing behind the path");
	refuse(state, V("file " A " /a mode=755\n"), 1, "nothing behind the path");
	refuse(state, V("file " A " /a mode=0758\n"), 1, "nothing behind the path");
	refuse(state, V("file " A " /a mode=00755\n"), 1, "nothing behind the path");
	refuse(state, V("link b /a mode=0777\n"), 1, "nothing behind the path");
}

/* By the digest that it is hidden as. */
static void
test_hidden_own_lines(void **state)
{
#define HIDDEN "hmac-sha256:0123456789abcdef:" A
	struct reference_set *s =
	    accept_canonical(state, V("file " B " " HIDDEN " uid=0\nlink " B " " HIDDEN "\n"));

	assert_int_equal(reference_at(s, 1)->digest.bytes[0], 0xbb);
	assert_int_equal(reference_at(s, 1)->target.size, 0);
	reference_free(&s);
	refuse(state, V("link b " HIDDEN "\n"), 1, "64 lower-case hex digits");
#undef HIDDEN
}

/* What is a secret is not said. */
static void
refuse_key(void **state)
{
	struct fixture *f = *state;

	faults_free(&f->faults);
	assert_null(parse(f, V("-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n")));
	fixture_expect_count(f, 2);
	fixture_expect(f, 1, "found \"-----BEGIN PRIVATE KEY-----\"");
	fixture_expect(f, 2, "content and path");
	for (size_t i = 0; i < f->faults.count; i++)
		assert_null(strstr(f->faults.fault[i].text, "MIGH"));
}

static void
test_bad_lines(void **state)
{
	refuse(state, V(A " /a\n"), 1, "expected a line of sha256sum");
	refuse(state, V(A "\t /a\n"), 1, "expected a line");
	refuse(state, V(A "  \n"), 1, "expected an absolute path");
	refuse(state, V("\n"), 1, "expected a line");
	refuse(state, V("# comment\n"), 1, "content and path; found \"# comment\"");
	refuse(state, V(A "  /a\nMD5\t" A), 2, "been cut; found \"MD5\\x09aaaa");
	refuse(
	    state, V(A "  " A "/" A "\n"), 1, "absolute paths; found \"" A "  aaaaaaaaaaaaaaaaaa");
	refuse_key(state);
	refuse(state, V(A "\n"), 1, "expected a line");
	refuse(state, V("a" A "  /a\n"), 1, "expected a line");
	refuse(state, V("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA  /a\n"),
	    1, "lower-case hex");
	refuse(state, V("SHA256 (/a) = " A "\n"), 1, "found \"SHA256 (/a) = aaaa");
	refuse(state, V("d41d8cd98f00b204e9800998ecf8427e  /a\n"), 1, "expected a line");
	refuse(state, V(" " A "  /a\n"), 1, "expected a line");
}

static void
test_bad_names(void **state)
{
	refuse(state, V(A "  /\n"), 1, "under such a path");
	refuse(state, V(A "  //a\n"), 1, "under such a path");
	refuse(state, V(A "  /a//b\n"), 1, "under such a path");
	refuse(state, V(A "  /a/\n"), 1, "under such a path");
	refuse(state, V(A "  /a/.\n"), 1, "under such a path");
	refuse(state, V(A "  /./a\n"), 1, "under such a path");
	refuse(state, V(A "  /a/../b\n"), 1, "under such a path");
	refuse(state, V(A "  /a/..\n"), 1, "under such a path");
	refuse(state, V(A "  a\n"), 1, "expected an absolute path");
	refuse(state, V(A "  ./a\n"), 1, "expected an absolute path");
	refuse(state, V(A "  -\n"), 1, "expected an absolute path");
	refuse(state, V(A "  /a\\b\n"), 1, "backslash stands in a name");
	refuse(state, V("\\" A "  /ab\n"), 1, "nothing in the name needs it");
	refuse(state, V("\\" A "  /a\\tb\n"), 1, "a backslash must stand before");
	refuse(state, V("\\" A "  /a\\\n"), 1, "a backslash must stand before");
	refuse(state, V(A "  /a\r\n"), 1, "carriage return");
	refuse(state, V(A "  /a\0b\n"), 1, "zero byte");
}

static void
test_path_too_long(void **state)
{
	char text[4300] = A "  /";

	memset(text + 67, 'x', 4096);
	text[67 + 4096] = '\n';
	refuse(state, (struct view){(uint8_t *)text, 67 + 4097}, 1, "longer than 4096");
}

static void
test_zero_digest(void **state)
{
	refuse(state, V(Z "  /a\n"), 1, "all zeros");
}

static void
test_last_line_must_end(void **state)
{
	refuse(state, V(A "  /a\n" B "  /b"), 2, "not ended");
}

static void
test_empty(void **state)
{
	refuse(state, V(""), 0, "empty");
}

static void
test_every_bad_line_is_told(void **state)
{
	struct fixture *f = *state;

	assert_null(parse(f, V("x\n" A "  /a\ny\n" A "  b\n")));
	fixture_expect_count(f, 3);
	fixture_expect(f, 1, "expected a line");
	fixture_expect(f, 3, "expected a line");
	fixture_expect(f, 4, "absolute");
}

static void
test_many_bad_lines_are_counted(void **state)
{
	struct fixture *f = *state;
	char text[200];

	memset(text, '\n', sizeof(text));
	assert_null(parse(f, (struct view){(uint8_t *)text, sizeof(text)}));
	fixture_expect_count(f, REFERENCE_FAULTS_MAX + 1);
	fixture_expect(f, 200, "180 more bad lines");
}

static void
test_too_large(void **state)
{
	uint8_t *text = calloc(1, REFERENCE_SIZE_MAX + 1);

	assert_non_null(text);
	refuse(state, (struct view){text, REFERENCE_SIZE_MAX + 1}, 0, "at most 16777216");
	free(text);
}

static void
test_seek(void **state)
{
	struct reference_set *s;
	struct buf text = BUF_INIT;
	char path[16];

	for (unsigned i = 0; i < 1000; i += 2)
		buf_append_format(&text, A "  /%03u\n", i);
	buf_append_string(&text, B "  /500\n");
	s = accept(state, buf_view(&text));
	for (unsigned from = 0; from < 1000; from++) {
		size_t at = 0;

		/* From every place that is allowed to each path behind it, in several strides. */
		for (unsigned i = from; i < 1000; i += 1 + from % 7) {
			size_t expected = (i + 1) / 2 + (i > 500);

			snprintf(path, sizeof(path), "/%03u", i);
			at = reference_seek(s, at, view_of_string(path));
			assert_int_equal(at, expected);
			assert_int_equal(reference_seek(s, 0, view_of_string(path)), expected);
		}
	}
	assert_int_equal(reference_seek(s, 0, V("/")), 0);
	assert_int_equal(reference_seek(s, 0, V("/999")), 501);
	assert_int_equal(reference_seek(s, 501, V("/999")), 501);
	assert_int_equal(reference_seek(s, 500, V("/998")), 500);
	reference_free(&s);
	buf_free(&text);
}

static void
test_seek_content(void **state)
{
	struct buf text = BUF_INIT;
	struct reference_set *s;
	struct digest a, b, link;

	buf_append_string(&text, B "  /1\n" A "  /2\n" B "  /3\n" A "  /4\nlink t /5\n");
	s = accept(state, buf_view(&text));
	assert_int_equal(digest_from_hex((struct view){(const uint8_t *)A, 64}, &a), ERR_OK);
	assert_int_equal(digest_from_hex((struct view){(const uint8_t *)B, 64}, &b), ERR_OK);
	link = reference_at(s, 4)->digest;
	for (int again = 0; again < 2; again++)
		reference_sort_contents(s);
	for (size_t i = 0; i < 2; i++) {
		const struct digest *d = i == 0 ? &a : &b;
		const size_t at = reference_seek_content(s, REFERENCE_FILE, d);

		for (size_t n = 0; n < 2; n++)
			assert_true(digest_equal(&reference_content_at(s, at + n)->digest, d));
		assert_int_equal(reference_seek_content(s, REFERENCE_LINK, d), at + 2);
	}
	assert_true(view_equal(
	    reference_content_at(s, reference_seek_content(s, REFERENCE_LINK, &link))->path,
	    V("/5")));
	memset(&a, 0xff, sizeof(a));
	assert_int_equal(reference_seek_content(s, REFERENCE_LINK, &a), 5);
	reference_free(&s);
	buf_free(&text);
}

/* The installed sha256sum writes what is read here. */
static void
test_what_sha256sum_writes(void **state)
{
	static const char *const names[] = {"plain", "two words", "back\\slash", "new\nline",
	    "carriage\rreturn", " leading", "trailing ", "*star", "\xc3\xa4", "\\n"};
	struct fixture *f = *state;
	struct reference_set *s;
	struct buf text = BUF_INIT;
	char command[256];
	FILE *from;
	int c;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		fixture_write(f, names[i], 0600, "x");
	snprintf(command, sizeof(command), "LC_ALL=C sha256sum %s/*", f->directory);
	from = popen(command, "r");
	assert_non_null(from);
	while ((c = fgetc(from)) != EOF)
		buf_append_byte(&text, (uint8_t)c);
	assert_int_equal(pclose(from), 0);
	s = accept(state, buf_view(&text));
	assert_int_equal(reference_count(s), sizeof(names) / sizeof(names[0]));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct view path = view_of_string(fixture_path(f, names[i]));
		const size_t at = reference_seek(s, 0, path);

		assert_true(at < reference_count(s));
		expect_path(s, at, path);
	}
	reference_free(&s);
	buf_free(&text);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(test_both_modes),
	    WITH_FIXTURE(test_sorted_and_without_repeats),
	    WITH_FIXTURE(test_escaped_names),
	    WITH_FIXTURE(test_names_are_bytes),
	    WITH_FIXTURE(test_hidden_paths),
	    WITH_FIXTURE(test_own_lines),
	    WITH_FIXTURE(test_own_lines_are_sorted),
	    WITH_FIXTURE(test_bad_own_lines),
	    WITH_FIXTURE(test_hidden_own_lines),
	    WITH_FIXTURE(test_bad_lines),
	    WITH_FIXTURE(test_bad_names),
	    WITH_FIXTURE(test_path_too_long),
	    WITH_FIXTURE(test_zero_digest),
	    WITH_FIXTURE(test_last_line_must_end),
	    WITH_FIXTURE(test_empty),
	    WITH_FIXTURE(test_every_bad_line_is_told),
	    WITH_FIXTURE(test_many_bad_lines_are_counted),
	    WITH_FIXTURE(test_too_large),
	    WITH_FIXTURE(test_seek),
	    WITH_FIXTURE(test_seek_content),
	    WITH_FIXTURE(test_what_sha256sum_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
