/* Appraisal: components by rules, and the verdict of a bundle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "policy/appraise.h"
#include "policy/finding.h"
#include "tests/unit/config_fixture.h"

#define HEX(digit) digit digit digit digit digit digit digit digit
#define HEX_A      HEX("aaaaaaaa")
#define HEX_B      HEX("bbbbbbbb")
#define HEX_C      HEX("cccccccc")

#define NOW     1800000000ULL /* 2027-01-15T08:00:00Z */
#define UNTIL   "2027-01-31T00:00:00Z"
#define UNTIL_S 1801353600ULL

struct bench {
	struct fixture fixture;
	struct policy *policy;
	const struct policy_rule *rule;
	struct component_builder *builder;
	struct buf bytes[COMPONENT_KIND_COUNT];
	struct component *component[COMPONENT_KIND_COUNT];
	struct component_verdict *verdict[COMPONENT_KIND_COUNT];
	struct bundle bundle;
	struct appraise_input in;
	struct buf storage;
	struct report report;
};

static int
setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	void *fixture;

	if (b == NULL || fixture_setup(&fixture) != 0)
		return -1;
	b->fixture = *(struct fixture *)fixture;
	free(fixture);
	fixture_write(&b->fixture, "old", 0644,
	    HEX_A "  /app/bin\n" HEX_A "  /app/conf\n" HEX_A "  /app/old-only\n");
	fixture_write(&b->fixture, "new", 0644,
	    HEX_B "  /app/bin\n" HEX_B "  /app/conf\n" HEX_B "  /app/new-only\n");
	fixture_write(&b->fixture, "other", 0644, HEX_C "  /lib/c\n" HEX_A "  /lib/c\n");
	b->bundle.workload = VIEW_LITERAL("app");
	b->bundle.seq = 1;
	b->bundle.time_ms = NOW * 1000;
	b->in.received_s = NOW;
	*state = b;
	return 0;
}

static void
clear(struct bench *b)
{
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		component_verdict_free(&b->verdict[k]);
		component_free(&b->component[k]);
		buf_free(&b->bytes[k]);
		b->bundle.component[k].present = false;
		b->in.component[k] = NULL;
	}
	buf_clear(&b->storage);
}

static int
teardown(void **state)
{
	struct bench *b = *state;
	struct fixture *f = malloc(sizeof(*f));
	void *fixture = f;

	clear(b);
	policy_free(&b->policy);
	buf_free(&b->storage);
	*f = b->fixture;
	free(b);
	return fixture_teardown(&fixture);
}

/* A policy of one entry with these rules. */
static void
use(struct bench *b, const char *rules)
{
	char text[4096];

	snprintf(text, sizeof(text),
	    "name: p\nreferences:\n"
	    "  - {name: old, file: old, until: " UNTIL "}\n"
	    "  - {name: new, file: new, replaces: old}\n"
	    "  - {name: other, file: other}\n"
	    "  - {name: lone, file: other}\n"
	    "workloads:\n  - match: app\n    collectors: [c]\n%s",
	    rules);
	fixture_write(&b->fixture, "policy.yaml", 0644, text);
	policy_free(&b->policy);
	if (policy_load(b->fixture.path, &b->fixture.faults, &b->policy) != ERR_OK)
		fixture_expect_count(&b->fixture, 0);
	b->rule = policy_find(b->policy, VIEW_LITERAL("app"), VIEW_LITERAL("c"));
	assert_non_null(b->rule);
	clear(b);
}

static void
begin(struct bench *b, enum component_kind kind)
{
	b->builder = component_builder_new(kind);
	assert_non_null(b->builder);
}

static void
file_full(struct bench *b, const char *path, char digit, uint32_t flags, uint32_t mode)
{
	struct component_file f = {.path = view_of_string(path), .flags = flags, .mode = mode};

	memset(f.digest.bytes, (digit - 'a' + 10) * 17, digit == 0 ? 0 : DIGEST_SIZE);
	assert_int_equal(component_add_file(b->builder, &f), ERR_OK);
}

static void
file(struct bench *b, const char *path, char digit)
{
	file_full(b, path, digit, 0, 0100644);
}

static void
fact(struct bench *b, const char *name, size_t count, const char *const *values)
{
	struct view views[8];
	struct component_fact f = {view_of_string(name), count, views};

	for (size_t i = 0; i < count; i++)
		views[i] = view_of_string(values[i]);
	assert_int_equal(component_add_fact(b->builder, &f), ERR_OK);
}

