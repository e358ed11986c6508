/* Appraisal: what the rules say of files. */
#include "tests/unit/appraise_fixture.h"

static void
test_affirming(void **state)
{
	struct bench *b = *state;
	struct digest d;

	appraise_executable(b, SIMPLE_RULES, "/app/bin", 'a', 0, 0100755);
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

	appraise_executable(b, SIMPLE_RULES, "/app/bin", 'c', 0, 0100755);
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

	appraise_executable(b, SIMPLE_RULES, "/app/bind", 'a', 0, 0100755);
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
		appraise_executable(
		    b, SIMPLE_RULES, "/app/bin", cases[i].digit, cases[i].flags, 0100755);
		expect_verdict(b, REPORT_CONTRAINDICATED, 1);
		expect(b, "executable", cases[i].code, "/app/bin");
	}
}

static void
file_with(struct bench *b, uint32_t mode, uint32_t uid, const char *detail)
{
	const struct view view = view_of_string(detail);
	struct component_file f = {.path = VIEW_LITERAL("/lib/c"), .mode = mode, .uid = uid};

	f.detail_count = detail[0] != '\0';
	f.details = &view;
	memset(f.digest.bytes, 0xcc, DIGEST_SIZE);
	assert_int_equal(component_add_file(b->builder, &f), ERR_OK);
}

static void
test_rights_of_a_file(void **state)
{
	static const struct {
		uint32_t mode, uid;
		const char *rules, *detail, *key, *code, *told;
	} cases[] = {
	    {0104755, 0, "", "", "setuid", "setuid-file", "rights of its owner or group"},
	    {0102755, 0, "", "", "setuid", "setuid-file", NULL},
	    {0102745, 0, "", "", NULL, NULL, NULL},
	    {0046755, 0, "", "", NULL, NULL, NULL},
	    {0100755, 0, "", "capability=00 00 1", "capabilities", "file-capabilities",
		": 00 00 1"},
	    {0100755, 0, "", "xattr=unreadable", "capabilities", "file-capabilities",
		": unreadable"},
	    {0100755, 0, "", "acl=u::rw-", NULL, NULL, NULL},
	    {0100644, 65534, "", "", "owner", "other-owner", ": 65534"},
	    {0100644, 65534, "owners: [0, 65534], ", "", NULL, NULL, NULL},
	    {0100644, 0, "owners: [65534], ", "", "owner", "other-owner", ": 0"},
	    {0100664, 0, "", "", "writable_by_others", "writable-by-others", NULL},
	    {0100644, 0, "", "parent=/lib 0777 0 0", "writable_by_others", "writable-by-others",
		": /lib 0777 0 0"},
	};
	struct bench *b = *state;
	char rules[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned said = 0; said < 2; said++) {
			snprintf(rules, sizeof(rules), "    files: {%s%s%sreferences: [other]}\n",
			    cases[i].rules, said && cases[i].key != NULL ? cases[i].key : "",
			    said && cases[i].key != NULL ? ": warning, " : "");
			use(b, rules);
			begin(b, COMPONENT_FILES);
			file_with(b, cases[i].mode, cases[i].uid, cases[i].detail);
			end(b, COMPONENT_FILES);
			conclude(b);
			if (cases[i].key == NULL) {
				expect_verdict(b, REPORT_AFFIRMING, 0);
				continue;
			}
			expect_verdict(b, said ? REPORT_WARNING : REPORT_CONTRAINDICATED, 1);
			if (cases[i].told != NULL)
				assert_non_null(strstr(
				    expect(b, "files", cases[i].code, "/lib/c"), cases[i].told));
			else
				(void)expect(b, "files", cases[i].code, "/lib/c");
		}
	}
}

/* Who writes to it and owns it is looked at in `files`; what running it gives, everywhere. */
static void
test_rights_of_a_program(void **state)
{
	struct bench *b = *state;

	use(b, "    executable: {references: [other]}\n");
	begin(b, COMPONENT_EXECUTABLE);
	file_with(b, 0100775, 1000, "");
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	use(b, "    executable: {references: [other]}\n");
	begin(b, COMPONENT_EXECUTABLE);
	file_with(b, 0106755, 1000, "");
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "setuid-file", "/lib/c");
}

