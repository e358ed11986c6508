/* Bundles that wait for evidence: what each of them lacks, and the memory that all of it may take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "signer/session/holding.h"
#include "signer/session/waiting.h"

#define ALL_MAX (128ULL * 1024 * 1024)

static struct signer_config config;
static struct service service;
static struct workload workload;
static char one[] = "one", two[] = "two";
static struct session first, same, other; /* of collectors one, one and two */

static int
set_up(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	memset(&service, 0, sizeof(service));
	memset(&workload, 0, sizeof(workload));
	config.limits.evidence_pending_bytes = ALL_MAX;
	service.config = &config;
	first = (struct session){.service = &service, .identity = one};
	same = (struct session){.service = &service, .identity = one};
	other = (struct session){.service = &service, .identity = two};
	return 0;
}

/* --- memory */

static void
take(struct session *s, uint64_t bytes)
{
	assert_int_equal(holding_take(s, bytes), ERR_OK);
}

static void
refuse(struct session *s, uint64_t bytes)
{
	const uint64_t before = service.evidence_bytes;

	assert_int_equal(holding_take(s, bytes), ERR_BUSY);
	assert_int_equal(service.evidence_bytes, before);
}

static void
there_is_so_much_for_all(void **state)
{
	(void)state;
	take(&first, ALL_MAX / 2);
	take(&other, HOLDING_SHARE_MAX);
	assert_int_equal(holding_room(&service), ALL_MAX / 2 - HOLDING_SHARE_MAX);
	refuse(&other, 1); /* its share of the second half */
	refuse(&first, 1);
	holding_give(&first, ALL_MAX / 2);
	take(&other, 1);
	take(&same, ALL_MAX / 2 - HOLDING_SHARE_MAX - 1);
	refuse(&first, 1); /* the same collector's */
	holding_give(&same, ALL_MAX / 2 - HOLDING_SHARE_MAX - 1);
	holding_give(&other, HOLDING_SHARE_MAX + 1);
	assert_int_equal(service.evidence_bytes, 0);
	assert_null(service.holders);
}

static void
of_the_second_half_a_collector_has_a_share_over_one_connection(void **state)
{
	(void)state;
	take(&other, ALL_MAX / 2);
	take(&first, 1);
	take(&first, HOLDING_SHARE_MAX - 1);
	refuse(&first, 1);
	refuse(&same, 1);
	holding_give(&first, 1);
	take(&first, 1);
	holding_give(&first, HOLDING_SHARE_MAX);
	take(&same, 1);
	refuse(&first, 1);
}

static void
whoever_gives_all_back_holds_nothing(void **state)
{
	struct session *const sessions[] = {&first, &other, &same};

	(void)state;
	for (unsigned order = 0; order < 3; order++) {
		for (unsigned i = 0; i < 3; i++) {
			take(sessions[i], 5);
			take(sessions[i], 0);
		}
		for (unsigned i = 0; i < 3; i++)
			holding_give(sessions[(i + order) % 3], 5);
		holding_give(&first, 0);
		assert_null(service.holders);
	}
}

static void
a_new_configuration_may_leave_less_than_is_taken(void **state)
{
	(void)state;
	take(&first, 20);
	config.limits.evidence_pending_bytes = 10;
	assert_int_equal(holding_room(&service), 0);
	refuse(&first, 0);
	holding_give(&first, 20);
	assert_int_equal(holding_room(&service), 10);
}

/* --- what is lacking */

static struct digest
digest(uint8_t first_byte)
{
	struct digest d = {{0}};

	d.bytes[0] = first_byte;
	return d;
}

/* A bundle of `files` and `host`, whose components are named 1 and 2. */
static struct waiting *
add(struct session *s)
{
	struct filing f = {.workload = &workload};
	struct buf bytes = BUF_INIT;
	struct waiting *w;

	f.bundle.workload = VIEW_LITERAL("app");
	f.bundle.seq = 1;
	f.bundle.time_ms = 1;
	f.bundle.component[COMPONENT_FILES] = (struct bundle_component){true, digest(1), 2000, 100};
	f.bundle.component[COMPONENT_HOST] = (struct bundle_component){true, digest(2), 1, 50};
	bundle_encode(&f.bundle, &bytes);
	f.bytes = buf_view(&bytes);
	f.signature = VIEW_LITERAL("signature");
	assert_int_equal(waiting_add(s, &f, &w), ERR_OK);
	buf_free(&bytes);
	return w;
}

