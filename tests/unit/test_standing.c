/* What operators say: who may, when, how often; and the list of what is in force. */
#include "tests/unit/standing_log.h"

static void
an_approval_is_taken_by_who_may_approve(void **state)
{
	struct statement said = stand_approve(&s, &s.next, hex);

	(void)state;
	begin(&s.one);
	assert_taken(&said, &s.ann);
	assert_int_equal(standing_statement_count(in_force), 1);
}

static void
one_for_another_log_is_refused(void **state)
{
	struct statement said = stand_approve(&s, &s.next, hex);

	(void)state;
	begin(&s.one);
	said.origin = VIEW_LITERAL("log.example/other");
	assert_refused(&said, &s.ann, ERR_STATEMENT_ORIGIN);
}

static void
a_number_is_used_once_and_rises(void **state)
{
	struct statement said = stand_approve(&s, &s.next, hex);

	(void)state;
	begin(&s.one);
	assert_taken(&said, &s.ann);
	assert_refused(&said, &s.ann, ERR_STATEMENT_NUMBER);
	said.number--;
	assert_refused(&said, &s.ann, ERR_STATEMENT_NUMBER);
	said.number += 2;
	assert_taken(&said, &s.ann);
}

static void
numbers_are_each_keys_own(void **state)
{
	struct statement said = stand_approve(&s, &s.next, hex);

	(void)state;
	begin(&s.one);
	assert_taken(&said, &s.ann);
	assert_taken(&said, &s.bob);
}

static void
a_number_stays_used_when_its_statement_is_over(void **state)
{
	struct statement said = stand_approve(&s, &s.next, hex);

	(void)state;
	begin(&s.one);
	assert_taken(&said, &s.ann);
	standing_expire(in_force, T + 3600);
	assert_int_equal(standing_statement_count(in_force), 0);
	said.not_after_s = T + 7200;
	assert_refused(&said, &s.ann, ERR_STATEMENT_NUMBER);
}

static void
who_lacks_the_right_is_refused(void **state)
{
	struct statement said = stand_approve(&s, &s.next, hex);

	(void)state;
	begin(&s.one);
	assert_refused(&said, &s.cem, ERR_STATEMENT_RIGHT);
}

static void
an_author_does_not_approve_his_own(void **state)
{
	struct statement said = stand_approve(&s, &s.next, hex);

	(void)state;
	begin(&s.one);
	said.author = VIEW_LITERAL("ann");
	assert_refused(&said, &s.ann, ERR_STATEMENT_AUTHOR);
	assert_taken(&said, &s.bob);
}

static void
an_author_maintains_his_own(void **state)
{
	struct statement said =
	    stand_statement(&s, "maintenance", "collectors", "*://*/*", "workloads", "*");

	(void)state;
	begin(&s.one);
	said.author = VIEW_LITERAL("cem");
	assert_taken(&said, &s.cem);
}

static void
a_key_that_nobody_lists_is_refused(void **state)
{
	struct statement said = stand_approve(&s, &s.next, hex);

	(void)state;
	begin(&s.one);
	assert_refused(&said, &s.eve, ERR_STATEMENT_KEY);
}

static void
without_operators_nobodys_statement_counts(void **state)
{
	struct statement said = stand_approve(&s, &s.next, hex);

	(void)state;
	begin(&s.alone);
	assert_refused(&said, &s.ann, ERR_STATEMENT_KEY);
	standing_free(&in_force);
	assert_int_equal(standing_new(VIEW_LITERAL(ORIGIN), &in_force), ERR_OK);
	assert_refused(&said, &s.ann, ERR_STATEMENT_KEY);
}

/* bob's key counts before 2030-01-01T00:00:00Z. */
static void
a_key_whose_time_is_over_is_refused(void **state)
{
	const uint64_t until_s = 1893456000;
	struct statement said = stand_approve(&s, &s.next, hex);
	struct buf envelope = BUF_INIT;

	(void)state;
	begin(&s.one);
	said.not_after_s = until_s + 3600;
	stand_sign(&said, &s.bob, &envelope);
	assert_int_equal(standing_take_statement(in_force, buf_view(&envelope), until_s, T, NULL),
	    ERR_STATEMENT_KEY);
	assert_int_equal(
	    standing_take_statement(in_force, buf_view(&envelope), until_s - 1, T, NULL), ERR_OK);
	buf_free(&envelope);
}

static void
maintenance_that_its_operator_has_not_signed_is_refused(void **state)
{
	struct statement said =
	    stand_statement(&s, "maintenance", "collectors", "*://*/*", "workloads", "*");
	struct operator_key forged = {"cem", s.eve.pair, s.cem.key};

	(void)state;
	begin(&s.one);
	assert_refused(&said, &forged, ERR_STATEMENT_SIGNATURE);
	assert_taken(&said, &s.cem);
}

