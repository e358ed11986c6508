/* Known vulnerabilities in an appraisal: what they yield, where they stand, and what lifts them. */
#include "tests/unit/appraise_fixture.h"

#define TEXT                                                                                       \
	"hallmark advisories v1\n"                                                                 \
	"file aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa CVE-9\n"            \
	"package dpkg openssl CVE-1 - <3.0.9-1\n"                                                  \
	"package dpkg openssl CVE-1 3.0.10-1 <3.0.11-1\n"                                          \
	"package dpkg openssl CVE-2 3.0.0 <3.0.11-1\n"                                             \
	"package dpkg openssl CVE-3 - -\n"                                                         \
	"package dpkg openssl CVE-4 - -\n"                                                         \
	"package dpkg zlib CVE-5 - <=1.2\n"
#define RULES "    recorded: [packages]\n    executable: {references: [old]}\n"

struct in_force {
	struct feed *feed;
	struct amendments_feed named;
	struct not_affected lifted;
	struct digest statement;
	struct amendments all;
};

static void
in_force(struct bench *b, struct in_force *f)
{
	struct faults faults = FAULTS_INIT;
	struct buf text = BUF_INIT;

	memset(f, 0, sizeof(*f));
	buf_append_string(&text, TEXT);
	assert_int_equal(feed_make("feed", &text, &faults, &f->feed), ERR_OK);
	f->named =
	    (struct amendments_feed){VIEW_LITERAL("cves"), f->feed->digest, NOW - 100, f->feed};
	f->all =
	    (struct amendments){.feed_count = 1, .feed = &f->named, .not_affected = &f->lifted};
	amendments_settle(&f->all);
	b->in.amendments = &f->all;
}

static void
lift(struct in_force *f, const char *advisory, const char *package, const char *workloads)
{
	f->lifted = (struct not_affected){.advisory = view_of_string(advisory),
	    .package = view_of_string(package),
	    .workloads = view_of_string(workloads),
	    .statement = &f->statement,
	    .from_s = NOW - 10,
	    .until_s = NOW + 10};
	f->all.not_affected_count = 1;
	amendments_settle(&f->all);
}

/* `keys`: of the entry. */
static void
load(struct bench *b, const char *keys)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
	    "name: p\nfeeds: [{name: others, max_age_s: 9}, {name: cves, max_age_s: 100}]\n"
	    "references: [{name: old, file: old}]\n"
	    "workloads:\n  - match: app*\n    collectors: [c]\n%s%s",
	    keys, strstr(keys, "    feeds:") == NULL ? "    feeds: [cves]\n" : "");
	fixture_write(&b->fixture, "policy.yaml", 0644, text);
	policy_free(&b->policy);
	assert_int_equal(policy_load(b->fixture.path, &b->fixture.faults, &b->policy), ERR_OK);
	b->rule = policy_find(b->policy, VIEW_LITERAL("app"), VIEW_LITERAL("c"));
	clear(b);
}

static void
measure(struct bench *b, char digit, const char *package)
{
	clear(b);
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/app/bin", digit);
	end(b, COMPONENT_EXECUTABLE);
	begin(b, COMPONENT_PACKAGES);
	fact1(b, "dpkg", package);
	end(b, COMPONENT_PACKAGES);
	conclude(b);
}

static void
test_packages(void **state)
{
	struct bench *b = *state;
	struct in_force f;

	load(b, RULES);
	b->in.amendments = NULL;
	measure(b, 'b', "openssl 3.0.1-1 amd64");
	assert_int_equal(b->report.feed_count, 0);
	in_force(b, &f);
	measure(b, 'b', "openssl 3.0.1-1 amd64");
	assert_string_equal(expect(b, "packages", "vulnerable", "dpkg"),
	    "CVE-1, CVE-2, CVE-3 and 1 more, mended by 3.0.11-1, no version mends 2, found "
	    "\"openssl 3.0.1-1 amd64\"");
	assert_int_equal(b->report.claim[REPORT_CONFIGURATION], 32);
	assert_int_equal(b->report.feed_count, 1);
	assert_true(digest_equal(&b->report.feed[0], &f.feed->digest));
	measure(b, 'b', "zlib 1.2");
	assert_string_equal(expect(b, "packages", "vulnerable", "dpkg"),
	    "CVE-5, no version mends 1, found \"zlib 1.2\"");
	for (size_t i = 0; i < 3; i++) {
		static const char *const none[] = {"zlib 1.3 amd64", "zlib", "zli 1 amd64"};

		measure(b, 'b', none[i]);
		assert_null(find(b, "packages", "vulnerable", "dpkg"));
		assert_int_equal(b->report.claim[REPORT_CONFIGURATION], 0);
	}
	feed_free(&f.feed);
}