static void
a_bundle_keeps_its_bytes_and_its_workload_busy(void **state)
{
	struct waiting *w = add(&first), *later = add(&first);

	(void)state;
	assert_ptr_equal(first.waiting, w);
	assert_ptr_equal(w->next, later);
	assert_int_equal(first.waiting_count, 2);
	assert_true(workload.busy);
	assert_true(view_equal(w->filing.bundle.workload, VIEW_LITERAL("app")));
	assert_true(view_equal(w->filing.signature, VIEW_LITERAL("signature")));
	waiting_remove(&first, w);
	assert_ptr_equal(first.waiting, later);
	waiting_remove(&first, later);
	assert_int_equal(first.waiting_count, 0);
	assert_false(workload.busy);
}

/* A bundle that waits is memory, with its copy, like what it waits for. */
static void
a_bundle_that_cannot_be_held_does_not_wait(void **state)
{
	struct waiting *w = add(&first), *none;
	struct filing f = w->filing;

	(void)state;
	assert_int_equal(w->held, sizeof(*w) + f.bytes.size + f.signature.size);
	assert_int_equal(service.evidence_bytes, w->held);
	config.limits.evidence_pending_bytes = (uint32_t)(2 * w->held - 1);
	assert_int_equal(waiting_add(&first, &f, &none), ERR_BUSY);
	assert_null(none);
	assert_int_equal(first.waiting_count, 1);
	waiting_remove(&first, w);
	assert_int_equal(service.evidence_bytes, 0);
}

static void
components_are_lacking_until_they_have_come(void **state)
{
	struct waiting *w = add(&first);
	const struct digest files = digest(1), host = digest(2), none = digest(3);
	struct awaited as;

	(void)state;
	assert_false(waiting_lacks(w, &files, &as)); /* not asked for */
	w->lacks[COMPONENT_FILES] = w->lacks[COMPONENT_HOST] = true;
	assert_int_equal(waiting_lacking_bytes(w), 150);
	assert_true(waiting_lacks(w, &files, &as));
	assert_false(as.is_segment);
	assert_int_equal(as.size, 100);
	assert_true(waiting_any_lacks(&first, &host, NULL));
	assert_false(waiting_any_lacks(&first, &none, NULL));
	assert_false(waiting_take(w, &files));
	assert_int_equal(waiting_lacking_bytes(w), 50);
	assert_false(waiting_lacks(w, &files, NULL));
	assert_true(waiting_take(w, &host));
	waiting_remove(&first, w);
}

/* Segments in any order; the one named 7 by two lists. */
static struct waiting_segment *
segments(void)
{
	struct waiting_segment *s = calloc(4, sizeof(*s));

	assert_non_null(s);
	s[0] = (struct waiting_segment){{digest(9), 10, 1000}, COMPONENT_FILES, false, false};
	s[1] = (struct waiting_segment){{digest(7), 11, 1100}, COMPONENT_FILES, true, false};
	s[2] = (struct waiting_segment){{digest(5), 12, 1200}, COMPONENT_HOST, false, false};
	s[3] = (struct waiting_segment){{digest(7), 13, 1300}, COMPONENT_HOST, false, false};
	return s;
}

