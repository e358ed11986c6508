/* What is said of policies that have no fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/evidence/fact_names.h"
#include "tests/unit/advice_fixture.h"

static void
test_facts_that_nobody_measures(void **state)
{
	expect_one(state, FACT("runtime", "{name: tracr, allow: ['0']}"), REST_LINE,
	    "no fact \"tracr\" of \"runtime\"", "did you mean \"tracer\"?");
	expect_one(state, FACT("host", "{name: uid, allow: ['0']}"), REST_LINE,
	    "no fact \"uid\" of \"host\"", "it is one of \"runtime\"");
	expect_one(state, FACT("host", "{name: 'sysctl:kernel.kptr_restrct', allow: ['2']}"),
	    REST_LINE, "no fact", "did you mean \"sysctl:kernel.kptr_restrict\"?");
	expect_one(state, FACT("packages", "{name: x_packages, allow: ['0']}"), REST_LINE,
	    "no fact \"x_packages\"", "a collector of another make");
	expect_one(state, FACT("config", "{name: limits, allow: ['0']}"), REST_LINE,
	    "\"limits\" has no \":\"", "NAME:KEY");
	expect_none(state, FACT("config", "{name: 'limits:a.b', allow: ['0']}")
			       FACT("host", "{name: taint, allow: ['0']}")
				   FACT("packages", "{name: dpkg, deny: ['telnetd *']}"));
}

static void
test_every_known_fact_is_known(void **state)
{
	const char *name;
	size_t all = 0;

	(void)state;
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		for (size_t i = 0; (name = fact_name_at((enum component_kind)k, i)) != NULL; i++) {
			assert_int_equal(fact_name_kind(view_of_string(name)), k);
			all++;
		}
	assert_true(all > 80);
	assert_int_equal(fact_name_kind(V("Uid")), COMPONENT_KIND_COUNT);
	assert_int_equal(fact_name_kind(V("")), COMPONENT_KIND_COUNT);
}

static void
test_ranges_that_are_never_met(void **state)
{
	static const char *const never[] = {"number: '>= 2, <= 1'", "number: '< 5, > 5'",
	    "number: '= 1, = 2'", "number: '= 1, > 1'", "number: '> 2 MiB, < 1 MiB'",
	    "version: '>= 6.2, < 6.1'", "date: '> 2027-01-01, < 2026-01-01'", "count: '< 0'",
	    "count: '>= 1 MiB'", "count: '> 1, < 2'", "count: '= 1.5'", "count: '> 400000'",
	    "count: '>= 2, <= 1'", "count: '>= 99999999'"};
	static const char *const met[] = {"number: '>= 1, <= 1'", "number: '> 1, < 2'",
	    "number: '> 1, > 2'", "number: '< 1, <= 2'", "number: '= 1, >= 1'", "number: '< 0'",
	    "version: '> 6.1, < 6.2'", "date: '>= 2026-01-01, < 2027-01-01'", "count: '= 0'",
	    "count: '>= 1.5'", "count: '> 1, < 3'", "count: '< 1'", "count: '= 400000'",
	    "count: '<= 99999999'", "count: '> 399999'"};
	char rest[256];

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		(void)snprintf(
		    rest, sizeof(rest), "    runtime: {facts: [{name: groups, %s}]}\n", never[i]);
		expect_one(state, rest, REST_LINE, "the workload can never be affirming",
		    strncmp(never[i], "count", 5) == 0 ? "whole numbers without a unit"
						       : "both limits have to hold");
	}
	for (size_t i = 0; i < sizeof(met) / sizeof(met[0]); i++) {
		(void)snprintf(
		    rest, sizeof(rest), "    runtime: {facts: [{name: groups, %s}]}\n", met[i]);
		expect_none(state, rest);
	}
}

static void
test_demands_that_exclude_each_other(void **state)
{
	static const char *const never[] = {
	    "{name: groups, require: ['5']}, {name: groups, allow: ['0', '1']}",
	    "{name: groups, require: ['5'], deny: ['?']}",
	    "{name: groups, equals: ['5'], deny: ['5']}",
	    "{name: groups, equals: ['5'], number: '> 5'}",
	    "{name: groups, equals: ['5'], where: '6'}",
	    "{name: groups, equals: ['5'], count: '= 2'}",
	    "{name: groups, equals: [], count: '> 0'}",
	    "{name: arguments, equals: [a]}, {name: arguments_digest, require: ['*']}",
	    "{name: environment_names, deny: [a]}, {name: environment_names_digest, deny: [a]}"};
	static const char *const met[] = {
	    "{name: groups, require: ['5']}, {name: groups, allow: ['?']}",
	    "{name: groups, require: ['5*'], deny: ['5']}",
	    "{name: groups, require: ['5']}, {name: groups, where: '6', allow: ['6']}",
	    "{name: groups, require: ['5']}, {name: groups, word: 2, allow: ['6']}",
	    "{name: groups, require: ['5']}, {name: uid, allow: ['6']}",
	    "{name: groups, equals: ['5'], count: '= 1'}",
	    "{name: groups, equals: ['5'], where: '5 *', word: 1}",
	    "{name: arguments_digest, require: ['*']}"};
	char rest[256];

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		(void)snprintf(rest, sizeof(rest), "    runtime: {facts: [%s]}\n", never[i]);
		expect_one(state, rest, REST_LINE, "workload can never be affirming", "");
	}
	for (size_t i = 0; i < sizeof(met) / sizeof(met[0]); i++) {
		(void)snprintf(rest, sizeof(rest), "    runtime: {facts: [%s]}\n", met[i]);
		expect_none(state, rest);
	}
}

/* Of entries and rules that demand more than a list of what may be there, nothing is said. */
static void
test_values_that_no_fact_has(void **state)
{
	static const struct {
		const char *fact, *text, *mend;
	} never[] = {
	    {"name: uid, deny: [root]", "\"root\": nothing is refused by it", "id -u NAME"},
	    {"name: gid, deny: ['adm*']", "nothing is refused by it", "getent group"},
	    {"name: groups, where: docker, count: '= 0'", "nothing is looked at", "getent group"},
	    {"name: tracer, allow: [none, '0']", "it allows nothing", "\"0\" without one"},
	    {"name: groups, require: ['true']", "never be affirming", "getent group"},
	    {"name: seccomp, deny: ['00']", "nothing is refused by it", "(a filter)"},
	    {"name: capabilities_effective, deny: [CAP_SYS_ADMIN]", "nothing is refused",
		"16 lower-case hex digits"},
	    {"name: capabilities_bounding, deny: ['0']", "nothing is refused", "16 lower-case"},
	    {"name: capabilities_ambient, deny: ['*00000000000000000']", "nothing is refused",
		"16 lower-case"},
	    {"name: environment_names, deny: ['LD_PRELOAD=*']", "nothing is refused by it",
		"names alone"},
	    {"name: processes, deny: [/usr/bin/nc]", "\"/usr/bin/nc\": nothing is refused by it",
		"\"* /usr/bin/app\""},
	    {"name: processes, equals: ['3 /usr/bin/app']", "never be affirming", "\"2-9 /usr"},
	    {"name: processes, allow: ['2-8 *', '1 *']", "it allows nothing", "100-999"},
	    {"name: processes, where: '0 *', count: '= 0'", "nothing is looked at", "\"2-9 /usr"},
	    {"name: processes, number: '<= 9'", "no numbers: the workload can never be", "word: 1"},
	    {"name: processes, word: 1, number: '>= 2'", "can never be affirming", "word: 1"},
	    {"name: processes, where: '* /usr/bin/app', word: 1, number: '<= 9'",
		"none but \"1\" is ever in the range", "\"word: 1\" with \"allow\""},
	    {"name: environment, deny: [LD_PRELOAD]", "what the collector was asked for",
		"\"environment_names\""},
	    {"name: environment, deny: ['PYTHON*']", "what the collector was asked for",
		"\"environment_names\""},
	    {"name: environment, deny: ['LD_PRELOAD=*']", "what the collector was asked for",
		"\"environment_names\""},
	};
	static const char *const good[] = {"name: uid, deny: ['0']",
	    "name: uid, deny: ['1*', '?9']", "name: groups, equals: []",
	    "name: tracer, allow: ['0']", "name: seccomp, deny: ['?']",
	    "name: capabilities_effective, allow: ['00000000a80425fb']",
	    "name: capabilities_effective, deny: ['*8?0?0?0?0']",
	    "name: uid, allow: ['hmac-sha256:0000000000000000:" HEX_A "']",
	    "name: environment_names, deny: ['LD_*', '\\?']",
	    "name: environment, deny: ['MODE=debug', '*secret*']",
	    "name: processes, deny: ['* /usr/bin/nc', '*/nc', '1?/usr/bin/nc', '1 /usr/bin/nc']",
	    "name: processes, word: 2, deny: ['/usr/bin/nc']",
	    "name: processes, allow: ['1 *', '2-9 *', '10000- /usr/bin/app', '1* /b', '?-9 /b']",
	    "name: processes, where: '* /usr/bin/app', word: 1, number: '= 1'",
	    "name: processes, word: 1, allow: ['1', '2-9']",
	    "name: processes, word: 2, number: '< 5'", "name: gid, number: '< 1000'"};
	char rest[256];

	expect_one(state, FACT("packages", "{name: dpkg, deny: [telnetd]}"), REST_LINE,
	    "no value of \"dpkg\" is ever like \"telnetd\": nothing is refused by it",
	    "\"NAME *\"");
	expect_one(state, FACT("host", "{name: listening, deny: ['0.0.0.0:23']}"), REST_LINE,
	    "nothing is refused by it", "the protocol");

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		(void)snprintf(rest, sizeof(rest), FACT("runtime", "{%s}"), never[i].fact);
		expect_one(state, rest, REST_LINE, never[i].text, never[i].mend);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(rest, sizeof(rest), FACT("runtime", "{%s}"), good[i]);
		expect_none(state, rest);
	}
}