static void
what_is_no_envelope_is_refused(void **state)
{
	(void)state;
	begin(&s.one);
	assert_int_equal(standing_take_statement(in_force, VIEW_LITERAL("{}"), T, T, NULL),
	    ERR_STATEMENT_FORMAT);
}

static void
a_reserved_kind_is_refused_whoever_has_the_right(void **state)
{
	struct statement said = stand_statement(&s, "hold", "until", "later", NULL, NULL);

	(void)state;
	begin(&s.one);
	assert_refused(&said, &s.ann, ERR_STATEMENT_KIND);
}

static void
another_kinds_subject_is_refused(void **state)
{
	struct statement said = stand_statement(&s, "approve", "workload", "app", NULL, NULL);

	(void)state;
	begin(&s.one);
	assert_refused(&said, &s.ann, ERR_STATEMENT_SUBJECT);
}

static void
one_whose_time_is_over_is_refused(void **state)
{
	struct statement said = stand_approve(&s, &s.next, hex);

	(void)state;
	begin(&s.one);
	said.not_before_s = T - 60;
	said.not_after_s = T;
	assert_refused(&said, &s.ann, ERR_STATEMENT_TIME);
	said.not_after_s = T + 1;
	assert_taken(&said, &s.ann);
}

/* As PROTOCOL.md has them: each red statement is made worse by the code before it. */
static void
the_first_reason_in_order_is_given(void **state)
{
	struct statement said = stand_approve(&s, &s.next, hex);
	struct operator_key forged = {"cem", s.eve.pair, s.cem.key};

	(void)state;
	begin(&s.one);
	assert_taken(&said, &s.ann); /* its number is used now */
	assert_refused(&said, &s.ann, ERR_STATEMENT_NUMBER);
	said.not_before_s = T - 60;
	said.not_after_s = T;
	assert_refused(&said, &s.ann, ERR_STATEMENT_TIME);
	said.author = VIEW_LITERAL("ann");
	assert_refused(&said, &s.ann, ERR_STATEMENT_AUTHOR);
	said.author = VIEW_LITERAL("cem");
	assert_refused(&said, &s.cem, ERR_STATEMENT_RIGHT);
	assert_refused(&said, &forged, ERR_STATEMENT_SIGNATURE);
	assert_refused(&said, &s.eve, ERR_STATEMENT_KEY);
	said.origin = VIEW_LITERAL("log.example/other");
	assert_refused(&said, &s.eve, ERR_STATEMENT_ORIGIN);
	said.member[0].name = VIEW_LITERAL("policy");
	assert_refused(&said, &s.eve, ERR_STATEMENT_SUBJECT);
	said.kind_name = VIEW_LITERAL("hold");
	assert_refused(&said, &s.eve, ERR_STATEMENT_KIND);
}

static void
a_revoked_statement_is_in_force_no_more(void **state)
{
	struct statement said;
	char revoked[DIGEST_HEX_SIZE + 1];
	struct digest approval;

	(void)state;
	begin(&s.one);
	approval = approve(&s.next, "dev", &s.ann);
	digest_to_hex(&approval, revoked);
	assert_approvals(&s.next, 1, 1);
	said = stand_statement(&s, "revoke", "statement", revoked, NULL, NULL);
	assert_refused(&said, &s.bob, ERR_STATEMENT_RIGHT);
	assert_taken(&said, &s.ann);
	assert_approvals(&s.next, 1, 0);
	assert_int_equal(take(&s.next, &approval, 1), ERR_MISMATCH);
}

/* Neither of what never was, nor of what was revoked; and its number is not used by that. */
static void
a_revoke_of_what_is_not_in_force_is_refused(void **state)
{
	struct statement said;
	char revoked[DIGEST_HEX_SIZE + 1];
	struct digest approval;

	(void)state;
	begin(&s.one);
	approval = approve(&s.next, "dev", &s.ann);
	digest_to_hex(&approval, revoked);
	revoked[0] = revoked[0] == '0' ? '1' : '0';
	said = stand_statement(&s, "revoke", "statement", revoked, NULL, NULL);
	assert_refused(&said, &s.ann, ERR_STATEMENT_SUBJECT);
	said.number = 1; /* looked at first */
	assert_refused(&said, &s.ann, ERR_STATEMENT_NUMBER);
	said.number = s.number;
	digest_to_hex(&approval, revoked);
	assert_taken(&said, &s.ann);
	said.number = ++s.number;
	assert_refused(&said, &s.ann, ERR_STATEMENT_SUBJECT);
}

