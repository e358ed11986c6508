/* Operators files: who is in them, and every fault with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/governance/operators.h"
#include "proto/report/notice.h"
#include "tests/unit/config_sample.h"
#include "tests/unit/operators_fixture.h"

#define V(s) VIEW_LITERAL(s)

static struct statement_key *key[3];

static int
make_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		key[i] = operator_key_new();
	return 0;
}

static int
free_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		statement_key_free(&key[i]);
	return 0;
}

/* Every $N is replaced by key N. */
static struct operators *
parse(struct fixture *f, const char *text)
{
	struct buf yaml = BUF_INIT;
	struct operators *o;
	enum err e;

	for (const char *c = text; *c != '\0'; c++) {
		if (*c == '$')
			operator_key_append(&yaml, key[*++c - '0']);
		else
			buf_append_byte(&yaml, (uint8_t)*c);
	}
	faults_free(&f->faults);
	e = operators_parse("operators.yaml", buf_view(&yaml), &f->faults, &o);
	assert_int_equal(e, f->faults.count == 0 ? ERR_OK : ERR_CONFIG);
	assert_int_equal(o != NULL, e == ERR_OK);
	buf_free(&yaml);
	return o;
}

static struct operators *
accept(struct fixture *f, const char *text)
{
	struct operators *o = parse(f, text);

	fixture_expect_count(f, 0);
	return o;
}

static void
refuse(struct fixture *f, const char *text, unsigned line, const char *fault)
{
	assert_null(parse(f, text));
	fixture_expect_count(f, 1);
	fixture_expect(f, line, fault);
}

#define ALICE "  - {name: alice, rights: [approve, revoke], key: $0}\n"
#define BOB   "  - {name: bob, role: desk, rights: [approve], key: $1, until: 2027-01-31T00:00:00Z}\n"
#define BOTH  "operators:\n" ALICE BOB

static void
operators_are_found_by_their_keys(void **state)
{
	struct operators *o = accept(*state, BOTH);
	const struct operator_entry *alice, *bob;

	assert_int_equal(operators_count(o), 2);
	alice = operators_find(o, statement_key_id(key[0]));
	bob = operators_find(o, statement_key_id(key[1]));
	assert_ptr_equal(alice, operators_at(o, 0));
	assert_ptr_equal(bob, operators_at(o, 1));
	assert_null(operators_find(o, statement_key_id(key[2])));
	assert_true(view_equal(alice->name, V("alice")));
	assert_true(view_equal(bob->role, V("desk")));
	assert_int_equal(alice->role.size, 0);
	assert_true(alice->right[STATEMENT_APPROVE] && alice->right[STATEMENT_REVOKE]);
	assert_false(bob->right[STATEMENT_REVOKE] || alice->right[STATEMENT_RETIRE]);
	assert_true(digest_equal(statement_key_id(bob->key), statement_key_id(key[1])));
	operators_free(&o);
	assert_null(o);
}

static void
a_key_counts_until_its_time(void **state)
{
	struct operators *o = accept(*state, BOTH);

	assert_true(operator_counts(operators_at(o, 0), UINT64_MAX));
	assert_true(operator_counts(operators_at(o, 1), 1801353599));
	assert_false(operator_counts(operators_at(o, 1), 1801353600));
	operators_free(&o);
}

static void
thresholds_are_one_unless_said(void **state)
{
	struct operators *o = accept(*state, BOTH);

	for (unsigned k = 0; k < STATEMENT_KIND_COUNT; k++)
		assert_int_equal(operators_threshold(o, (enum statement_kind)k), 1);
	operators_free(&o);
	o = accept(
	    *state, BOTH "thresholds: [{kind: approve, count: 2}, {kind: revoke, count: 1}]\n");
	assert_int_equal(operators_threshold(o, STATEMENT_APPROVE), 2);
	assert_int_equal(operators_threshold(o, STATEMENT_REVOKE), 1);
	operators_free(&o);
}