static void
test_arguments_that_may_be_left_out(void **state)
{
	static const char text[] = "one that is left out is not seen", mend[] = "under \"equals\"";

	expect_one(state, FACT("runtime", "{name: arguments, allow: [x]}"), REST_LINE, text, mend);
	expect_one(state, FACT("runtime", "{name: arguments, deny: [y], allow: ['*']}"), REST_LINE,
	    text, mend);
	expect_none(state, FACT("runtime", "{name: arguments, equals: [x]}"));
	expect_none(state, FACT("runtime", "{name: arguments, allow: ['x*', y], require: [y]}"));
	expect_none(state, FACT("runtime", "{name: arguments, deny: [x]}"));
	expect_none(state,
	    FACT("runtime", "{name: arguments, allow: [x]}, {name: arguments, count: '= 1'}"));
	expect_none(state, FACT("runtime", "{name: uid, allow: ['7']}"));
}

#define ENTRY      "workloads:\n  - match: a\n    collectors: [c]\n"
#define SETS(rest) "name: t\nreferences:\n  - {name: one, file: refs/one.sha256" rest "}\n" ENTRY

/* Each of these says what is listed, in this order; "" stands for nothing more. */
static void
expect_all(void **state, const char *text, const char *const said[3])
{
	struct advices a = advices_of(state, text);

	for (size_t i = 0; i < 3 && said[i] != NULL; i++) {
		if (i >= a.count || strstr(a.advice[i].text, said[i]) == NULL)
			fail_msg("%s: %s", said[i], i < a.count ? a.advice[i].text : "");
		assert_true(i + 1 < 3 && said[i + 1] != NULL ? a.count > i + 1 : a.count == i + 1);
	}
	advices_free(&a);
}