/* Its time is over, though nothing has been said since. */
static void
a_revoke_of_what_has_expired_is_refused(void **state)
{
	struct buf envelope = BUF_INIT;
	struct statement said;
	char revoked[DIGEST_HEX_SIZE + 1];
	struct digest approval;

	(void)state;
	begin(&s.one);
	approval = approve(&s.next, "dev", &s.ann);
	digest_to_hex(&approval, revoked);
	said = stand_statement(&s, "revoke", "statement", revoked, NULL, NULL);
	said.not_after_s = T + 7200;
	stand_sign(&said, &s.ann, &envelope);
	assert_int_equal(standing_statement_count(in_force), 1);
	assert_int_equal(standing_take_statement(in_force, buf_view(&envelope), T + 3600, T, NULL),
	    ERR_STATEMENT_SUBJECT);
	assert_int_equal(
	    standing_take_statement(in_force, buf_view(&envelope), T + 3599, T, NULL), ERR_OK);
	buf_free(&envelope);
}

/* From the time that it names to one within its own, and not forth. */
static void
a_clock_statement_is_about_one_time_of_the_log(void **state)
{
	static const struct {
		uint64_t iat_s, before_s;
		enum err expected;
	} all[] = {
	    {T, T + 900000, ERR_STATEMENT_SUBJECT},
	    {T, T + 864001, ERR_STATEMENT_SUBJECT},
	    {T, 0, ERR_STATEMENT_SUBJECT},
	    {T - 1, T + 864000, ERR_STATEMENT_TIME},
	    {T + 3600, T + 864000, ERR_STATEMENT_TIME},
	    {T, T + 864000, ERR_OK},
	};
	struct buf envelope = BUF_INIT;
	struct statement said;

	(void)state;
	begin(&s.one);
	said = stand_statement(&s, "clock", "from", "1800864000", NULL, NULL);
	assert_int_equal(T + 864000, 1800864000);
	said.not_before_s = T;
	said.not_after_s = T + 3600;
	stand_sign(&said, &s.cem, &envelope);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_int_equal(standing_take_statement(in_force, buf_view(&envelope),
				     all[i].iat_s, all[i].before_s, NULL),
		    all[i].expected);
	buf_free(&envelope);
	/* Once: the number is used. */
	said.not_after_s = T + 7200;
	stand_sign(&said, &s.cem, &envelope);
	assert_int_equal(
	    standing_take_statement(in_force, buf_view(&envelope), T, T + 864000, NULL),
	    ERR_STATEMENT_NUMBER);
	buf_free(&envelope);
}

static void
maintenance_makes_windows(void **state)
{
	struct statement said =
	    stand_statement(&s, "maintenance", "collectors", "spiffe://t/*", "workloads", "app");
	const struct due_window *w;
	size_t count;

	(void)state;
	begin(&s.one);
	(void)standing_windows(in_force, &count);
	assert_int_equal(count, 0);
	assert_taken(&said, &s.cem);
	w = standing_windows(in_force, &count);
	assert_int_equal(count, 1);
	assert_int_equal(w->from_s, T);
	assert_int_equal(w->to_s, T + 3600);
	assert_true(view_equal(w->collectors, VIEW_LITERAL("spiffe://t/*")));
	assert_true(view_equal(w->workloads, VIEW_LITERAL("app")));
	standing_expire(in_force, T + 3599);
	(void)standing_windows(in_force, &count);
	assert_int_equal(count, 1);
	standing_expire(in_force, T + 3600);
	(void)standing_windows(in_force, &count);
	assert_int_equal(count, 0);
}

static void
windows_come_by_their_beginnings(void **state)
{
	const struct due_window *w;
	size_t count;

	(void)state;
	begin(&s.one);
	for (uint64_t i = 0; i < 7; i++) {
		struct statement said =
		    stand_statement(&s, "maintenance", "collectors", "*", "workloads", "app");

		said.not_before_s = T + (i * 3) % 7;
		assert_taken(&said, &s.cem);
	}
	w = standing_windows(in_force, &count);
	assert_int_equal(count, 7);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(w[i].from_s, T + i);
}

static void
what_is_written_is_loaded_again(void **state)
{
	struct statement said =
	    stand_statement(&s, "maintenance", "collectors", "spiffe://t/*", "workloads", "app");
	struct buf list = BUF_INIT, again = BUF_INIT;
	struct standing *loaded;
	size_t count;

	(void)state;
	begin(&s.one);
	assert_taken(&said, &s.cem);
	approve(&s.next, "dev", &s.ann);
	assert_int_equal(standing_write(in_force, &list), ERR_OK);
	assert_int_equal(
	    standing_load(buf_view(&list), VIEW_LITERAL(ORIGIN), stand_fetch, &s, &loaded), ERR_OK);
	assert_int_equal(standing_write(loaded, &again), ERR_OK);
	assert_true(view_equal(buf_view(&list), buf_view(&again)));
	(void)standing_windows(loaded, &count);
	assert_int_equal(count, 1);
	assert_int_equal(standing_statement_count(loaded), 2);
	assert_int_equal(operators_count(standing_operators(loaded)), 3);
	said.number = s.number; /* ann's last one */
	standing_free(&in_force);
	in_force = loaded; /* moved */
	said = stand_approve(&s, &s.next, hex);
	said.number--;
	assert_refused(&said, &s.ann, ERR_STATEMENT_NUMBER);
	buf_free(&list);
	buf_free(&again);
}

