/*
 * Reviews as a Kubernetes API server sends them: what is admitted, what is denied and why, and what
 * is no review.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "register/decide/admission.h"

#define GOOD  "1111111111111111111111111111111111111111111111111111111111111111"
#define BAD   "2222222222222222222222222222222222222222222222222222222222222222"
#define NEVER "3333333333333333333333333333333333333333333333333333333333333333"

/* As kube-apiserver 1.29 sends it for a pod that a deployment makes; `%s` is the pod's spec. */
static const char review[] =
    "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{"
    "\"uid\":\"705ab4f5-6393-11e8-b7cc-42010a800002\","
    "\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
    "\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},"
    "\"requestKind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
    "\"requestResource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"},"
    "\"namespace\":\"trading\",\"operation\":\"CREATE\","
    "\"userInfo\":{\"username\":\"system:serviceaccount:kube-system:replicaset-controller\","
    "\"groups\":[\"system:serviceaccounts\",\"system:authenticated\"]},"
    "\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"generateName\":"
    "\"risk-5d9c-\",\"namespace\":\"trading\",\"labels\":{\"app\":\"risk\"}},\"spec\":%s},"
    "\"oldObject\":null,\"dryRun\":false,\"options\":{\"kind\":\"CreateOptions\","
    "\"apiVersion\":\"meta.k8s.io/v1\"}}}";

static const struct register_log logs[] = {{.name = "tokyo"}};
static struct register_config config = {.logs = logs, .log_count = 1, .front = {.behind_s = 10}};
static struct decided_table *table;
static struct decider *decider;
static struct caller caller;

static void
put(char digit, enum report_status status, const char *group, uint64_t index)
{
	struct digest image;
	struct decided_row row = {.collector = VIEW_LITERAL("spiffe://bank/ci"),
	    .workload = VIEW_LITERAL("risk/start"),
	    .index = index,
	    .issued_s = (uint64_t)time(NULL) - 5,
	    .report = true,
	    .good = true,
	    .expires_s = (uint64_t)time(NULL) + 600,
	    .status = status,
	    .group = view_of_string(group),
	    .image = &image};

	memset(image.bytes, digit << 4 | digit, sizeof(image.bytes));
	decided_put(table, &row);
}

static int
setup(void **state)
{
	struct followed_state s = {.checked_to = 9, .replayed_to = 9};
	struct timespec now;

	(void)state;
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	s.seen_ms = (uint64_t)now.tv_sec * 1000;
	s.newest_issued_s = (uint64_t)time(NULL);
	assert_int_equal(decided_new(1, &table), ERR_OK);
	assert_int_equal(decider_new(&config, table, &decider), ERR_OK);
	decided_state(table, &s, s.seen_ms);
	decided_filled(table, 0);
	put(1, REPORT_AFFIRMING, "floor", 1);
	put(2, REPORT_CONTRAINDICATED, "floor", 2);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	decider_free(&decider);
	decided_free(&table);
	return 0;
}

/* The status of HTTP; the body in `said`. */
static unsigned
ask_whole(const char *body, const char *group, struct buf *said)
{
	struct request r = {.body = view_of_string(body), .caller = &caller};
	struct response out;

	if (group != NULL) {
		r.parameters = 1;
		r.parameter[0] = view_of_string(group);
	}
	response_begin(&out, 200, NULL);
	admission_answer(decider, &r, &out);
	buf_clear(said);
	buf_append_view(said, buf_view(&out.body));
	buf_append_byte(said, '\0');
	response_free(&out);
	return out.status;
}