static void
test_what_is_not_looked_at(void **state)
{
	expect_all(state, "name: t\n" ENTRY "    host: {facts: [{name: taint, allow: ['0']}]}\n",
	    (const char *const[3]){"no rule of this entry looks at what program runs"});
	expect_all(state, SETS("") "    files: {references: [one]}\n",
	    (const char *const[3]){"no rule of this entry looks at what program runs"});
	expect_all(state, SETS("") "    executable: {references: [one]}\n",
	    (const char *const[3]){"at the executable, and none at the libraries"});
	expect_all(state, SETS("") "    libraries: {references: [one]}\n",
	    (const char *const[3]){"at the libraries, and none at the executable"});
}

static void
test_entries_that_are_always_affirming(void **state)
{
	static const char *const all[] = {"allow: [a, '*']", "allow: ['**']", "require: ['*']",
	    "count: '>= 0'", "count: '<= 400000'", "allow: ['*'], where: 'a*'"};
	static const char *const some[] = {"allow: ['?*']", "deny: ['*']", "equals: ['*']",
	    "count: '>= 1'", "require: [a]", "allow: ['*'], number: '> 0'", "allow: [a]"};
	char text[512];

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		(void)snprintf(text, sizeof(text),
		    "name: t\n" ENTRY "    runtime: {facts: [{name: environment_names, %s}]}\n",
		    all[i]);
		expect_all(state, text,
		    (const char *const[3]){"no rule of this entry looks at what program runs",
			"this entry is always affirming"});
	}
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		(void)snprintf(text, sizeof(text),
		    "name: t\n" ENTRY "    runtime: {facts: [{name: environment_names, %s}]}\n",
		    some[i]);
		expect_all(state, text, (const char *const[3]){"no rule of this entry looks"});
	}
}

