#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/yaml.h"
#include "config/yaml_check.h"
#include "tests/unit/config_fixture.h"

enum colour { RED, GREEN = 7 };

struct inner {
	char *text;
	uint16_t number;
};

struct outer {
	char *name;
	bool flag;
	uint32_t big;
	enum colour colour;
	struct inner one;
	struct inner *many;
	uint32_t many_count;
	char **words;
	uint32_t words_count;
};

static const cyaml_strval_t colours[] = {{"red", RED}, {"green", GREEN}};
static const cyaml_schema_field_t inner_fields[] = {
    CYAML_FIELD_STRING_PTR("text", CYAML_FLAG_DEFAULT, struct inner, text, 1, 8),
    CYAML_FIELD_UINT("number", CYAML_FLAG_OPTIONAL, struct inner, number),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t inner_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct inner, inner_fields),
};
static const cyaml_schema_value_t word_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, 5000),
};
static const cyaml_schema_field_t outer_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_DEFAULT, struct outer, name, 1, 64),
    CYAML_FIELD_BOOL("flag", CYAML_FLAG_OPTIONAL, struct outer, flag),
    CYAML_FIELD_UINT("big", CYAML_FLAG_OPTIONAL, struct outer, big),
    CYAML_FIELD_ENUM("colour", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct outer, colour,
	colours, CYAML_ARRAY_LEN(colours)),
    CYAML_FIELD_MAPPING("one", CYAML_FLAG_OPTIONAL, struct outer, one, inner_fields),
    CYAML_FIELD_SEQUENCE(
	"many", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct outer, many, &inner_entry, 1, 3),
    CYAML_FIELD_SEQUENCE(
	"words", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct outer, words, &word_entry, 0, 4),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct outer, outer_fields),
};

static struct yaml_file *
load(struct fixture *f, const char *text, enum err expected)
{
	struct yaml_file *y;

	faults_free(&f->faults);
	assert_int_equal(
	    yaml_load_bytes("t.yaml", view_of_string(text), &schema, &f->faults, &y), expected);
	assert_int_equal(f->faults.count > 0, expected != ERR_OK);
	if (expected == ERR_OK)
		assert_non_null(y);
	return y;
}

/* The text is refused with this fault, and with no other. */
static void
refuse(void **state, const char *text, unsigned line, const char *fault)
{
	struct fixture *f = *state;
	struct yaml_file *y = load(f, text, ERR_CONFIG);

	fixture_expect_count(f, 1);
	fixture_expect(f, line, fault);
	yaml_file_free(&y);
}

static void
test_byte_order_mark_is_passed_over(void **state)
{
	static const char text[] = "\xef\xbb\xbfname: x\n";
	struct yaml_file *y = load(*state, text, ERR_OK);

	assert_string_equal(((const struct outer *)yaml_file_data(y))->name, "x");
	assert_int_equal(yaml_file_line(y, "name"), 1);
	assert_int_equal(yaml_file_bytes(y).size, sizeof(text) - 1); /* of which the digest is */
	yaml_file_free(&y);
	refuse(state, "\xef\xbb\xbfname: x\nnam: y\n", 2, "unknown key");
}

static void
test_loads_every_type(void **state)
{
	struct yaml_file *y = load(*state,
	    "name: x y\nflag: true\nbig: 4294967295\ncolour: green\none: {text: t, number: 65535}\n"
	    "many:\n  - text: a\n  - text: \"b\"\nwords: ['1', two]\n",
	    ERR_OK);
	const struct outer *o = yaml_file_data(y);

	assert_string_equal(o->name, "x y");
	assert_true(o->flag);
	assert_int_equal(o->big, 4294967295U);
	assert_int_equal(o->colour, GREEN);
	assert_string_equal(o->one.text, "t");
	assert_int_equal(o->one.number, 65535);
	assert_int_equal(o->many_count, 2);
	assert_string_equal(o->many[1].text, "b");
	assert_int_equal(o->words_count, 2);
	assert_string_equal(o->words[0], "1");
	yaml_file_free(&y);
	assert_null(y);
}

static void
test_lines_of_keys(void **state)
{
	struct yaml_file *y = load(
	    *state, "# first\nname: x\nmany:\n  - text: a\n    number: 1\n  - text: b\n", ERR_OK);

	assert_int_equal(yaml_file_line(y, "name"), 2);
	assert_int_equal(yaml_file_line(y, "many"), 3);
	assert_int_equal(yaml_file_line(y, "many[0]"), 4);
	assert_int_equal(yaml_file_line(y, "many[0].number"), 5);
	assert_int_equal(yaml_file_line(y, "many[1].text"), 6);
	assert_int_equal(yaml_file_line(y, "many[1].number"), 0);
	assert_int_equal(yaml_file_line(y, "flag"), 0);
	yaml_file_free(&y);
}

