/* Loading of policies, their identity, and building them again from stored objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/policy.h"
#include "tests/unit/config_sample.h"
#include "tests/unit/config_subject.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char base[] = "name: bank\n"                                           /* 1 */
			   "references:\n"                                          /* 2 */
			   "  - {name: two, file: refs/two.sha256}\n"               /* 3 */
			   "  - {name: one, file: refs/one.sha256}\n"               /* 4 */
			   "workloads:\n"                                           /* 5 */
			   "  - match: \"trading-*\"\n"                             /* 6 */
			   "    collectors: [\"spiffe://bank/host/*\"]\n"           /* 7 */
			   "    executable: {references: [one]}\n"                  /* 8 */
			   "  - match: \"*\"\n"                                     /* 9 */
			   "    collectors: [host7.bank]\n"                         /* 10 */
			   "    jws: true\n"                                        /* 11 */
			   "    runtime: {facts: [{name: uid, allow: [\"0\"]}]}\n"; /* 12 */

#define V(s) VIEW_LITERAL(s)

static int
setup(void **state)
{
	struct fixture *f;

	if (fixture_setup(state) != 0)
		return -1;
	f = *state;
	fixture_mkdir(f, "refs");
	fixture_write(f, "refs/one.sha256", 0644, HEX_A "  /bin/one\n");
	fixture_write(f, "refs/two.sha256", 0644, HEX_B "  /bin/two\n");
	return 0;
}

static void *
load_file(const char *path, struct faults *faults, enum err *e)
{
	struct policy *p;

	*e = policy_load(path, faults, &p);
	return p;
}

static const struct config_subject subject = {"policy.yaml", base, load_file};

static void
test_find(void **state)
{
	struct policy *p = accept(state, "bank", "bank");
	const struct policy_rule *one, *two;

	one = policy_find(p, V("trading-7"), V("spiffe://bank/host/a"));
	assert_non_null(one);
	assert_false(policy_rule_wants_jws(one));
	two = policy_find(p, V("other"), V("host7.bank"));
	assert_non_null(two);
	assert_true(policy_rule_wants_jws(two));
	/* The first entry that matches decides, also against the collector. */
	assert_null(policy_find(p, V("trading-7"), V("host7.bank")));
	assert_null(policy_find(p, V("other"), V("spiffe://bank/host/a")));
	assert_null(policy_find(p, V("trading-7"), V("spiffe://bank/host/a/b")));
	assert_null(policy_find(p, V("trading-7"), V("")));
	policy_free(&p);
	assert_null(p);
}

static void
test_nothing_matches(void **state)
{
	struct policy *p = accept(state, "\"*\"", "\"x\"");

	assert_null(policy_find(p, V("y"), V("host7.bank")));
	policy_free(&p);
}

static const struct policy_object *
find_object(const struct policy *p, enum pack_kind kind, const struct digest *d)
{
	for (size_t i = 0; i < policy_object_count(p); i++) {
		const struct policy_object *o = policy_object_at(p, i);

		if (o->kind == kind && (d == NULL || digest_equal(&o->digest, d)))
			return o;
	}
	return NULL;
}

static void
test_manifest_and_identity(void **state)
{
	struct policy *p = accept(state, "bank", "bank");
	const struct policy_object *manifest = find_object(p, PACK_MANIFEST, NULL);
	struct digest digest, named;
	char hex[3][DIGEST_HEX_SIZE + 1], expected[512];

	digest_of(base, strlen(base), &digest);
	digest_to_hex(&digest, hex[0]);
	digest_of(HEX_A "  /bin/one\n", 75, &digest);
	digest_to_hex(&digest, hex[1]);
	digest_of(HEX_B "  /bin/two\n", 75, &digest);
	digest_to_hex(&digest, hex[2]);
	snprintf(expected, sizeof(expected),
	    "hallmark policy manifest v1\npolicy %s\nreference one %s\nreference two %s\n", hex[0],
	    hex[1], hex[2]);
	assert_true(view_equal(manifest->content, view_of_string(expected)));
	digest_of(expected, strlen(expected), &digest);
	assert_true(digest_equal(&manifest->digest, &digest));
	digest_to_hex(&digest, hex[0]);
	snprintf(expected, sizeof(expected), "bank@sha256:%s", hex[0]);
	assert_true(view_equal(policy_id(p), view_of_string(expected)));
	assert_int_equal(policy_id_digest(policy_id(p), &named), ERR_OK);
	assert_true(digest_equal(&named, &digest));
	policy_free(&p);
}

