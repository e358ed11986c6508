/* Package lists: what they have, their faults in a policy, and what is in none of them. */
#include "policy/rules/package_list.h"
#include "tests/unit/appraise_fixture.h"

#define V(s) VIEW_LITERAL(s)
#define GOOD "dpkg openssl 3.0.15-1~deb12u1 amd64\n"
#define NAMED                                                                                      \
	"name: p\npackage_lists:\n  - {name: base, file: base}\n  - {name: more, file: more}\n"
#define RULE "workloads:\n  - match: app\n    collectors: [c]\n    packages: "

static enum err
parse(const char *text, struct package_list **out)
{
	struct faults faults = FAULTS_INIT;
	const enum err e = package_list_parse("list", view_of_string(text), &faults, out);

	assert_int_equal(e == ERR_OK, faults.count == 0);
	faults_free(&faults);
	return e;
}

static void
test_lines(void **state)
{
	static const char *const bad[] = {"", "dpkg\n", "dpkg \n", " openssl\n", "dpkg openssl",
	    GOOD "\n", "d\tpkg openssl\n", GOOD "rpm x 1"};
	struct package_list *l;

	(void)state;
	assert_int_equal(parse(GOOD "apk b 2 x\n" GOOD "apk b 10 x\nrpm   \n", &l), ERR_OK);
	assert_int_equal(package_list_count(l), 5);
	assert_true(package_list_has(l, V("dpkg"), V("openssl 3.0.15-1~deb12u1 amd64")));
	assert_true(package_list_has(l, V("apk"), V("b 10 x")));
	assert_true(package_list_has(l, V("rpm"), V("  ")));
	assert_false(package_list_has(l, V("rpm"), V("b 10 x")));
	assert_false(package_list_has(l, V("dpkg"), V("openssl 3.0.15-1~deb12u1 amd6")));
	assert_false(package_list_has(l, V("dpkg"), V("openssl 3.0.15-1~deb12u1 amd64 hold")));
	assert_false(package_list_has(l, V("dpkg"), V("")));
	package_list_free(&l);
	assert_null(l);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(bad[i], &l), ERR_CONFIG);
		assert_null(l);
	}
}

/* Twenty are told one by one. */
static void
test_many_bad_lines(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct package_list *l;

	(void)state;
	assert_int_equal(package_list_parse("list",
			     V("\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"), &faults, &l),
	    ERR_CONFIG);
	assert_int_equal(faults.count, PACKAGE_LIST_FAULTS_MAX + 1);
	assert_string_equal(faults.fault[PACKAGE_LIST_FAULTS_MAX].text, "2 more bad lines");
	faults_free(&faults);
}

/* A policy with these packages, or why there is none. */
static const char *
load(struct bench *b, const char *top, const char *packages)
{
	char text[2048];

	fixture_write(&b->fixture, "base", 0644, GOOD "dpkg bash 5 amd64\n");
	fixture_write(&b->fixture, "more", 0644, "apk musl 1 x86_64\n");
	fixture_write(&b->fixture, "bad", 0644, "bash\n");
	(void)snprintf(text, sizeof(text), "%s" RULE "%s\n", top, packages);
	fixture_write(&b->fixture, "policy.yaml", 0644, text);
	policy_free(&b->policy);
	faults_free(&b->fixture.faults);
	if (policy_load(b->fixture.path, &b->fixture.faults, &b->policy) == ERR_OK) {
		b->rule = policy_find(b->policy, V("app"), V("c"));
		return "";
	}
	return b->fixture.faults.fault[0].text;
}

