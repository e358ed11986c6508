/* Appraisal: facts, what was not checked, and the verdict of a bundle. */
#include "tests/unit/appraise_fixture.h"

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
test_the_view_of_a_foreign_namespace_is_accepted_by_name_only(void **state)
{
	static const char *const threads[] = {"foreign", "host"};
	struct bench *b = *state;

	use(b, "    runtime: {facts: [{name: uid, allow: [\"1\"]}], unmatched: warning}\n");
	for (size_t i = 0; i < 2; i++) {
		clear(b);
		begin(b, COMPONENT_RUNTIME);
		fact1(b, "uid", "1");
		fact1(b, "namespace_mount", i == 0 ? "host" : "own");
		fact1(b, "namespace_user", "foreign");
		end(b, COMPONENT_RUNTIME);
		conclude(b);
		expect_verdict(b, REPORT_AFFIRMING, 0);
	}
	clear(b);
	begin(b, COMPONENT_RUNTIME);
	fact1(b, "uid", "1");
	fact(b, "namespace_mount", 2, threads);
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	assert_string_equal(expect(b, "runtime", "unmatched-fact", "namespace_mount"),
	    "expected \"host\" or \"own\", found \"foreign\"");
	use(b, "    runtime: {facts: [{name: namespace_mount, allow: [foreign, host]}]}\n");
	begin(b, COMPONENT_RUNTIME);
	fact(b, "namespace_mount", 2, threads);
	end(b, COMPONENT_RUNTIME);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	use(b, "    host: {facts: [{name: uid, allow: [\"1\"]}]}\n");
	begin(b, COMPONENT_HOST);
	fact1(b, "uid", "1");
	fact1(b, "namespace_mount", "foreign");
	end(b, COMPONENT_HOST);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
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

#define HIDDEN(id, digit)                                                                          \
	"hmac-sha256:00000000000000" id ":" digit "0000000000000000000000000000000"                \
	"00000000000000000000000000000000"
#define KNOWN HIDDEN("aa", "1")

static void
arguments(struct bench *b, const char *demands, size_t count, const char *const *values)
{
	struct buf rule = BUF_INIT;

	buf_append_format(&rule, "    runtime: {facts: [%s]}\n", demands);
	buf_append_byte(&rule, '\0');
	use(b, (const char *)rule.data);
	buf_free(&rule);
	begin(b, COMPONENT_RUNTIME);
	fact(b, "arguments", count, values);
	end(b, COMPONENT_RUNTIME);
	conclude(b);
}

/* Bytes against bytes, and patterns against none of it: not even one that says "whatever". */
static void
test_what_is_hidden_is_compared_as_it_stands(void **state)
{
	static const char *const values[] = {KNOWN, "plain", HIDDEN("aa", "2")};
	static const char *const good[] = {"{name: arguments, allow: [\"" KNOWN
					   "\", \"pl*\", \"" HIDDEN("aa", "2") "\"]}",
	    "{name: arguments, equals: [\"" KNOWN "\", \"pl*\", \"" HIDDEN("aa", "2") "\"]}",
	    "{name: arguments, require: [\"" KNOWN "\", plain]}",
	    "{name: arguments, require: [plain], count: \"= 3\"}",
	    "{name: arguments, deny: [\"--debug\"]}, {name: arguments, require: [\"" KNOWN
	    "\", \"" HIDDEN("aa", "2") "\"]}",
	    "{name: arguments, where: \"pl*\", count: \"= 1\"}, {name: arguments, require: "
	    "[\"" KNOWN "\", \"" HIDDEN("aa", "2") "\"]}"};
	static const struct {
		const char *demands, *code;
	} bad[] = {
	    {"{name: arguments, allow: [\"*\"]}", "redacted-fact"},
	    {"{name: arguments, equals: [\"*\", \"*\", \"*\"]}", "redacted-fact"},
	    {"{name: arguments, deny: [\"--debug\"]}", "redacted-fact"},
	    {"{name: arguments, where: \"pl*\", allow: [\"pl*\"]}", "redacted-fact"},
	    {"{name: arguments, where: \"0*\", number: \">= 0\"}", "redacted-fact"},
	    {"{name: arguments, where: \"x*\", count: \"= 0\"}", "redacted-fact"},
	    {"{name: arguments, require: [\"hmac*\"]}", "unmatched-fact"},
	    {"{name: arguments, require: [\"" HIDDEN("bb", "1") "\"]}", "unmatched-fact"},
	    {"{name: arguments, deny: [\"" KNOWN "\", \"" HIDDEN("aa", "2") "\"]}",
		"unmatched-fact"},
	    {"{name: arguments, equals: [plain, \"" KNOWN "\", \"" HIDDEN("aa", "2") "\"]}",
		"unmatched-fact"},
	    {"{name: arguments, where: \"" KNOWN "\", word: 2, allow: [\"\"]}", "redacted-fact"},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		arguments(b, good[i], 3, values);
		expect_verdict(b, REPORT_AFFIRMING, 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		arguments(b, bad[i].demands, 3, values);
		expect_verdict(b, REPORT_CONTRAINDICATED, 1);
		expect(b, "runtime", bad[i].code, "arguments");
	}
}

/* Which value, and whether the policy was made with another key. */
static void
test_hidden_values_that_are_not_named_are_told(void **state)
{
	static const char *const values[] = {"a", KNOWN};
	struct bench *b = *state;

	arguments(b, "{name: arguments, allow: [a, \"" HIDDEN("aa", "2") "\"]}", 2, values);
	assert_string_equal(expect(b, "runtime", "redacted-fact", "arguments"),
	    "expected only hidden values that the policy names, found \"" KNOWN "\"");
	arguments(b, "{name: arguments, allow: [a, \"" HIDDEN("bb", "1") "\"]}", 2, values);
	assert_string_equal(expect(b, "runtime", "redacted-fact", "arguments"),
	    "expected only hidden values that the policy names, found \"" KNOWN
	    "\", and it names none under its key");
	/* A word of a hidden value is no other value. */
	arguments(b,
	    "{name: arguments, word: 2, allow: [\"\"]}, {name: arguments, require: [\"" KNOWN
	    "\"]}",
	    2, values);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "runtime", "unmatched-fact", "arguments");
}
#undef HIDDEN
#undef KNOWN

static void
test_words_from_outside_are_escaped_and_cut(void **state)
{
	char path[600] = "/\n\x1b[2J\xe2\x80\xae", value[2000];
	struct bench *b = *state;
	const struct report_finding *f;

	memset(path + strlen(path), 'x', 500);
	appraise_executable(b, SIMPLE_RULES, path, 'a', 0, 0100755);
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

	use(b, SIMPLE_RULES);
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

/* A component `unmeasured` of one fact. */
static void
lacking(struct bench *b, const char *name, const char *const *values, size_t count)
{
	struct view list[4];

	begin(b, COMPONENT_UNMEASURED);
	for (size_t i = 0; i < count; i++)
		list[i] = view_of_string(values[i]);
	assert_int_equal(component_add_fact(b->builder,
			     &(struct component_fact){view_of_string(name), count, list}),
	    ERR_OK);
	end(b, COMPONENT_UNMEASURED);
}

static void
lack(struct bench *b, const char *name, const char *value)
{
	lacking(b, name, &value, 1);
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

static void
test_unmeasured_is_contraindicated_unless_the_policy_says_otherwise(void **state)
{
	struct bench *b = *state;

	use(b, SIMPLE_RULES);
	lack(b, "reason", "no-process");
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "unmeasured", "unmeasured", "no-process");
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 96);
	assert_false(b->report.not_checked[COMPONENT_UNMEASURED]);
	use(b, SIMPLE_RULES "    unmeasured: warning\n");
	lack(b, "reason", "no-process");
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	use(b, SIMPLE_RULES "    unmeasured: none\n    missing: warning\n");
	lack(b, "reason", "no-process");
	conclude(b);
	expect_verdict(b, REPORT_NONE, 1);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 1);
}

