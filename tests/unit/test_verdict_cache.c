/* Judgements that are made again and again: the same as if each were made anew, however few are
 * kept. */
#include "tests/lib/vectors.h"

#include "log/stored/verdict_cache.h"
#include "proto/evidence/pack.h"
#include "tests/unit/config_fixture.h"

#define COUNT    40
#define OF_COUNT 7 /* of a report */
#define HEX_A    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NOW      1800000000ULL
#define UNTIL    "2027-01-31T00:00:00Z"
#define UNTIL_S  1801353600ULL

struct bench {
	struct fixture fixture;
	struct policy *policy;
	const struct policy_rule *rule;
	struct evidence_reader *evidence;
	struct bundle_component
	    named[COUNT]; /* one executable each, every other one as it should be */
	uint64_t now_s;
};

/* An executable, of the content that the policy knows or of another. */
static void
make_component(unsigned i, struct buf *to)
{
	struct component_builder *builder = component_builder_new(COMPONENT_EXECUTABLE);
	struct component_file f = {.path = VIEW_LITERAL("/app"), .mode = 0100755, .uid = i / 2};
	size_t count;

	assert_non_null(builder);
	memset(f.digest.bytes, i % 2 == 0 ? 0xaa : 0xbb, DIGEST_SIZE);
	assert_int_equal(component_add_file(builder, &f), ERR_OK);
	assert_int_equal(component_finish(builder, to, &count), ERR_OK);
	component_builder_free(&builder);
}

static void
store(struct bench *b)
{
	const struct findings nobody = {.tell = NULL};
	struct buf pack = BUF_INIT, bytes = BUF_INIT;

	for (unsigned i = 0; i < COUNT; i++) {
		struct bundle_component *c = &b->named[i];

		buf_clear(&bytes);
		make_component(i, &bytes);
		*c = (struct bundle_component){.present = true, .count = 1, .size = bytes.size};
		digest_of(bytes.data, bytes.size, &c->digest);
		assert_int_equal(
		    pack_append(PACK_COMPONENT, buf_view(&bytes), &c->digest, &pack), ERR_OK);
	}
	fixture_write_bytes(&b->fixture, "pack-00000001", 0644, pack.data, pack.size);
	assert_int_equal(
	    evidence_reader_open(b->fixture.directory, &nobody, &b->evidence), OUTCOME_GOOD);
	buf_free(&pack);
	buf_free(&bytes);
}

static int
open_bench(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	void *fixture = NULL;

	assert_non_null(b);
	assert_int_equal(fixture_setup(&fixture), 0);
	b->fixture = *(struct fixture *)fixture;
	free(fixture);
	b->now_s = NOW;
	fixture_write(&b->fixture, "old", 0644, HEX_A "  /app\n");
	fixture_write(&b->fixture, "new", 0644, HEX_A "  /new\n");
	fixture_write(&b->fixture, "policy.yaml", 0644,
	    "name: p\nfamilies: [{name: app, releases: [{name: old, file: old}, {name: new, file: "
	    "new}]}]\nwindows: [{family: app, from: old, to: new, until: " UNTIL "}]\n"
	    "workloads:\n  - match: app\n    collectors: [c]\n    executable: {references: "
	    "[app]}\n");
	assert_int_equal(policy_load(b->fixture.path, &b->fixture.faults, &b->policy), ERR_OK);
	b->rule = policy_find(b->policy, VIEW_LITERAL("app"), VIEW_LITERAL("c"));
	assert_non_null(b->rule);
	store(b);
	*state = b;
	return 0;
}

static int
close_bench(void **state)
{
	struct bench *b = *state;
	struct fixture *f = malloc(sizeof(*f));
	void *fixture = f;

	assert_non_null(f);
	evidence_reader_close(&b->evidence);
	policy_free(&b->policy);
	*f = b->fixture;
	free(b);
	return fixture_teardown(&fixture);
}

static const struct component_verdict *
judge(struct bench *b, struct verdict_cache *c, unsigned i)
{
	const struct component_verdict *v;

	assert_int_equal(verdict_cache_judge(
			     c, 1, b->rule, NULL, COMPONENT_EXECUTABLE, &b->named[i], b->now_s, &v),
	    ERR_OK);
	return v;
}