static void
fact1(struct bench *b, const char *name, const char *value)
{
	fact(b, name, 1, &value);
}

static void
end(struct bench *b, enum component_kind kind)
{
	size_t count;

	assert_int_equal(component_finish(b->builder, &b->bytes[kind], &count), ERR_OK);
	component_builder_free(&b->builder);
	assert_int_equal(component_decode(buf_view(&b->bytes[kind]), &b->component[kind]), ERR_OK);
	b->bundle.component[kind].present = true;
	b->bundle.component[kind].count = count;
	b->bundle.component[kind].size = b->bytes[kind].size;
}

/* Appraises what is there, and checks that the report may stand in a log. */
static void
conclude(struct bench *b)
{
	struct report *r = &b->report;

	b->in.bundle = &b->bundle;
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		component_verdict_free(&b->verdict[k]);
		if (b->component[k] != NULL)
			assert_int_equal(appraise_component(b->rule, b->component[k],
					     b->in.received_s, &b->verdict[k]),
			    ERR_OK);
		b->in.component[k] = b->verdict[k];
	}
	memset(r, 0x55, sizeof(*r));
	buf_clear(&b->storage);
	appraise_conclude(b->policy, b->rule, &b->in, &b->storage, r);
	assert_int_equal(buf_status(&b->storage), ERR_OK);
	r->profile = REPORT_PROFILE_DEPLOYED;
	r->issued_s = b->in.received_s;
	r->expires_s = r->issued_s + 1;
	r->issuer = r->collector = r->developer = r->build = VIEW_LITERAL("x");
	r->bundle = b->bundle;
	r->has_previous = r->has_signature = false;
	r->signature = (struct view){NULL, 0};
	r->last_signed_s = b->in.last_signed_s;
	assert_int_equal(report_check(r), ERR_OK);
}

static const struct report_finding *
find(const struct bench *b, const char *kind, const char *code, const char *subject)
{
	for (size_t i = 0; i < b->report.finding_count; i++) {
		const struct report_finding *f = &b->report.finding[i];

		if (view_equal(f->kind, view_of_string(kind)) &&
		    view_equal(f->code, view_of_string(code)) &&
		    view_equal(f->subject, view_of_string(subject)))
			return f;
	}
	return NULL;
}

static void
print_findings(const struct bench *b)
{
	for (size_t i = 0; i < b->report.finding_count; i++) {
		const struct report_finding *f = &b->report.finding[i];

		fprintf(stderr, "%.*s %.*s %.*s: %.*s\n", (int)f->kind.size, f->kind.data,
		    (int)f->code.size, f->code.data, (int)f->subject.size, f->subject.data,
		    (int)f->detail.size, f->detail.data);
	}
}

/* It has this finding; returns its detail as a string that lives until the next call. */
static const char *
expect(const struct bench *b, const char *kind, const char *code, const char *subject)
{
	static char detail[REPORT_SUBJECT_MAX + 1];
	const struct report_finding *f = find(b, kind, code, subject);

	if (f == NULL) {
		print_findings(b);
		fail_msg("no finding %s %s %s", kind, code, subject);
	}
	memcpy(detail, f->detail.data, f->detail.size);
	detail[f->detail.size] = 0;
	return detail;
}

static void
expect_verdict(const struct bench *b, enum report_status status, size_t findings)
{
	if (b->report.status != status || b->report.finding_total != findings) {
		print_findings(b);
		fail_msg("expected %s with %zu findings, found %s with %llu",
		    report_status_name(status), findings, report_status_name(b->report.status),
		    (unsigned long long)b->report.finding_total);
	}
}

static const char simple[] = "    executable: {references: [old]}\n";

/* One executable with these properties, by this rule for it. */
static void
appraise_executable(
    struct bench *b, const char *rules, const char *path, char digit, uint32_t flags, uint32_t mode)
{
	use(b, rules);
	begin(b, COMPONENT_EXECUTABLE);
	file_full(b, path, digit, flags, mode);
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
}

static void
test_affirming(void **state)
{
	struct bench *b = *state;
	struct digest d;

	appraise_executable(b, simple, "/app/bin", 'a', 0, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.claim[REPORT_INSTANCE_IDENTITY], 2);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 2);
	assert_int_equal(b->report.claim[REPORT_FILE_SYSTEM], 0);
	assert_int_equal(b->report.claim[REPORT_CONFIGURATION], 0);
	assert_int_equal(b->report.claim[REPORT_HARDWARE], 0);
	assert_true(view_equal(b->report.policy_id, policy_id(b->policy)));
	assert_int_equal(b->report.reference_count, 1);
	assert_int_equal(policy_id_digest(b->report.policy_id, &d), ERR_OK);
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++)
		assert_false(b->report.not_checked[k]);
}