static void
test_sets_that_nobody_uses_and_windows_that_are_over(void **state)
{
#define BOTH ENTRY "    executable: {references: [one]}\n    libraries: {references: [one]}\n"
#define FAMILY(name, until)                                                                        \
	"name: t\nfamilies:\n  - {name: " name ", releases: [{name: a, file: refs/one.sha256}, "   \
	"{name: b, file: refs/two.sha256}]}\n"                                                     \
	"windows: [{family: " name ", from: a, to: b, until: 2027-01-15T08:00:0" until "Z}]\n"
	static const char set[] = "references: [{name: one, file: refs/one.sha256}]\n";
	char text[1024];

	expect_all(state,
	    "name: t\nreferences:\n  - {name: one, file: refs/one.sha256}\n"
	    "  - {name: two, file: refs/two.sha256}\n" BOTH,
	    (const char *const[3]){"no rule uses the set \"two\""});
	expect_all(state, FAMILY("one", "1") BOTH, (const char *const[3]){NULL});
	expect_all(state, FAMILY("one", "0") BOTH,
	    (const char *const[3]){"this window has been over since 2027-01-15T08:00:00Z"});
	(void)snprintf(text, sizeof(text), FAMILY("two", "1") "%s" BOTH, set);
	expect_all(state, text, (const char *const[3]){"no rule uses the family \"two\""});
#undef BOTH
#undef FAMILY
}

static void
test_what_was_to_be_looked_through(void **state)
{
	static const char said[] = "somebody was to look through this by 2027-01-15T08:00:00Z";

	expect_one(
	    state, "    review_by: 2027-01-15T08:00:00Z\n", REST_LINE, said, "the next date");
	expect_none(state, "    review_by: 2027-01-15T08:00:01Z\n");
	expect_one(state, "review_by: 2027-01-15T08:00:00Z\n", REST_LINE, said, "the next date");
	expect_none(state, "review_by: 2027-01-16\n");
}

static void
test_rules_that_make_no_statement(void **state)
{
	static const char said[] = "is none: whatever is found, the report makes no statement";

	expect_one(state, "    runtime: {unmatched: none, facts: [{name: uid, allow: [\"0\"]}]}\n",
	    REST_LINE, said, "\"recorded\"");
	expect_none(state,
	    "    runtime: {unmatched: none, facts: [{name: uid, allow: [\"0\"], unmatched: "
	    "warning}]}\n");
	expect_one(state,
	    "    files: {references: [one], unknown: none, changed: none, missing: none, "
	    "unreadable: none, unstable: none, changed_since_start: none, world_writable: none, "
	    "writable_by_others: none, owner: none, setuid: none, capabilities: none, rights: "
	    "none}\n",
	    REST_LINE, said, "\"recorded\"");
	expect_none(state,
	    "    files: {references: [one], unknown: none, changed: none, missing: none, "
	    "unreadable: none, unstable: none, changed_since_start: none, world_writable: none, "
	    "writable_by_others: none, owner: none, setuid: none, capabilities: none}\n");
}

