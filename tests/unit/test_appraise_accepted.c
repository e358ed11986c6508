/* Appraisal: what a policy accepts by name, and what it does not. */
#include "tests/unit/appraise_fixture.h"

#define NODE "program=/usr/bin/node"

static void
memory_full(struct bench *b, const char *path, uint32_t flags, uint64_t size,
    const char *const *details, size_t count)
{
	struct view views[2];
	struct component_file f = {.path = view_of_string(path), .flags = flags, .size = size};

	for (size_t i = 0; i < count; i++)
		views[i] = view_of_string(details[i]);
	f.details = views;
	f.detail_count = count;
	begin(b, COMPONENT_LIBRARIES);
	assert_int_equal(component_add_file(b->builder, &f), ERR_OK);
	end(b, COMPONENT_LIBRARIES);
	conclude(b);
}

static void
memory(struct bench *b, const char *path, uint32_t flags, uint64_t size)
{
	const char *const details[] = {"mappings=4", NODE};

	memory_full(b, path, flags, size, details, 2);
}

static void
use_accepted(struct bench *b, const char *entry)
{
	char rules[512];

	(void)snprintf(rules, sizeof(rules),
	    "    libraries: {references: [other], accept_anonymous: [%s]}\n", entry);
	use(b, rules);
}

static void
expect_accepted(const struct bench *b, size_t at, const char *kind, const char *code)
{
	assert_true(at < b->report.accepted_count);
	assert_true(view_equal(b->report.accepted[at].kind, view_of_string(kind)));
	assert_true(view_equal(b->report.accepted[at].code, view_of_string(code)));
}

static void
test_memory_of_a_compiler_is_accepted_within_bounds(void **state)
{
	static const struct {
		const char *entry;
		uint32_t writable;
		size_t accepted;
	} cases[] = {
	    {"{bytes: <= 64 KiB, mappings: <= 4}", 0, 1},
	    {"{bytes: <= 64 KiB, mappings: <= 4}", COMPONENT_FILE_WRITABLE, 0},
	    {"{bytes: <= 64 KiB, mappings: <= 4, writable: true}", COMPONENT_FILE_WRITABLE, 2},
	    {"{bytes: < 64 KiB, mappings: <= 4}", 0, 0},
	    {"{bytes: <= 64 KiB, mappings: <= 3}", 0, 0},
	    {"{bytes: <= 64 KiB, mappings: <= 4, program: '/usr/bin/n*'}", 0, 1},
	    {"{bytes: <= 64 KiB, mappings: <= 4, program: node}", 0, 0},
	    {"{bytes: <= 1 B, mappings: <= 4}, {bytes: <= 66 kB, mappings: = 4}", 0, 1},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		use_accepted(b, cases[i].entry);
		memory(b, "[anon]", COMPONENT_FILE_ANONYMOUS | cases[i].writable, 65536);
		assert_int_equal(b->report.accepted_count, cases[i].accepted);
		if (cases[i].accepted == 0) {
			expect_verdict(b, REPORT_CONTRAINDICATED, cases[i].writable ? 2 : 1);
			expect(b, "libraries", "anonymous-memory", "[anon]");
			continue;
		}
		expect_verdict(b, REPORT_AFFIRMING, 0);
		expect_accepted(b, 0, "libraries", "anonymous-memory");
		if (cases[i].writable)
			expect_accepted(b, 1, "libraries", "writable-mapping");
	}
}