/* 32: all of it is known, if not good; 33 where some is not. */
static void
test_executables(void **state)
{
	struct bench *b = *state;
	struct in_force f;

	in_force(b, &f);
	load(b, RULES);
	measure(b, 'a', "x 1");
	expect_verdict(b, REPORT_WARNING, 1);
	assert_non_null(
	    strstr(expect(b, "executable", "vulnerable", "/app/bin"), "CVE-9, found sha256 aa"));
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 32);
	load(b, "    recorded: [packages]\n    executable: {references: [old], world_writable: "
		"warning}\n");
	clear(b);
	begin(b, COMPONENT_EXECUTABLE);
	file_full(b, "/app/bin", 'a', 0, 0100666);
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 2);
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 33);
	assert_true(view_equal(b->report.finding[1].code, VIEW_LITERAL("vulnerable")));
	load(b, RULES "    vulnerable: contraindicated\n");
	measure(b, 'a', "x 1");
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 96);
	load(b, RULES "    feeds: [others]\n");
	measure(b, 'a', "x 1");
	assert_null(find(b, "executable", "vulnerable", "/app/bin"));
	assert_int_equal(b->report.feed_count, 0);
	load(b, RULES "    feeds: []\n");
	measure(b, 'a', "x 1");
	expect_verdict(b, REPORT_AFFIRMING, 0);
	feed_free(&f.feed);
}

/* What was not looked for, or in what is too old, is not known to be good. */
static void
test_what_is_not_in_force(void **state)
{
	struct bench *b = *state;
	struct in_force f;

	load(b, RULES "    feeds: [cves, others]\n");
	b->in.amendments = NULL;
	measure(b, 'a', "x 1");
	expect_verdict(b, REPORT_WARNING, 2);
	assert_string_equal(
	    expect(b, "bundle", "no-feed", "cves"), "expected advisories in force, found none");
	assert_non_null(expect(b, "bundle", "no-feed", "others"));
	assert_true(view_equal(b->report.finding[0].subject, VIEW_LITERAL("cves")));
	assert_int_equal(b->report.claim[REPORT_EXECUTABLES], 2);
	in_force(b, &f);
	lift(&f, "CVE-9", "*", "*"); /* what the program has */
	measure(b, 'a', "x 1");
	expect_verdict(b, REPORT_WARNING, 1);
	assert_string_equal(
	    expect(b, "bundle", "no-feed", "others"), "expected advisories in force, found none");
	load(b, RULES "    no_feed: contraindicated\n");
	measure(b, 'a', "x 1");
	expect_verdict(b, REPORT_AFFIRMING, 0);
	b->in.received_s = NOW + 1;
	measure(b, 'a', "openssl 3.0.1-1 amd64");
	expect_verdict(b, REPORT_CONTRAINDICATED, 2);
	assert_string_equal(expect(b, "bundle", "no-feed", "cves"),
	    "expected advisories written at most 100 s ago, found 101 s");
	assert_non_null(expect(b, "packages", "vulnerable", "dpkg"));
	assert_int_equal(b->report.feed_count, 1);
	/* Of a clock that was set back nothing is old. */
	f.named.written_s = NOW + 1000;
	measure(b, 'a', "x 1");
	expect_verdict(b, REPORT_AFFIRMING, 0);
	load(b, RULES "    no_feed: none\n    feeds: [others]\n");
	measure(b, 'a', "x 1");
	expect_verdict(b, REPORT_NONE, 1);
	load(b, RULES "    feeds: []\n");
	measure(b, 'a', "x 1");
	expect_verdict(b, REPORT_AFFIRMING, 0);
	feed_free(&f.feed);
}

