#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/compile/policy_schema.h"
#include "policy/words/rule_clauses.h"
#include "tests/unit/policy_fixture.h"

static const char text[] =
    "name: bank\n"
    "references: [{name: one, file: refs/one.sha256}]\n"
    "workloads:\n"
    "  - match: app\n"
    "    collectors: [b, a]\n"
    "    grace_s: 90\n"
    "    executable: {references: [one], by: content, path: /bin/one}\n"
    "    libraries: {references: [one, fam], demand: [/lib/x]}\n"
    "    files: {references: [one], owners: [0, 7], except: [{path: /x, sha256: " HEX_A ", "
    "until: 2027-01-31, why: later, owner: me}]}\n"
    "    runtime: {facts: [{name: uid, allow: [\"0\"], where: \"1*\", word: 2},\n"
    "      {name: uid, count: \">= 1, < 3\", unmatched: none}]}\n"
    "    host: {facts: [{name: x, deny: ['\\\\n'], date: \"< 2027-01-01\"}]}\n"
    "    config: {facts: [{name: y, number: \"< 1 KiB\", version: \"= 1\"}]}\n"
    "    image: {facts: [{name: set, allow: [a]}], allow: [/tmp/*, /b], mounted: warning}\n"
    "    packages: {facts: [{name: z, require: [\"\", b], equals: []}], lists: [hosts]}\n"
    "    web: {lists: [hosts], allow: [script *, b], missing_header: warning}\n"
    "    release: [fam]\n"
    "families: [{name: fam, releases: [{name: a, file: refs/one.sha256}, "
    "{name: b, file: refs/two.sha256}]}]\n"
    "windows: [{family: fam, from: a, to: b, until: 2027-01-31T00:00:00Z}]\n"
    "feeds: [{name: known, max_age_s: 86400}]\n"
    "package_lists: [{name: hosts, file: refs/one.sha256}]\n"; /* which has the form of one */

static const struct clause *
find(const struct clauses *c, const char *part, const char *name, const char *says)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct clause *one = &c->clause[i];
		const char *of =
		    one->part == COMPONENT_KIND_COUNT ? "" : component_kind_name(one->part);

		if (strcmp(of, part) == 0 && strcmp(one->name, name) == 0 &&
		    (says == NULL || view_equal(buf_view(&one->says), view_of_string(says))))
			return one;
	}
	return NULL;
}

static void
expect(const struct clauses *c, const char *part, const char *name, const char *says, unsigned line)
{
	const struct clause *found = find(c, part, name, says);

	if (found == NULL)
		fail_msg("%s %s: %s: not said", part, name, says);
	assert_int_equal(found->line, line);
}

/* Each outcome of a mapping of the schema is a clause; of mappings in it, those of the part. */
static void
expect_outcomes(const struct clauses *c, const char *part, const cyaml_schema_field_t *fields)
{
	for (const cyaml_schema_field_t *f = fields; f->key != NULL; f++) {
		/* `by` is no outcome. */
		if (f->value.type == CYAML_ENUM && strcmp(f->key, "unmatched") != 0 &&
		    strcmp(f->key, "by") != 0) {
			const struct clause *found = find(c, part, f->key, "contraindicated");

			found = found != NULL ? found : find(c, part, f->key, "warning");
			if (found == NULL || found->outcome == NULL)
				fail_msg("%s: no clause says what %s yields", part, f->key);
		}
		/* Those of `start` are of a rule of its own. */
		if (f->value.type == CYAML_MAPPING && strcmp(f->key, "start") != 0)
			expect_outcomes(c, f->key, f->value.mapping.fields);
	}
}

static struct policy *
load_text(struct fixture *f, struct clauses *c)
{
	struct faults faults = FAULTS_INIT;
	struct policy *p = NULL;

	assert_int_equal(
	    policy_load(fixture_write(f, "policy.yaml", 0644, text), &faults, &p), ERR_OK);
	clauses_of_rule(p, policy_find_entry(p, V("app")), c);
	faults_free(&faults);
	return p;
}