static void
test_objects_have_their_digests(void **state)
{
	struct policy *p = accept(state, "bank", "bank");

	assert_int_equal(policy_object_count(p), 4);
	for (size_t i = 0; i < 4; i++) {
		const struct policy_object *o = policy_object_at(p, i);
		struct digest d;

		digest_of(o->content.data, o->content.size, &d);
		assert_true(digest_equal(&d, &o->digest));
	}
	policy_free(&p);
}

static void
test_identity_follows_every_byte(void **state)
{
	struct fixture *f = *state;
	struct policy *p = accept(state, "bank", "bank"), *q;

	q = accept(state, "name: bank\n", "name: bank\n# a comment\n");
	assert_false(view_equal(policy_id(p), policy_id(q)));
	policy_free(&q);
	fixture_write(f, "refs/two.sha256", 0644, HEX_A "  /bin/two\n");
	q = accept(state, "bank", "bank");
	assert_false(view_equal(policy_id(p), policy_id(q)));
	policy_free(&q);
	policy_free(&p);
}

static void
test_policy_id_digest(void **state)
{
	struct digest d;

	(void)state;
	assert_int_equal(policy_id_digest(V("a@sha256:" HEX_A), &d), ERR_OK);
	assert_int_equal(policy_id_digest(V("@sha256:" HEX_A), &d), ERR_FORMAT);
	assert_int_equal(policy_id_digest(V("a@sha512:" HEX_A), &d), ERR_FORMAT);
	assert_int_equal(policy_id_digest(V("a@sha256:" HEX_A "a"), &d), ERR_FORMAT);
	assert_int_equal(policy_id_digest(V("a@b@sha256:" HEX_A), &d), ERR_FORMAT);
	assert_int_equal(policy_id_digest(V(HEX_A), &d), ERR_FORMAT);
	assert_int_equal(policy_id_digest(V(""), &d), ERR_FORMAT);
	assert_int_equal(policy_id_digest(V("a@sha256:A" HEX_A), &d), ERR_FORMAT);
}

static void
test_names(void **state)
{
	refuse(state, "name: bank", "name: \"a b\"", 1, "\"name\" must be without");
	refuse(state, "name: bank", "name: a@b", 1, "\"name\" must be without");
	refuse(state, "name: bank", "name: a/b", 1, "\"name\" must be without");
	refuse(state, "name: two", "name: \"t wo\"", 3, "references[0].name");
	refuse(state, "name: two", "name: one", 4, "name of two references");
}

static void
test_references(void **state)
{
	struct fixture *f = *state;

	refuse(state, "refs/two.sha256", "refs/none", 3, "\"references[0].file\": cannot read");
	refuse(state, "refs/two.sha256", "refs", 3, "must be a regular file");
	refuse(state, "references: [one]", "references: [thre]", 8, "names \"thre\", which is not");
	refuse(state, "references: [one]", "references: [one, one]", 6, "twice in one rule");
	refuse(state, "references: [one]", "references: []", 8, "1 to 16 entries");
	fixture_write(f, "refs/two.sha256", 0644, "nonsense\n");
	refuse(state, "bank", "bank", 1, "expected a line of sha256sum");
	assert_non_null(strstr(f->faults.fault[0].file, "refs/two.sha256"));
}

static void
test_until(void **state)
{
	static const char *const bad[] = {"tomorrow", "2027-01-31", "2027-01-31 00:00:00",
	    "2027-01-31T00:00:00", "2027-01-31T00:00:00+01:00", "2027-02-30T00:00:00Z",
	    "2027-1-31T00:00:00Z", "2027-01-31T24:00:00Z", "1969-12-31T23:59:59Z",
	    "2027-01-31T00:00:00Z ", "2027-01-31T00:00:60Z"};
	struct policy *p = accept(
	    state, "file: refs/two.sha256", "file: refs/two.sha256, until: 2027-01-31T00:00:00Z");

	policy_free(&p);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char to[128];

		snprintf(to, sizeof(to), "file: refs/two.sha256, until: \"%s\"", bad[i]);
		refuse(state, "file: refs/two.sha256", to, 3, "must be a time in UTC");
	}
}