static void
test_keeps_the_bytes(void **state)
{
	struct yaml_file *y = load(*state, "name: x # why\n", ERR_OK);

	assert_true(view_equal(yaml_file_bytes(y), VIEW_LITERAL("name: x # why\n")));
	yaml_file_free(&y);
}

static void
test_start_of_document_is_allowed(void **state)
{
	struct yaml_file *y = load(*state, "---\nname: x\n...\n", ERR_OK);

	yaml_file_free(&y);
}

static void
test_empty_list_where_allowed(void **state)
{
	struct yaml_file *y = load(*state, "name: x\nwords: []\n", ERR_OK);

	assert_int_equal(((const struct outer *)yaml_file_data(y))->words_count, 0);
	yaml_file_free(&y);
}

static void
test_long_text(void **state)
{
	char text[4200] = "words: [\"";
	struct yaml_file *y;

	memset(text + 9, 'a', 4000);
	strcpy(text + 4009, "\"]\nname: \nname: x\n");
	y = load(*state, text, ERR_CONFIG); /* the rest is loaded although it is faulty */
	assert_non_null(y);
	assert_int_equal(strlen(((const struct outer *)yaml_file_data(y))->words[0]), 4000);
	yaml_file_free(&y);
}

static void
test_unknown_key_with_the_nearest(void **state)
{
	refuse(state, "name: x\nfalg: true\n", 2, "unknown key \"falg\"; did you mean \"flag\"?");
	refuse(state, "name: x\none: {txt: a, text: b}\n", 2,
	    "unknown key \"txt\" in \"one\"; did you mean \"text\"?");
	refuse(state, "name: x\nzzzzzz: [1, {a: b}]\n", 2, "unknown key \"zzzzzz\"; the sample");
}

static void
test_unknown_key_is_shown_escaped(void **state)
{
	refuse(state, "name: x\n\"a\\nb\\x1b\": 1\n", 2, "unknown key \"a\\x0ab\\x1b\"");
}

static void
test_missing_keys(void **state)
{
	refuse(state, "flag: true\n", 1, "key \"name\" is missing");
	refuse(state, "name: x\none:\n  number: 1\n", 3, "key \"one.text\" is missing");
	refuse(state, "name: x\nmany: [{text: a}, {number: 1}]\n", 2,
	    "key \"many[1].text\" is missing");
}

static void
test_duplicate_key(void **state)
{
	refuse(state, "name: x\nflag: true\nname: y\n", 3, "key \"name\" stands twice");
}

static void
test_wrong_types(void **state)
{
	refuse(state, "name: [x]\n", 1, "\"name\" must be text, found a list");
	refuse(state, "name: {a: b}\n", 1, "\"name\" must be text, found a mapping");
	refuse(state, "name:\n", 1, "\"name\" must be text, found nothing");
	refuse(state, "name: ~\n", 1, "\"name\" must be text");
	refuse(state, "name: null\n", 1, "\"name\" must be text");
	refuse(state, "name: x\none: 5\n", 2, "\"one\" must be a mapping of keys, found \"5\"");
	refuse(state, "name: x\none:\n", 2, "\"one\" must be a mapping of keys, found nothing");
	refuse(state, "name: x\nmany: {text: a}\n", 2, "\"many\" must be a list, found a mapping");
	refuse(state, "name: x\nmany: [1]\n", 2, "\"many[0]\" must be a mapping");
	refuse(state, "- name\n", 1, "the file must be a mapping of keys, found a list");
	/* It may be a PIN's file, or a key's. */
	refuse(state, "name\n", 1, "the file must be a mapping of keys, found text");
}

static void
test_booleans_are_true_and_false(void **state)
{
	static const char *const values[] = {"flase", "yes", "True", "1", "\"true\"", "[]", ""};
	char text[64];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(text, sizeof(text), "name: x\nflag: %s\n", values[i]);
		refuse(state, text, 2, "\"flag\" must be true or false, found");
	}
}

static void
test_numbers_are_plain_decimals(void **state)
{
	static const char *const values[] = {"many", "010", "0x10", "+1", "-1", "1.0", "1e3",
	    "\"1\"", "1_000", "", "[1]", "18446744073709551616"};
	char text[64];

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(text, sizeof(text), "name: x\nbig: %s\n", values[i]);
		refuse(state, text, 2, "\"big\" must be a whole number");
	}
}

