/* Loading of policies: what was meant by a name that is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/policy_fixture.h"

/* A policy with all that is named; each word stands once as a name and once where it is used. */
static const char text[] =
    "name: bank\n"
    "sources: [{name: builders, under: /opt}]\n"
    "package_lists: [{name: bookworm, file: refs/one.sha256}]\n"
    "references: [{name: odd, file: bom.json, source: builders}]\n"
    "families: [{name: trading, releases: [{name: first, file: refs/one.sha256}, {name: second, "
    "file: refs/two.sha256}]}]\n"
    "windows: [{family: trading, from: first, to: second, until: 2027-01-31T00:00:00Z}]\n"
    "rules: [{name: sealed, max_age_s: 60}]\n"
    "workloads:\n"
    "  - {match: a, collectors: [c], use: [sealed], release: [trading], executable: {references: "
    "[trading, odd]}, packages: {lists: [bookworm]}}\n";

static void
test_names_that_are_nearly_there(void **state)
{
	static const struct {
		const char *good, *bad, *fault;
	} cases[] = {
	    {"family: trading", "family: tradin",
		"\"windows[0].family\" names \"tradin\", which is not listed under \"families\"; "
		"did you mean \"trading\"?"},
	    {"from: first", "from: frist",
		"\"frist\", which is no release of family \"trading\"; did you mean \"first\"?"},
	    {"to: second", "to: secnd", "did you mean \"second\"?"},
	    {"source: builders", "source: builder",
		"\"builder\", which is not listed under \"sources\" at the top; did you mean "
		"\"builders\"?"},
	    {"release: [trading]", "release: [traiding]",
		"\"traiding\", which is no family that a rule of this entry uses; did you mean "
		"\"trading\"?"},
	    {"[trading, odd]", "[trading, od]",
		"\"od\", which is not listed under \"references\" or \"families\" at the top; did "
		"you mean \"odd\"?"},
	    {"lists: [bookworm]", "lists: [bookwrom]",
		"\"bookwrom\", which is not listed under \"package_lists\" at the top; did you "
		"mean \"bookworm\"?"},
	    {"use: [sealed]", "use: [seald]",
		"\"use\" names \"seald\", which is no block of \"rules\"; did you mean "
		"\"sealed\"?"},
	    {"use: [sealed]", "use: [entirely]",
		"\"use\" names \"entirely\", which is no block of \"rules\""},
	};
	struct fixture *f = *state;

	fixture_write(f, "bom.json", 0644,
	    "{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.5\", \"components\": [{\"type\": "
	    "\"file\", \"name\": \"a\", \"hashes\": [{\"alg\": \"SHA-256\", \"content\": "
	    "\"" HEX_A "\"}]}]}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *changed = fixture_replace(text, cases[i].good, cases[i].bad);
		struct policy *p;
		bool told = false;

		fixture_write(f, "policy.yaml", 0644, changed);
		assert_int_equal(policy_load(f->path, &f->faults, &p), ERR_CONFIG);
		for (size_t k = 0; k < f->faults.count && !told; k++)
			told = strstr(f->faults.fault[k].text, cases[i].fault) != NULL;
		if (!told)
			faults_print(&f->faults, stderr);
		assert_true(told);
		faults_free(&f->faults);
		free(changed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_names_that_are_nearly_there, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