static void
test_replaces(void **state)
{
	struct policy *p =
	    accept(state, "file: refs/one.sha256", "file: refs/one.sha256, replaces: two");

	policy_free(&p);
	refuse(state, "file: refs/two.sha256", "file: refs/two.sha256, replaces: one", 3,
	    "stands before this one");
	refuse(state, "file: refs/two.sha256", "file: refs/two.sha256, replaces: two", 3,
	    "stands before this one");
}

static void
test_too_many_references(void **state)
{
	char text[4096] = "name: bank\nreferences:\n", line[128];

	for (unsigned i = 0; i < 17; i++) {
		snprintf(line, sizeof(line), "  - {name: r%u, file: refs/one.sha256}\n", i);
		strcat(text, line);
	}
	strcat(text, "workloads:\n  - match: a\n    collectors: [b]\n"
		     "    executable: {references: [r0, r1, r2, r3, r4, r5, r6, r7]}\n"
		     "    libraries: {references: [r8, r9, r10, r11, r12, r13, r14, r15]}\n");
	{
		struct policy *p = load(*state, text);

		fixture_expect_count(*state, 0);
		policy_free(&p);
	}
	strcat(text, "    files: {references: [r0, r16]}\n");
	assert_null(load(*state, text));
	fixture_expect_count(*state, 1);
	fixture_expect(*state, 0, "together may use 16 references, and");
}

static void
test_patterns(void **state)
{
	refuse(state, "\"trading-*\"", "'trading\\x'", 6, "a backslash must stand before");
	refuse(state, "spiffe://bank/host/*", "a\\\\", 7, "collectors[0]");
	refuse(state, "allow: [\"0\"]", "allow: ['\\0']", 12, "runtime.facts[0]");
	refuse(state, "\"*\"", "\"trading-*\"", 9, "an earlier entry has the pattern");
}

/* An entry that is never reached is a mistake: its author believes that it is in force. */
static void
test_shadowed_entries(void **state)
{
	static const struct {
		const char *earlier, *later;
		bool shadowed;
	} cases[] = {
	    {"a*", "ab", true},
	    {"a*", "a*b", true},
	    {"*", "trading-?", true},
	    {"*-app", "trading-*-app", true},
	    {"ab", "a*", false},
	    {"a*b", "a*", false},
	    {"a?", "ab", false}, /* it is, and nobody need find out */
	    {"a?", "a*", false},
	    {"a*", "ba", false},
	};
	static const char fact[] = "{name: os, allow: [a]}";
	struct policy *p;
	char text[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text),
		    "name: test\nworkloads:\n"
		    "  - {match: \"%s\", collectors: [a], host: {facts: [%s]}}\n"
		    "  - {match: \"%s\", collectors: [a], host: {facts: [%s]}}\n",
		    cases[i].earlier, fact, cases[i].later, fact);
		p = load(*state, text);
		policy_free(&p);
		fixture_expect_count(*state, cases[i].shadowed ? 1 : 0);
		if (cases[i].shadowed)
			fixture_expect(*state, 4, "of an earlier entry matches all that");
	}
}

static void
test_collectors_must_be_named(void **state)
{
	refuse(state, "collectors: [host7.bank]", "collectors: []", 10, "1 to 1024 entries");
	refuse(state, "    collectors: [host7.bank]\n", "", 9, "collectors\" is missing");
}

static void
test_something_must_be_checked(void **state)
{
	refuse(state, "    executable: {references: [one]}\n", "", 6, "checks nothing");
	refuse(state, "    executable: {references: [one]}\n", "    recorded: [executable]\n", 6,
	    "checks nothing");
}

static void
test_kinds_must_fit_together(void **state)
{
	refuse(state, "    jws: true\n", "    require: [host]\n", 11, "no rule looks at it");
	refuse(state, "    jws: true\n", "    recorded: [runtime]\n", 11, "there is a rule for it");
	refuse(state, "    jws: true\n", "    require: [runtime, runtime]\n", 11, "twice");
	refuse(state, "    jws: true\n", "    recorded: [host, host]\n", 11, "twice");
	refuse(state, "    jws: true\n", "    require: [unit]\n", 11, "one of config, executable");
}

static void
test_required_and_recorded(void **state)
{
	struct policy *p = accept(
	    state, "    jws: true\n", "    require: [host, runtime]\n    recorded: [host]\n");

	policy_free(&p);
}

