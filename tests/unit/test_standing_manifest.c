/* Manifests that follow one another, and the approvals that let them. */
#include "tests/unit/standing_log.h"

static void
the_first_manifest_is_taken_as_it_is(void **state)
{
	const struct digest none = {{0}};

	(void)state;
	standing_free(&in_force);
	assert_int_equal(standing_new(VIEW_LITERAL(ORIGIN), &in_force), ERR_OK);
	assert_null(standing_manifest(in_force));
	assert_int_equal(take(&s.one, &none, 1), ERR_MISMATCH);
	assert_int_equal(take(&s.one, NULL, 0), ERR_OK);
	assert_true(digest_equal(standing_manifest(in_force), &s.one));
	assert_int_equal(operators_count(standing_operators(in_force)), 3);
}

static void
where_none_are_named_a_manifest_follows_without_approvals(void **state)
{
	(void)state;
	begin(&s.alone);
	assert_approvals(&s.one, 0, 0);
	assert_int_equal(take(&s.one, NULL, 0), ERR_OK);
}

static void
without_the_approvals_that_the_one_before_demands_it_is_refused(void **state)
{
	struct digest approval;

	(void)state;
	begin(&s.one);
	assert_int_equal(take(&s.next, NULL, 0), ERR_MISMATCH);
	assert_true(digest_equal(standing_manifest(in_force), &s.one));
	approval = approve(&s.two, "dev", &s.ann);
	assert_int_equal(take(&s.next, &approval, 1), ERR_MISMATCH); /* of another manifest */
	approval = approve(&s.next, "dev", &s.ann);
	assert_int_equal(take(&s.next, &approval, 1), ERR_OK);
	assert_null(standing_operators(in_force));
}

static void
one_operator_counts_once(void **state)
{
	struct digest approval[2];

	(void)state;
	begin(&s.two);
	approval[0] = approve(&s.next, "dev", &s.ann);
	approval[1] = approve(&s.next, "dev", &s.ann);
	assert_approvals(&s.next, 2, 1);
	if (digest_compare(&approval[0], &approval[1]) > 0) {
		const struct digest later = approval[0];

		approval[0] = approval[1];
		approval[1] = later;
	}
	assert_int_equal(take(&s.next, approval, 2), ERR_MISMATCH);
	approve(&s.next, "dev", &s.bob);
	assert_approvals(&s.next, 2, 2);
}

/* Of each manifest, also of the one that has come: nobody goes back to it by them. */
static void
approvals_are_over_with_the_next_manifest(void **state)
{
	struct digest approval;

	(void)state;
	begin(&s.one);
	approve(&s.next, "dev", &s.ann);
	approve(&s.one, "dev", &s.ann);
	approval = approve(&s.two, "dev", &s.bob);
	assert_approvals(&s.next, 1, 1);
	assert_int_equal(take(&s.two, &approval, 1), ERR_OK);
	assert_int_equal(standing_statement_count(in_force), 0);
	assert_approvals(&s.next, 2, 0);
	assert_approvals(&s.one, 2, 0);
}

static void
approvals_are_about_one_author(void **state)
{
	struct standing_approvals a;
	struct digest approval[2];

	(void)state;
	begin(&s.two);
	approval[0] = approve(&s.next, "dev", &s.ann);
	approval[1] = approve(&s.next, "ops", &s.bob);
	assert_approvals(&s.next, 2, 1);
	if (digest_compare(&approval[0], &approval[1]) > 0) {
		const struct digest later = approval[0];

		approval[0] = approval[1];
		approval[1] = later;
	}
	assert_int_equal(take(&s.next, approval, 2), ERR_MISMATCH);
	approve(&s.next, "ops", &s.cem);
	standing_find_approvals(in_force, &s.next, T, &a);
	assert_int_equal(a.found, 2);
	assert_int_equal(take(&s.next, a.statement, 2), ERR_OK);
}

/* However many others one operator gives, and whatever is between them. */
static void
approvals_are_found_among_many(void **state)
{
	static const char *const authors[] = {"a", "b", "dev", "e", "f"};
	struct standing_approvals a;
	struct digest by_bob, by_cem;

	(void)state;
	begin(&s.two);
	for (size_t i = 0; i < 5; i++) {
		approve(&s.next, authors[i], &s.ann);
		approve(&s.next, authors[i], &s.ann);
		approve(&s.one, authors[i], i % 2 == 0 ? &s.bob : &s.cem);
		approve(&s.next, i % 2 == 0 ? "bob" : "cem", i % 2 == 0 ? &s.cem : &s.bob);
	}
	assert_approvals(&s.next, 2, 1);
	by_bob = approve(&s.next, "g", &s.bob);
	assert_approvals(&s.next, 2, 1);
	by_cem = approve(&s.next, "g", &s.cem);
	standing_find_approvals(in_force, &s.next, T, &a);
	assert_int_equal(a.found, 2);
	assert_true(
	    digest_equal(&a.statement[0], &by_bob) || digest_equal(&a.statement[1], &by_bob));
	assert_true(
	    digest_equal(&a.statement[0], &by_cem) || digest_equal(&a.statement[1], &by_cem));
	assert_int_equal(take(&s.next, a.statement, 2), ERR_OK);
}

static void
approvals_are_named_once_each_and_rising(void **state)
{
	struct standing_approvals a;
	struct digest falling[2], twice[2];

	(void)state;
	begin(&s.two);
	approve(&s.next, "dev", &s.ann);
	approve(&s.next, "dev", &s.bob);
	standing_find_approvals(in_force, &s.next, T, &a);
	falling[0] = a.statement[1];
	falling[1] = a.statement[0];
	twice[0] = twice[1] = a.statement[0];
	assert_int_equal(take(&s.next, falling, 2), ERR_MISMATCH);
	assert_int_equal(take(&s.next, twice, 2), ERR_MISMATCH);
	assert_int_equal(take(&s.next, a.statement, 1), ERR_MISMATCH);
	assert_int_equal(take(&s.next, a.statement, 2), ERR_OK);
}

