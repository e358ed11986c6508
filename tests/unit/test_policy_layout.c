/* Policies in several files, with defaults and blocks of rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/yaml.h"
#include "policy/layout/layout.h"
#include "tests/unit/policy_fixture.h"

static const char common[] = "references:\n"                                         /* 1 */
			     "  - {name: one, file: one.sha256}\n"                   /* 2 */
			     "rules:\n"                                              /* 3 */
			     "  - name: sealed\n"                                    /* 4 */
			     "    runtime:\n"                                        /* 5 */
			     "      unmatched: warning\n"                            /* 6 */
			     "      facts: [{name: tracer, allow: [\"0\"]}]\n"       /* 7 */
			     "  - name: jit\n"                                       /* 8 */
			     "    libraries: {references: [one], anonymous: none}\n" /* 9 */
			     "    executable: {unknown: none, changed: warning}\n";  /* 10 */

static const char short_form[] = "name: bank\n"                                            /* 1 */
				 "include: [{name: common, file: refs/common.yaml}]\n"     /* 2 */
				 "defaults:\n"                                             /* 3 */
				 "  collectors: [host7.bank]\n"                            /* 4 */
				 "  use: [sealed]\n"                                       /* 5 */
				 "workloads:\n"                                            /* 6 */
				 "  - match: a\n"                                          /* 7 */
				 "    executable: {references: [one]}\n"                   /* 8 */
				 "  - match: b\n"                                          /* 9 */
				 "    use: [sealed, jit]\n"                                /* 10 */
				 "    executable: {references: [one], unknown: warning}\n" /* 11 */
				 "    runtime: {facts: [{name: uid, allow: [\"0\"]}]}\n"   /* 12 */
				 "  - match: c\n"                                          /* 13 */
				 "    use: []\n"                                           /* 14 */
				 "    executable: {references: [one]}\n";                  /* 15 */

static int
setup_files(void **state)
{
	if (setup(state) != 0)
		return -1;
	fixture_write(*state, "refs/common.yaml", 0644, common);
	return 0;
}

/* The policy with one place of a file of it changed; NULL where it has faults. */
static struct policy *
load_changed(void **state, const char *file, const char *from, const char *to)
{
	const bool main = strcmp(file, "policy.yaml") == 0;
	char *text = fixture_replace(main ? short_form : common, from, to);
	struct policy *p;

	fixture_write(*state, "refs/common.yaml", 0644, main ? common : text);
	p = load(*state, main ? text : short_form);
	free(text);
	return p;
}

/* This one fault, in that file. */
static void
refuse_in(void **state, const char *file, const char *from, const char *to, unsigned line,
    const char *fault)
{
	struct fixture *f = *state;
	const char *name;

	assert_null(load_changed(state, file, from, to));
	fixture_expect_count(f, 1);
	fixture_expect(f, line, fault);
	name = strrchr(f->faults.fault[0].file, '/');
	assert_string_equal(name != NULL ? name + 1 : "", file);
}

static void
expect_printed(const struct policy *p, const char *key, const char *expected)
{
	struct buf text = BUF_INIT;

	policy_print_written_out(p, key, &text);
	buf_append_byte(&text, 0);
	assert_int_equal(buf_status(&text), ERR_OK);
	assert_string_equal((char *)text.data, expected);
	buf_free(&text);
}

static void
test_an_entry_says_defaults_blocks_and_its_own_keys(void **state)
{
	struct policy *p = load(*state, short_form);

	assert_non_null(p);
	expect_printed(p, "workloads[0]",
	    "match: a\nexecutable:\n  references:\n    - one\nruntime:\n  unmatched: warning\n"
	    "  facts:\n    - name: tracer\n      allow:\n        - \"0\"\n"
	    "collectors:\n  - host7.bank\n");
	expect_printed(p, "workloads[1]",
	    "match: b\nexecutable:\n  references:\n    - one\n  unknown: warning\n"
	    "  changed: warning\nruntime:\n  facts:\n    - name: tracer\n      allow:\n"
	    "        - \"0\"\n    - name: uid\n      allow:\n        - \"0\"\n"
	    "  unmatched: warning\nlibraries:\n  references:\n    - one\n  anonymous: none\n"
	    "collectors:\n  - host7.bank\n");
	expect_printed(p, "workloads[2]",
	    "match: c\nexecutable:\n  references:\n    - one\ncollectors:\n  - host7.bank\n");
	assert_non_null(policy_find(p, V("c"), V("host7.bank")));
	policy_free(&p);
}