static void
test_numbers_must_fit(void **state)
{
	refuse(state, "name: x\nbig: 4294967296\n", 2, "\"big\" must be at most 4294967295");
	refuse(state, "name: x\none: {text: a, number: 65536}\n", 2, "must be at most 65535");
}

static void
test_enumeration(void **state)
{
	refuse(state, "name: x\ncolour: blue\n", 2, "must be one of red, green, found \"blue\"");
	refuse(state, "name: x\ncolour: 7\n", 2, "must be one of red, green, found \"7\"");
	refuse(state, "name: x\ncolour: Green\n", 2, "must be one of red, green");
}

static void
test_length_of_text(void **state)
{
	refuse(state, "name: \"\"\n", 1, "\"name\" must be text of 1 to 64 bytes, found 0");
	refuse(state, "name: x\none: {text: 123456789}\n", 2, "text of 1 to 8 bytes, found 9");
}

static void
test_text_must_be_printable(void **state)
{
	refuse(state, "name: \"a\\0b\"\n", 1, "without control or invisible");
	refuse(state, "name: \"a\\nb\"\n", 1, "found \"a\\x0ab\"");
	refuse(state, "name: \"a\\u202eb\"\n", 1, "without control or invisible");
	refuse(state, "name: |\n  a\n  b\n", 1, "without control or invisible");
}

static void
test_length_of_list(void **state)
{
	refuse(state, "name: x\nmany: []\n", 2, "\"many\" must have 1 to 3 entries, found 0");
	refuse(state, "name: x\nwords: [a, b, c, d, e]\n", 2, "0 to 4 entries, found 5");
}

static void
test_anchors_aliases_and_tags(void **state)
{
	struct fixture *f = *state;
	struct yaml_file *y;

	refuse(state, "name: &a x\n", 1, "anchor \"&a\" is not allowed");
	refuse(state, "&a name: x\n", 1, "anchor \"&a\" is not allowed");
	refuse(state, "name: x\none: &b {text: a}\n", 2, "anchor \"&b\" is not allowed");
	refuse(state, "name: !!str x\n", 1, "tag \"tag:yaml.org,2002:str\" is not allowed");
	refuse(state, "name: x\nbig: !!int 5\n", 2, "tag");
	refuse(state, "!x\nname: x\n", 1, "tag");
	y = load(f, "name: &a x\nwords: [*a]\n", ERR_CONFIG);
	fixture_expect_count(f, 2);
	fixture_expect(f, 2, "\"words[0]\" must be text, found an alias");
	yaml_file_free(&y);
}

static void
test_alias_bomb_is_refused_at_once(void **state)
{
	struct fixture *f = *state;
	struct yaml_file *y = load(
	    f, "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\nname: x\n", ERR_CONFIG);

	fixture_expect_count(f, 7); /* four unknown keys, three anchors */
	yaml_file_free(&y);
}

static void
test_merge_key_is_unknown(void **state)
{
	refuse(state, "name: x\n<<: {flag: true}\n", 2, "unknown key \"<<\"");
}

static void
test_keys_must_be_scalars(void **state)
{
	refuse(state, "name: x\n? [a, b]\n: c\n", 2, "must be a key, found a list");
}

static void
test_second_document(void **state)
{
	refuse(state, "name: x\n---\nname: y\n", 2, "a second document begins here");
}

static void
test_empty_file(void **state)
{
	struct fixture *f = *state;
	struct yaml_file *y;

	refuse(state, "", 0, "the file is empty");
	refuse(state, "# nothing\n", 0, "the file is empty");
	faults_free(&f->faults);
	assert_int_equal(
	    yaml_load_bytes("t", (struct view){NULL, 0}, &schema, &f->faults, &y), ERR_CONFIG);
	assert_null(y);
	fixture_expect(f, 0, "the file is empty");
	fixture_write(f, "empty.yaml", 0600, "");
	assert_int_equal(yaml_load_file(f->path, &schema, &f->faults, &y), ERR_CONFIG);
	assert_null(y);
}

static void
test_syntax(void **state)
{
	refuse(state, "name: x\none: {text: a\nflag: true\n", 3, "not valid YAML");
	refuse(state, "name: x\n\tflag: true\n", 2, "not valid YAML");
	refuse(state, "name: *\n", 1, "in quotes: \"*\"");
	refuse(state, "many:\n  - {text: a}\n  name: x\n", 3, "begin in the same column?");
	refuse(state, "name: \"x\n", 0, "not valid YAML");
	refuse(state, "name: x\x01\n", 1, "not valid YAML");
	refuse(state, "name: x\nflag: true\n# \x01\n", 3, "not valid YAML");
}