static void
test_changed_file(void **state)
{
	struct bench *b = *state;
	const char *detail;

	appraise_executable(b, simple, "/app/bin", 'c', 0, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 96);
	assert_int_equal(b->report.claim[REPORT_INSTANCE_IDENTITY], 2);
	detail = expect(b, "executable", "changed-file", "/app/bin");
	assert_string_equal(detail, "expected sha256 " HEX_A ", found " HEX_C);
	appraise_executable(b, "    executable: {references: [other], changed: warning}\n",
	    "/lib/c", 'b', 0, 0100755);
	expect_verdict(b, REPORT_WARNING, 1);
	detail = expect(b, "executable", "changed-file", "/lib/c");
	assert_string_equal(detail, "expected sha256 " HEX_A " or one of 1 more, found " HEX_B);
}

static void
test_unknown_file(void **state)
{
	struct bench *b = *state;

	appraise_executable(b, simple, "/app/bind", 'a', 0, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_string_equal(expect(b, "executable", "unknown-file", "/app/bind"),
	    "in no reference set; found sha256 " HEX_A);
}

static void
test_outcomes_set_claim_and_status(void **state)
{
	static const struct {
		const char *outcome;
		enum report_status status;
		int executables, others;
	} cases[] = {
	    {"none", REPORT_NONE, 1, 1},
	    {"warning", REPORT_WARNING, 33, 32},
	    {"contraindicated", REPORT_CONTRAINDICATED, 96, 96},
	};
	struct bench *b = *state;
	char rules[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(rules, sizeof(rules),
		    "    executable: {references: [other], unknown: %s}\n", cases[i].outcome);
		appraise_executable(b, rules, "/x", 'a', 0, 0100755);
		expect_verdict(b, cases[i].status, 1);
		assert_int_equal(b->report.claim[REPORT_EXECUTABLES], cases[i].executables);
		snprintf(rules, sizeof(rules),
		    "    files: {references: [other], unknown: %s}\n"
		    "    host: {facts: [{name: a, allow: [b]}], unmatched: %s}\n",
		    cases[i].outcome, cases[i].outcome);
		use(b, rules);
		begin(b, COMPONENT_FILES);
		file(b, "/lib/c", 'c');
		file(b, "/x", 'c');
		end(b, COMPONENT_FILES);
		begin(b, COMPONENT_HOST);
		fact1(b, "a", "c");
		end(b, COMPONENT_HOST);
		conclude(b);
		expect_verdict(b, cases[i].status, 2);
		assert_int_equal(b->report.claim[REPORT_FILE_SYSTEM], cases[i].others);
		assert_int_equal(b->report.claim[REPORT_CONFIGURATION], cases[i].others);
	}
}

static void
test_flags(void **state)
{
	static const struct {
		uint32_t flags;
		char digit;
		const char *code;
	} cases[] = {
	    {COMPONENT_FILE_ANONYMOUS, 0, "anonymous-memory"},
	    {COMPONENT_FILE_MEMFD, 'c', "memory-file"},
	    {COMPONENT_FILE_UNREADABLE, 0, "unreadable-file"},
	    {COMPONENT_FILE_SPECIAL, 0, "special-file"},
	    {COMPONENT_FILE_CHANGED, 'a', "unstable-file"},
	    {COMPONENT_FILE_DELETED, 'a', "deleted-file"},
	    {COMPONENT_FILE_REPLACED, 'a', "replaced-file"},
	    {COMPONENT_FILE_WRITABLE, 'a', "writable-mapping"},
	    {COMPONENT_FILE_SYMLINK, 'a', "symbolic-link"},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		appraise_executable(b, simple, "/app/bin", cases[i].digit, cases[i].flags, 0100755);
		expect_verdict(b, REPORT_CONTRAINDICATED, 1);
		expect(b, "executable", cases[i].code, "/app/bin");
	}
}

/* Each key decides about its own finding and no other. */
static void
test_each_outcome_has_its_key(void **state)
{
	static const struct {
		uint32_t flags, mode;
		char digit;
		const char *path, *key, *code;
	} cases[] = {
	    {COMPONENT_FILE_ANONYMOUS, 0, 0, "[anon]", "anonymous", "anonymous-memory"},
	    {COMPONENT_FILE_MEMFD, 0777, 'c', "/memfd:x", "memfd", "memory-file"},
	    {COMPONENT_FILE_UNREADABLE, 0, 0, "/lib/c", "unreadable", "unreadable-file"},
	    {COMPONENT_FILE_SPECIAL, 0, 0, "/lib/c", "unreadable", "special-file"},
	    {COMPONENT_FILE_CHANGED, 0, 'c', "/lib/c", "unstable", "unstable-file"},
	    {COMPONENT_FILE_DELETED, 0, 'c', "/lib/c", "deleted", "deleted-file"},
	    {COMPONENT_FILE_REPLACED, 0, 'c', "/lib/c", "replaced", "replaced-file"},
	    {COMPONENT_FILE_WRITABLE, 0, 'c', "/lib/c", "writable", "writable-mapping"},
	    {0, 0100646, 'c', "/lib/c", "world_writable", "world-writable"},
	    {0, 0, 'b', "/lib/c", "changed", "changed-file"},
	    {0, 0, 'b', "/lib/d", "unknown", "unknown-file"},
	    {COMPONENT_FILE_SYMLINK, 0120777, 'c', "/lib/c", "unknown", "symbolic-link"},
	};
	struct bench *b = *state;
	char rules[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(rules, sizeof(rules),
		    "    libraries: {references: [other], %s: warning}\n", cases[i].key);
		use(b, rules);
		begin(b, COMPONENT_LIBRARIES);
		file_full(b, cases[i].path, cases[i].digit, cases[i].flags, cases[i].mode);
		end(b, COMPONENT_LIBRARIES);
		conclude(b);
		expect_verdict(b, REPORT_WARNING, 1);
		assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 33);
		expect(b, "libraries", cases[i].code, cases[i].path);
	}
}