static void
test_blocks_that_nobody_uses(void **state)
{
	expect_one(state, "rules:\n  - {name: odd, max_age_s: 60}\n", REST_LINE + 1,
	    "no workload uses the block \"odd\"", "name it in the \"use\"");
	expect_none(state, "    use: [odd]\nrules:\n  - {name: odd, max_age_s: 60}\n");
}

static void
test_package_lists_that_nobody_uses(void **state)
{
	fixture_write(*state, "list", 0644, "dpkg bash 5 amd64\n");
	expect_all(state,
	    "name: t\npackage_lists:\n  - {name: used, file: list}\n  - {name: odd, file: "
	    "list}\n" ENTRY "    packages: {lists: [used]}\n",
	    (const char *const[3]){"no rule uses the package list \"odd\"",
		"no rule of this entry looks at what program runs"});
}

static void
test_paths_below_links(void **state)
{
	static const char *const crooked[] = {"/a//b", "/a/./b", "/a/../b", "/a/..", "/a/"};
	struct fixture *f = *state;

	fixture_write(f, "refs/one.sha256", 0644,
	    HEX_A "  /lib/a.so\n" HEX_A "  /lib64/ld.so\n" HEX_A "  /library/x\n" HEX_B
		  "  /bin/sh\n" HEX_A "  /usr/bin/sh\n" HEX_A "  /usr/lib/a.so.1\n");
	expect_all(state, HEAD_LINES, (const char *const[3]){"has 2 paths such as /lib/a.so and"});
	fixture_write(f, "refs/one.sha256", 0644, HEX_A "  /sbin/a\n");
	expect_all(state, HEAD_LINES, (const char *const[3]){"has 1 path such as /sbin/a and"});
	fixture_write(f, "refs/one.sha256", 0644, HEX_A "  /usr/sbin/a\n");
	expect_none(state, "");
	expect_one(state, "    files: {references: [one], patterns: ['/etc/**', '/lib/**']}\n",
	    REST_LINE, "has \"/lib/**\": where that begins with a link", "\"/usr/lib/**\"");
	expect_one(state, "    files: {references: [one], patterns: ['etc/**']}\n", REST_LINE,
	    "has \"etc/**\", and no collector", "collector.yaml");
	for (size_t i = 0; i < sizeof(crooked) / sizeof(crooked[0]); i++) {
		char rest[128];

		(void)snprintf(rest, sizeof(rest),
		    "    files: {references: [one], patterns: ['%s']}\n", crooked[i]);
		expect_one(
		    state, rest, REST_LINE, "no collector takes a pattern", "write the path out");
	}
	expect_none(state, "    files: {references: [one], patterns: ['/a/..b/.c/**', '/a/*']}\n");
	expect_one(state, "    files: {references: [one], may_grow: ['log']}\n", REST_LINE,
	    "\"may_grow\" has \"log\"", "collector.yaml");
	expect_none(
	    state, "    files: {references: [one], patterns: ['/*'], excludes: ['/libx']}\n");
}

static void
test_named_paths_that_no_set_has(void **state)
{
	static const char *const rules[] = {"executable: {references: [one], path: /usr/bin/one}",
	    "executable: {references: [one], path: /usr/bin/two}",
	    "libraries: {references: [one], demand: [/usr/bin/one]}",
	    "libraries: {references: [one], demand: [/usr/bin/one, /bin/one]}"};
	char text[512];

	for (size_t i = 0; i < 4; i++) {
		struct advices a;

		(void)snprintf(text, sizeof(text), SETS("") "    %s\n    %s: {references: [one]}\n",
		    rules[i], i < 2 ? "libraries" : "executable");
		a = advices_of(state, text);
		assert_int_equal(a.count, i % 2);
		if (a.count > 0) {
			assert_int_equal(a.advice[0].line, 7);
			assert_non_null(strstr(a.advice[0].text,
			    i == 1 ? "has /usr/bin/two, which" : "has /bin/one, which"));
		}
		advices_free(&a);
	}
}