static void
segments_are_lacking_until_they_have_come(void **state)
{
	struct waiting *w = add(&first), *later = add(&first);
	const struct digest five = digest(5), seven = digest(7), nine = digest(9), six = digest(6);
	enum component_kind culprit;
	struct awaited as;

	(void)state;
	assert_int_equal(first.held_bytes, w->held + later->held);
	assert_int_equal(waiting_set_segments(&first, w, segments(), 4, &culprit), ERR_OK);
	assert_int_equal(
	    first.held_bytes, w->held + later->held + 4 * sizeof(struct waiting_segment));
	assert_int_equal(waiting_lacking_bytes(w), 1000 + 1100 + 1200 + 1300);
	assert_true(waiting_lacks(w, &nine, &as));
	assert_true(as.is_segment && !as.last);
	assert_int_equal(as.size, 1000);
	assert_int_equal(as.count, 10);
	assert_int_equal(as.kind, COMPONENT_FILES);
	assert_true(waiting_lacks(w, &seven, &as));
	assert_true(as.last);
	assert_false(waiting_lacks(w, &six, NULL));
	assert_false(waiting_lacks(later, &nine, NULL));
	assert_true(waiting_any_lacks(&first, &nine, NULL));
	assert_false(waiting_take(w, &nine));
	assert_false(waiting_take(w, &nine));
	assert_false(waiting_lacks(w, &nine, NULL));
	assert_false(waiting_take(w, &seven)); /* for both */
	assert_int_equal(waiting_lacking_bytes(w), 1200);
	assert_true(waiting_take(w, &five));
	waiting_remove(&first, later);
	waiting_remove(&first, w);
	assert_int_equal(service.evidence_bytes, 0);
}

static void
a_list_that_has_a_segment_twice_is_none(void **state)
{
	struct waiting_segment *s = segments();
	struct waiting *w = add(&first);
	enum component_kind culprit = COMPONENT_RUNTIME;

	(void)state;
	s[1].kind = COMPONENT_HOST;
	assert_int_equal(waiting_set_segments(&first, w, s, 4, &culprit), ERR_COMPONENT_FORMAT);
	assert_int_equal(culprit, COMPONENT_HOST);
	waiting_remove(&first, w);
	assert_int_equal(service.evidence_bytes, 0);
}

static void
what_cannot_be_held_is_not_awaited(void **state)
{
	struct waiting *w = add(&first);
	const struct digest nine = digest(9);
	enum component_kind culprit;

	(void)state;
	config.limits.evidence_pending_bytes =
	    (uint32_t)w->held + 4 * sizeof(struct waiting_segment) - 1;
	assert_int_equal(waiting_set_segments(&first, w, segments(), 4, &culprit), ERR_BUSY);
	assert_false(waiting_lacks(w, &nine, NULL));
	waiting_remove(&first, w);
	assert_int_equal(service.evidence_bytes, 0);
}

static struct waiting_segment *
many(size_t count)
{
	struct waiting_segment *s = calloc(count, sizeof(*s));

	assert_non_null(s);
	for (size_t i = 0; i < count; i++)
		be32_put(s[i].named.digest.bytes, (uint32_t)i);
	return s;
}

static void
a_connection_waits_for_so_many(void **state)
{
	const size_t most = WAITING_SEGMENTS_MAX - 4;
	struct waiting *w = add(&first), *later = add(&first), *last = add(&first);
	enum component_kind culprit;

	(void)state;
	assert_int_equal(waiting_set_segments(&first, w, segments(), 4, &culprit), ERR_OK);
	assert_int_equal(
	    waiting_set_segments(&first, later, many(most + 1), most + 1, &culprit), ERR_BUSY);
	assert_int_equal(waiting_set_segments(&first, later, many(most), most, &culprit), ERR_OK);
	assert_int_equal(waiting_set_segments(&first, last, many(1), 1, &culprit), ERR_BUSY);
	waiting_remove(&first, w);
	assert_int_equal(waiting_set_segments(&first, last, many(1), 1, &culprit), ERR_OK);
	waiting_remove(&first, later);
	waiting_remove(&first, last);
	assert_int_equal(service.evidence_bytes, 0);
}

#define TEST(function) cmocka_unit_test_setup(function, set_up)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(there_is_so_much_for_all),
	    TEST(of_the_second_half_a_collector_has_a_share_over_one_connection),
	    TEST(whoever_gives_all_back_holds_nothing),
	    TEST(a_new_configuration_may_leave_less_than_is_taken),
	    TEST(a_bundle_keeps_its_bytes_and_its_workload_busy),
	    TEST(a_bundle_that_cannot_be_held_does_not_wait),
	    TEST(components_are_lacking_until_they_have_come),
	    TEST(segments_are_lacking_until_they_have_come),
	    TEST(a_list_that_has_a_segment_twice_is_none),
	    TEST(what_cannot_be_held_is_not_awaited),
	    TEST(a_connection_waits_for_so_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