static void
test_several_findings_of_one_file(void **state)
{
	struct bench *b = *state;

	appraise_executable(
	    b, simple, "/app/bin", 'c', COMPONENT_FILE_DELETED | COMPONENT_FILE_WRITABLE, 0100777);
	expect_verdict(b, REPORT_CONTRAINDICATED, 4);
	expect(b, "executable", "deleted-file", "/app/bin");
	expect(b, "executable", "writable-mapping", "/app/bin");
	expect(b, "executable", "world-writable", "/app/bin");
	expect(b, "executable", "changed-file", "/app/bin");
}

static void
test_symlinks_only_where_allowed(void **state)
{
	struct bench *b = *state;
	const char *rules = "    executable: {references: [old], symlinks: true}\n";

	appraise_executable(b, rules, "/app/bin", 'a', COMPONENT_FILE_SYMLINK, 0120777);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	appraise_executable(b, rules, "/app/bin", 'b', COMPONENT_FILE_SYMLINK, 0120777);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "changed-file", "/app/bin");
}

static void
test_unreadable_file_never_matches(void **state)
{
	struct bench *b = *state;

	appraise_executable(b, simple, "/app/bin", 0, 0, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "changed-file", "/app/bin");
}

static void
test_empty_executable(void **state)
{
	struct bench *b = *state;

	use(b, simple);
	begin(b, COMPONENT_EXECUTABLE);
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "empty-component", "");
}

static void
test_empty_libraries(void **state)
{
	struct bench *b = *state;

	use(b, "    libraries: {references: [other]}\n");
	begin(b, COMPONENT_LIBRARIES);
	end(b, COMPONENT_LIBRARIES);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 2);
}

static void
test_claim_is_the_worst_of_its_components(void **state)
{
	struct bench *b = *state;

	use(b, "    executable: {references: [old], unknown: warning}\n"
	       "    libraries: {references: [other], unknown: contraindicated}\n");
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/x", 'a');
	end(b, COMPONENT_EXECUTABLE);
	begin(b, COMPONENT_LIBRARIES);
	file(b, "/lib/c", 'c');
	end(b, COMPONENT_LIBRARIES);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 33);
	assert_int_equal(b->report.reference_count, 2);
}

static void
files_component(struct bench *b, const char *const *paths, size_t count, char digit)
{
	begin(b, COMPONENT_FILES);
	for (size_t i = 0; i < count; i++)
		file(b, paths[i], digit);
	end(b, COMPONENT_FILES);
	conclude(b);
}