static void
test_syntax_does_not_hide_earlier_faults(void **state)
{
	struct fixture *f = *state;
	struct yaml_file *y = load(f, "nam: x\nflag: maybe\n}\n", ERR_CONFIG);

	fixture_expect(f, 1, "unknown key \"nam\"");
	fixture_expect(f, 2, "\"flag\" must be");
	fixture_expect(f, 3, "not valid YAML");
	assert_null(y);
}

static void
test_not_utf8(void **state)
{
	refuse(state, "name: \xff\n", 0, "not UTF-8");
	refuse(state, "name: \xed\xa0\x80\n", 0, "not UTF-8");
}

static void
test_utf16_is_refused(void **state)
{
	struct fixture *f = *state;
	struct yaml_file *y;
	static const uint8_t text[] = {0xff, 0xfe, 'a', 0, ':', 0, ' ', 0, 'b', 0};

	assert_int_equal(
	    yaml_load_bytes("t", (struct view){text, sizeof(text)}, &schema, &f->faults, &y),
	    ERR_CONFIG);
	assert_null(y);
	fixture_expect(f, 0, "not UTF-8");
}

static void
test_depth(void **state)
{
	char text[200] = "name: x\ndeep: ";

	memset(text + 14, '[', 100);
	assert_null(load(*state, text, ERR_CONFIG));
	fixture_expect_count(*state, 2);
	fixture_expect(*state, 2, "nested more than 16 deep");
}

static void
test_size(void **state)
{
	struct fixture *f = *state;
	uint8_t *text = malloc(YAML_FILE_SIZE_MAX + 1);
	struct yaml_file *y;

	assert_non_null(text);
	memset(text, '#', YAML_FILE_SIZE_MAX + 1);
	assert_int_equal(yaml_load_bytes("t", (struct view){text, YAML_FILE_SIZE_MAX + 1}, &schema,
			     &f->faults, &y),
	    ERR_CONFIG);
	assert_null(y);
	fixture_expect(f, 0, "at most 4194304 are allowed");
	fixture_write_bytes(f, "large.yaml", 0600, text, YAML_FILE_SIZE_MAX + 1);
	assert_int_equal(yaml_load_file(f->path, &schema, &f->faults, &y), ERR_CONFIG);
	assert_null(y);
	fixture_expect(f, 0, "the file is larger than the 4194304 bytes");
	free(text);
}

static void
test_what_is_good_is_loaded_beside_faults(void **state)
{
	struct fixture *f = *state;
	struct yaml_file *y = load(f,
	    "falg: 1\nbig: 12\nflag: perhaps\nmany:\n  - text: a\n    number: x\n  - {number: 3}\n"
	    "words: [a, [b]]\n",
	    ERR_CONFIG);
	const struct outer *o;

	fixture_expect_count(f, 6);
	assert_non_null(y);
	o = yaml_file_data(y);
	assert_null(o->name);
	assert_false(o->flag);
	assert_int_equal(o->big, 12);
	assert_int_equal(o->many_count, 2);
	assert_string_equal(o->many[0].text, "a");
	assert_int_equal(o->many[0].number, 0);
	assert_null(o->many[1].text);
	assert_int_equal(o->many[1].number, 3);
	assert_int_equal(o->words_count, 0);
	yaml_file_free(&y);
}

static void
test_faults_of_other_files_do_not_matter(void **state)
{
	struct fixture *f = *state;
	struct yaml_file *y;

	faults_add(&f->faults, "other.yaml", 1, "something");
	assert_int_equal(
	    yaml_load_bytes("t", VIEW_LITERAL("name: x\n"), &schema, &f->faults, &y), ERR_OK);
	assert_non_null(y);
	yaml_file_free(&y);
}

static void
test_file_that_is_not_there(void **state)
{
	struct fixture *f = *state;
	struct yaml_file *y;

	assert_int_equal(
	    yaml_load_file(fixture_path(f, "none"), &schema, &f->faults, &y), ERR_CONFIG);
	assert_null(y);
	fixture_expect(f, 0, "cannot read it: No such file");
	assert_int_equal(yaml_load_file(f->directory, &schema, &f->faults, &y), ERR_CONFIG);
	fixture_expect(f, 0, "must be a regular file");
	assert_int_equal(mkfifo(fixture_path(f, "pipe"), 0600), 0);
	assert_int_equal(yaml_load_file(f->path, &schema, &f->faults, &y), ERR_CONFIG);
	fixture_expect_count(f, 3);
}

