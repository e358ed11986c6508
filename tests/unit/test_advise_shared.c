/* What is said of demands that one thread, process or value meets for all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/advice_fixture.h"

static void
test_ids_have_four_values(void **state)
{
	static const struct {
		const char *facts, *text;
	} told[] = {
	    {"{name: uid, equals: ['33']}", "\"equals\" has 1 value, and \"uid\" has four"},
	    {"{name: gid, equals: ['3', '3', '3', '3', '3']}",
		"has 5 values, and \"gid\" has four"},
	    {"{name: uid, equals: []}", "has 0 values, and \"uid\" has four"},
	    {"{name: uid, count: '= 1'}", "never \"= 1\", and the workload never affirming"},
	    {"{name: uid, count: '> 4, < 8'}", "their number is never"},
	};
	static const char *const good[] = {"{name: uid, equals: ['3', '3', '3', '3']}",
	    "{name: uid, equals: ['0', '0', '0', '0', '3', '3', '3', '3']}",
	    "{name: uid, allow: ['33']}", "{name: uid, count: '= 4'}", "{name: gid, count: '> 4'}",
	    "{name: uid, where: '33', equals: ['33']}"};
	char rest[512];

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		(void)snprintf(rest, sizeof(rest), FACT("runtime", "%s"), told[i].facts);
		expect_one(state, rest, REST_LINE, told[i].text, "allow: [\"33\"]");
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(rest, sizeof(rest), FACT("runtime", "%s"), good[i]);
		expect_none(state, rest);
	}
}

static void
test_one_thread_meets_it(void **state)
{
	static const char *const told[] = {"{name: tracer, require: ['0']}",
	    "{name: uid, require: ['33']}",
	    "{name: uid, require: ['33']}, {name: threads_differ, equals: []}",
	    "{name: capabilities_effective, require: ['0000000000000000'], deny: ['*1*']}",
	    "{name: namespace_user, require: [host]}",
	    "{name: seccomp, require: ['2']}, {name: seccomp, where: '2', allow: ['2']}",
	    "{name: seccomp, require: ['2']}, {name: threads_differ, count: '>= 0', deny: [x]}"};
	static const char *const good[] = {"{name: groups, require: ['5']}",
	    "{name: tracer, require: ['0'], allow: ['0']}",
	    "{name: tracer, require: ['0']}, {name: tracer, number: '<= 0'}",
	    "{name: seccomp, require: ['2']}, {name: threads_differ, equals: []}"};
	char rest[512];

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		(void)snprintf(rest, sizeof(rest), FACT("runtime", "%s"), told[i]);
		expect_one(state, rest, REST_LINE,
		    "\"require\" is met as soon as one thread of one process has",
		    "say \"allow\" in place of \"require\"");
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(rest, sizeof(rest), FACT("runtime", "%s"), good[i]);
		expect_none(state, rest);
	}
}

static void
test_a_variable_may_be_there_twice(void **state)
{
	static const char *const told[] = {"{name: environment, require: ['TLS=1']}",
	    "{name: environment, require: ['TLS=1'], count: '>= 1'}",
	    "{name: environment, require: ['TLS=1']}, {name: environment, where: 'T=*', allow: "
	    "['T=1']}",
	    "{name: environment, require: ['TLS=1']}, {name: environment, where: 'TLS=*', count: "
	    "'>= 1'}"};
	static const char *const good[] = {"{name: environment, where: 'TLS=*', equals: ['TLS=1']}",
	    "{name: environment, require: ['TLS=1'], allow: ['TLS=1', 'HOME=*']}",
	    "{name: environment, require: ['TLS=1']}, {name: environment, where: 'TLS=*', allow: "
	    "['TLS=1']}",
	    "{name: environment, require: ['TLS*=1']}", "{name: environment, require: ['TLS']}",
	    "{name: environment, require: ['hmac-sha256:0000000000000000:" HEX_A "']}"};
	char rest[512];

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		(void)snprintf(rest, sizeof(rest), FACT("runtime", "%s"), told[i]);
		expect_one(state, rest, REST_LINE, "a second \"TLS=...\" beside it",
		    "{name: environment, where: \"TLS=*\", equals: [\"TLS=1\"]}");
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(rest, sizeof(rest), FACT("runtime", "%s"), good[i]);
		expect_none(state, rest);
	}
}

static void
test_paths_that_no_file_has(void **state)
{
	struct fixture *f = *state;

	fixture_write(f, "refs/one.sha256", 0644,
	    HEX_A "  /run/b\n" HEX_A "  /var/run/a\n" HEX_A "  /var/run/b\n");
	expect_one(
	    state, "", 3, "has 1 path such as /var/run/a and not what that is, /run/a", "realpath");
	fixture_write(f, "refs/one.sha256", 0644,
	    HEX_A "  /opt/a (deleted)\n" HEX_A "  /opt/b \n" HEX_A "  /opt/c d\n");
	expect_one(state, "", 3, "has 2 paths such as \"/opt/a (deleted)\", which no file has",
	    "behind the file's name");
}

static void
test_links_that_are_never_accepted(void **state)
{
	struct fixture *f = *state;

	fixture_write(f, "refs/one.sha256", 0644,
	    "link b /opt/a\n" HEX_A "  /opt/b\n" HEX_A "  /opt/c\nlink b /opt/c\n");
	expect_one(state, "    files: {references: [one]}\n", REST_LINE,
	    "\"one\" has 1 symbolic link, and no link is accepted here", "symlinks: true");
	expect_none(state, "    files: {references: [one], symlinks: true}\n");
	expect_none(state, "");
}

static void
test_options_that_no_collector_has(void **state)
{
	expect_one(state, "    files: {references: [one], options: [root=proces]}\n", REST_LINE,
	    "no option \"root=proces\": this accepts nothing", "did you mean \"root=process\"?");
	expect_one(state, "    files: {references: [one], options: [everything]}\n", REST_LINE,
	    "no option \"everything\"", "`hallmark-collector measure NAME`");
	expect_none(state,
	    "    files: {references: [one], options: [root=process, 'host_root=/host', follow]}\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FILES(test_ids_have_four_values),
	    WITH_FILES(test_one_thread_meets_it),
	    WITH_FILES(test_a_variable_may_be_there_twice),
	    WITH_FILES(test_paths_that_no_file_has),
	    WITH_FILES(test_links_that_are_never_accepted),
	    WITH_FILES(test_options_that_no_collector_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