static void
test_outcomes_never_overlook(void **state)
{
	refuse(state, "references: [one]", "references: [one], unknown: affirming", 8,
	    "one of none, warning, contraindicated");
	refuse(state, "references: [one]", "references: [one], unknown: ignore", 8, "one of none");
	refuse(state, "references: [one]", "references: [one], missing: warning", 8,
	    "unknown key \"missing\"");
	refuse(state, "references: [one]", "references: [one], anonymous: warning", 8,
	    "unknown key \"anonymous\"");
	refuse(state, "    jws: true\n", "    missing: affirming\n", 11, "one of none");
}

static void
test_keys_may_be_missing(void **state)
{
	struct fixture *f = *state;

	assert_null(load(f, "{}"));
	fixture_expect_count(f, 2);
	assert_null(load(f, "workloads: [{}]"));
	fixture_expect(f, 1, "key \"name\" is missing");
	fixture_expect(f, 1, "key \"workloads[0].match\" is missing");
	assert_null(load(f, "name: x\nreferences: [{}]\nworkloads: [{host: {facts: [{}]}}]"));
	fixture_expect(f, 3, "facts[0].allow\" is missing");
}

static void
test_times(void **state)
{
	refuse(state, "jws: true", "max_age_s: 0", 11, "1 to 31622400 seconds, found 0");
	refuse(state, "jws: true", "max_age_s: 31622401", 11, "1 to 31622400");
	refuse(state, "jws: true", "max_age_s: long", 11, "whole number");
	refuse(state, "jws: true", "signature_every_s: -1", 11, "whole number");
}

static void
test_facts(void **state)
{
	refuse(state, "name: uid", "name: \"u id\"", 12, "printable ASCII without space");
	refuse(state, "allow: [\"0\"]", "allow: []", 12, "1 to 256 entries");
	refuse(state, "[{name: uid, allow: [\"0\"]}]",
	    "[{name: uid, allow: [\"0\"]}, {name: uid, allow: [\"1\"]}]", 12, "again");
	refuse(state, "facts: [{name: uid, allow: [\"0\"]}]", "facts: []", 12, "1 to 256 entries");
}

static void
test_every_fault_in_one_run(void **state)
{
	struct fixture *f = *state;

	fixture_write(f, "refs/two.sha256", 0644, "x\ny\n");
	assert_null(
	    load(f, "name: \"a b\"\n"
		    "references: [{name: two, file: refs/two.sha256}, {name: x, file: none}]\n"
		    "workloads:\n"
		    "  - match: a\n"
		    "    colectors: [b]\n"
		    "    executable: {references: [three], unknown: fine}\n"
		    "  - match: a\n"
		    "    collectors: ['b\\']\n"
		    "    max_age_s: 0\n"
		    "    require: [host]\n"));
	fixture_expect(f, 1, "\"name\"");
	fixture_expect(f, 1, "expected a line of sha256sum");
	fixture_expect(f, 2, "expected a line of sha256sum");
	fixture_expect(f, 2, "\"references[1].file\"");
	fixture_expect(f, 5, "did you mean \"collectors\"?");
	fixture_expect(f, 4, "\"workloads[0].collectors\" is missing");
	fixture_expect(f, 6, "one of none, warning");
	fixture_expect(f, 6, "names \"three\"");
	fixture_expect(f, 7, "an earlier entry");
	fixture_expect(f, 8, "a backslash");
	fixture_expect(f, 9, "\"workloads[1].max_age_s\"");
	fixture_expect(f, 10, "no rule looks at it");
	fixture_expect(f, 7, "checks nothing");
	fixture_expect_count(f, 13);
}

/* A store of what another policy handed out; content may be spoilt. */
struct store {
	const struct policy *policy;
	enum pack_kind missing; /* this kind is not found */
	enum pack_kind spoilt;  /* this kind comes with a byte changed */
	unsigned fetched;
};

static enum err
fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	struct store *s = context;
	const struct policy_object *o = find_object(s->policy, kind, digest);

	s->fetched++;
	if (o == NULL || kind == s->missing)
		return ERR_NOT_FOUND;
	buf_append_view(to, o->content);
	if (kind == s->spoilt)
		to->data[0] ^= 1;
	return ERR_OK;
}

static enum err
rebuild(struct fixture *f, struct store *s, struct policy **q)
{
	return policy_from_manifest(
	    find_object(s->policy, PACK_MANIFEST, NULL)->content, fetch, s, &f->faults, q);
}