/* Of a report about this component alone. */
static void
expect_status(struct bench *b, const struct component_verdict *v, enum report_status status)
{
	struct bundle bundle = {
	    .workload = VIEW_LITERAL("app"), .seq = 1, .time_ms = 1000 * b->now_s};
	struct appraise_input in = {.bundle = &bundle, .received_s = b->now_s};
	struct buf words = BUF_INIT;
	struct report r;

	memset(&r, 0, sizeof(r));
	bundle.component[COMPONENT_EXECUTABLE] = b->named[0];
	in.component[COMPONENT_EXECUTABLE] = v;
	appraise_conclude(b->policy, b->rule, &in, &words, &r);
	assert_int_equal(r.status, status);
	buf_free(&words);
}

static void
expect_judged(struct bench *b, const struct component_verdict *v, unsigned i)
{
	expect_status(b, v, i % 2 == 0 ? REPORT_AFFIRMING : REPORT_CONTRAINDICATED);
}

static void
test_what_is_kept_is_what_would_be_made(void **state)
{
	static const size_t sizes[] = {0, 5000, 1 << 20};
	struct bench *b = *state;

	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		struct verdict_cache *c = verdict_cache_new(b->evidence, sizes[k]);

		assert_non_null(c);
		for (unsigned i = 0; i < 6 * COUNT; i++)
			expect_judged(b, judge(b, c, i * 7 % COUNT), i * 7 % COUNT);
		verdict_cache_free(&c);
		assert_null(c);
	}
}

/* What a report holds together stays together. */
static void
test_judgements_of_one_report_stay(void **state)
{
	const struct component_verdict *v[OF_COUNT];
	struct bench *b = *state;
	struct verdict_cache *c = verdict_cache_new(b->evidence, 2 * OF_COUNT * 1000);

	for (unsigned i = 0; i < 5 * COUNT; i++) {
		for (unsigned k = 0; k < OF_COUNT; k++)
			v[k] = judge(b, c, (i + k * 5) % COUNT);
		for (unsigned k = 0; k < OF_COUNT; k++)
			expect_judged(b, v[k], (i + k * 5) % COUNT);
	}
	verdict_cache_free(&c);
}

static void
test_a_judgement_holds_for_its_time(void **state)
{
	struct bench *b = *state;
	struct verdict_cache *c = verdict_cache_new(b->evidence, 1 << 20);

	expect_status(b, judge(b, c, 0), REPORT_AFFIRMING);
	b->now_s = UNTIL_S; /* only the new release counts */
	expect_status(b, judge(b, c, 0), REPORT_CONTRAINDICATED);
	b->now_s = UNTIL_S - 1; /* and back, as in another log */
	expect_status(b, judge(b, c, 0), REPORT_AFFIRMING);
	verdict_cache_free(&c);
}

static void
refused(struct bench *b, struct verdict_cache *c, enum component_kind kind,
    struct bundle_component named, enum err e)
{
	const struct component_verdict *v;

	assert_int_equal(verdict_cache_judge(c, 1, b->rule, NULL, kind, &named, b->now_s, &v), e);
	assert_null(v);
}

static void
test_what_a_bundle_says_of_it_has_to_fit(void **state)
{
	struct bench *b = *state;
	struct verdict_cache *c = verdict_cache_new(b->evidence, 1 << 20);
	struct bundle_component named;

	for (int kept = 0; kept < 2; kept++) {
		named = b->named[0];
		named.count++;
		refused(b, c, COMPONENT_EXECUTABLE, named, ERR_MISMATCH);
		named = b->named[0];
		named.size--;
		refused(b, c, COMPONENT_EXECUTABLE, named, ERR_MISMATCH);
		refused(b, c, COMPONENT_LIBRARIES, b->named[0], ERR_MISMATCH);
		named = b->named[0];
		named.digest.bytes[0] ^= 1;
		refused(b, c, COMPONENT_EXECUTABLE, named, ERR_NOT_FOUND);
		expect_judged(b, judge(b, c, 0), 0);
	}
	verdict_cache_free(&c);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, open_bench, close_bench)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_what_is_kept_is_what_would_be_made),
	    TEST(test_judgements_of_one_report_stay),
	    TEST(test_a_judgement_holds_for_its_time),
	    TEST(test_what_a_bundle_says_of_it_has_to_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