/* A file that is being replaced has no content to be compared; that of what is mapped has one. */
static void
test_unstable_content_of_files(void **state)
{
	struct bench *b = *state;

	use(b, "    files: {references: [other], unstable: warning}\n");
	begin(b, COMPONENT_FILES);
	file_full(b, "/lib/c", 'b', COMPONENT_FILE_CHANGED, 0100644);
	file_full(b, "/lib/c.dpkg-new", 'b', COMPONENT_FILE_CHANGED, 0100644);
	end(b, COMPONENT_FILES);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 2);
	expect(b, "files", "unstable-file", "/lib/c");
	expect(b, "files", "unstable-file", "/lib/c.dpkg-new");
	use(b, "    files: {references: [other], unstable: none}\n");
	begin(b, COMPONENT_FILES);
	file_full(b, "/lib/c", 'b', COMPONENT_FILE_CHANGED, 0100644);
	end(b, COMPONENT_FILES);
	conclude(b);
	expect_verdict(b, REPORT_NONE, 1);
	use(b, "    libraries: {references: [other], unstable: warning}\n");
	begin(b, COMPONENT_LIBRARIES);
	file_full(b, "/lib/c", 'b', COMPONENT_FILE_CHANGED, 0100644);
	end(b, COMPONENT_LIBRARIES);
	conclude(b);
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
	expect(b, "libraries", "changed-file", "/lib/c");
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
	    {COMPONENT_FILE_MODIFIED, 0777, 'd', "/lib/c", "modified_code", "modified-code"},
	    {COMPONENT_FILE_PROBED, 0777, 0, "[uprobes]", "probed_code", "probed-code"},
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

	appraise_executable(b, SIMPLE_RULES, "/app/bin", 'c',
	    COMPONENT_FILE_DELETED | COMPONENT_FILE_WRITABLE, 0100777);
	expect_verdict(b, REPORT_CONTRAINDICATED, 4);
	expect(b, "executable", "deleted-file", "/app/bin");
	expect(b, "executable", "writable-mapping", "/app/bin");
	expect(b, "executable", "world-writable", "/app/bin");
	expect(b, "executable", "changed-file", "/app/bin");
}

/* By its target; a file with the same digest is another thing. */
static void
test_symlinks_only_where_allowed(void **state)
{
	struct bench *b = *state;
	const char *rules = "    executable: {references: [other], symlinks: true}\n";
	struct component_file f = {.path = VIEW_LITERAL("/app/bin"), .mode = 0120777};

	fixture_write(&b->fixture, "other", 0644, "link to /app/bin\n");
	for (unsigned i = 0; i < 3; i++) {
		digest_of("toe", i == 1 ? 3 : 2, &f.digest);
		f.flags = i == 2 ? 0 : COMPONENT_FILE_SYMLINK;
		f.mode = i == 2 ? 0100755 : 0120777;
		use(b, rules);
		begin(b, COMPONENT_EXECUTABLE);
		assert_int_equal(component_add_file(b->builder, &f), ERR_OK);
		end(b, COMPONENT_EXECUTABLE);
		conclude(b);
		expect_verdict(b, i == 0 ? REPORT_AFFIRMING : REPORT_CONTRAINDICATED, i > 0);
		assert_int_equal(b->report.accepted_count, i == 0);
		if (i == 0)
			assert_true(
			    view_equal(b->report.accepted[0].code, VIEW_LITERAL("symbolic-link")));
		if (i > 0)
			expect(b, "executable", "changed-file", "/app/bin");
	}
}

static void
test_rights_that_a_set_gives(void **state)
{
	struct bench *b = *state;
	const char *rules = "    executable: {references: [new, other], rights: warning}\n";

	fixture_write(&b->fixture, "other", 0644,
	    "file " HEX_A " /app/bin uid=0 gid=0 mode=4755\nfile " HEX_C " /app/bin gid=1\n");
	appraise_executable(b, rules, "/app/bin", 'a', 0, 0104755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	assert_int_equal(b->report.accepted_count, 1);
	assert_true(view_equal(b->report.accepted[0].code, VIEW_LITERAL("setuid-file")));
	appraise_executable(b, rules, "/app/bin", 'a', 0, 0100755);
	expect_verdict(b, REPORT_WARNING, 1);
	assert_string_equal(expect(b, "executable", "other-rights", "/app/bin"),
	    "expected uid 0, gid 0, mode 4755 by reference set other, found uid 0, gid 0, mode "
	    "0755");
	appraise_executable(b, rules, "/app/bin", 'c', 0, 0100755);
	assert_string_equal(expect(b, "executable", "other-rights", "/app/bin"),
	    "expected gid 1 by reference set other, found gid 0");
	appraise_executable(b, rules, "/app/bin", 'b', 0, 0100700);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	appraise_executable(b, rules, "/app/bin", 'b', 0, 0104700);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "setuid-file", "/app/bin");
}