static void
test_from_manifest(void **state)
{
	struct store s = {accept(state, "bank", "bank"), 0, 0, 0};
	struct policy *p = (struct policy *)(uintptr_t)s.policy, *q;

	assert_int_equal(rebuild(*state, &s, &q), ERR_OK);
	assert_int_equal(s.fetched, 3);
	assert_true(view_equal(policy_id(p), policy_id(q)));
	assert_int_equal(policy_object_count(q), 4);
	assert_non_null(policy_find(q, V("trading-7"), V("spiffe://bank/host/a")));
	policy_free(&q);
	policy_free(&p);
}

static void
test_from_manifest_without_the_files(void **state)
{
	struct fixture *f = *state;
	struct store s = {accept(state, "bank", "bank"), 0, 0, 0};
	struct policy *p = (struct policy *)(uintptr_t)s.policy, *q;

	assert_int_equal(remove(fixture_path(f, "refs/one.sha256")), 0);
	assert_int_equal(rebuild(f, &s, &q), ERR_OK);
	policy_free(&q);
	policy_free(&p);
}

static void
test_from_manifest_of_a_bad_store(void **state)
{
	static const struct {
		enum pack_kind missing, spoilt;
		enum err expected;
	} cases[] = {
	    {PACK_POLICY, 0, ERR_NOT_FOUND},
	    {PACK_REFERENCE, 0, ERR_NOT_FOUND},
	    {0, PACK_POLICY, ERR_DIGEST},
	    {0, PACK_REFERENCE, ERR_DIGEST},
	};
	struct policy *p = accept(state, "bank", "bank"), *q;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store s = {p, cases[i].missing, cases[i].spoilt, 0};

		assert_int_equal(rebuild(*state, &s, &q), cases[i].expected);
		assert_null(q);
	}
	policy_free(&p);
}

/* The manifest `text` with %s for the policy's and two references' digests. */
static void
expect_manifest(void **state, struct policy *p, const char *format, enum err expected)
{
	struct fixture *f = *state;
	struct store s = {p, 0, 0, 0};
	const struct policy_object *o = find_object(p, PACK_MANIFEST, NULL);
	char hex[3][DIGEST_HEX_SIZE + 1] = {{0}}, *text, *next;
	struct policy *q;

	for (unsigned i = 0; i < 3; i++) {
		static const size_t places[] = {28 + 7, 28 + 72 + 14, 28 + 72 + 79 + 14};

		memcpy(hex[i], o->content.data + places[i], DIGEST_HEX_SIZE);
	}
	text = strdup(format);
	for (unsigned i = 0; i < 3; i++) {
		char mark[] = "$0";

		mark[1] = (char)('0' + i);
		while (strstr(text, mark) != NULL) {
			next = fixture_replace(text, mark, hex[i]);
			free(text);
			text = next;
		}
	}
	faults_free(&f->faults);
	assert_int_equal(
	    policy_from_manifest(view_of_string(text), fetch, &s, &f->faults, &q), expected);
	assert_int_equal(q != NULL, expected == ERR_OK);
	policy_free(&q);
	free(text);
}

#define FIRST "hallmark policy manifest v1\n"

static void
test_manifest_has_one_spelling(void **state)
{
	struct policy *p = accept(state, "bank", "bank");

	expect_manifest(state, p, FIRST "policy $0\nreference one $1\nreference two $2\n", ERR_OK);
	expect_manifest(
	    state, p, FIRST "policy $0\nreference two $2\nreference one $1\n", ERR_FORMAT);
	expect_manifest(
	    state, p, FIRST "policy $0\nreference one $1\nreference one $1\n", ERR_FORMAT);
	expect_manifest(
	    state, p, FIRST "policy $0\nreference one $1\nreference two $2", ERR_FORMAT);
	expect_manifest(
	    state, p, FIRST "policy $0\nreference one $1\nreference two $2\n\n", ERR_FORMAT);
	expect_manifest(
	    state, p, FIRST "policy $0\nreference  one $1\nreference two $2\n", ERR_FORMAT);
	expect_manifest(state, p, FIRST "policy $0 \nreference one $1\n", ERR_FORMAT);
	expect_manifest(state, p, FIRST "policy $0\nreference $1\n", ERR_FORMAT);
	expect_manifest(state, p, FIRST "policy $0\nreference a/b $1\n", ERR_FORMAT);
	expect_manifest(state, p, "hallmark policy manifest v2\npolicy $0\n", ERR_FORMAT);
	expect_manifest(state, p, "policy $0\n", ERR_FORMAT);
	expect_manifest(state, p, FIRST, ERR_FORMAT);
	expect_manifest(state, p, "", ERR_FORMAT);
	policy_free(&p);
}

