/* Which statements are taken, each refusal and their order; whose approval of a manifest counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "policy/governance/approvals.h"
#include "tests/unit/statement_fixture.h"

#define V(s) VIEW_LITERAL(s)

/* alice and bob may approve, until 1,800 s; carol may announce maintenance; nobody has the last. */
enum { ALICE, BOB, CAROL, NOBODY, KEYS };

static struct statement_key *key[KEYS];
static struct operators *operators;

static struct operators *
parse(const char *thresholds)
{
	struct faults faults = FAULTS_INIT;
	struct buf yaml = BUF_INIT;
	struct operators *o;

	buf_append_string(&yaml, "operators:\n");
	operator_append(&yaml, "alice", "approve, retire, revoke", key[ALICE], "");
	operator_append(&yaml, "bob", "approve", key[BOB], ", until: 1970-01-01T00:30:00Z");
	operator_append(&yaml, "carol", "maintenance", key[CAROL], "");
	buf_append_string(&yaml, thresholds);
	assert_int_equal(operators_parse("o", buf_view(&yaml), &faults, &o), ERR_OK);
	buf_free(&yaml);
	return o;
}

static int
setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEYS; i++)
		key[i] = operator_key_new();
	operators = parse("thresholds: [{kind: approve, count: 2}]\n");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	operators_free(&operators);
	for (size_t i = 0; i < KEYS; i++)
		statement_key_free(&key[i]);
	return 0;
}

/* Where and when a statement is judged. */
struct place {
	struct view origin;
	uint64_t iat_s;
	const struct operators *operators;
	uint64_t last_number;
};

/* At 1,500 s; its key has used 6. */
static struct place
usual_place(void)
{
	return (struct place){V("hallmark.test/log"), 1500, operators, 6};
}

static enum err
judge(const struct statement_document *d, const struct place *p)
{
	return approvals_judge(d, p->origin, p->operators, p->last_number, p->iat_s);
}

static void
expect(unsigned who, const struct statement *s, const struct place *place, enum err expected)
{
	struct statement_document *d = statement_signed(key[who], s);
	enum err e = judge(d, place);

	if (e != expected)
		fail_msg("expected %s, found %s", err_name(expected), err_name(e));
	statement_document_free(&d);
}

static void
statements_of_operators_are_taken(void **state)
{
	struct place place = usual_place();
	struct statement s = statement_approving();

	(void)state;
	expect(ALICE, &s, &place, ERR_OK);
	expect(BOB, &s, &place, ERR_OK);
	s.kind_name = V("maintenance");
	s.member_count = 2;
	s.member[0] = (struct statement_member){V("collectors"), V("*")};
	s.member[1] = (struct statement_member){V("workloads"), V("*")};
	expect(CAROL, &s, &place, ERR_OK);
	s.author = V("carol"); /* who may announce what she has asked for herself */
	expect(CAROL, &s, &place, ERR_OK);
	s.not_before_s = 1999; /* before its time begins */
	expect(CAROL, &s, &place, ERR_OK);
}

static void
kind_and_subject(void **state)
{
	struct place place = usual_place();
	struct statement s = statement_approving();

	(void)state;
	s.member[0].value = V("x");
	expect(ALICE, &s, &place, ERR_STATEMENT_SUBJECT);
	s.kind_name = V("hold");
	expect(ALICE, &s, &place, ERR_STATEMENT_KIND);
	s.kind_name = V("unheard-of");
	expect(ALICE, &s, &place, ERR_STATEMENT_KIND);
}

static void
origin(void **state)
{
	struct place place = usual_place();
	struct statement s = statement_approving();

	(void)state;
	s.origin = V("hallmark.test/log2");
	expect(ALICE, &s, &place, ERR_STATEMENT_ORIGIN);
}

static void
keys_are_those_of_operators_while_they_count(void **state)
{
	struct place place = usual_place();
	struct statement s = statement_approving();

	(void)state;
	expect(NOBODY, &s, &place, ERR_STATEMENT_KEY);
	place.iat_s = 1799;
	expect(BOB, &s, &place, ERR_OK);
	place.iat_s = 1800;
	expect(BOB, &s, &place, ERR_STATEMENT_KEY);
	expect(ALICE, &s, &place, ERR_OK);
	place.operators = NULL;
	expect(ALICE, &s, &place, ERR_STATEMENT_KEY);
}

static void
signature(void **state)
{
	const struct place place = usual_place();
	struct statement s = statement_approving();
	struct statement_document *d = statement_signed(key[ALICE], &s);
	struct buf text = BUF_INIT, made = BUF_INIT, envelope = BUF_INIT;

	(void)state;
	statement_signed_bytes(statement_document_payload(d), &text);
	statement_sign_bytes(key[NOBODY], buf_view(&text), &made);
	assert_int_equal(statement_write_envelope(statement_document_payload(d),
			     statement_key_id(key[ALICE]), buf_view(&made), &envelope),
	    ERR_OK);
	statement_document_free(&d);
	assert_int_equal(statement_parse(buf_view(&envelope), &d), ERR_OK);
	assert_int_equal(judge(d, &place), ERR_STATEMENT_SIGNATURE);
	statement_document_free(&d);
	buf_free(&text);
	buf_free(&made);
	buf_free(&envelope);
}