/* A later version acts on them; this one must be able to read the file. */
static void
rights_to_reserved_kinds_may_be_given(void **state)
{
	struct operators *o =
	    accept(*state, BOTH "  - {name: carol, rights: [clock, break-glass], key: $2}\n");

	assert_true(operators_at(o, 2)->right[STATEMENT_BREAK_GLASS]);
	operators_free(&o);
}

static void
names_are_words_and_unique(void **state)
{
	refuse(*state, BOTH "  - {name: a b, rights: [revoke], key: $2}\n", 4,
	    "\"operators[2].name\" must be without white space");
	refuse(*state, BOTH "  - {name: a/b, rights: [revoke], key: $2}\n", 4, "must be without");
	refuse(*state, BOTH "  - {name: alice, rights: [revoke], key: $2}\n", 4,
	    "\"operators[2].name\" is \"alice\", the name of two operators");
	refuse(*state, BOTH "  - {name: Alice, rights: [revoke], key: $2}\n", 4,
	    "\"operators[2].name\" is \"Alice\", the name of two operators");
	refuse(*state, BOTH "  - {name: \"alice\\u200b\", rights: [revoke], key: $2}\n", 4,
	    "\"operators[2].name\" must be");
	refuse(*state, BOTH "  - {rights: [revoke], key: $2}\n", 4, "name");
	refuse(*state, BOTH "  - {name: c, role: \"a\\nb\", rights: [revoke], key: $2}\n", 4,
	    "\"operators[2].role\" must be text without control");
}

static void
keys_are_keys_and_unique(void **state)
{
	refuse(*state, BOTH "  - {name: c, rights: [revoke], key: $0}\n", 4,
	    "\"operators[2].key\" is the key of two operators");
	refuse(*state, BOTH "  - {name: c, rights: [revoke], key: \"$2=\"}\n", 4,
	    "\"operators[2].key\" must be a public key");
	refuse(*state, BOTH "  - {name: c, rights: [revoke], key: AAAA}\n", 4,
	    "\"operators[2].key\" must be a public key");
	/* X25519, which signs nothing. */
	refuse(*state,
	    BOTH "  - {name: c, rights: [revoke], key: "
		 "MCowBQYDK2VuAyEAhSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=}\n",
	    4, "\"operators[2].key\" is a key of another kind");
	refuse(*state, BOTH "  - {name: c, rights: [revoke]}\n", 4, "key");
}

static void
rights_are_kinds_each_once(void **state)
{
	refuse(*state, BOTH "  - {name: c, rights: [revoke, revoke], key: $2}\n", 4,
	    "\"operators[2].rights\" names \"revoke\" twice");
	refuse(*state, BOTH "  - {name: c, rights: [approval], key: $2}\n", 4, "one of approve");
	refuse(*state, BOTH "  - {name: c, rights: [], key: $2}\n", 4, "rights");
	refuse(*state, BOTH "  - {name: c, key: $2}\n", 4, "rights");
}

static void
times_have_one_spelling(void **state)
{
	refuse(*state,
	    BOTH "  - {name: c, rights: [revoke], key: $2, until: 2027-02-30T00:00:00Z}\n", 4,
	    "\"operators[2].until\" must be a time in UTC");
	refuse(*state, BOTH "  - {name: c, rights: [revoke], key: $2, until: tomorrow}\n", 4,
	    "\"operators[2].until\" must be a time in UTC");
}

static void
thresholds_can_be_reached(void **state)
{
	refuse(*state, BOTH "thresholds: [{kind: approve, count: 3}]\n", 4,
	    "\"thresholds[0].count\" must not be above the operators who have the right "
	    "\"approve\", of whom there are 2; found 3");
	refuse(*state, BOTH "thresholds: [{kind: approve, count: 0}]\n", 4, "1 or more, found 0");
	refuse(*state, BOTH "thresholds: [{kind: retire, count: 1}]\n", 4, "of whom there are 0");
	refuse(*state, BOTH "thresholds: [{kind: revoke, count: 2}]\n", 4, "only \"approve\"");
	refuse(*state, BOTH "thresholds: [{kind: continue-key, count: 2}]\n", 4,
	    "of whom there are 0");
	refuse(*state, BOTH "thresholds: [{kind: approve, count: 1}, {kind: approve, count: 2}]\n",
	    4, "the kind of two thresholds");
	refuse(*state, BOTH "thresholds: [{kind: approve}]\n", 4, "count");
	refuse(*state, BOTH "thresholds: [{count: 1}]\n", 4, "kind");
}