static void
test_missing_files(void **state)
{
	static const char *const paths[] = {"/app/bin", "/app/new-only"};
	struct bench *b = *state;

	use(b, "    files: {references: [new], missing: warning}\n");
	files_component(b, paths, 2, 'b');
	expect_verdict(b, REPORT_WARNING, 1);
	assert_string_equal(expect(b, "files", "missing-file", "/app/conf"),
	    "expected by reference set new, found no such file");
	clear(b);
	files_component(b, NULL, 0, 'b');
	expect_verdict(b, REPORT_WARNING, 3);
	expect(b, "files", "missing-file", "/app/bin");
	expect(b, "files", "missing-file", "/app/new-only");
}

static void
test_missing_is_only_for_files(void **state)
{
	struct bench *b = *state;

	appraise_executable(
	    b, "    executable: {references: [old, other]}\n", "/app/bin", 'a', 0, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

static void
test_path_of_two_references_is_missed_once(void **state)
{
	struct bench *b = *state;

	use(b, "    files: {references: [other, lone]}\n");
	files_component(b, NULL, 0, 'a');
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "files", "missing-file", "/lib/c");
}

static void
test_old_or_new_until(void **state)
{
	static const char *const old[] = {"/app/bin", "/app/conf", "/app/old-only"};
	static const char *const new[] = {"/app/bin", "/app/conf", "/app/new-only"};
	static const char *const both[] = {"/app/bin", "/app/conf"};
	struct bench *b = *state;

	use(b, "    files: {references: [old, new]}\n");
	files_component(b, old, 3, 'a');
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.reference_count, 2);
	assert_true(component_verdict_valid_until_s(b->verdict[COMPONENT_FILES]) == UNTIL_S);
	clear(b);
	files_component(b, new, 3, 'b');
	expect_verdict(b, REPORT_AFFIRMING, 0);
	/* Neither is whole: the newer one is demanded. */
	clear(b);
	files_component(b, both, 2, 'b');
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "files", "missing-file", "/app/new-only");
}

static void
test_reference_expires(void **state)
{
	static const char *const old[] = {"/app/bin", "/app/conf", "/app/old-only"};
	struct bench *b = *state;

	use(b, "    files: {references: [old, new], unknown: warning, missing: warning}\n");
	b->in.received_s = UNTIL_S - 1;
	b->bundle.time_ms = (UNTIL_S - 1) * 1000;
	files_component(b, old, 3, 'a');
	expect_verdict(b, REPORT_AFFIRMING, 0);
	clear(b);
	b->in.received_s = UNTIL_S;
	files_component(b, old, 3, 'a');
	expect_verdict(b, REPORT_WARNING, 4);
	assert_string_equal(expect(b, "files", "expired-reference", "/app/bin"),
	    "only in reference set old, whose time is over; found sha256 " HEX_A);
	expect(b, "files", "expired-reference", "/app/old-only");
	expect(b, "files", "missing-file", "/app/new-only");
	assert_int_equal(b->report.reference_count, 1);
	assert_true(component_verdict_valid_until_s(b->verdict[COMPONENT_FILES]) == UINT64_MAX);
}

static void
test_verdict_without_end(void **state)
{
	struct bench *b = *state;

	appraise_executable(
	    b, "    executable: {references: [other]}\n", "/lib/c", 'a', 0, 0100755);
	assert_true(
	    component_verdict_valid_until_s(b->verdict[COMPONENT_EXECUTABLE]) == UINT64_MAX);
}

static void
test_facts(void **state)
{
	static const char *const uids[] = {"1000", "1000", "0", "7"};
	struct bench *b = *state;

	use(b, "    runtime:\n      facts:\n"
	       "        - {name: uid, allow: [\"1000\", \"1001\"]}\n"
	       "        - {name: tracer, allow: [\"0\"]}\n"
	       "        - {name: cwd, allow: [\"/srv/*\"]}\n");
	begin(b, COMPONENT_RUNTIME);
	fact(b, "uid", 2, uids);
	fact1(b, "tracer", "0");
	fact1(b, "cwd", "/srv/a/b");
	fact1(b, "not-named", "anything");
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.claim[REPORT_CONFIGURATION], 2);
	clear(b);
	begin(b, COMPONENT_RUNTIME);
	fact(b, "uid", 4, uids);
	fact1(b, "cwd", "/srv");
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 3);
	assert_string_equal(expect(b, "runtime", "unmatched-fact", "uid"),
	    "expected \"1000\" or \"1001\", found \"0\" and 1 more");
	expect(b, "runtime", "unmatched-fact", "cwd");
	assert_string_equal(
	    expect(b, "runtime", "absent-fact", "tracer"), "the fact was not measured");
}