/* Whatever the bounds are. */
static void
test_nothing_else_is_accepted_with_it(void **state)
{
	const char *const one[] = {NODE}, *const other[] = {"mappings=4"};
	struct bench *b = *state;
	static const uint32_t flags[] = {COMPONENT_FILE_MEMFD, COMPONENT_FILE_NEWER,
	    COMPONENT_FILE_PROBED, COMPONENT_FILE_MODIFIED, COMPONENT_FILE_DELETED};

	use_accepted(b, "{bytes: <= 1 GiB, mappings: <= 100, writable: true}");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		memory(b, "[anon]", COMPONENT_FILE_ANONYMOUS | flags[i], 65536);
		expect_verdict(b, REPORT_CONTRAINDICATED, 2);
		clear(b);
	}
	memory(b, "/lib/alien.so", 0, 65536);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "libraries", "unknown-file", "/lib/alien.so");
	clear(b);
	memory(b, "/memfd:x", COMPONENT_FILE_MEMFD, 65536);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	clear(b);
	for (size_t i = 0; i < 2; i++) {
		memory(b, i == 0 ? "[heap]" : "[stack]", COMPONENT_FILE_ANONYMOUS, 65536);
		expect_verdict(b, REPORT_CONTRAINDICATED, 1);
		clear(b);
		memory_full(b, "[anon]", COMPONENT_FILE_ANONYMOUS, 65536, i == 0 ? one : other, 1);
		expect_verdict(b, REPORT_CONTRAINDICATED, 1);
		clear(b);
	}
	memory(b, "[anon]", COMPONENT_FILE_ANONYMOUS, INT64_MAX);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_int_equal(b->report.accepted_count, 0);
}

/* It is no finding, but nobody reads such a report as one of untouched code. */
static void
test_listed_code_stands_in_the_report(void **state)
{
	static const struct {
		uint32_t flag;
		const char *code;
	} cases[] = {
	    {COMPONENT_FILE_MODIFIED, "modified-code"},
	    {COMPONENT_FILE_RESTORED, "restored-code"},
	    {COMPONENT_FILE_PROBED, "probed-code"},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		appraise_executable(b, SIMPLE_RULES, "/app/bin", 'a', cases[i].flag, 0100755);
		expect_verdict(b, REPORT_AFFIRMING, 0);
		assert_int_equal(b->report.accepted_count, 1);
		expect_accepted(b, 0, "executable", cases[i].code);
		clear(b);
		appraise_executable(b, SIMPLE_RULES, "/app/bin", 'f', cases[i].flag, 0100755);
		expect(b, "executable", cases[i].code, "/app/bin");
		assert_int_equal(b->report.accepted_count, 0);
		clear(b);
	}
}

static void
made_with(struct bench *b, enum component_kind kind, const char *name, const char *first,
    const char *second)
{
	const struct view values[] = {view_of_string(first), view_of_string(second)};
	const struct component_fact made = {view_of_string(name), 2, values};

	clear(b);
	begin(b, kind);
	assert_int_equal(component_set_made(b->builder, &made, 1), ERR_OK);
	if (kind == COMPONENT_RUNTIME)
		fact1(b, "uid", "0");
	else
		file(b, "/lib/c", 'c');
	end(b, kind);
	conclude(b);
}

/* A file /lib/c of no set, of a component that was made with this. */
static void
left_open(struct bench *b, const char *name, const char *pattern, const char *content)
{
	const struct view value = view_of_string(pattern), detail = view_of_string(content);
	const struct component_fact made = {view_of_string(name), 1, &value};
	const struct component_file item = {.path = VIEW_LITERAL("/lib/log"),
	    .mode = 0100644,
	    .detail_count = 1,
	    .details = &detail};

	clear(b);
	begin(b, COMPONENT_FILES);
	assert_int_equal(component_set_made(b->builder, &made, 1), ERR_OK);
	file(b, "/lib/c", 'c');
	assert_int_equal(component_add_file(b->builder, &item), ERR_OK);
	end(b, COMPONENT_FILES);
	conclude(b);
}

static void
test_what_may_change_or_grow_is_accepted_by_name(void **state)
{
	static const struct {
		const char *name, *code, *content, *other;
	} cases[] = {
	    {"may_change", "may-change", "content=not-measured", "content=beginning"},
	    {"may_grow", "may-grow", "content=beginning", "content=not-measured"},
	};
	struct bench *b = *state;
	char rule[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		use(b, "    files: {references: [other]}\n");
		left_open(b, cases[i].name, "/lib/log", cases[i].content);
		expect_verdict(b, REPORT_CONTRAINDICATED, 1);
		expect(b, "files", cases[i].code, "/lib/log");
		(void)snprintf(rule, sizeof(rule),
		    "    files: {references: [other], %s: [/lib/log]}\n", cases[i].name);
		use(b, rule);
		left_open(b, cases[i].name, "/lib/log", cases[i].content);
		expect_verdict(b, REPORT_AFFIRMING, 0);
		expect_accepted(b, 0, "files", cases[i].code);
		left_open(b, cases[i].name, "/lib/l*", cases[i].content);
		expect(b, "files", cases[i].code, "/lib/l*");
		left_open(b, cases[i].name, "/lib/log", cases[i].other);
		expect_verdict(b, REPORT_CONTRAINDICATED, 1);
		expect(b, "files", "unknown-file", "/lib/log");
		left_open(b, cases[i].name, "/lib/log", "content=none");
		expect(b, "files", "unknown-file", "/lib/log");
		left_open(b, "budgets", "/lib/log", cases[i].content);
		expect(b, "files", "unknown-file", "/lib/log");
	}
}