static void
test_groups(void **state)
{
	expect_one(state, "groups: [{name: a}]\n", REST_LINE, "it has no conditions", "add");
	expect_one(state, "groups: [{name: a, workloads: [\"*\"]}, {name: b, collectors: [c]}]\n",
	    REST_LINE, "nobody is in the group \"b\": an earlier group takes all",
	    "before that group");
	expect_one(state,
	    "rollout: {from: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}\n",
	    REST_LINE, "the roll-out is over", "take");
	expect_none(state, "rollout: {from: "
			   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}"
			   "\ngroups: [{name: a, collectors: [c]}, {name: b, workloads: "
			   "[\"*\"], enforce: off}]\n");
}

/* Patterns that are like none of the entries', of which the head has a name `a` and a collector
 * `c`. */
static void
test_groups_that_nobody_is_in(void **state)
{
	static const char *const nobody[] = {"workloads: [b]", "workloads: [b, a]",
	    "collectors: ['c*d']",
	    "collectors: ['?"
	    "?']",
	    "workloads: ['a\\*']", "workloads: [a], collectors: [d]"};
	static const char *const somebody[] = {"workloads: [a]", "workloads: ['*']",
	    "workloads: ['?*']", "collectors: ['*']", "collectors: [C]", "collectors: ['c*']",
	    "facts: [{name: uid, allow: ['0']}]"};
	char rest[256];

	for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		(void)snprintf(rest, sizeof(rest), "groups: [{name: g, %s}]\n", nobody[i]);
		expect_one(state, rest, REST_LINE, "brings nobody into the group \"g\"", "");
	}
	for (size_t i = 0; i < sizeof(somebody) / sizeof(somebody[0]); i++) {
		(void)snprintf(rest, sizeof(rest), "groups: [{name: g, %s}]\n", somebody[i]);
		expect_none(state, rest);
	}
	expect_one(state,
	    "  - match: 'trading-*'\n    collectors: ['spiffe://bank/host/*']\n"
	    "    executable: {references: [one]}\n    libraries: {references: [one]}\n"
	    "groups: [{name: g, collectors: ['spiffe://bank/hots/canary-*', "
	    "'spiffe://bank/host/canary-*'], workloads: ['tr*-app', 'trading-?', '*']}]\n",
	    REST_LINE + 4,
	    "\"spiffe://bank/hots/canary-*\" brings nobody into the group \"g\": it is like no "
	    "pattern under \"collectors\" of \"workloads\"",
	    "did you mean \"spiffe://bank/host/*\"?");
	expect_one(state,
	    "  - match: 'trading-*'\n    collectors: ['c']\n"
	    "    executable: {references: [one]}\n    libraries: {references: [one]}\n"
	    "groups: [{name: g, workloads: ['tradnig-*']}]\n",
	    REST_LINE + 4, "it is like no pattern under \"match\"", "did you mean \"trading-*\"?");
}

