/* Loading of policies: families, their releases and windows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/policy_fixture.h"

#define FAMILIES                                                                                   \
	"families: [{name: app, releases: [{name: a, file: refs/one.sha256}, "                     \
	"{name: b, file: refs/two.sha256}]}]\n"
#define WINDOW  "windows: [{family: app, from: a, to: b, until: 2027-01-31T00:00:00Z}]\n"
#define WHOLE   FAMILIES WINDOW "workloads:"
#define WITH(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)

static void
refuse_families(void **state, const char *from, const char *to, unsigned line, const char *fault)
{
	char *text = fixture_replace(WHOLE, from, to);

	refuse(state, "workloads:", text, line, fault);
	free(text);
}

/* Each release is a part of the manifest, under a name of its own. */
static void
test_releases_are_parts(void **state)
{
	struct policy *p = accept(state, "workloads:", WHOLE);
	const struct view manifest = policy_object_at(p, 0)->content;

	assert_non_null(memmem(manifest.data, manifest.size, "\nreference app@a ", 17));
	assert_non_null(memmem(manifest.data, manifest.size, "\nreference app@b ", 17));
	policy_free(&p);
}

static void
refuse_release(void **state, const char *family, const char *release, const char *fault)
{
	char text[160];

	snprintf(text, sizeof(text),
	    "families: [{name: %s, releases: [{name: a, file: refs/one.sha256}, {name: %s, file: "
	    "refs/one.sha256}]}]\nworkloads:",
	    family, release);
	refuse(state, "workloads:", text, 5, fault);
}

static void
test_names(void **state)
{
	refuse_release(state, "\"a p\"", "b", "\"families[0].name\" must be without white space");
	refuse_release(state, "app", "/b", "releases[1].name\" must be without white space");
	refuse_release(state, "app", "a", "\"app@a\" is the name of two references");
	refuse_release(state, "one", "b", "another family or reference has the name \"one\"");
	/* What has none is in no order. */
	refuse(state,
	    "workloads:\n  - match: \"trading-*\"\n    collectors: [\"spiffe://bank/host/*\"]\n    "
	    "executable: {references: [one]}",
	    "families: [{name: app, releases: [{name: a, file: refs/one.sha256}, {file: "
	    "refs/one.sha256}]}]\nworkloads:\n  - match: x\n    collectors: [y]\n    executable: "
	    "{references: [app]}",
	    5, "\"families[0].releases[1].name\" is missing");
}

static void
test_files(void **state)
{
	refuse_families(state, "refs/two.sha256", "refs/none", 5,
	    "\"families[0].releases[1].file\": cannot read");
	refuse_families(state, "releases: [{name: a, file: refs/one.sha256}, ", "releases: [", 6,
	    "\"windows[0].from\" names \"a\", which is no release of family \"app\"");
}

static void
test_windows(void **state)
{
	static const char *const bad[] = {"tomorrow", "2027-01-31", "2027-01-31 00:00:00",
	    "2027-01-31T00:00:00", "2027-01-31T00:00:00+01:00", "2027-02-30T00:00:00Z",
	    "2027-1-31T00:00:00Z", "2027-01-31T24:00:00Z", "1969-12-31T23:59:59Z",
	    "2027-01-31T00:00:00Z ", "2027-01-31T00:00:60Z"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char to[64];

		snprintf(to, sizeof(to), "\"%s\"", bad[i]);
		refuse_families(state, "2027-01-31T00:00:00Z", to, 6, "must be a time in UTC");
	}
	refuse_families(state, "family: app", "family: ap", 6,
	    "\"windows[0].family\" names \"ap\", which is not listed under \"families\"");
	refuse_families(state, "to: b", "to: c", 6, "\"windows[0].to\" names \"c\"");
	refuse_families(state, "from: a, to: b", "from: b, to: a", 6,
	    "\"a\" stands before \"b\" in the family");
	refuse_families(state, ", until: 2027-01-31T00:00:00Z", "", 6, "until\" is missing");
}

/* A family that no rule uses would be of one release whatever is there. */
static void
test_release_of_a_workload(void **state)
{
	static const char workload[] = WHOLE
	    "\n  - {match: z, collectors: [c], release: [app], executable: {references: [app]}}";

	policy_free(&(struct policy *){accept(state, "workloads:", workload)});
	refuse(state, "workloads:",
	    FAMILIES "workloads:\n  - {match: z, collectors: [c], release: [app], executable: "
		     "{references: [one]}}",
	    7, "names \"app\", which is no family that a rule of this entry uses");
	refuse(state, "workloads:",
	    FAMILIES "workloads:\n  - {match: z, collectors: [c], release: [one], executable: "
		     "{references: [one, app]}}",
	    7, "names \"one\", which is no family");
	refuse(state, "workloads:",
	    FAMILIES "workloads:\n  - {match: z, collectors: [c], release: [app, app], "
		     "executable: {references: [app]}}",
	    7, "names \"app\" again");
	/* All releases together or none. */
	refuse(state, "workloads:",
	    FAMILIES "workloads:\n  - {match: z, collectors: [c], executable: "
		     "{references: [app@a]}}",
	    7, "names \"app@a\", which is not listed");
}

/* Of many releases few count at a time, and a report has room for those. */
static void
test_many_releases(void **state)
{
	char text[8192], line[96];

	for (unsigned count = 64; count <= 65; count++) {
		strcpy(text, "name: bank\nreferences: [{name: one, file: refs/one.sha256}]\n"
			     "families:\n  - name: app\n    releases:\n");
		for (unsigned i = 0; i < 63; i++) {
			snprintf(
			    line, sizeof(line), "      - {name: r%u, file: refs/one.sha256}\n", i);
			strcat(text, line);
		}
		strcat(text,
		    "windows: [{family: app, from: r0, to: r14, until: 2027-01-31T00:00:00Z}]\n"
		    "workloads:\n  - {match: a, collectors: [b], executable: {references: [app, "
		    "one]}}\n");
		if (count == 64) {
			policy_free(&(struct policy *){accept_text(state, text)});
			continue;
		}
		for (unsigned i = 0; i < 2; i++) {
			char *more = fixture_replace(text, i == 0 ? "to: r14" : "[app, one]",
			    i == 0 ? "to: r15" : "[app, one, two]");
			char *other = fixture_replace(more, "[{name: one, file: refs/one.sha256}]",
			    "[{name: one, file: refs/one.sha256}, {name: two, file: "
			    "refs/one.sha256}]");

			assert_null(load(*state, other));
			fixture_expect_count(*state, i == 0 ? 1 : 2);
			fixture_expect(*state, 71,
			    i == 0 ? "may use 16 references at one time" : "may use 64 sets");
			free(more);
			free(other);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH(test_releases_are_parts),
	    WITH(test_names),
	    WITH(test_files),
	    WITH(test_windows),
	    WITH(test_release_of_a_workload),
	    WITH(test_many_releases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