static void
an_approval_counts_only_in_its_time(void **state)
{
	struct statement said = stand_approve(&s, &s.next, hex);
	struct standing_approvals a;

	(void)state;
	begin(&s.one);
	said.not_before_s = T + 60;
	assert_taken(&said, &s.ann);
	assert_approvals(&s.next, 1, 0);
	standing_find_approvals(in_force, &s.next, T + 60, &a);
	assert_int_equal(a.found, 1);
	standing_find_approvals(in_force, &s.next, T + 3600, &a);
	assert_int_equal(a.found, 0);
}

/* Its key has to be one that the manifest in force lists, whatever it was when it was taken. */
static void
who_is_no_approver_any_more_does_not_count(void **state)
{
	struct standing_approvals a;
	struct digest approval;

	(void)state;
	begin(&s.two);
	approve(&s.one, "dev", &s.ann);
	approve(&s.one, "dev", &s.bob);
	approval = approve(&s.next, "dev", &s.cem);
	standing_find_approvals(in_force, &s.one, T, &a);
	assert_int_equal(take(&s.one, a.statement, a.found), ERR_OK);
	assert_approvals(&s.next, 1, 0); /* under s.one, cem only maintains */
	assert_int_equal(take(&s.next, &approval, 1), ERR_MISMATCH);
}

static void
a_manifest_that_cannot_be_read_is_not_taken(void **state)
{
	struct digest unknown, reserved;

	(void)state;
	begin(&s.alone);
	digest_of("unknown", 7, &unknown);
	reserved = stand_store(&s, PACK_MANIFEST,
	    VIEW_LITERAL("hallmark manifest v1\nsemantics 2\npolicy p "
			 "0000000000000000000000000000000000000000000000000000000000000000\n"));
	assert_int_equal(take(&unknown, NULL, 0), ERR_NOT_FOUND);
	assert_int_equal(take(&reserved, NULL, 0), ERR_UNSUPPORTED);
	assert_true(digest_equal(standing_manifest(in_force), &s.alone));
}

/* A manifest of this policy text that is rolled out against another. */
static struct digest
rolled_out(const char *text, const struct digest *older)
{
	struct manifest_line line[2] = {
	    {MANIFEST_POLICY, VIEW_LITERAL("p"), DIGEST_ZERO},
	    {MANIFEST_ROLLOUT, VIEW_LITERAL(MANIFEST_ROLLOUT_NAME), *older},
	};
	struct buf manifest = BUF_INIT;
	struct digest made;

	digest_of(text, strlen(text), &line[0].digest);
	manifest_write(line, 2, &manifest);
	made = stand_store(&s, PACK_MANIFEST, buf_view(&manifest));
	buf_free(&manifest);
	return made;
}

/* And after it is read again from its list. */
static void
what_has_given_way_is_not_rolled_out_against(void **state)
{
	struct digest first, second, older, odd;
	struct standing *loaded;
	struct buf list = BUF_INIT;

	(void)state;
	begin(&s.alone);
	assert_null(standing_rollout(in_force));
	first = rolled_out("first", &s.alone);
	second = rolled_out("second", &s.alone);
	older = rolled_out("third", &first);
	digest_of("never", 5, &odd);
	odd = rolled_out("odd", &odd);
	assert_int_equal(take(&odd, NULL, 0), ERR_CHAIN);
	assert_true(digest_equal(standing_manifest(in_force), &s.alone));
	assert_int_equal(take(&first, NULL, 0), ERR_OK);
	assert_true(digest_equal(standing_rollout(in_force), &s.alone));
	assert_int_equal(standing_write(in_force, &list), ERR_OK);
	assert_int_equal(
	    standing_load(buf_view(&list), VIEW_LITERAL(ORIGIN), stand_fetch, &s, &loaded), ERR_OK);
	standing_free(&in_force);
	in_force = loaded; /* moved */
	assert_int_equal(take(&second, NULL, 0), ERR_OK);
	assert_int_equal(take(&older, NULL, 0), ERR_CHAIN);
	assert_int_equal(take(&s.next, NULL, 0), ERR_OK);
	assert_int_equal(take(&first, NULL, 0), ERR_CHAIN);
	assert_null(standing_rollout(in_force));
	standing_free(&in_force);
	assert_int_equal(standing_new(VIEW_LITERAL(ORIGIN), &in_force), ERR_OK);
	assert_int_equal(take(&first, NULL, 0), ERR_CHAIN);
	buf_free(&list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_LOG(the_first_manifest_is_taken_as_it_is),
	    WITH_LOG(where_none_are_named_a_manifest_follows_without_approvals),
	    WITH_LOG(without_the_approvals_that_the_one_before_demands_it_is_refused),
	    WITH_LOG(one_operator_counts_once),
	    WITH_LOG(approvals_are_over_with_the_next_manifest),
	    WITH_LOG(approvals_are_about_one_author),
	    WITH_LOG(approvals_are_found_among_many),
	    WITH_LOG(approvals_are_named_once_each_and_rising),
	    WITH_LOG(an_approval_counts_only_in_its_time),
	    WITH_LOG(who_is_no_approver_any_more_does_not_count),
	    WITH_LOG(a_manifest_that_cannot_be_read_is_not_taken),
	    WITH_LOG(what_has_given_way_is_not_rolled_out_against),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