static void
test_manifest_and_policy_must_agree(void **state)
{
	struct policy *p = accept(state, "bank", "bank");

	expect_manifest(state, p, FIRST "policy $0\nreference one $1\n", ERR_MISMATCH);
	expect_manifest(
	    state, p, FIRST "policy $0\nreference one $1\nreference x $2\n", ERR_MISMATCH);
	expect_manifest(state, p,
	    FIRST "policy $0\nreference one $1\nreference two $2\nreference x $2\n", ERR_MISMATCH);
	/* Exchanged digests make another policy, with another identity: its objects are there. */
	expect_manifest(state, p, FIRST "policy $0\nreference one $2\nreference two $1\n", ERR_OK);
	expect_manifest(
	    state, p, FIRST "policy $1\nreference one $1\nreference two $2\n", ERR_NOT_FOUND);
	policy_free(&p);
}

static enum err
fetch_text(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	(void)digest;
	assert_int_equal(kind, PACK_POLICY);
	buf_append_string(to, context);
	return ERR_OK;
}

static void
test_stored_policy_that_does_not_load(void **state)
{
	char text[] = "name: x\nworkloads: 5\n", manifest[200], hex[DIGEST_HEX_SIZE + 1];
	struct fixture *f = *state;
	struct policy *q;
	struct digest d;

	digest_of(text, strlen(text), &d);
	digest_to_hex(&d, hex);
	snprintf(manifest, sizeof(manifest), FIRST "policy %s\n", hex);
	assert_int_equal(
	    policy_from_manifest(view_of_string(manifest), fetch_text, text, &f->faults, &q),
	    ERR_CONFIG);
	assert_null(q);
	fixture_expect(f, 2, "\"workloads\" must be a list");
}

static void
test_sample(void **state)
{
	static const char *const refs[] = {"refs/trading-app-4.1.sha256",
	    "refs/trading-app-4.2.sha256", "refs/trading-data-4.1.sha256",
	    "refs/trading-data-4.2.sha256", "refs/debian-12.sha256"};
	struct fixture *f = *state;
	char *text = sample_read("policy.yaml");
	struct policy *p;

	for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++)
		fixture_write(f, refs[i], 0644, HEX_A "  /opt/x\n");
	p = load(f, text);
	fixture_expect_count(f, 0);
	assert_non_null(policy_find(p, V("trading-app"), V("spiffe://bank.example/host/h1")));
	assert_non_null(policy_find(p, V("trading-app"), V("h1.trading.bank.example")));
	assert_null(policy_find(p, V("other"), V("spiffe://bank.example/host/h1")));
	policy_free(&p);
	free(text);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(test_find),
	    WITH_FIXTURE(test_nothing_matches),
	    WITH_FIXTURE(test_manifest_and_identity),
	    WITH_FIXTURE(test_objects_have_their_digests),
	    WITH_FIXTURE(test_identity_follows_every_byte),
	    WITH_FIXTURE(test_policy_id_digest),
	    WITH_FIXTURE(test_names),
	    WITH_FIXTURE(test_references),
	    WITH_FIXTURE(test_until),
	    WITH_FIXTURE(test_replaces),
	    WITH_FIXTURE(test_too_many_references),
	    WITH_FIXTURE(test_patterns),
	    WITH_FIXTURE(test_shadowed_entries),
	    WITH_FIXTURE(test_collectors_must_be_named),
	    WITH_FIXTURE(test_something_must_be_checked),
	    WITH_FIXTURE(test_kinds_must_fit_together),
	    WITH_FIXTURE(test_required_and_recorded),
	    WITH_FIXTURE(test_outcomes_never_overlook),
	    WITH_FIXTURE(test_keys_may_be_missing),
	    WITH_FIXTURE(test_times),
	    WITH_FIXTURE(test_facts),
	    WITH_FIXTURE(test_every_fault_in_one_run),
	    WITH_FIXTURE(test_from_manifest),
	    WITH_FIXTURE(test_from_manifest_without_the_files),
	    WITH_FIXTURE(test_from_manifest_of_a_bad_store),
	    WITH_FIXTURE(test_manifest_has_one_spelling),
	    WITH_FIXTURE(test_manifest_and_policy_must_agree),
	    WITH_FIXTURE(test_stored_policy_that_does_not_load),
	    WITH_FIXTURE(test_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