static void
test_fact_without_values_is_empty(void **state)
{
	struct bench *b = *state;

	use(b, "    runtime: {facts: [{name: environment, allow: [\"\"]}]}\n");
	begin(b, COMPONENT_RUNTIME);
	fact(b, "environment", 0, NULL);
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	clear(b);
	begin(b, COMPONENT_RUNTIME);
	fact1(b, "environment", "LD_PRELOAD=/evil.so");
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	use(b, "    runtime: {facts: [{name: environment, allow: [\"?*\"]}]}\n");
	begin(b, COMPONENT_RUNTIME);
	fact(b, "environment", 0, NULL);
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	assert_string_equal(
	    expect(b, "runtime", "unmatched-fact", "environment"), "expected \"?*\", found \"\"");
}

static void
test_words_from_outside_are_escaped_and_cut(void **state)
{
	char path[600] = "/\n\x1b[2J\xe2\x80\xae", value[2000];
	struct bench *b = *state;
	const struct report_finding *f;

	memset(path + strlen(path), 'x', 500);
	appraise_executable(b, simple, path, 'a', 0, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	f = &b->report.finding[0];
	assert_int_equal(f->subject.size, REPORT_SUBJECT_MAX);
	assert_memory_equal(f->subject.data, "/\\x0a\\x1b[2J\\xe2\\x80\\xaex", 25);
	use(b, "    host: {facts: [{name: cmdline, allow: [a]}]}\n");
	memset(value, '\n', sizeof(value));
	value[sizeof(value) - 1] = 0;
	begin(b, COMPONENT_HOST);
	fact1(b, "cmdline", value);
	end(b, COMPONENT_HOST);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
}

static void
test_missing_component(void **state)
{
	struct bench *b = *state;

	use(b, "    executable: {references: [old]}\n    host: {facts: [{name: a, allow: [b]}]}\n");
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "host", "missing-component", "");
	assert_int_equal(b->report.claim[REPORT_CONFIGURATION], 96);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 2);
	use(b, "    missing: warning\n    require: [host]\n"
	       "    host: {facts: [{name: a, allow: [b]}]}\n    executable: {references: [old]}\n");
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	assert_int_equal(b->report.claim[REPORT_CONFIGURATION], 32);
}

static void
test_skipped_rule(void **state)
{
	struct bench *b = *state;

	use(b, "    require: [executable]\n    executable: {references: [old]}\n"
	       "    host: {facts: [{name: a, allow: [b]}]}\n");
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	expect(b, "host", "skipped-rule", "");
	assert_int_equal(b->report.claim[REPORT_CONFIGURATION], 0);
}

static void
test_unchecked_component(void **state)
{
	struct bench *b = *state;

	use(b, simple);
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	begin(b, COMPONENT_PACKAGES);
	end(b, COMPONENT_PACKAGES);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	expect(b, "packages", "unchecked-component", "");
	assert_true(b->report.not_checked[COMPONENT_PACKAGES]);
	assert_false(b->report.not_checked[COMPONENT_EXECUTABLE]);
	assert_int_equal(b->report.claim[REPORT_CONFIGURATION], 0);
}

static void
test_recorded_component(void **state)
{
	struct bench *b = *state;

	use(b, "    executable: {references: [old]}\n    recorded: [packages]\n");
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	begin(b, COMPONENT_PACKAGES);
	end(b, COMPONENT_PACKAGES);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_true(b->report.not_checked[COMPONENT_PACKAGES]);
}

static void
test_required_recorded_component_missing(void **state)
{
	struct bench *b = *state;

	use(b, "    executable: {references: [old]}\n    recorded: [packages]\n"
	       "    require: [executable, packages]\n");
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "packages", "missing-component", "");
}

/* Only what nobody judges: whatever the outcomes are, that is not affirming. */
static void
test_nothing_judged_is_never_affirming(void **state)
{
	struct bench *b = *state;

	use(b, "    recorded: [packages]\n    require: [packages]\n"
	       "    executable: {references: [old]}\n");
	begin(b, COMPONENT_PACKAGES);
	end(b, COMPONENT_PACKAGES);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	expect(b, "executable", "skipped-rule", "");
	use(b, "    missing: none\n    executable: {references: [old]}\n"
	       "    recorded: [packages]\n");
	begin(b, COMPONENT_PACKAGES);
	end(b, COMPONENT_PACKAGES);
	conclude(b);
	expect_verdict(b, REPORT_NONE, 1);
}