static void
test_exceptions(void **state)
{
	static const struct {
		const char *keys, *until, *text;
	} cases[] = {
	    {"path: /usr/bin/odd, sha256: " HEX_B, "2027-01-16", NULL},
	    {"path: /usr/bin/odd, sha256: " HEX_B, "2027-01-15T08:00:00Z",
		"for /usr/bin/odd has been over since 2027-01-15T08:00:00Z"},
	    {"path: /usr/bin/one, sha256: " HEX_B, "2027-01-16", NULL},
	    {"path: /usr/bin/one, sha256: " HEX_A, "2027-01-16",
		"no exception is needed for /usr/bin/one"},
	    {"path: /usr/bin/odd, sha256: " HEX_B, "2028-01-16T08:00:00Z", NULL},
	    {"path: /usr/bin/odd, sha256: " HEX_B, "2028-01-16T08:00:01Z",
		"for /usr/bin/odd lasts until 2028-01-16T08:00:01Z, more than a year"},
	};
	char text[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct advices a;

		(void)snprintf(text, sizeof(text),
		    SETS("") "    executable: {references: [one]}\n    libraries:\n"
			     "      references: [one]\n      demand: [/usr/bin/one]\n"
			     "      except:\n        - {%s, until: '%s', why: x}\n",
		    cases[i].keys, cases[i].until);
		a = advices_of(state, text);
		assert_int_equal(a.count, cases[i].text != NULL);
		if (a.count > 0) {
			assert_int_equal(a.advice[0].line, 12);
			assert_non_null(strstr(a.advice[0].text, cases[i].text));
		}
		advices_free(&a);
	}
	/* What is demanded may be there by an exception. */
	expect_all(state,
	    SETS("") "    executable: {references: [one]}\n    libraries: {references: [one], "
		     "demand: "
		     "[/opt/x], except: [{path: /opt/x, sha256: " HEX_A
		     ", until: '2027-01-16', why: x}]}\n",
	    (const char *const[3]){NULL});
}

static void
test_memory_that_nothing_has(void **state)
{
	static const struct {
		const char *entry, *text, *mend;
	} cases[] = {
	    {"bytes: '<= 64 KiB', mappings: '= 1'", NULL, NULL},
	    {"bytes: '> 0 B, < 64 KiB', mappings: '= 1'", "\"> 0 B, < 64 KiB\" is of no memory",
		"64 KiB at least"},
	    {"bytes: '= 100 kB', mappings: '= 1'", "is of no memory", "a power of two"},
	    {"bytes: '<= 1', mappings: '= 1'", "is of no memory", "64 KiB at least"},
	    {"bytes: '<= 1 GB', mappings: '= 3'", "\"= 3\" is of no memory", "1 at least"},
	    {"bytes: '<= 1 GB', mappings: '<= 3', program: /bin/node", "no program is called so",
		"write \"/usr/bin/node\""},
	};
	char text[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct advices a;

		(void)snprintf(text, sizeof(text),
		    SETS("") "    executable: {references: [one]}\n"
			     "    libraries: {references: [one], accept_anonymous: [{%s}]}\n",
		    cases[i].entry);
		fixture_write(*state, "refs/one.sha256", 0644, HEX_A "  /usr/bin/one\n");
		a = advices_of(state, text);
		assert_int_equal(a.count, cases[i].text != NULL);
		if (a.count > 0) {
			assert_non_null(strstr(a.advice[0].text, cases[i].text));
			assert_non_null(strstr(a.advice[0].mend, cases[i].mend));
		}
		advices_free(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FILES(test_facts_that_nobody_measures),
	    cmocka_unit_test(test_every_known_fact_is_known),
	    WITH_FILES(test_ranges_that_are_never_met),
	    WITH_FILES(test_demands_that_exclude_each_other),
	    WITH_FILES(test_values_that_no_fact_has),
	    WITH_FILES(test_arguments_that_may_be_left_out),
	    WITH_FILES(test_what_is_not_looked_at),
	    WITH_FILES(test_entries_that_are_always_affirming),
	    WITH_FILES(test_sets_that_nobody_uses_and_windows_that_are_over),
	    WITH_FILES(test_what_was_to_be_looked_through),
	    WITH_FILES(test_rules_that_make_no_statement),
	    WITH_FILES(test_blocks_that_nobody_uses),
	    WITH_FILES(test_package_lists_that_nobody_uses),
	    WITH_FILES(test_paths_below_links),
	    WITH_FILES(test_named_paths_that_no_set_has),
	    WITH_FILES(test_exceptions),
	    WITH_FILES(test_groups),
	    WITH_FILES(test_groups_that_nobody_is_in),
	    WITH_FILES(test_memory_that_nothing_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