/* A notice has room for so many approvals, and so has whoever counts them. */
static void
no_threshold_is_above_what_a_notice_names(void **state)
{
	struct fixture *f = *state;
	struct buf yaml = BUF_INIT;
	struct operators *o;

	for (unsigned most = NOTICE_APPROVALS_MAX; most <= NOTICE_APPROVALS_MAX + 1; most++) {
		buf_clear(&yaml);
		buf_append_string(&yaml, "operators:\n");
		for (unsigned i = 0; i < most; i++) {
			struct statement_key *k = operator_key_new();
			char name[16];

			snprintf(name, sizeof(name), "o%u", i);
			operator_append(&yaml, name, "approve", k, "");
			statement_key_free(&k);
		}
		buf_append_format(&yaml, "thresholds: [{kind: approve, count: %u}]\n", most);
		faults_free(&f->faults);
		assert_int_equal(operators_parse("operators.yaml", buf_view(&yaml), &f->faults, &o),
		    most == NOTICE_APPROVALS_MAX ? ERR_OK : ERR_CONFIG);
		assert_int_equal(o != NULL, most == NOTICE_APPROVALS_MAX);
		operators_free(&o);
	}
	fixture_expect_count(f, 1);
	fixture_expect(f, NOTICE_APPROVALS_MAX + 3, "at most 64");
	buf_free(&yaml);
}

static void
somebody_may_approve(void **state)
{
	refuse(*state, "operators:\n  - {name: alice, rights: [revoke], key: $0}\n", 1,
	    "gives nobody the right \"approve\"");
	refuse(*state, "operators: []\n", 1, "operators");
	refuse(*state, "thresholds: []\n", 0, "operators");
	refuse(*state, "", 0, "empty");
}

static void
every_fault_is_told_in_one_run(void **state)
{
	struct fixture *f = *state;

	assert_null(parse(f, "operators:\n"
			     "  - {name: a b, rights: [approve], key: AAAA}\n"
			     "  - {name: bob, rights: [revoke, revoke], key: $0, until: never}\n"
			     "thresholds:\n"
			     "  - {kind: approve, count: 2}\n"
			     "more: 1\n"));
	fixture_expect_count(f, 6);
	fixture_expect(f, 2, "operators[0].name");
	fixture_expect(f, 2, "operators[0].key");
	fixture_expect(f, 3, "operators[1].rights");
	fixture_expect(f, 3, "operators[1].until");
	fixture_expect(f, 5, "thresholds[0].count");
	fixture_expect(f, 6, "more");
}

static void
the_sample_is_good(void **state)
{
	char *text = sample_read("operators.yaml");
	struct operators *o = accept(*state, text);

	assert_int_equal(operators_count(o), 3);
	assert_int_equal(operators_threshold(o, STATEMENT_APPROVE), 2);
	operators_free(&o);
	free(text);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FIXTURE(operators_are_found_by_their_keys),
	    WITH_FIXTURE(a_key_counts_until_its_time),
	    WITH_FIXTURE(thresholds_are_one_unless_said),
	    WITH_FIXTURE(rights_to_reserved_kinds_may_be_given),
	    WITH_FIXTURE(names_are_words_and_unique),
	    WITH_FIXTURE(keys_are_keys_and_unique),
	    WITH_FIXTURE(rights_are_kinds_each_once),
	    WITH_FIXTURE(times_have_one_spelling),
	    WITH_FIXTURE(thresholds_can_be_reached),
	    WITH_FIXTURE(no_threshold_is_above_what_a_notice_names),
	    WITH_FIXTURE(somebody_may_approve),
	    WITH_FIXTURE(every_fault_is_told_in_one_run),
	    WITH_FIXTURE(the_sample_is_good),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