static void
right(void **state)
{
	struct place place = usual_place();
	struct statement s = statement_approving();

	(void)state;
	expect(CAROL, &s, &place, ERR_STATEMENT_RIGHT);
	s.kind_name = V("revoke");
	s.member[0].name = V("statement");
	expect(BOB, &s, &place, ERR_STATEMENT_RIGHT);
	expect(ALICE, &s, &place, ERR_OK);
}

static void
nobody_approves_what_is_their_own(void **state)
{
	struct place place = usual_place();
	struct statement s = statement_approving();

	(void)state;
	s.author = V("alice");
	expect(ALICE, &s, &place, ERR_STATEMENT_AUTHOR);
	expect(BOB, &s, &place, ERR_OK);
	s.author = V("aLICE");
	expect(ALICE, &s, &place, ERR_STATEMENT_AUTHOR);
	s.author = V("alic");
	expect(ALICE, &s, &place, ERR_OK);
}

static void
time_and_number(void **state)
{
	struct place place = usual_place();
	struct statement s = statement_approving();

	(void)state;
	place.iat_s = 1999;
	expect(ALICE, &s, &place, ERR_OK);
	place.iat_s = 2000;
	expect(ALICE, &s, &place, ERR_STATEMENT_TIME);
	place.iat_s = 1500;
	place.last_number = 7;
	expect(ALICE, &s, &place, ERR_STATEMENT_NUMBER);
	place.last_number = 8;
	expect(ALICE, &s, &place, ERR_STATEMENT_NUMBER);
	s.number = 9;
	expect(ALICE, &s, &place, ERR_OK);
}

/* Each fault is hidden by the one before it: they are put right one by one. */
static void
the_order_of_refusals(void **state)
{
	struct place place = usual_place();
	struct statement s = statement_approving();

	(void)state;
	place.last_number = 7;
	place.iat_s = 2000;
	s.author = V("carol");
	s.origin = V("other");
	s.member[0].value = V("x");
	s.kind_name = V("hold");
	expect(NOBODY, &s, &place, ERR_STATEMENT_KIND);
	s.kind_name = V("approve");
	expect(NOBODY, &s, &place, ERR_STATEMENT_SUBJECT);
	s.member[0].value = V(STATEMENT_HEX);
	expect(NOBODY, &s, &place, ERR_STATEMENT_ORIGIN);
	s.origin = place.origin;
	expect(NOBODY, &s, &place, ERR_STATEMENT_KEY);
	expect(CAROL, &s, &place, ERR_STATEMENT_RIGHT);
	s.author = V("alice");
	expect(ALICE, &s, &place, ERR_STATEMENT_AUTHOR);
	s.author = V("dora");
	expect(ALICE, &s, &place, ERR_STATEMENT_TIME);
	place.iat_s = 1999;
	expect(ALICE, &s, &place, ERR_STATEMENT_NUMBER);
	place.last_number = 6;
	expect(ALICE, &s, &place, ERR_OK);
}

/* Whose approval of the manifest STATEMENT_HEX, or of another, it is at this time. */
static void
expect_approver(unsigned who, const struct statement *s, uint64_t iat_s, const char *name)
{
	struct statement_document *d = statement_signed(key[who], s);
	const struct operator_entry *op;
	struct digest manifest;

	assert_int_equal(digest_from_hex(V(STATEMENT_HEX), &manifest), ERR_OK);
	op = approvals_operator(d, operators, &manifest, iat_s);
	assert_int_equal(op != NULL, name != NULL);
	if (op != NULL)
		assert_true(view_equal(op->name, view_of_string(name)));
	manifest.bytes[0] ^= 1;
	assert_null(approvals_operator(d, operators, &manifest, iat_s));
	statement_document_free(&d);
}

static void
an_approval_counts_within_its_time(void **state)
{
	struct statement s = statement_approving();

	(void)state;
	expect_approver(ALICE, &s, 999, NULL);
	expect_approver(ALICE, &s, 1000, "alice");
	expect_approver(ALICE, &s, 1999, "alice");
	expect_approver(ALICE, &s, 2000, NULL);
}

/* By the operators that there are now, whoever they were when it was taken. */
static void
an_approval_counts_for_who_is_an_operator_now(void **state)
{
	struct statement s = statement_approving();

	(void)state;
	expect_approver(BOB, &s, 1799, "bob");
	expect_approver(BOB, &s, 1800, NULL);
	expect_approver(NOBODY, &s, 1500, NULL);
	expect_approver(CAROL, &s, 1500, NULL);
	s.author = V("alice");
	expect_approver(ALICE, &s, 1500, NULL);
	expect_approver(BOB, &s, 1500, "bob");
}

static void
another_statement_is_no_approval(void **state)
{
	struct statement s = statement_approving();

	(void)state;
	s.kind_name = V("revoke");
	expect_approver(ALICE, &s, 1500, NULL);
	s.member[0].name = V("statement");
	expect_approver(ALICE, &s, 1500, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(statements_of_operators_are_taken),
	    cmocka_unit_test(kind_and_subject),
	    cmocka_unit_test(origin),
	    cmocka_unit_test(keys_are_those_of_operators_while_they_count),
	    cmocka_unit_test(signature),
	    cmocka_unit_test(right),
	    cmocka_unit_test(nobody_approves_what_is_their_own),
	    cmocka_unit_test(time_and_number),
	    cmocka_unit_test(the_order_of_refusals),
	    cmocka_unit_test(an_approval_counts_within_its_time),
	    cmocka_unit_test(an_approval_counts_for_who_is_an_operator_now),
	    cmocka_unit_test(another_statement_is_no_approval),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