static void
test_secret_must_be_closed(void **state)
{
	struct fixture *f = *state;

	fixture_write(f, "key", 0600, "k");
	assert_true(yaml_check_secret("c", 4, "tls.key", f->path, &f->faults));
	assert_int_equal(chmod(f->path, 0640), 0);
	assert_false(yaml_check_secret("c", 4, "tls.key", f->path, &f->faults));
	fixture_expect(f, 4, "has mode 0640: chmod 0600 it");
	assert_int_equal(chmod(f->path, 0604), 0);
	assert_false(yaml_check_secret("c", 4, "tls.key", f->path, &f->faults));
	if (geteuid() == 0) {
		assert_int_equal(chmod(f->path, 0600), 0);
		assert_int_equal(chown(f->path, 12345, (gid_t)-1), 0);
		assert_false(yaml_check_secret("c", 4, "tls.key", f->path, &f->faults));
		fixture_expect(f, 4, "belongs to user 12345");
	}
	assert_false(yaml_check_secret("c", 4, "tls.key", f->directory, &f->faults));
}

static void
test_directory(void **state)
{
	struct fixture *f = *state;

	assert_true(yaml_check_directory("c", 1, "guard", f->directory, &f->faults));
	assert_false(yaml_check_directory("c", 1, "guard", fixture_path(f, "none"), &f->faults));
	fixture_expect(f, 1, "make it first");
	fixture_write(f, "file", 0600, "");
	assert_false(yaml_check_directory("c", 1, "guard", f->path, &f->faults));
	fixture_expect(f, 1, "must be a directory");
}

static void
expect_resolved(const char *file, const char *path, const char *expected)
{
	char *resolved = yaml_resolve_path(file, path);

	assert_string_equal(resolved, expected);
	free(resolved);
}

static void
test_resolve_path(void **state)
{
	char here[PATH_MAX], expected[2 * PATH_MAX];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	expect_resolved("/etc/hallmark/signer.yaml", "tls/key", "/etc/hallmark/tls/key");
	expect_resolved("/etc/hallmark/signer.yaml", "/a/b", "/a/b");
	expect_resolved("/signer.yaml", "key", "/key");
	snprintf(expected, sizeof(expected), "%s/dir/key", here);
	expect_resolved("dir/signer.yaml", "key", expected);
	snprintf(expected, sizeof(expected), "%s/key", here);
	expect_resolved("signer.yaml", "key", expected);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(test_byte_order_mark_is_passed_over),
	    WITH_FIXTURE(test_loads_every_type),
	    WITH_FIXTURE(test_lines_of_keys),
	    WITH_FIXTURE(test_keeps_the_bytes),
	    WITH_FIXTURE(test_start_of_document_is_allowed),
	    WITH_FIXTURE(test_empty_list_where_allowed),
	    WITH_FIXTURE(test_long_text),
	    WITH_FIXTURE(test_unknown_key_with_the_nearest),
	    WITH_FIXTURE(test_unknown_key_is_shown_escaped),
	    WITH_FIXTURE(test_missing_keys),
	    WITH_FIXTURE(test_duplicate_key),
	    WITH_FIXTURE(test_wrong_types),
	    WITH_FIXTURE(test_booleans_are_true_and_false),
	    WITH_FIXTURE(test_numbers_are_plain_decimals),
	    WITH_FIXTURE(test_numbers_must_fit),
	    WITH_FIXTURE(test_enumeration),
	    WITH_FIXTURE(test_length_of_text),
	    WITH_FIXTURE(test_text_must_be_printable),
	    WITH_FIXTURE(test_length_of_list),
	    WITH_FIXTURE(test_anchors_aliases_and_tags),
	    WITH_FIXTURE(test_alias_bomb_is_refused_at_once),
	    WITH_FIXTURE(test_merge_key_is_unknown),
	    WITH_FIXTURE(test_keys_must_be_scalars),
	    WITH_FIXTURE(test_second_document),
	    WITH_FIXTURE(test_empty_file),
	    WITH_FIXTURE(test_syntax),
	    WITH_FIXTURE(test_syntax_does_not_hide_earlier_faults),
	    WITH_FIXTURE(test_not_utf8),
	    WITH_FIXTURE(test_utf16_is_refused),
	    WITH_FIXTURE(test_depth),
	    WITH_FIXTURE(test_size),
	    WITH_FIXTURE(test_what_is_good_is_loaded_beside_faults),
	    WITH_FIXTURE(test_faults_of_other_files_do_not_matter),
	    WITH_FIXTURE(test_file_that_is_not_there),
	    WITH_FIXTURE(test_secret_must_be_closed),
	    WITH_FIXTURE(test_directory),
	    WITH_FIXTURE(test_resolve_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