/* Whose it is, and its mode, has to stay all the same. The item is root's, with mode 0644. */
static void
test_rights_of_what_may_change_are_those_of_the_sets(void **state)
{
	static const struct {
		const char *lines, *detail; /* NULL: none is amiss */
	} cases[] = {
	    {HEX_A "  /lib/log\n", NULL},
	    {"file " HEX_A " /lib/log uid=0 gid=0 mode=0644\n", NULL},
	    {"file " HEX_A " /lib/log mode=0600\nfile " HEX_B " /lib/log uid=0\n", NULL},
	    {"file " HEX_A " /lib/log uid=7 mode=0600\n",
		"expected uid 7, mode 0600 by reference set lone, found uid 0, mode 0644"},
	    {"file " HEX_A " /lib/log gid=7\nfile " HEX_B " /lib/log mode=0600\n",
		"expected gid 7 by reference set lone, found gid 0"},
	    {"link /a /lib/log\n", NULL},
	    {"link /a /lib/log\nfile " HEX_A " /lib/log uid=7\n",
		"expected uid 7 by reference set lone, found uid 0"},
	};
	struct bench *b = *state;
	char text[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(text, sizeof(text), HEX_C "  /lib/c\n%s", cases[i].lines);
		fixture_write(&b->fixture, "other", 0644, text);
		use(b, "    files: {references: [lone], may_change: [/lib/log]}\n");
		left_open(b, "may_change", "/lib/log", "content=not-measured");
		expect_verdict(b,
		    cases[i].detail != NULL ? REPORT_CONTRAINDICATED : REPORT_AFFIRMING,
		    cases[i].detail != NULL ? 1 : 0);
		if (cases[i].detail != NULL)
			assert_string_equal(
			    expect(b, "files", "other-rights", "/lib/log"), cases[i].detail);
	}
}

static void
test_what_was_left_out_is_accepted_by_name(void **state)
{
	struct bench *b = *state;

	use(b, "    files: {references: [other]}\n");
	made_with(b, COMPONENT_FILES, "excludes", "/etc/*.log", "/etc/secret");
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
	expect(b, "files", "excluded-files", "/etc/secret");
	use(b, "    files: {references: [other], excludes: ['/etc/*.log']}\n");
	made_with(b, COMPONENT_FILES, "excludes", "/etc/*.log", "/etc/x.log");
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "files", "excluded-files", "/etc/x.log");
	expect_accepted(b, 0, "files", "excluded-files");
	use(b, "    files: {references: [other], excludes: ['/etc/*.log', /etc/secret]}\n");
	made_with(b, COMPONENT_FILES, "excludes", "/etc/*.log", "/etc/secret");
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.accepted_count, 1);
	use(b, "    libraries: {references: [other]}\n");
	made_with(b, COMPONENT_LIBRARIES, "excludes", "/a", "/b");
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
	use(b, "    runtime: {facts: [{name: uid, allow: ['0']}]}\n");
	made_with(b, COMPONENT_RUNTIME, "excludes", "/a", "/b");
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
	made_with(b, COMPONENT_RUNTIME, "options", "root=process", "/b");
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