/* What it says of a start rests on what it says of the running workload. */
static void
test_what_is_said_of_a_start(void **state)
{
	static const char entry[] = "    runtime: {facts: [{name: uid, allow: [\"0\"]}]}\n";
	static const char start[] =
	    "    runtime: {facts: [{name: uid, allow: [\"0\"]}]}\n"
	    "    require: [runtime, host]\n"
	    "    grace_s: 5\n"
	    "    host: {facts: [{name: kernel, allow: [x]}], unmatched: none}\n"
	    "    start:\n"
	    "      executable: {unknown: none}\n"
	    "      host: {facts: [{name: kernel, allow: [y]}]}\n";
	struct policy *p = load_changed(state, "policy.yaml", entry, start);
	const struct policy_rule *running, *before;

	assert_non_null(p);
	expect_printed(p, "workloads[1].start",
	    "executable:\n  unknown: none\n  references:\n    - one\n  changed: warning\n"
	    "host:\n  facts:\n    - name: kernel\n      allow:\n        - y\n  unmatched: none\n"
	    "libraries:\n  references:\n    - one\n  anonymous: none\n");
	running = policy_find(p, V("b"), V("host7.bank"));
	before = policy_find(p, V("b/start"), V("host7.bank"));
	assert_non_null(running);
	assert_non_null(before);
	assert_ptr_equal(policy_find_entry(p, V("b/start")), before);
	assert_ptr_equal(policy_rule_at(p, policy_rule_number(p, before)), before);
	assert_int_not_equal(policy_rule_number(p, before), policy_rule_number(p, running));
	assert_int_equal(policy_rule_grace_s(running), 5);
	assert_int_equal(policy_rule_report_every_s(before), 0);
	assert_null(policy_find(p, V("b/start"), V("other.bank")));
	assert_null(policy_find(p, V("a/start"), V("host7.bank")));
	policy_free(&p);
}

static void
test_a_start_says_nothing_of_what_runs(void **state)
{
	static const char entry[] = "    runtime: {facts: [{name: uid, allow: [\"0\"]}]}\n";

	refuse_in(state, "policy.yaml", entry, "    start: {token: orders}\n", 12,
	    "unknown key \"token\" in \"workloads[1].start\"");
	refuse_in(state, "policy.yaml", entry, "    start: {runtime: {facts: []}}\n", 12,
	    "unknown key \"runtime\" in \"workloads[1].start\"");
	refuse_in(state, "policy.yaml", entry, "    start: {require: [host]}\n", 12,
	    "\"workloads[1].start.require\" names \"host\", but no rule looks at it");
	refuse_in(state, "policy.yaml", entry, "    start: {files: {references: [two]}}\n", 12,
	    "\"workloads[1].start.files.references\" names \"two\", which is not listed");
}

/* What is printed is a policy without files and blocks, which says the same. */
static void
test_what_is_printed_reads_as_it_is(void **state)
{
	static const char entry[] = "    runtime: {facts: [{name: uid, allow: [\"0\"]}]}\n";
	struct policy *p = load_changed(state, "policy.yaml", entry,
			  "    packages: {facts: [{name: dpkg, deny: [x]}]}\n"
			  "    start: {packages: {facts: [{name: dpkg, deny: [y]}]}}\n"),
		      *q;
	struct buf text = BUF_INIT, again = BUF_INIT;

	policy_print_written_out(p, "", &text);
	buf_append_byte(&text, 0);
	assert_int_equal(buf_status(&text), ERR_OK);
	fixture_write(*state, "one.sha256", 0644, HEX_A "  /bin/one\n");
	q = load(*state, (char *)text.data);
	assert_non_null(q);
	policy_print_written_out(q, "", &again);
	buf_append_byte(&again, 0);
	assert_string_equal((char *)again.data, (char *)text.data);
	policy_free(&p);
	policy_free(&q);
	buf_free(&text);
	buf_free(&again);
}

