/* What is told of what is heard: each change once, also behind an end at any moment. */
#include "register/tell/changes.h"

#include "register/tell/event_store.h"
#include "tests/unit/audit_fixture.h"

struct heard {
	struct fixture *files;
	char path[256];
	struct register_log log;
	struct register_config config;
	struct changes *changes;
	struct followed_listener l;
	uint64_t next;
	unsigned commits;
};

static void
committed(void *context)
{
	struct heard *h = context;

	h->commits++;
}

static void
begin(struct heard *h)
{
	assert_int_equal(changes_open(&h->config, committed, h, &h->changes), ERR_OK);
	h->l = changes_listener(h->changes);
	h->next = h->l.kept(h->l.context, 0);
}

static int
setup(void **state)
{
	struct heard *h = calloc(1, sizeof(*h));
	void *files;

	if (h == NULL || fixture_open(&files) != 0)
		return -1;
	h->files = files;
	(void)snprintf(h->path, sizeof(h->path), "%s", h->files->path);
	h->log.name = "tokyo";
	h->config =
	    (struct register_config){.logs = &h->log, .log_count = 1, .state_directory = h->path};
	begin(h);
	*state = h;
	return 0;
}

static int
teardown(void **state)
{
	struct heard *h = *state;
	void *files = h->files;

	changes_free(&h->changes);
	free(h);
	return fixture_close(&files);
}

/* Tells the next report. */
static void
report_of(struct heard *h, const char *workload, enum report_status status, enum outcome outcome,
    bool offline)
{
	static const struct report none;
	struct report r = none;
	const struct followed_entry e = {.index = h->next++,
	    .kind = ENTRY_REPORT,
	    .issued_s = 1800000000,
	    .outcome = outcome,
	    .report = &r};

	r.collector = view_of_string("spiffe://test/h1");
	r.policy_id = view_of_string("p@sha256:00");
	r.status = status;
	r.bundle.workload = view_of_string(workload);
	r.bundle.offline = offline;
	if (status != REPORT_AFFIRMING) {
		r.finding_count = r.finding_total = 1;
		r.finding[0] = (struct report_finding){.kind = view_of_string("files"),
		    .code = view_of_string("unknown-file"),
		    .subject = view_of_string("/srv/\"x\"")};
	}
	h->l.entry(h->l.context, &e);
}

static void
is_heard(struct heard *h, const char *workload, enum report_status status)
{
	report_of(h, workload, status, OUTCOME_GOOD, false);
}

static void
is_absent(struct heard *h, const char *first, const char *second)
{
	struct absence a = {.count = second != NULL ? 2 : 1};
	const struct followed_entry e = {.index = h->next++,
	    .kind = ENTRY_ABSENCE,
	    .issued_s = 1800000100,
	    .outcome = OUTCOME_GOOD,
	    .absence = &a};

	a.collector = view_of_string("spiffe://test/h1");
	a.absent[0] =
	    (struct absence_workload){.workload = view_of_string(first), .due_s = 1800000050};
	if (second != NULL)
		a.absent[1] = (struct absence_workload){
		    .workload = view_of_string(second), .due_s = 1800000050};
	h->l.entry(h->l.context, &e);
}

static void
commit(struct heard *h)
{
	const struct followed_state s = {.checked_to = h->next};

	h->l.state(h->l.context, &s);
}

/* The ids of all events, one behind the other. */
static void
expect(struct heard *h, const char *ids)
{
	char path[300];
	struct event_store *store;
	struct event_row row = {0};
	struct buf all = BUF_INIT;

	(void)snprintf(path, sizeof(path), "%s/" EVENT_STORE_FILE, h->path);
	assert_int_equal(event_store_open(path, &store), ERR_OK);
	while (event_store_next(store, row.number, &row) == ERR_OK) {
		if (all.size > 0)
			buf_append_byte(&all, ' ');
		buf_append_view(&all, row.id);
	}
	buf_append_byte(&all, '\0');
	assert_string_equal((const char *)all.data, ids);
	event_store_close(&store);
	buf_free(&all);
}

/* The JSON of the event with this id. */
static void
expect_json(struct heard *h, const char *id, const char *json)
{
	char path[300];
	struct event_store *store;
	struct event_row row;
	uint64_t number;

	(void)snprintf(path, sizeof(path), "%s/" EVENT_STORE_FILE, h->path);
	assert_int_equal(event_store_open(path, &store), ERR_OK);
	assert_int_equal(event_store_find(store, view_of_string(id), &number), ERR_OK);
	assert_int_equal(event_store_next(store, number - 1, &row), ERR_OK);
	assert_int_equal(row.json.size, strlen(json));
	assert_memory_equal(row.json.data, json, row.json.size);
	event_store_close(&store);
}