static void
test_offline(void **state)
{
	struct bench *b = *state;

	b->bundle.offline = true;
	appraise_executable(b, simple, "/app/bin", 'a', 0, 0100755);
	expect_verdict(b, REPORT_WARNING, 1);
	expect(b, "bundle", "offline-evidence", "");
	assert_int_equal(b->report.claim[REPORT_INSTANCE_IDENTITY], 2);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 2);
}

static void
test_age(void **state)
{
	struct bench *b = *state;

	b->bundle.time_ms = (NOW - 300) * 1000;
	appraise_executable(b, simple, "/app/bin", 'a', 0, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	b->bundle.time_ms = (NOW - 301) * 1000;
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	assert_string_equal(expect(b, "bundle", "stale-evidence", ""),
	    "expected at most 300 s between measurement and receipt, found 301 s");
	b->bundle.time_ms = (NOW + 100) * 1000; /* within the signer's clock skew */
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	appraise_executable(b, "    max_age_s: 1\n    executable: {references: [old]}\n",
	    "/app/bin", 'a', 0, 0100755);
	b->bundle.time_ms = (NOW - 2) * 1000;
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
}

static void
test_signature_every(void **state)
{
	static const char rules[] =
	    "    signature_every_s: 100\n    executable: {references: [old]}\n";
	struct bench *b = *state;

	appraise_executable(b, rules, "/app/bin", 'a', 0, 0100755);
	expect_verdict(b, REPORT_WARNING, 1);
	assert_string_equal(expect(b, "bundle", "unsigned-evidence", ""),
	    "expected a signature of the collector every 100 s, found none so far");
	b->in.last_signed_s = NOW - 100;
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	b->in.last_signed_s = NOW - 101;
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	assert_string_equal(expect(b, "bundle", "unsigned-evidence", ""),
	    "expected a signature of the collector every 100 s, found the last 101 s ago");
	b->in.signed_now = true;
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

/* The cap keeps the worst, and the order is always the same. */
static void
test_worst_findings_come_first(void **state)
{
	struct bench *b = *state;
	char path[32];

	b->bundle.offline = true;
	use(b, "    executable: {references: [old]}\n"
	       "    libraries: {references: [other], unknown: warning}\n");
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'c');
	end(b, COMPONENT_EXECUTABLE);
	begin(b, COMPONENT_LIBRARIES);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/a%03u", i);
		file(b, path, 'a');
	}
	file(b, "/lib/c", 'b');
	end(b, COMPONENT_LIBRARIES);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 103);
	assert_int_equal(b->report.finding_count, REPORT_FINDINGS_MAX);
	assert_ptr_equal(&b->report.finding[0], find(b, "executable", "changed-file", "/app/bin"));
	assert_ptr_equal(&b->report.finding[1], find(b, "libraries", "changed-file", "/lib/c"));
	assert_ptr_equal(&b->report.finding[2], find(b, "bundle", "offline-evidence", ""));
	assert_ptr_equal(&b->report.finding[3], find(b, "libraries", "unknown-file", "/a000"));
	assert_ptr_equal(&b->report.finding[15], find(b, "libraries", "unknown-file", "/a012"));
}

static void
test_same_input_same_bytes(void **state)
{
	struct bench *b = *state;
	struct buf first = BUF_INIT, again = BUF_INIT;

	b->bundle.time_ms = (NOW - 1000) * 1000;
	appraise_executable(b, simple, "/x", 'c', COMPONENT_FILE_WRITABLE, 0100777);
	assert_int_equal(report_write(&b->report, &first), ERR_OK);
	conclude(b);
	assert_int_equal(report_write(&b->report, &again), ERR_OK);
	assert_true(view_equal(buf_view(&first), buf_view(&again)));
	buf_free(&first);
	buf_free(&again);
}

struct store {
	const struct policy *policy;
};

static enum err
fetch(void *context, enum pack_kind kind, const struct digest *digest, struct buf *to)
{
	const struct policy *p = ((struct store *)context)->policy;

	for (size_t i = 0; i < policy_object_count(p); i++) {
		const struct policy_object *o = policy_object_at(p, i);

		if (o->kind != kind || !digest_equal(&o->digest, digest))
			continue;
		buf_append_view(to, o->content);
		return ERR_OK;
	}
	return ERR_NOT_FOUND;
}