static void
test_what_is_said_and_what_is_left_out(void **state)
{
	struct clauses c = CLAUSES_INIT;
	struct policy *p = load_text(*state, &c);

	expect(&c, "", "collectors", "b", 5);
	expect(&c, "", "collectors", "a", 5);
	expect(&c, "", "grace_s", "90 s", 6);
	expect(&c, "", "max_age_s", "5 min", 0);
	expect(&c, "", "report_every_s", "as often as its collector announces", 0);
	expect(&c, "executable", "path", "/bin/one", 7);
	expect(&c, "executable", "by", "what a set has under another path is accepted", 7);
	expect(&c, "libraries", "references", "one", 8);
	expect(&c, "libraries", "references", "fam@b", 8);
	expect(&c, "", "release", "fam", 17);
	expect(&c, "libraries", "references", "fam@b", 8);
	assert_true(view_equal(buf_view(&find(&c, "libraries", "references", "fam@a")->aside),
	    V("1 file, counts until 2027-01-31T00:00:00Z")));
	assert_true(view_equal(buf_view(&find(&c, "libraries", "references", "fam@b")->aside),
	    V("1 file, the last release")));
	expect(&c, "libraries", "demand", "/lib/x", 8);
	expect(&c, "files", "owners", "7", 9);
	expect(&c, "files", "except",
	    "sha256 " HEX_A " until 2027-01-31T00:00:00Z: later; owner: me", 9);
	expect(&c, "files", "missing", "contraindicated", 0);
	expect(
	    &c, "runtime", "facts", "word 2 of those like \"1*\": every value is like \"0\"", 10);
	expect(&c, "runtime", "facts", "how many there are: >= 1, < 3; else none", 11);
	expect(&c, "runtime", "facts",
	    "where it was measured, every value is like \"host\" or \"own\"", 0);
	expect(&c, "host", "facts", "no value is like \"\\x5c\\x5cn\"", 12);
	expect(&c, "host", "facts", "every value is a date < 2027-01-01", 12);
	expect(&c, "config", "facts", "every value is a number < 1 KiB", 13);
	expect(&c, "config", "facts", "every value is a version = 1", 13);
	expect(&c, "image", "allow", "may differ from the image: \"/tmp/*\" or \"/b\"", 14);
	expect(&c, "image", "mounted", "warning", 14);
	expect(&c, "packages", "facts", "there is a value for each of \"\", \"b\"", 15);
	expect(&c, "packages", "facts", "exactly, in this order: no value", 15);
	expect(&c, "packages", "lists", "hosts", 15);
	expect(&c, "web", "lists", "hosts", 16);
	expect(&c, "web", "allow", "may be there, too: \"script *\" or \"b\"", 16);
	expect(&c, "web", "missing_header", "warning", 16);
	expect(&c, "", "feed", "\"known\"", 0);
	expect(&c, "", "vulnerable", "warning", 0);
	assert_null(find(&c, "", "signature_every_s", NULL));
	assert_null(find(&c, "", "recorded", NULL));
	clauses_free(&c);
	policy_free(&p);
}

static void
test_every_outcome_of_the_language_is_said(void **state)
{
	const cyaml_schema_field_t *top = policy_form.whole->mapping.fields;
	struct clauses c = CLAUSES_INIT;
	struct policy *p = load_text(*state, &c);

	while (strcmp(top->key, "workloads") != 0)
		top++;
	expect_outcomes(&c, "", top->value.sequence.entry->mapping.fields);
	clauses_free(&c);
	policy_free(&p);
}

static void
test_releases_and_their_windows(void **state)
{
	struct clauses c = CLAUSES_INIT;
	struct policy *p = load_text(*state, &c);
	const struct clause *window;

	clauses_free(&c);
	clauses_of_top(p, &c);
	expect(&c, "", "references", "always counts", 2);
	expect(&c, "", "references", "release 2 of 2 of fam", 18);
	window = find(&c, "", "windows", "fam@a, fam@b until 2027-01-31T00:00:00Z");
	assert_non_null(window);
	assert_true(view_equal(window->subject, V("fam")));
	clauses_free(&c);
	policy_free(&p);
}

static void
test_the_top(void **state)
{
	struct fixture *f = *state;
	struct faults faults = FAULTS_INIT;
	struct clauses c = CLAUSES_INIT;
	struct digest certificate;
	char *with = with_parts(f, &certificate);
	struct policy *p = NULL;
	const struct clause *alice;

	assert_int_equal(
	    policy_load(fixture_write(f, "policy.yaml", 0644, with), &faults, &p), ERR_OK);
	clauses_of_top(p, &c);
	expect(&c, "", "name", "bank", 1);
	assert_memory_equal(
	    find(&c, "", "collectors_ca", NULL)->says.data, "2 certificates, sha256 ", 23);
	alice = find(&c, "", "operators", NULL);
	assert_true(view_equal(alice->subject, V("alice")));
	assert_memory_equal(alice->says.data, "may approve; key ", 17);
	assert_non_null(find(&c, "", "references", NULL));
	clauses_free(&c);
	policy_free(&p);
	faults_free(&faults);
	free(with);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_what_is_said_and_what_is_left_out, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(
		test_every_outcome_of_the_language_is_said, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(
		test_releases_and_their_windows, setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(test_the_top, setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