static void
test_options_that_are_not_known_are_accepted_by_name(void **state)
{
	struct bench *b = *state;

	use(b, "    files: {references: [other]}\n");
	made_with(b, COMPONENT_FILES, "options", "root=process", "reread_percent=2");
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "files", "other-option", "root=process");
	made_with(b, COMPONENT_FILES, "options", "follow", "host_root=/host");
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.accepted_count, 0);
	made_with(b, COMPONENT_FILES, "options", "followed", "image=sha256:" HEX_A);
	conclude(b);
	expect(b, "files", "other-option", "image=sha256:" HEX_A); /* nothing starts here */
	made_with(b, COMPONENT_FILES, "options", "followed", "user");
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
	use(b, "    main_only: true\n    files: {references: [other], options: [root=process]}\n");
	made_with(b, COMPONENT_FILES, "options", "root=process", "main_only");
	expect_verdict(b, REPORT_AFFIRMING, 0);
	expect_accepted(b, 0, "files", "main-only");
	expect_accepted(b, 1, "files", "other-option");
}

/* What says that it is measured before a start, or of which image it is, is no option of a start's.
 */
static void
test_what_a_start_is_measured_with_needs_no_word(void **state)
{
	struct bench *b = *state;

	use(b, "    files: {references: [other]}\n    start: {}\n");
	b->rule = policy_find(b->policy, VIEW_LITERAL("app/start"), VIEW_LITERAL("c"));
	assert_non_null(b->rule);
	made_with(b, COMPONENT_FILES, "options", "image=sha256:" HEX_A, "start");
	expect_verdict(b, REPORT_AFFIRMING, 0);
	made_with(b, COMPONENT_FILES, "options", "image=sha256:aa", "start");
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "files", "other-option", "image=sha256:aa");
	use(b, "    files: {references: [other]}\n");
	made_with(b, COMPONENT_FILES, "options", "image=sha256:" HEX_A, "start");
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
}

static void
test_patterns_that_the_policy_names_were_looked_for(void **state)
{
	struct bench *b = *state;

	use(b, "    files: {references: [other], patterns: ['/etc/*', /b]}\n");
	made_with(b, COMPONENT_FILES, "patterns", "/b", "/etc/*");
	expect_verdict(b, REPORT_AFFIRMING, 0);
	made_with(b, COMPONENT_FILES, "patterns", "/b", "/etc/x");
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "files", "missing-pattern", "/etc/*");
	made_with(b, COMPONENT_FILES, "excludes", "/b", "/etc/*");
	expect_verdict(b, REPORT_CONTRAINDICATED, 4);
}

static void
made_of_main_only(struct bench *b, const char *name, const char *option)
{
	const struct view value = view_of_string(option);
	const struct component_fact made = {view_of_string(name), 1, &value};

	begin(b, COMPONENT_EXECUTABLE);
	assert_int_equal(component_set_made(b->builder, &made, 1), ERR_OK);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
}

static void
test_main_only_is_contraindicated_unless_the_policy_accepts_it(void **state)
{
	struct bench *b = *state;

	use(b, SIMPLE_RULES);
	made_of_main_only(b, "options", "main_only");
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "main-only", "");
	use(b, SIMPLE_RULES "    main_only: false\n");
	made_of_main_only(b, "options", "main_only");
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	use(b, SIMPLE_RULES "    main_only: true\n");
	made_of_main_only(b, "options", "main_only");
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.accepted_count, 1);
	assert_true(view_equal(b->report.accepted[0].code, VIEW_LITERAL("main-only")));
	use(b, SIMPLE_RULES);
	made_of_main_only(b, "options", "user=main_only");
	expect_verdict(b, REPORT_AFFIRMING, 0);
	use(b, SIMPLE_RULES);
	made_of_main_only(b, "patterns", "main_only");
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_memory_of_a_compiler_is_accepted_within_bounds),
	    WITH_BENCH(test_nothing_else_is_accepted_with_it),
	    WITH_BENCH(test_listed_code_stands_in_the_report),
	    WITH_BENCH(test_what_was_left_out_is_accepted_by_name),
	    WITH_BENCH(test_what_may_change_or_grow_is_accepted_by_name),
	    WITH_BENCH(test_rights_of_what_may_change_are_those_of_the_sets),
	    WITH_BENCH(test_options_that_are_not_known_are_accepted_by_name),
	    WITH_BENCH(test_what_a_start_is_measured_with_needs_no_word),
	    WITH_BENCH(test_patterns_that_the_policy_names_were_looked_for),
	    WITH_BENCH(test_main_only_is_contraindicated_unless_the_policy_accepts_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