static enum err
fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	const struct policy *p = context;

	for (size_t i = 0; i < policy_object_count(p); i++) {
		const struct policy_object *o = policy_object_at(p, i);

		if (o->kind == kind && digest_equal(&o->digest, digest)) {
			buf_append_view(to, o->content);
			return ERR_OK;
		}
	}
	return ERR_NOT_FOUND;
}

static void
test_what_is_included_is_of_the_manifest(void **state)
{
	static const struct view line = VIEW_LITERAL(FIRST "include common ");
	struct policy *p = load(*state, short_form), *q;
	struct view manifest = policy_object_at(p, 0)->content;
	struct fixture *f = *state;

	assert_int_equal(policy_object_count(p), 4);
	assert_memory_equal(manifest.data, line.data, line.size);
	assert_int_equal(remove(fixture_path(f, "refs/common.yaml")), 0);
	assert_int_equal(policy_from_manifest(manifest, fetch, p, &f->faults, &q), ERR_OK);
	assert_true(view_equal(policy_id(p), policy_id(q)));
	policy_free(&q);
	q = load_changed(state, "common.yaml", "references:", "references: # changed");
	assert_false(view_equal(policy_id(p), policy_id(q)));
	/* The other one's text is not there. */
	assert_int_equal(policy_from_manifest(policy_object_at(q, 0)->content, fetch, p, &f->faults,
			     &(struct policy *){NULL}),
	    ERR_NOT_FOUND);
	policy_free(&q);
	policy_free(&p);
}

/* From the policy, whichever file names them. */
static void
test_files_that_are_named(void **state)
{
	struct policy *p = load(*state, short_form);

	assert_int_equal(policy_file_count(p), 2);
	assert_int_equal(policy_file_at(p, 0)->kind, MANIFEST_INCLUDE);
	assert_string_equal(policy_file_at(p, 0)->file, "refs/common.yaml");
	assert_string_equal(policy_file_at(p, 1)->name, "one");
	assert_string_equal(policy_file_at(p, 1)->file, "refs/one.sha256");
	policy_free(&p);
}

/* Where it is written, and once, whoever uses it. */
static void
test_faults_are_told_where_they_are_written(void **state)
{
	/* And, once, what else may have been wanted (policy/compile/policy_outcomes.h). */
	assert_null(load_changed(state, "common.yaml", "unmatched: warning", "unmatched: warnin"));
	fixture_expect_count(*state, 2);
	fixture_expect(*state, 6,
	    "\"rules[0].runtime.unmatched\" must be one of none, warning, contraindicated");
	fixture_expect(*state, 6, "no outcome overlooks what was found");
	faults_free(&((struct fixture *)*state)->faults);
	refuse_in(state, "common.yaml", "unmatched: warning", "unmatches: warning", 6,
	    "unknown key \"unmatches\" in \"rules[0].runtime\"; did you mean \"unmatched\"?");
	refuse_in(state, "common.yaml", "allow: [\"0\"]", "allow: [\"\\\\0\"]", 7,
	    "\"rules[0].runtime.facts[0].allow\": in \"\\0\" a backslash");
	refuse_in(state, "common.yaml", "references: [one]", "references: [two]", 9,
	    "\"rules[1].libraries.references\" names \"two\", which is not listed");
	refuse_in(state, "common.yaml", "file: one.sha256", "file: two.sha25", 2,
	    "\"references[0].file\": cannot read ");
	refuse_in(state, "policy.yaml", "references: [one]}\n  - match: b",
	    "unknown: none}\n  - match: b", 8,
	    "key \"workloads[0].executable.references\" is missing");
	assert_null(load_changed(state, "policy.yaml", "  collectors: [host7.bank]\n", ""));
	fixture_expect_count(*state, 3);
	fixture_expect(*state, 8, "key \"workloads[1].collectors\" is missing");
}