static void
expect(const char *spec, const char *group, bool allowed, const char *words)
{
	struct buf body = BUF_INIT, said = BUF_INIT;
	const char *text;

	buf_append_format(&body, review, spec);
	buf_append_byte(&body, '\0');
	assert_int_equal(ask_whole((const char *)body.data, group, &said), 200);
	text = (const char *)said.data;
	assert_non_null(strstr(text, "\"uid\":\"705ab4f5-6393-11e8-b7cc-42010a800002\""));
	if (strstr(text, allowed ? "\"allowed\":true" : "\"allowed\":false") == NULL ||
	    (words != NULL && strstr(text, words) == NULL))
		fail_msg("%s: expected %s, found %s", spec, words != NULL ? words : "", text);
	buf_free(&body);
	buf_free(&said);
}

#define ONE(image) "{\"containers\":[{\"name\":\"a\",\"image\":\"" image "\"}]}"

static void
test_admitted(void **state)
{
	(void)state;
	expect(ONE("registry.bank/risk@sha256:" GOOD), NULL, true, NULL);
	expect(ONE("registry.bank:5000/risk:4.2@sha256:" GOOD), "floor", true, NULL);
	expect("{\"containers\":[{\"image\":\"a@sha256:" GOOD "\"}],\"initContainers\":[{\"image\":"
	       "\"b@sha256:" GOOD "\"}],\"ephemeralContainers\":null,\"volumes\":[{\"name\":\"t\","
	       "\"emptyDir\":{}},{\"image\":{\"reference\":\"c@sha256:" GOOD "\"}}]}",
	    NULL, true, NULL);
}

static void
test_denied(void **state)
{
	(void)state;
	expect(ONE("risk@sha256:" BAD), NULL, false, "contraindicated");
	expect(ONE("risk@sha256:" NEVER), NULL, false, "no report is about this image");
	expect(ONE("risk:4.2"), NULL, false, "by its digest");
	expect(ONE("risk"), NULL, false, "by its digest");
	expect(ONE("@sha256:" GOOD), NULL, false, "by its digest");
	expect(ONE("risk@sha256:" GOOD "0"), NULL, false, "by its digest");
	expect(ONE("risk@sha512:" GOOD), NULL, false, "by its digest");
	expect(ONE("risk@sha256:1111"), NULL, false, "by its digest");
	expect(ONE("risk@sha256:" GOOD), "other", false, "no workload of this group");
	expect("{\"containers\":[]}", NULL, false, "containers");
	expect("{}", NULL, false, "containers");
	expect("[]", NULL, false, "spec");
	expect("null", NULL, false, "spec");
	expect("{\"containers\":{\"image\":\"a@sha256:" GOOD "\"}}", NULL, false, "as a list");
	expect("{\"containers\":[{\"name\":\"a\"}]}", NULL, false, "without an image");
	expect("{\"containers\":[null]}", NULL, false, "without an image");
	/* One that is not well among others. */
	expect("{\"containers\":[{\"image\":\"a@sha256:" GOOD "\"}],\"initContainers\":[{\"image\":"
	       "\"b@sha256:" BAD "\"}]}",
	    NULL, false, "contraindicated");
	expect("{\"containers\":[{\"image\":\"a@sha256:" GOOD "\"}],\"ephemeralContainers\":["
	       "{\"image\":\"busybox\"}]}",
	    NULL, false, "by its digest");
	expect("{\"containers\":[{\"image\":\"a@sha256:" GOOD "\"}],\"volumes\":[{\"image\":{"
	       "\"reference\":\"c@sha256:" BAD "\"}}]}",
	    NULL, false, "contraindicated");
}