static void
a_verdict_is_told_when_it_is_another(void **state)
{
	struct heard *h = *state;

	is_heard(h, "a", REPORT_AFFIRMING);
	is_heard(h, "a", REPORT_AFFIRMING);
	is_heard(h, "b", REPORT_CONTRAINDICATED);
	is_heard(h, "a", REPORT_CONTRAINDICATED);
	is_heard(h, "a", REPORT_AFFIRMING);
	expect(h, "");
	commit(h);
	assert_int_equal(h->commits, 1);
	commit(h);
	assert_int_equal(h->commits, 1);
	expect(h, "tokyo-0-verdict tokyo-2-verdict tokyo-3-verdict tokyo-4-verdict");
	expect_json(h, "tokyo-0-verdict",
	    "{\"id\":\"tokyo-0-verdict\",\"event\":\"verdict\",\"log\":\"tokyo\",\"index\":0,"
	    "\"time\":1800000000,\"collector\":\"spiffe://test/h1\",\"workload\":\"a\","
	    "\"after\":\"affirming\",\"policy\":\"p@sha256:00\",\"finding-count\":0,"
	    "\"findings\":[]}");
	expect_json(h, "tokyo-3-verdict",
	    "{\"id\":\"tokyo-3-verdict\",\"event\":\"verdict\",\"log\":\"tokyo\",\"index\":3,"
	    "\"time\":1800000000,\"collector\":\"spiffe://test/h1\",\"workload\":\"a\","
	    "\"before\":\"affirming\",\"after\":\"contraindicated\",\"policy\":\"p@sha256:00\","
	    "\"finding-count\":1,\"findings\":[{\"kind\":\"files\",\"code\":\"unknown-file\","
	    "\"subject\":\"/srv/\\\"x\\\"\"}]}");
}

static void
what_is_of_the_past_or_unproved_changes_nothing(void **state)
{
	struct heard *h = *state;

	is_heard(h, "a", REPORT_AFFIRMING);
	report_of(h, "a", REPORT_CONTRAINDICATED, OUTCOME_GOOD, true);
	report_of(h, "a", REPORT_CONTRAINDICATED, OUTCOME_BAD, false);
	report_of(h, "a", REPORT_CONTRAINDICATED, OUTCOME_UNKNOWN, false);
	is_heard(h, "a/start", REPORT_CONTRAINDICATED);
	commit(h);
	expect(h, "tokyo-0-verdict");
}

static void
silence_is_told_once_and_its_end(void **state)
{
	struct heard *h = *state;

	is_heard(h, "a", REPORT_AFFIRMING);
	is_heard(h, "b", REPORT_AFFIRMING);
	is_absent(h, "a", "b");
	is_absent(h, "a", NULL);
	is_heard(h, "a", REPORT_AFFIRMING);
	is_heard(h, "b", REPORT_WARNING);
	is_absent(h, "b", NULL);
	commit(h);
	expect(h, "tokyo-0-verdict tokyo-1-verdict tokyo-2-silent tokyo-2-silent-1 tokyo-4-back "
		  "tokyo-5-back tokyo-5-verdict tokyo-6-silent");
	expect_json(h, "tokyo-2-silent-1",
	    "{\"id\":\"tokyo-2-silent-1\",\"event\":\"silent\",\"log\":\"tokyo\",\"index\":2,"
	    "\"time\":1800000100,\"collector\":\"spiffe://test/h1\",\"workload\":\"b\","
	    "\"due\":1800000050,\"before\":\"affirming\"}");
}

/* As if it had been ended with SIGKILL: what was not committed is heard again. */
static void
behind_an_end_nothing_is_missing_and_nothing_is_twice(void **state)
{
	struct heard *h = *state;

	is_heard(h, "a", REPORT_AFFIRMING);
	commit(h);
	is_heard(h, "a", REPORT_WARNING);
	changes_free(&h->changes);
	begin(h);
	assert_int_equal(h->next, 1);
	is_heard(h, "a", REPORT_WARNING);
	is_absent(h, "a", NULL);
	commit(h);
	changes_free(&h->changes);
	begin(h);
	assert_int_equal(h->next, 3);
	h->next = 0; /* others have lost what they kept: all of it is told again */
	is_heard(h, "a", REPORT_AFFIRMING);
	is_heard(h, "a", REPORT_WARNING);
	is_absent(h, "a", NULL);
	is_heard(h, "a", REPORT_WARNING);
	commit(h);
	expect(h, "tokyo-0-verdict tokyo-1-verdict tokyo-2-silent tokyo-3-back");
}