static void
test_unmeasured_of_kinds(void **state)
{
	struct bench *b = *state;
	const char *const values[] = {"executable io", "packages memory", "tpm none", "executable"};

	use(b, SIMPLE_RULES "    unmeasured: none\n");
	lacking(b, "missing", values, 4);
	conclude(b);
	expect_verdict(b, REPORT_NONE, 4);
	expect(b, "unmeasured", "unmeasured", "packages");
	use(b, SIMPLE_RULES);
	lack(b, "missing", "packages io");
	conclude(b); /* not required: that is a warning; what it does not name is missing */
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
	expect(b, "executable", "missing-component", "");
	expect(b, "unmeasured", "unmeasured", "packages");
	use(b, SIMPLE_RULES);
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	lack(b, "missing", "packages io");
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 1);
	use(b, SIMPLE_RULES);
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", 'a');
	end(b, COMPONENT_EXECUTABLE);
	lack(b, "missing", "tpm io"); /* a kind that is not known here is as one that is required */
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
}

/* Nobody gets a better verdict by saying something odd. */
static void
test_unmeasured_without_words(void **state)
{
	struct bench *b = *state;

	use(b, SIMPLE_RULES);
	begin(b, COMPONENT_UNMEASURED);
	end(b, COMPONENT_UNMEASURED);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "unmeasured", "unmeasured", "");
	use(b, SIMPLE_RULES);
	lacking(b, "missing", NULL, 0);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	use(b, "    executable: {references: [old]}\n    require: []\n");
	lack(b, "reason", "budget"); /* nothing is required, and nothing was judged */
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 2);
}