static void
test_what_is_lifted(void **state)
{
	static const struct {
		const char *advisory, *package, *workloads;
		bool lifts;
	} cases[] = {{"CVE-9", "/app/*", "*", true}, {"CVE-9", "*", "app*", true},
	    {"CVE-9", "*", "app", false}, {"CVE-9", "*", "ap?*", false},
	    {"CVE-9", "/lib/*", "*", false}, {"CVE-8", "*", "*", false}};
	struct bench *b = *state;
	struct in_force f;

	in_force(b, &f);
	load(b, RULES);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct digest before = f.all.of_components;

		lift(&f, cases[i].advisory, cases[i].package, cases[i].workloads);
		assert_true(i > 0 || !digest_equal(&before, &f.all.of_components));
		measure(b, 'a', "x 1");
		expect_verdict(
		    b, cases[i].lifts ? REPORT_AFFIRMING : REPORT_WARNING, !cases[i].lifts);
		assert_int_equal(b->report.accepted_count, cases[i].lifts);
	}
	/* From its beginning until its end. */
	lift(&f, "CVE-9", "*", "*");
	for (unsigned i = 0; i < 4; i++) {
		static const uint64_t at[] = {NOW - 11, NOW - 10, NOW + 9, NOW + 10};

		b->in.received_s = at[i];
		measure(b, 'a', "x 1");
		assert_int_equal(b->report.accepted_count, i == 1 || i == 2);
		assert_true(component_verdict_valid_until_s(b->verdict[COMPONENT_EXECUTABLE]) ==
			    (i == 0     ? NOW - 10
				: i < 3 ? NOW + 10
					: UINT64_MAX));
	}
	feed_free(&f.feed);
}

/* However many there are, what else was found of their outcome comes first. */
static void
test_many_do_not_hide_others(void **state)
{
	struct bench *b = *state;
	struct in_force f;
	struct view values[40];
	struct component_fact fact = {VIEW_LITERAL("dpkg"), 40, values};

	in_force(b, &f);
	load(
	    b, "    recorded: [packages]\n    executable: {references: [old], unknown: warning}\n");
	clear(b);
	for (size_t i = 0; i < 40; i++)
		values[i] = VIEW_LITERAL("openssl 1 amd64");
	begin(b, COMPONENT_PACKAGES);
	assert_int_equal(component_add_fact(b->builder, &fact), ERR_OK);
	end(b, COMPONENT_PACKAGES);
	begin(b, COMPONENT_EXECUTABLE);
	file(b, "/z", 'b');
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
	expect_verdict(b, REPORT_WARNING, 41);
	assert_true(view_equal(b->report.finding[0].code, VIEW_LITERAL("unknown-file")));
	assert_int_equal(b->report.finding_count, REPORT_FINDINGS_MAX);
	feed_free(&f.feed);
}

static void
test_policies_with_faults(void **state)
{
	static const struct {
		const char *text, *wrong;
	} bad[] = {
	    {"feeds: [{name: a}, {name: a}]\n", "names \"a\" again"},
	    {"feeds: [{name: a b}]\n", "feeds[0].name"},
	    {"feeds: [{name: a, max_age_s: 31536001}]\n", "at most 31536000 seconds"},
	    {"feeds: [{name: b}]\n", "names \"a\", which is not listed under \"feeds\""},
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[1024];

		(void)snprintf(text, sizeof(text),
		    "name: p\n%sreferences: [{name: old, file: old}]\nworkloads:\n"
		    "  - match: app\n    collectors: [c]\n    feeds: [a]\n" SIMPLE_RULES,
		    bad[i].text);
		fixture_write(&b->fixture, "policy.yaml", 0644, text);
		assert_int_equal(
		    policy_load(b->fixture.path, &b->fixture.faults, &b->policy), ERR_CONFIG);
		assert_true(b->fixture.faults.count > 0);
		if (strstr(b->fixture.faults.fault[0].text, bad[i].wrong) == NULL)
			fail_msg("%s: %s", bad[i].wrong, b->fixture.faults.fault[0].text);
		faults_free(&b->fixture.faults);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_BENCH(test_packages),
	    WITH_BENCH(test_executables),
	    WITH_BENCH(test_what_is_not_in_force),
	    WITH_BENCH(test_what_is_lifted),
	    WITH_BENCH(test_many_do_not_hide_others),
	    WITH_BENCH(test_policies_with_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