static void
an_alarm_is_told_at_once_and_again_only_when_it_was_acknowledged(void **state)
{
	struct heard *h = *state;
	struct followed_alarm a = {.kind = FOLLOWED_FORK, .index = 7, .words = "two trees"};

	h->l.alarm(h->l.context, &a);
	h->l.alarm(h->l.context, &a);
	a.index = FOLLOWED_NO_ENTRY;
	h->l.alarm(h->l.context, &a);
	expect(h, "tokyo-7-alarm-fork-0 tokyo-alarm-fork-0");
	h->l.acknowledged(h->l.context, 0);
	h->l.alarm(h->l.context, &a);
	expect(h, "tokyo-7-alarm-fork-0 tokyo-alarm-fork-0 tokyo-acknowledged-0 "
		  "tokyo-alarm-fork-1");
	expect_json(h, "tokyo-7-alarm-fork-0",
	    "{\"id\":\"tokyo-7-alarm-fork-0\",\"event\":\"alarm\",\"log\":\"tokyo\",\"index\":7,"
	    "\"alarm\":\"fork\",\"words\":\"two trees\"}");
}

static void
a_policy_and_a_key_are_told(void **state)
{
	struct heard *h = *state;
	struct notice n = {.kind = NOTICE_MANIFEST};
	struct followed_entry e = {.kind = ENTRY_NOTICE, .outcome = OUTCOME_GOOD, .notice = &n};

	h->l.entry(h->l.context, &e);
	n.kind = NOTICE_START;
	e.index = 1;
	h->l.entry(h->l.context, &e);
	n.kind = NOTICE_KEY;
	e.index = 2;
	h->l.entry(h->l.context, &e);
	commit(h);
	expect(h, "tokyo-0-policy tokyo-2-key");
}

static void
who_is_told_goes_on_where_he_was(void **state)
{
	struct heard *h = *state;
	const char *const whom[] = {"siem"};
	char path[300];
	struct event_store *store;
	uint64_t number, now_s = 1900000000;
	struct event_row row;

	is_heard(h, "a", REPORT_AFFIRMING);
	is_heard(h, "b", REPORT_AFFIRMING);
	commit(h);
	(void)snprintf(path, sizeof(path), "%s/" EVENT_STORE_FILE, h->path);
	assert_int_equal(event_store_open(path, &store), ERR_OK);
	assert_int_equal(event_store_acknowledged(store, "siem", 0, &number), ERR_OK);
	assert_int_equal(number, 0);
	assert_int_equal(event_store_next(store, number, &row), ERR_OK);
	assert_int_equal(row.number, 1);
	assert_int_equal(event_store_acknowledge(store, "siem", 1, 3, now_s), ERR_OK);
	event_store_close(&store);
	assert_int_equal(event_store_open(path, &store), ERR_OK);
	assert_int_equal(event_store_acknowledged(store, "siem", 9, &number), ERR_OK);
	assert_int_equal(number, 1);

	/* What he waits for stays, however old; what is new is not old. */
	assert_int_equal(event_store_thin(store, whom, 1, now_s + 2ULL * EVENT_KEPT_S), ERR_OK);
	assert_int_equal(event_store_next(store, 0, &row), ERR_OK);
	assert_int_equal(row.number, 2);
	assert_int_equal(event_store_acknowledge(store, "siem", 2, 1, now_s), ERR_OK);
	assert_int_equal(event_store_thin(store, whom, 1, 1), ERR_OK);
	assert_int_equal(event_store_next(store, 0, &row), ERR_OK);
	assert_int_equal(event_store_thin(store, whom, 1, now_s + 2ULL * EVENT_KEPT_S), ERR_OK);
	assert_int_equal(event_store_next(store, 0, &row), ERR_NOT_FOUND);
	event_store_close(&store);
	is_heard(h, "c", REPORT_AFFIRMING);
	commit(h);
	assert_int_equal(event_store_open(path, &store), ERR_OK);
	assert_int_equal(event_store_next(store, 0, &row), ERR_OK);
	assert_int_equal(row.number, 3); /* no number is given twice */
	event_store_close(&store);
}

static void
what_is_no_database_is_not_made_anew(void **state)
{
	struct heard *h = *state;
	struct changes *c;

	changes_free(&h->changes);
	fixture_write(h->files, EVENT_STORE_FILE "-wal", "", 0);
	fixture_write(h->files, EVENT_STORE_FILE, "no database at all, but long enough", 35);
	assert_int_equal(changes_open(&h->config, committed, h, &c), ERR_IO);
	assert_null(c);
	assert_int_equal(unlinkat(h->files->dir, EVENT_STORE_FILE, 0), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_verdict_is_told_when_it_is_another),
	    TEST(what_is_of_the_past_or_unproved_changes_nothing),
	    TEST(silence_is_told_once_and_its_end),
	    TEST(behind_an_end_nothing_is_missing_and_nothing_is_twice),
	    TEST(an_alarm_is_told_at_once_and_again_only_when_it_was_acknowledged),
	    TEST(a_policy_and_a_key_are_told),
	    TEST(who_is_told_goes_on_where_he_was),
	    TEST(what_is_no_database_is_not_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