static void
test_unreadable_file_never_matches(void **state)
{
	struct bench *b = *state;

	appraise_executable(b, SIMPLE_RULES, "/app/bin", 0, 0, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "changed-file", "/app/bin");
}

static void
test_empty_executable(void **state)
{
	struct bench *b = *state;

	use(b, SIMPLE_RULES);
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
test_what_another_process_runs_is_that_unless_a_reference_set_has_it(void **state)
{
	struct bench *b = *state;

	appraise_executable(b, SIMPLE_RULES, "/app/bin", 'a', COMPONENT_FILE_OTHER, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
	clear(b);
	appraise_executable(b, SIMPLE_RULES, "/app/bin", 'f', COMPONENT_FILE_OTHER, 0100755);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "other-process", "/app/bin");
	clear(b);
	appraise_executable(b, "    executable: {references: [old], other_process: warning}\n",
	    "/tmp/miner", 'f', COMPONENT_FILE_OTHER, 0100755);
	expect_verdict(b, REPORT_WARNING, 1);
	expect(b, "executable", "other-process", "/tmp/miner");
}

/* What is in memory is said; a set may list it, and then says nothing of the file. */
static void
test_code_in_memory(void **state)
{
	struct bench *b = *state;

	appraise_executable(b, SIMPLE_RULES, "/app/bin", 'f', COMPONENT_FILE_MODIFIED, 0100777);
	expect_verdict(b, REPORT_CONTRAINDICATED, 1);
	expect(b, "executable", "modified-code", "/app/bin");
	clear(b);
	appraise_executable(b, SIMPLE_RULES, "/app/bin", 'a', COMPONENT_FILE_MODIFIED, 0100755);
	expect_verdict(b, REPORT_AFFIRMING, 0);
}

/* What is as it should be by now is a warning unless the policy says something else. */
static void
test_traces_are_a_warning(void **state)
{
	static const struct {
		uint32_t flag;
		char digit;
		const char *key, *code;
	} cases[] = {
	    {COMPONENT_FILE_RESTORED, 'f', "restored_code", "restored-code"},
	    {COMPONENT_FILE_NEWER, 'c', "changed_since_start", "changed-since-start"},
	};
	struct bench *b = *state;
	char rules[128];

	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(rules, sizeof(rules), "    libraries: {references: [other]%s%s%s}\n",
		    i % 2 == 1 ? ", " : "", i % 2 == 1 ? cases[i / 2].key : "",
		    i % 2 == 1 ? ": contraindicated" : "");
		use(b, rules);
		begin(b, COMPONENT_LIBRARIES);
		file_full(b, "/lib/c", cases[i / 2].digit, cases[i / 2].flag, 0100755);
		end(b, COMPONENT_LIBRARIES);
		conclude(b);
		expect_verdict(b, i % 2 == 1 ? REPORT_CONTRAINDICATED : REPORT_WARNING, 1);
		expect(b, "libraries", cases[i / 2].code, "/lib/c");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_affirming),
	    WITH_BENCH(test_changed_file),
	    WITH_BENCH(test_unknown_file),
	    WITH_BENCH(test_outcomes_set_claim_and_status),
	    WITH_BENCH(test_flags),
	    WITH_BENCH(test_rights_of_a_file),
	    WITH_BENCH(test_rights_of_a_program),
	    WITH_BENCH(test_unstable_content_of_files),
	    WITH_BENCH(test_each_outcome_has_its_key),
	    WITH_BENCH(test_several_findings_of_one_file),
	    WITH_BENCH(test_symlinks_only_where_allowed),
	    WITH_BENCH(test_rights_that_a_set_gives),
	    WITH_BENCH(test_unreadable_file_never_matches),
	    WITH_BENCH(test_empty_executable),
	    WITH_BENCH(test_empty_libraries),
	    WITH_BENCH(test_claim_is_the_worst_of_its_components),
	    WITH_BENCH(test_code_in_memory),
	    WITH_BENCH(test_traces_are_a_warning),
	    WITH_BENCH(test_what_another_process_runs_is_that_unless_a_reference_set_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
