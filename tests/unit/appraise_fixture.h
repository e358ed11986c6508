/*
 * A policy written on the spot, components measured in words, and the verdict on them.
 */
#ifndef HALLMARK_TESTS_UNIT_APPRAISE_FIXTURE_H
#define HALLMARK_TESTS_UNIT_APPRAISE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "policy/appraisal/appraise.h"
#include "policy/appraisal/finding.h"
#include "proto/evidence/component_list.h"
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
	struct buf segments[COMPONENT_KIND_COUNT]; /* of lists, one behind the other */
	struct component *component[COMPONENT_KIND_COUNT];
	struct component_verdict *verdict[COMPONENT_KIND_COUNT];
	struct bundle bundle;
	struct appraise_input in;
	struct buf storage;
	struct report report;
};

static inline int
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

static inline void
clear(struct bench *b)
{
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		component_verdict_free(&b->verdict[k]);
		component_free(&b->component[k]);
		buf_free(&b->bytes[k]);
		buf_free(&b->segments[k]);
		b->bundle.component[k].present = false;
		b->in.component[k] = NULL;
	}
	buf_clear(&b->storage);
}

static inline int
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
static inline void
use(struct bench *b, const char *rules)
{
	char text[4096];

	snprintf(text, sizeof(text),
	    "name: p\nreferences:\n"
	    "  - {name: old, file: old}\n"
	    "  - {name: new, file: new}\n"
	    "  - {name: other, file: other}\n"
	    "  - {name: lone, file: other}\n"
	    "families:\n"
	    "  - {name: app, releases: [{name: old, file: old}, {name: new, file: new}]}\n"
	    "windows: [{family: app, from: old, to: new, until: " UNTIL "}]\n"
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

static inline void
begin(struct bench *b, enum component_kind kind)
{
	b->builder = component_builder_new(kind);
	assert_non_null(b->builder);
}

static inline void
file_full(struct bench *b, const char *path, char digit, uint32_t flags, uint32_t mode)
{
	struct component_file f = {.path = view_of_string(path), .flags = flags, .mode = mode};

	memset(f.digest.bytes, (digit - 'a' + 10) * 17, digit == 0 ? 0 : DIGEST_SIZE);
	assert_int_equal(component_add_file(b->builder, &f), ERR_OK);
}

static inline void
file(struct bench *b, const char *path, char digit)
{
	file_full(b, path, digit, 0, 0100644);
}

static inline void
fact(struct bench *b, const char *name, size_t count, const char *const *values)
{
	struct view views[8];
	struct component_fact f = {view_of_string(name), count, views};

	for (size_t i = 0; i < count; i++)
		views[i] = view_of_string(values[i]);
	assert_int_equal(component_add_fact(b->builder, &f), ERR_OK);
}

static inline void
fact1(struct bench *b, const char *name, const char *value)
{
	fact(b, name, 1, &value);
}

static inline enum err
keep_segment(void *context, struct view bytes, const struct digest *digest)
{
	(void)digest;
	buf_append_view(context, bytes);
	return buf_status(context);
}

/* A list where there are many items, put together. */
static inline void
end(struct bench *b, enum component_kind kind)
{
	struct component_list *list;
	size_t count;

	assert_int_equal(component_finish_listed(
			     b->builder, keep_segment, &b->segments[kind], &b->bytes[kind], &count),
	    ERR_OK);
	component_builder_free(&b->builder);
	if (component_list_decode(buf_view(&b->bytes[kind]), &list) == ERR_OK)
		assert_int_equal(
		    component_list_join(list, buf_view(&b->segments[kind]), &b->component[kind]),
		    ERR_OK);
	else
		assert_int_equal(
		    component_decode(buf_view(&b->bytes[kind]), &b->component[kind]), ERR_OK);
	component_list_free(&list);
	b->bundle.component[kind].present = true;
	b->bundle.component[kind].count = count;
	b->bundle.component[kind].size = b->bytes[kind].size;
}

/* Appraises what is there, and checks that the report may stand in a log. */
static inline void
conclude(struct bench *b)
{
	struct report *r = &b->report;

	b->in.bundle = &b->bundle;
	for (unsigned k = 0; k < COMPONENT_KIND_COUNT; k++) {
		component_verdict_free(&b->verdict[k]);
		if (b->component[k] != NULL)
			assert_int_equal(appraise_component(b->rule, b->in.amendments,
					     b->component[k], b->in.received_s, &b->verdict[k]),
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
	r->signature = r->extensions = (struct view){NULL, 0};
	r->notice = (struct entry_place){0, DIGEST_ZERO};
	r->last_signed_s = b->in.last_signed_s;
	assert_int_equal(report_check(r), ERR_OK);
}

static inline const struct report_finding *
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

static inline void
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
static inline const char *
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

static inline void
expect_verdict(const struct bench *b, enum report_status status, size_t findings)
{
	if (b->report.status != status || b->report.finding_total != findings) {
		print_findings(b);
		fail_msg("expected %s with %zu findings, found %s with %llu",
		    report_status_name(status), findings, report_status_name(b->report.status),
		    (unsigned long long)b->report.finding_total);
	}
}

#define SIMPLE_RULES "    executable: {references: [old]}\n"

/* One executable with these properties, by this rule for it. */
static inline void
appraise_executable(
    struct bench *b, const char *rules, const char *path, char digit, uint32_t flags, uint32_t mode)
{
	use(b, rules);
	begin(b, COMPONENT_EXECUTABLE);
	file_full(b, path, digit, flags, mode);
	end(b, COMPONENT_EXECUTABLE);
	conclude(b);
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

#endif