static void
test_replay_gives_the_same_bytes(void **state)
{
	struct bench *b = *state;
	struct buf first = BUF_INIT, again = BUF_INIT;
	struct policy *original, *replayed;
	struct store s;

	appraise_executable(b, "    executable: {references: [old, other]}\n", "/lib/c", 'b', 0, 0);
	assert_int_equal(report_write(&b->report, &first), ERR_OK);
	original = b->policy;
	s.policy = original;
	assert_int_equal(policy_from_manifest(policy_object_at(original, 0)->content, fetch, &s,
			     &b->fixture.faults, &replayed),
	    ERR_OK);
	b->policy = replayed;
	b->rule = policy_find(replayed, VIEW_LITERAL("app"), VIEW_LITERAL("c"));
	conclude(b);
	assert_int_equal(report_write(&b->report, &again), ERR_OK);
	assert_true(view_equal(buf_view(&first), buf_view(&again)));
	policy_free(&original);
	buf_free(&first);
	buf_free(&again);
}

static void
test_finding_table(void **state)
{
	(void)state;
	for (unsigned f = 0; f < FINDING_COUNT; f++) {
		const struct view code = finding_code((enum finding)f);

		assert_true(code.size > 0 && code.size <= REPORT_CODE_MAX);
		assert_int_equal(finding_from_code(code), f);
		assert_true(finding_sentence((enum finding)f).size <= REPORT_SUBJECT_MAX);
	}
	assert_int_equal(finding_from_code(VIEW_LITERAL("no-such-code")), FINDING_COUNT);
}

/* 100,000 files against as many references; the bound is far off, and a quadratic walk fails it. */
static void
test_large_component(void **state)
{
	struct bench *b = *state;
	struct buf text = BUF_INIT;
	struct timespec before, after;
	char path[64];
	double ms;

	for (unsigned i = 0; i < 100000; i++)
		buf_append_format(&text, HEX_A "  /usr/lib/package/file-%06u\n", i);
	fixture_write_bytes(&b->fixture, "other", 0644, text.data, text.size);
	use(b, "    files: {references: [other, old], unknown: warning}\n");
	begin(b, COMPONENT_FILES);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(path, sizeof(path), "/usr/lib/package/file-%06u", i);
		file(b, path, i == 77777 ? 'b' : 'a');
	}
	end(b, COMPONENT_FILES);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	conclude(b);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	ms = (double)(after.tv_sec - before.tv_sec) * 1e3 +
	     (double)(after.tv_nsec - before.tv_nsec) / 1e6;
	print_message("100,000 files in %.1f ms\n", ms);
	expect_verdict(b, REPORT_CONTRAINDICATED, 4); /* and three of "old" are missing */
	expect(b, "files", "changed-file", "/usr/lib/package/file-077777");
	assert_true(ms < 5000);
	buf_free(&text);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_affirming),
	    WITH_BENCH(test_changed_file),
	    WITH_BENCH(test_unknown_file),
	    WITH_BENCH(test_outcomes_set_claim_and_status),
	    WITH_BENCH(test_flags),
	    WITH_BENCH(test_each_outcome_has_its_key),
	    WITH_BENCH(test_several_findings_of_one_file),
	    WITH_BENCH(test_symlinks_only_where_allowed),
	    WITH_BENCH(test_unreadable_file_never_matches),
	    WITH_BENCH(test_empty_executable),
	    WITH_BENCH(test_empty_libraries),
	    WITH_BENCH(test_claim_is_the_worst_of_its_components),
	    WITH_BENCH(test_missing_files),
	    WITH_BENCH(test_missing_is_only_for_files),
	    WITH_BENCH(test_path_of_two_references_is_missed_once),
	    WITH_BENCH(test_old_or_new_until),
	    WITH_BENCH(test_reference_expires),
	    WITH_BENCH(test_verdict_without_end),
	    WITH_BENCH(test_facts),
	    WITH_BENCH(test_fact_without_values_is_empty),
	    WITH_BENCH(test_words_from_outside_are_escaped_and_cut),
	    WITH_BENCH(test_missing_component),
	    WITH_BENCH(test_skipped_rule),
	    WITH_BENCH(test_unchecked_component),
	    WITH_BENCH(test_recorded_component),
	    WITH_BENCH(test_required_recorded_component_missing),
	    WITH_BENCH(test_nothing_judged_is_never_affirming),
	    WITH_BENCH(test_offline),
	    WITH_BENCH(test_age),
	    WITH_BENCH(test_signature_every),
	    WITH_BENCH(test_worst_findings_come_first),
	    WITH_BENCH(test_same_input_same_bytes),
	    WITH_BENCH(test_replay_gives_the_same_bytes),
	    WITH_BENCH(test_finding_table),
	    WITH_BENCH(test_large_component),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