static void
test_offline(void **state)
{
	struct bench *b = *state;

	b->bundle.offline = b->bundle.extensions.has_gap = true;
	b->bundle.extensions.bytes = VIEW_LITERAL("\x81\xa3gap\0");
	appraise_executable(b, SIMPLE_RULES, "/app/bin", 'a', 0, 0100755);
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
	appraise_executable(b, SIMPLE_RULES, "/app/bin", 'a', 0, 0100755);
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

	b->bundle.offline = b->bundle.extensions.has_gap = true;
	b->bundle.extensions.bytes = VIEW_LITERAL("\x81\xa3gap\0");
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
	appraise_executable(b, SIMPLE_RULES, "/x", 'c', COMPONENT_FILE_WRITABLE, 0100777);
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
		for (unsigned other = 0; other < f; other++)
			assert_false(view_equal(code, finding_code((enum finding)other)));
		assert_true(finding_sentence((enum finding)f).size <= REPORT_SUBJECT_MAX);
	}
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_facts),
	    WITH_BENCH(test_the_view_of_a_foreign_namespace_is_accepted_by_name_only),
	    WITH_BENCH(test_fact_without_values_is_empty),
	    WITH_BENCH(test_what_is_hidden_is_compared_as_it_stands),
	    WITH_BENCH(test_hidden_values_that_are_not_named_are_told),
	    WITH_BENCH(test_words_from_outside_are_escaped_and_cut),
	    WITH_BENCH(test_missing_component),
	    WITH_BENCH(test_skipped_rule),
	    WITH_BENCH(test_unchecked_component),
	    WITH_BENCH(test_recorded_component),
	    WITH_BENCH(test_required_recorded_component_missing),
	    WITH_BENCH(test_nothing_judged_is_never_affirming),
	    WITH_BENCH(test_main_only_is_contraindicated_unless_the_policy_accepts_it),
	    WITH_BENCH(test_unmeasured_is_contraindicated_unless_the_policy_says_otherwise),
	    WITH_BENCH(test_unmeasured_of_kinds),
	    WITH_BENCH(test_unmeasured_without_words),
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
