/* Lists made again are the lists that were: notice by notice, beside a standing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signer/chronicle/in_force_again.h"
#include "standing_fixture.h"

#define NOTICES_MAX 32

static struct stand s;
static struct standing *standing;
static struct notice_row row[NOTICES_MAX];
static size_t rows;

/* A notice of this time, behind which the standing stands. */
static void
notice(enum notice_kind kind, const struct digest *subject, uint64_t iat_s)
{
	struct buf list = BUF_INIT;

	standing_expire(standing, iat_s);
	assert_int_equal(standing_write(standing, &list), ERR_OK);
	row[rows] = (struct notice_row){.index = rows,
	    .issued_s = iat_s,
	    .kind = kind,
	    .subject = subject != NULL ? *subject : DIGEST_ZERO};
	digest_of(list.data, list.size, &row[rows++].in_force);
	buf_free(&list);
}

static struct digest
take(const struct statement *said, const struct operator_key *by)
{
	struct digest name;

	assert_int_equal(stand_take(&s, standing, said, by, &name), ERR_OK);
	notice(NOTICE_STATEMENT, &name, T);
	return name;
}

static enum err
again(size_t count)
{
	struct buf list = BUF_INIT;
	const enum err e = in_force_again(row, count, stand_fetch, &s, &list);

	buf_free(&list);
	return e;
}

static void
every_list_of_a_log_comes_out_again(void **state)
{
	char hex[DIGEST_HEX_SIZE + 1], revoked[DIGEST_HEX_SIZE + 1];
	struct statement said;
	struct digest approval;

	(void)state;
	notice(NOTICE_START, NULL, T);
	assert_int_equal(
	    standing_take_manifest(standing, &s.one, NULL, 0, T, stand_fetch, &s), ERR_OK);
	notice(NOTICE_MANIFEST, &s.one, T);
	said = stand_statement(&s, "maintenance", "collectors", "*://*/*", "workloads", "*");
	said.not_after_s = T + 10;
	take(&said, &s.cem);
	said = stand_approve(&s, &s.next, hex);
	approval = take(&said, &s.bob);
	said = stand_approve(&s, &s.next, hex);
	take(&said, &s.ann);
	digest_to_hex(&approval, revoked);
	said = stand_statement(&s, "revoke", "statement", revoked, NULL, NULL);
	take(&said, &s.ann);
	said = stand_approve(&s, &s.two, hex);
	approval = take(&said, &s.bob);
	said = stand_approve(&s, &s.next, hex);
	take(&said, &s.bob);
	assert_int_equal(
	    standing_take_manifest(standing, &s.two, &approval, 1, T, stand_fetch, &s), ERR_OK);
	notice(NOTICE_MANIFEST, &s.two, T); /* the approvals are used up */
	notice(NOTICE_START, NULL, T + 9);
	notice(NOTICE_START, NULL, T + 10); /* the maintenance is over */
	notice(NOTICE_START, NULL, T + 100000);
	for (size_t count = 1; count <= rows; count++)
		assert_int_equal(again(count), ERR_OK);
}

static void
what_does_not_come_out_right_is_said(void **state)
{
	struct statement said;

	(void)state;
	notice(NOTICE_START, NULL, T);
	assert_int_equal(
	    standing_take_manifest(standing, &s.one, NULL, 0, T, stand_fetch, &s), ERR_OK);
	notice(NOTICE_MANIFEST, &s.one, T);
	said = stand_statement(&s, "maintenance", "collectors", "*://*/*", "workloads", "*");
	take(&said, &s.cem);
	assert_int_equal(again(3), ERR_OK);
	row[1].subject = s.two;
	assert_int_equal(again(3), ERR_MISMATCH);
	row[1].subject = s.one;
	row[2].issued_s = T + 3600; /* its time would be over */
	assert_int_equal(again(3), ERR_MISMATCH);
	row[2].issued_s = T;
	row[2].subject = s.one; /* no statement of that name */
	assert_int_equal(again(3), ERR_NOT_FOUND);
}

static int
setup(void **state)
{
	(void)state;
	stand_setup(&s);
	rows = 0;
	return standing_new(VIEW_LITERAL(ORIGIN), &standing) != ERR_OK;
}

static int
teardown(void **state)
{
	(void)state;
	standing_free(&standing);
	stand_teardown(&s);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(every_list_of_a_log_comes_out_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_does_not_come_out_right_is_said, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