/* Whoever has to put it right learns of all at once. */
static void
test_each_refused_is_named(void **state)
{
	struct buf many = BUF_INIT;

	(void)state;
	expect(
	    "{\"containers\":[{\"name\":\"one\",\"image\":\"risk:4\"},{\"name\":\"good\",\"image\":"
	    "\"a@sha256:" GOOD "\"},{\"name\":\"two\\n\",\"image\":\"b@sha256:" BAD
	    "\"}],\"initContainers\":[{\"name\":\"three\"}]}",
	    NULL, false,
	    "\"message\":\"containers, one: risk:4: expected an image by its digest "
	    "(name@sha256:...): a tag may be another one tomorrow; containers, two");
	expect("{\"containers\":[{\"name\":\"one\",\"image\":\"risk:4\"}],\"initContainers\":[{"
	       "\"name\":\"three\"}]}",
	    NULL, false, "; initContainers, three: a container without an image\"");
	buf_append_string(&many, "{\"containers\":[{\"name\":\"x\",\"image\":\"x\"}");
	for (int i = 0; i < 300; i++)
		buf_append_string(&many, ",{\"name\":\"x\",\"image\":\"x\"}");
	buf_append_string(&many, "]}");
	buf_append_byte(&many, '\0');
	expect((const char *)many.data, NULL, false, "; and 225 more\"");
	buf_free(&many);
}

static void
test_the_newest_report_counts(void **state)
{
	(void)state;
	put(2, REPORT_AFFIRMING, "floor", 3);
	expect(ONE("risk@sha256:" BAD), NULL, true, NULL);
	/* The chain goes on with another image: what it said of this one stays. */
	expect(ONE("risk@sha256:" GOOD), NULL, true, NULL);
	put(1, REPORT_CONTRAINDICATED, "floor", 4);
	expect(ONE("risk@sha256:" GOOD), NULL, false, "contraindicated");
	decided_alarm(table, 0, true);
	expect(ONE("risk@sha256:" BAD), NULL, false, "in alarm");
}

/* What other tenants run is told to nobody, nor relied on. */
static void
test_another_ones_log_says_nothing(void **state)
{
	static const char *const osaka[] = {"osaka"}, *const tokyo[] = {"tokyo"};
	const struct grant grants[] = {
	    {.name = "spiffe://b/k", .roles = ROLE_VIEWER, .log = osaka, .logs = 1},
	    {.name = "spiffe://b/k", .roles = ROLE_VIEWER, .log = tokyo, .logs = 1}};

	(void)state;
	assert_int_equal(caller_named(&caller, "spiffe://b/k", 0, grants, 1), ERR_OK);
	expect(ONE("risk@sha256:" GOOD), NULL, false, "no report is about this image");
	caller_free(&caller);
	assert_int_equal(caller_named(&caller, "spiffe://b/k", 0, grants, 2), ERR_OK);
	expect(ONE("risk@sha256:" GOOD), NULL, true, NULL);
	caller_free(&caller);
}

static void
test_no_review(void **state)
{
	static const char *const bodies[] = {"", "{", "null", "[]", "{}",
	    "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\"}",
	    "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1beta1\","
	    "\"request\":{\"uid\":\"a\"}}",
	    "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{"
	    "\"uid\":\"\"}}",
	    "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{"
	    "\"uid\":7}}",
	    "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\",\"request\":{"
	    "\"uid\":\"a\",\"uid\":\"b\"}}"};
	struct buf said = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_int_equal(ask_whole(bodies[i], NULL, &said), 400);
	assert_int_equal(ask_whole("{\"kind\":\"AdmissionReview\",\"apiVersion\":"
				   "\"admission.k8s.io/v1\",\"request\":{\"uid\":\"a\",\"kind\":{"
				   "\"kind\":\"Deployment\"},\"operation\":\"CREATE\"}}",
			     NULL, &said),
	    200);
	assert_non_null(strstr((const char *)said.data, "\"allowed\":false"));
	assert_int_equal(ask_whole("{\"kind\":\"AdmissionReview\",\"apiVersion\":"
				   "\"admission.k8s.io/v1\",\"request\":{\"uid\":\"a\",\"kind\":{"
				   "\"kind\":\"Pod\"},\"operation\":\"DELETE\",\"object\":null}}",
			     NULL, &said),
	    200);
	assert_non_null(strstr((const char *)said.data, "\"allowed\":true"));
	buf_free(&said);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_admitted, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_denied, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_each_refused_is_named, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_the_newest_report_counts, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_another_ones_log_says_nothing, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_review, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