/* A list with a number and a statement. */
static enum err
load(const struct digest *key, uint64_t number, const struct digest *statement, const char *kind)
{
	char first[DIGEST_HEX_SIZE + 1], second[DIGEST_HEX_SIZE + 1];
	struct standing *loaded;
	struct buf list = BUF_INIT;
	enum err e;

	digest_to_hex(key, first);
	digest_to_hex(statement, second);
	buf_append_format(&list, "hallmark in force v1\nnumber %s %d\nstatement %s %s\n", first,
	    (int)number, second, kind);
	e = standing_load(buf_view(&list), VIEW_LITERAL(ORIGIN), stand_fetch, &s, &loaded);
	standing_free(&loaded);
	buf_free(&list);
	return e;
}

static void
a_list_that_lies_of_its_statements_is_refused(void **state)
{
	const struct digest *key = statement_key_id(s.ann.key);
	const struct digest *bob = statement_key_id(s.bob.key);
	struct statement said = stand_approve(&s, &s.next, hex);
	struct digest approval, foreign;

	(void)state;
	begin(&s.one);
	said.number = 7;
	s.number = 7;
	approval = assert_taken(&said, &s.ann);
	said.origin = VIEW_LITERAL("log.example/other");
	assert_int_equal(stand_take(&s, in_force, &said, &s.ann, &foreign), ERR_STATEMENT_ORIGIN);
	assert_int_equal(load(key, 7, &approval, "approve"), ERR_OK);
	assert_int_equal(load(key, 6, &approval, "approve"), ERR_MISMATCH);
	assert_int_equal(load(key, 7, &approval, "revoke"), ERR_MISMATCH);
	assert_int_equal(load(key, 7, &foreign, "approve"), ERR_MISMATCH);
	assert_int_equal(load(bob, 7, &approval, "approve"), ERR_MISMATCH);
	assert_int_equal(load(key, 7, key, "approve"), ERR_NOT_FOUND);
}

static void
a_list_of_a_later_version_is_not_understood(void **state)
{
	struct standing *loaded;

	(void)state;
	assert_int_equal(
	    standing_load(VIEW_LITERAL("hallmark in force v1\nenforce hosts observe\n"),
		VIEW_LITERAL(ORIGIN), stand_fetch, &s, &loaded),
	    ERR_UNSUPPORTED);
	assert_null(loaded);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_LOG(an_approval_is_taken_by_who_may_approve),
	    WITH_LOG(one_for_another_log_is_refused),
	    WITH_LOG(a_number_is_used_once_and_rises),
	    WITH_LOG(numbers_are_each_keys_own),
	    WITH_LOG(a_number_stays_used_when_its_statement_is_over),
	    WITH_LOG(who_lacks_the_right_is_refused),
	    WITH_LOG(an_author_does_not_approve_his_own),
	    WITH_LOG(an_author_maintains_his_own),
	    WITH_LOG(a_key_that_nobody_lists_is_refused),
	    WITH_LOG(without_operators_nobodys_statement_counts),
	    WITH_LOG(a_key_whose_time_is_over_is_refused),
	    WITH_LOG(maintenance_that_its_operator_has_not_signed_is_refused),
	    WITH_LOG(what_is_no_envelope_is_refused),
	    WITH_LOG(a_reserved_kind_is_refused_whoever_has_the_right),
	    WITH_LOG(another_kinds_subject_is_refused),
	    WITH_LOG(one_whose_time_is_over_is_refused),
	    WITH_LOG(the_first_reason_in_order_is_given),
	    WITH_LOG(a_revoked_statement_is_in_force_no_more),
	    WITH_LOG(a_revoke_of_what_is_not_in_force_is_refused),
	    WITH_LOG(a_revoke_of_what_has_expired_is_refused),
	    WITH_LOG(a_clock_statement_is_about_one_time_of_the_log),
	    WITH_LOG(maintenance_makes_windows),
	    WITH_LOG(windows_come_by_their_beginnings),
	    WITH_LOG(what_is_written_is_loaded_again),
	    WITH_LOG(a_list_that_lies_of_its_statements_is_refused),
	    WITH_LOG(a_list_of_a_later_version_is_not_understood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