static void
test_a_demand_cannot_be_taken_back(void **state)
{
	refuse_in(state, "policy.yaml", "name: uid", "name: tracer", 12,
	    "\"workloads[1].runtime.facts[0]\" allows values of \"tracer\" again");
}

static void
test_blocks_that_are_not_there(void **state)
{
	refuse_in(state, "policy.yaml", "use: [sealed]", "use: [saeled]", 5,
	    "\"use\" names \"saeled\", which is no block of \"rules\"; did you mean \"sealed\"?");
	/* Once, however many entries there are that have it of the defaults. */
	refuse_in(state, "policy.yaml", "use: [sealed]\nworkloads:\n",
	    "use: [saeled]\nworkloads:\n  - match: d\n    executable: {references: [one]}\n", 5,
	    "which is no block of \"rules\"");
	refuse_in(state, "policy.yaml", "[sealed, jit]", "[sealed, jit, jit]", 10,
	    "\"use\" names \"jit\" twice");
	refuse_in(state, "policy.yaml", "[sealed, jit]", "jit", 10,
	    "\"workloads[1].use\" must be a list");
}

/* None of a list with a fault is known: no more is said of those that use it. */
static void
test_what_blocks_may_say(void **state)
{
	refuse_in(state, "common.yaml", "    runtime:\n", "    match: a\n    runtime:\n", 5,
	    "unknown key \"match\" in \"rules[0]\"");
	refuse_in(state, "common.yaml", "    runtime:\n", "    use: [jit]\n    runtime:\n", 5,
	    "unknown key \"use\" in \"rules[0]\"");
	refuse_in(state, "common.yaml", "    runtime:\n", "    collectors: [a]\n    runtime:\n", 5,
	    "unknown key \"collectors\" in \"rules[0]\"");
	refuse_in(state, "common.yaml", "name: jit", "name: sealed", 8,
	    "\"rules[1].name\": \"sealed\" is the name of a block in ");
	refuse_in(state, "common.yaml", "name: jit", "name: a/b", 8,
	    "\"rules[1].name\" must be without white space");
	refuse_in(state, "common.yaml", "  - name: jit\n    lib", "  - lib", 8,
	    "key \"rules[1].name\" is missing");
}

static void
test_defaults_stand_once(void **state)
{
	refuse_in(state, "common.yaml", "rules:\n", "defaults: {grace_s: 1}\nrules:\n", 3,
	    "\"defaults\" stand in ");
	refuse_in(state, "policy.yaml", "  use: [sealed]\n", "  use: [sealed]\n  match: a\n", 6,
	    "unknown key \"match\" in \"defaults\"");
}

static void
test_what_an_included_file_may_not_have(void **state)
{
	static const char *const keys[] = {"name", "operators", "include", "review_by"};
	char to[100], fault[100];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(to, sizeof(to), "%s: []\nreferences:", keys[i]);
		snprintf(fault, sizeof(fault), "unknown key \"%s\"", keys[i]);
		refuse_in(state, "common.yaml", "references:", to, 1, fault);
	}
}

static void
test_paths_of_included_files(void **state)
{
	static const char *const bad[] = {"/etc/x.yaml", "../x.yaml", "refs/../common.yaml",
	    "./common.yaml", "refs//common.yaml", "refs/", ".."};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse_in(state, "policy.yaml", "refs/common.yaml", bad[i], 2,
		    "\"include[0].file\" must be a path below the directory of the policy");
	refuse_in(state, "policy.yaml", "refs/common.yaml", "refs/none.yaml", 2,
	    "\"include[0].file\": cannot read ");
	refuse_in(state, "policy.yaml", "name: common", "name: a/b", 2, "\"include[0].name\" must");
	refuse_in(
	    state, "policy.yaml", "{name: common, ", "{", 2, "\"include[0].name\" is missing");
	refuse_in(state, "policy.yaml", "common.yaml}", "common.yaml}, {name: common, file: x}", 2,
	    "\"include[1]\": \"common\" and \"x\" are the name or the file of two");
}