static void
test_rules(void **state)
{
	static const struct {
		const char *top, *packages, *fault;
	} cases[] = {
	    {NAMED, "{lists: [base]}", NULL},
	    {NAMED, "{lists: [more, base], unlisted: warning}", NULL},
	    {NAMED, "{facts: [{name: dpkg, deny: [x]}]}", NULL},
	    {NAMED, "{}", "demands nothing: add \"lists\" or \"facts\""},
	    {NAMED, "{lists: []}", "1 to 64 entries"},
	    {NAMED, "{lists: [base, base]}", "names \"base\" again"},
	    {NAMED, "{lists: [bse]}", "\"bse\", which is not listed under \"package_lists\""},
	    {NAMED, "{lists: [base], unlisted: ignore}", "one of none, warning"},
	    {NAMED "  - {name: base, file: more}\n", "{lists: [base]}", "two package lists"},
	    {NAMED "  - {name: bad, file: bad}\n", "{lists: [base]}",
		"the name of a fact, a space"},
	    {NAMED "  - {name: none, file: none}\n", "{lists: [base]}", "cannot read"},
	    {NAMED "  - {name: a b, file: more}\n", "{lists: [base]}", "without white space"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *fault = load(*state, cases[i].top, cases[i].packages);

		if (cases[i].fault == NULL ? fault[0] != '\0'
					   : strstr(fault, cases[i].fault) == NULL)
			fail_msg("%s: %s", cases[i].packages, fault);
	}
}

static void
measure(struct bench *b, size_t count, const char *const *values)
{
	clear(b);
	begin(b, COMPONENT_PACKAGES);
	fact(b, "dpkg", count, values);
	end(b, COMPONENT_PACKAGES);
	conclude(b);
}

static void
test_what_no_list_has(void **state)
{
	static const char *const listed[] = {"bash 5 amd64", "openssl 3.0.15-1~deb12u1 amd64"};
	static const char *const odd[] = {"bash 5 amd64", "bash 5.1 amd64", "musl 1 x86_64"};
	struct bench *b = *state;

	assert_string_equal(load(b, NAMED, "{lists: [base, more]}"), "");
	measure(b, 2, listed);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	measure(b, 0, NULL);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "packages", "empty-component", "");
	measure(b, 3, odd);
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
	assert_string_equal(expect(b, "packages", "unlisted-package", "dpkg"),
	    "in no package list, found \"bash 5.1 amd64\"");
	assert_string_equal(load(b, NAMED,
				"{lists: [more], unlisted: warning, facts: [{name: dpkg, deny: "
				"['bash *'], unmatched: none}]}"),
	    "");
	measure(b, 2, listed);
	expect_verdict(b, REPORT_WARNING, 3);
	expect(b, "packages", "unmatched-fact", "dpkg");
}

/* A stored policy may name one list under many names. */
static void
test_lists_have_a_bound_together(void **state)
{
	enum { LINES = 270, LINE_SIZE = 60000 };
	static char text[LINES * LINE_SIZE];
	struct buf top = BUF_INIT;
	struct bench *b = *state;

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < LINES; i++) {
		memcpy(text + i * LINE_SIZE, "dpkg ", 5);
		text[(i + 1) * LINE_SIZE - 1] = '\n';
	}
	fixture_write_bytes(&b->fixture, "large", 0644, (const uint8_t *)text, sizeof(text));
	buf_append_string(&top, NAMED);
	for (unsigned i = 0; i < 9; i++)
		buf_append_format(&top, "  - {name: large-%u, file: large}\n", i);
	buf_append_byte(&top, 0);
	assert_non_null(strstr(load(b, (const char *)top.data, "{lists: [base]}"),
	    "\"package_lists[10].file\": up to this one the reference sets and package lists"));
	buf_free(&top);
	/* Of the shortest lines, which take the most memory. */
	buf_clear(&top);
	for (unsigned i = 0; i < 1000000; i++)
		buf_append_format(&top, "d %x\n", i);
	fixture_write_bytes(&b->fixture, "large", 0644, top.data, top.size);
	buf_free(&top);
	assert_non_null(strstr(
	    load(b, NAMED "  - {name: one, file: large}\n  - {name: two, file: large}\n",
		"{lists: [base]}"),
	    "\"package_lists[3].file\": up to this one the reference sets and package lists have "
	    "2000003 lines"));
}

/* It is a part of the policy's identity, and stored with it. */
static void
test_the_manifest(void **state)
{
	struct bench *b = *state;
	size_t lists = 0;

	assert_string_equal(load(b, NAMED, "{lists: [base]}"), "");
	for (size_t i = 0; i < policy_object_count(b->policy); i++)
		lists += policy_object_at(b->policy, i)->kind == PACK_PACKAGE_LIST;
	assert_int_equal(lists, 2);
	assert_non_null(memmem(policy_object_at(b->policy, 0)->content.data,
	    policy_object_at(b->policy, 0)->content.size, "package-list base ", 18));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_many_bad_lines),
	    WITH_BENCH(test_rules),
	    WITH_BENCH(test_what_no_list_has),
	    WITH_BENCH(test_lists_have_a_bound_together),
	    WITH_BENCH(test_the_manifest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