static void
test_links_of_included_files(void **state)
{
	struct fixture *f = *state;
	char outside[] = "/tmp/hallmark-outside-XXXXXX";
	const int fd = mkstemp(outside);
	struct policy *p;

	assert_true(fd >= 0 && close(fd) == 0);
	assert_int_equal(symlink(outside, fixture_path(f, "refs/out.yaml")), 0);
	assert_int_equal(symlink("common.yaml", fixture_path(f, "refs/in.yaml")), 0);
	refuse_in(state, "policy.yaml", "refs/common.yaml", "refs/out.yaml", 2, "a link leads ");
	p = load_changed(state, "policy.yaml", "refs/common.yaml", "refs/in.yaml");
	assert_non_null(p);
	policy_free(&p);
	assert_int_equal(unlink(outside), 0);
}

/* Including itself is no way round: the policy has a name. */
static void
test_a_policy_cannot_include_itself(void **state)
{
	struct fixture *f = *state;

	assert_null(load_changed(state, "policy.yaml", "refs/common.yaml", "policy.yaml"));
	fixture_expect(f, 1, "unknown key \"name\"");
	fixture_expect(f, 2, "unknown key \"include\"");
}

static void
test_too_many_bytes(void **state)
{
	char *text = malloc(YAML_FILE_SIZE_MAX);

	assert_non_null(text);
	memset(text, '#', YAML_FILE_SIZE_MAX - 1);
	text[YAML_FILE_SIZE_MAX - 1] = '\0';
	fixture_write(*state, "refs/large.yaml", 0644, text);
	free(text);
	assert_null(load_changed(state, "policy.yaml", "common.yaml}",
	    "common.yaml}, {name: large, file: refs/large.yaml}"));
	fixture_expect_count(*state, 1);
	fixture_expect(
	    *state, 2, "\"include[1].file\": up to this one the policy and what it includes");
}

/* A few hundred kilobytes would be gigabytes. */
static void
test_what_blocks_make_of_many_entries_is_bounded(void **state)
{
	struct buf text = BUF_INIT;

	buf_append_string(&text, "name: x\ndefaults: {use: [b], collectors: [h]}\nrules:\n"
				 "  - name: b\n    runtime:\n      facts:\n");
	for (unsigned i = 0; i < 250; i++)
		buf_append_format(&text, "        - {name: f%u, allow: [a, b, c]}\n", i);
	buf_append_string(&text, "workloads:\n");
	for (unsigned i = 0; i < 10000; i++)
		buf_append_format(&text, "  - match: w%u\n", i);
	buf_append_byte(&text, 0);
	assert_int_equal(buf_status(&text), ERR_OK);
	assert_null(load(*state, (char *)text.data));
	fixture_expect_count(*state, 1);
	fixture_expect(*state, 1252, "the entries up to this one have 2000945 keys and values");
	buf_free(&text);
}

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, setup_files, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FILES(test_an_entry_says_defaults_blocks_and_its_own_keys),
	    WITH_FILES(test_what_is_said_of_a_start),
	    WITH_FILES(test_a_start_says_nothing_of_what_runs),
	    WITH_FILES(test_what_is_printed_reads_as_it_is),
	    WITH_FILES(test_what_is_included_is_of_the_manifest),
	    WITH_FILES(test_files_that_are_named),
	    WITH_FILES(test_faults_are_told_where_they_are_written),
	    WITH_FILES(test_a_demand_cannot_be_taken_back),
	    WITH_FILES(test_blocks_that_are_not_there),
	    WITH_FILES(test_what_blocks_may_say),
	    WITH_FILES(test_defaults_stand_once),
	    WITH_FILES(test_what_an_included_file_may_not_have),
	    WITH_FILES(test_paths_of_included_files),
	    WITH_FILES(test_links_of_included_files),
	    WITH_FILES(test_a_policy_cannot_include_itself),
	    WITH_FILES(test_too_many_bytes),
	    WITH_FILES(test_what_blocks_make_of_many_entries_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
