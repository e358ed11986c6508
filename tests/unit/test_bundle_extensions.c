/* Extensions of bundles: which are known, what they depend on, and their one spelling. */
#include "tests/unit/bundle_fixture.h"

/* The good bundle with extensions, and with what these may depend on. */
#define WITH(map)            WITH_NEXT(NEXT, map)
#define WITH_NEXT(next, map) WITH_ALL(NONCE, next, map)
#define WITH_ALL(nonce, next, map)                                                                 \
	"\x8a" VERSION WORKLOAD SEQ PREV nonce BOOT TIME next PARTS EXT(map)
#define OFFLINE                       "\xa5nonce\xc4\0"
#define NO_NEXT                       "\246next_s\0"
#define LEAVING_MOVED                 "\247leaving\245moved"
#define MOVED_TO                      "\250moved_to\255log.example/2"
#define D65                           "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefX"
#define CHALLENGE                     "\251challenge\xc4\01012345678"
#define GAP                           "\243gap\x06"
#define ACTION(hook, verdict, result) "\223" hook verdict result
#define GOOD_ACTION                   ACTION("\244tell", "\244none", "\x02")
#define PHASE                         "\245phase\245start"
#define FILE_ARTIFACT                 "\250artifact\x92\244file" D32
#define TREE_ARTIFACT                 "\250artifact\x92\244tree" D32
#define OTHER_TREE                    "\250artifact\x92\244tree\xc4\0401123456789abcdef0123456789abcdef"
#define STARTING                      "\xa8workload\251app/start"
#define BEGINS(map)                   BEGINS_WITH(NONCE, NO_NEXT, PARTS, map)
#define BEGINS_WITH(nonce, next, parts, map)                                                       \
	"\x8a" VERSION STARTING SEQ PREV nonce BOOT TIME next parts EXT(map)

static void
vectors_with_extensions_are_read_and_made_again(void **state)
{
	static const char *const names[] = {
	    "bundle-3-extensions", "bundle-4-leaving", "bundle-5-start"};
	struct buf bytes = BUF_INIT, made = BUF_INIT;
	struct bundle b;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		buf_clear(&bytes);
		buf_clear(&made);
		vector_wire(names[i], &bytes);
		assert_int_equal(bundle_decode(buf_view(&bytes), &b), ERR_OK);
		bundle_encode(&b, &made);
		assert_true(view_equal(buf_view(&made), buf_view(&bytes)));
		assert_int_equal(b.extensions.has_unknown, i == 0);
		assert_int_equal(b.next_s, i == 0 ? 66 : 0);
		assert_int_equal(b.extensions.leaving, i == 1 ? BUNDLE_MOVED : BUNDLE_STAYING);
		assert_int_equal(b.extensions.is_start, i == 2);
	}
	buf_free(&bytes);
	buf_free(&made);
}

static void
extensions_are_read(void **state)
{
	const struct view map = V("\x83" CHALLENGE "\252x_other_ab\x93\x01\241a\x81\241b\xc4\0"
				  "\xa3y_z\x07");
	struct bundle b;

	(void)state;
	assert_int_equal(
	    bundle_decode(V(WITH("\x83" CHALLENGE "\252x_other_ab\x93\x01\241a\x81\241b\xc4\0"
				 "\xa3y_z\x07")),
		&b),
	    ERR_OK);
	assert_true(view_equal(b.extensions.bytes, map));
	assert_true(view_equal(b.extensions.challenge, V("12345678")));
	assert_true(b.extensions.has_unknown);
	assert_false(b.extensions.has_configuration);
	assert_int_equal(
	    bundle_decode(V(WITH_NEXT(NO_NEXT, "\x82" LEAVING_MOVED MOVED_TO)), &b), ERR_OK);
	assert_int_equal(b.extensions.leaving, BUNDLE_MOVED);
	assert_true(view_equal(b.extensions.moved_to, V("log.example/2")));
	assert_false(b.extensions.has_unknown);
	assert_int_equal(b.next_s, 0);
	expect(V(WITH("\x81\247program" D32)), ERR_OK);
	expect(
	    V(WITH("\x81\247actions\224" GOOD_ACTION GOOD_ACTION GOOD_ACTION GOOD_ACTION)), ERR_OK);
	expect(
	    V(WITH("\x81\247actions\221" ACTION("\244tell", "\247unknown", "\315\2\2"))), ERR_OK);
	expect(V(WITH("\x81\247actions\221" ACTION("\244tell", "\244none", "\315\1\x40"))), ERR_OK);
	assert_int_equal(bundle_decode(V(WITH("\x81\246cached\x93\x02\x03\xcd\1\0")), &b), ERR_OK);
	assert_int_equal(b.extensions.cached.known, 2);
	assert_int_equal(b.extensions.cached.files, 3);
	assert_int_equal(b.extensions.cached.oldest_s, 256);
	assert_false(b.extensions.has_unknown);
	expect(V(WITH("\x82\255configuration" D32 "\247program" D32)), ERR_OK);
	expect(V(WITH_NEXT(NO_NEXT, "\x81\247leaving\247stopped")), ERR_OK);
	expect(V(WITH_NEXT(NO_NEXT, "\x81\247leaving\251scaled-in")), ERR_OK);
	expect(V(WITH_NEXT(NO_NEXT, "\x81\247leaving\247retired")), ERR_OK);
	assert_int_equal(bundle_decode(V(WITH_ALL(OFFLINE, NEXT, "\x81" GAP)), &b), ERR_OK);
	assert_true(b.extensions.has_gap);
	assert_int_equal(b.extensions.gap_after, 6);
	assert_false(b.extensions.has_unknown);
}

static void
known_extensions_of_another_kind_are_refused(void **state)
{
	(void)state;
	expect(V(WITH("\x81\251challenge\xa8"
		      "12345678")),
	    ERR_MSG_TYPE);
	expect(V(WITH("\x81\251challenge\xc4\0071234567")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\251challenge\xc4\101" D65)), ERR_MSG_RANGE);
	expect(V(WITH("\x81\247actions\x02")), ERR_MSG_TYPE);
	expect(V(WITH("\x81\247actions\220")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\247actions\221\x02")), ERR_MSG_TYPE);
	expect(V(WITH("\x81\247actions\221\222\244tell\244none")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\247actions\221\224\244stop\244none\0\304\1a")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\247actions\221\224\244stop\244none\0\241a")), ERR_MSG_TYPE);
	expect(V(WITH("\x81\247actions\221\225\244stop\244none\0\0\0")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\247actions\221\223\x02\244none\x02")), ERR_MSG_TYPE);
	expect(V(WITH("\x81\247actions\221" ACTION("\240", "\244none", "\x02"))), ERR_MSG_RANGE);
	expect(
	    V(WITH("\x81\247actions\221" ACTION("\244Tell", "\244none", "\x02"))), ERR_MSG_RANGE);
	expect(V(WITH("\x81\247actions\221" ACTION(
		   "\271abcdefghijklmnopqrstuvwxy", "\244none", "\x02"))),
	    ERR_MSG_RANGE);
	expect(
	    V(WITH("\x81\247actions\221" ACTION("\244tell", "\244good", "\x02"))), ERR_MSG_RANGE);
	expect(
	    V(WITH("\x81\247actions\221" ACTION("\244tell", "\244none", "\241a"))), ERR_MSG_TYPE);
	expect(V(WITH("\x81\247actions\221" ACTION("\244tell", "\244none", "\315\1\0"))),
	    ERR_MSG_RANGE);
	expect(V(WITH("\x81\247actions\221" ACTION("\244tell", "\244none", "\315\1\x41"))),
	    ERR_MSG_RANGE);
	expect(V(WITH("\x81\247actions\221" ACTION("\244tell", "\244none", "\315\2\3"))),
	    ERR_MSG_RANGE);
	expect(
	    V(WITH(
		"\x81\247actions\225" GOOD_ACTION GOOD_ACTION GOOD_ACTION GOOD_ACTION GOOD_ACTION)),
	    ERR_MSG_RANGE);
	expect(V(WITH("\x81\247dropped\x02")), ERR_MSG_TYPE);
	expect(V(WITH("\x81\247dropped\x92\x02\241a")), ERR_MSG_TYPE);
	expect(V(WITH("\x81\247dropped\x91\x02")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\247dropped\x93\x02\x03\x04")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\247dropped\x92\0\x03")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\247dropped\x92\xcf\0\x20\0\0\0\0\0\0\x04")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\247dropped\x92\x01\xcf\0\0\0\x3a\xff\xf4\x41\x80")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\246cached\x02")), ERR_MSG_TYPE);
	expect(V(WITH("\x81\246cached\x93\x02\x03\241a")), ERR_MSG_TYPE);
	expect(V(WITH("\x81\246cached\x92\x02\x03")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\246cached\x94\x02\x03\x04\x05")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\246cached\x93\0\x03\x04")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\246cached\x93\x04\x03\x04")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\246cached\x93\x01\xcf\0\x20\0\0\0\0\0\0\x04")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\246cached\x93\x01\x01\xcf\0\0\0\x3a\xff\xf4\x41\x80")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\247program\x01")), ERR_MSG_TYPE);
	expect(V(WITH("\x81\247program\xc4\x01x")), ERR_MSG_RANGE);
	expect(V(WITH("\x81\255configuration\x90")), ERR_MSG_TYPE);
	expect(V(WITH_ALL(OFFLINE, NEXT, "\x81\243gap\241\x36")), ERR_MSG_TYPE);
	expect(V(WITH_ALL(OFFLINE, NEXT, "\x81\243gap\xcf\0\x20\0\0\0\0\0\0")), ERR_MSG_RANGE);
	expect(V(WITH_NEXT(NO_NEXT, "\x81\247leaving\x01")), ERR_MSG_TYPE);
	expect(V(WITH_NEXT(NO_NEXT, "\x81\247leaving\xa0")), ERR_MSG_RANGE);
	expect(V(WITH_NEXT(NO_NEXT, "\x81\247leaving\243bye")), ERR_MSG_RANGE);
	expect(V(WITH_NEXT(NO_NEXT, "\x82" LEAVING_MOVED "\250moved_to\xc4\x01x")), ERR_MSG_TYPE);
	expect(V(WITH_NEXT(NO_NEXT, "\x82" LEAVING_MOVED "\250moved_to\xa0")), ERR_MSG_RANGE);
	expect(V(WITH_NEXT(NO_NEXT, "\x82" LEAVING_MOVED "\250moved_to\243a b")), ERR_MSG_RANGE);
}

static void
extensions_that_do_not_fit_the_rest_are_refused(void **state)
{
	(void)state;
	expect(V(WITH("\x81" CHALLENGE)), ERR_OK);
	expect(V(WITH_ALL(OFFLINE, NEXT, "\x82" CHALLENGE GAP)), ERR_MSG_RANGE);
	expect(V(WITH_ALL(OFFLINE, NEXT, "\x81\247program" D32)), ERR_MSG_RANGE);
	expect(V(WITH_ALL(OFFLINE, NEXT, "\x81\243gap\x07")), ERR_MSG_RANGE);
	expect(V(WITH_ALL(OFFLINE, NO_NEXT, "\x82" GAP "\247leaving\247stopped")), ERR_MSG_RANGE);
	expect(V(WITH("\x81" GAP)), ERR_MSG_RANGE);
	expect(V(WITH("\x81\247leaving\247stopped")), ERR_MSG_RANGE);
	expect(V(WITH_NEXT(NO_NEXT, "\x81" LEAVING_MOVED)), ERR_MSG_RANGE);
	expect(V(WITH_NEXT(NO_NEXT, "\x81" MOVED_TO)), ERR_MSG_RANGE);
	expect(V(WITH_NEXT(NO_NEXT, "\x82\247leaving\247stopped" MOVED_TO)), ERR_MSG_RANGE);
	expect_fault(V(WITH("\x81\247leaving\247stopped")), "ext");
	expect_fault(V(WITH("\x81\247program\x01")), "ext");
}

static void
what_is_measured_before_a_start_says_so_twice(void **state)
{
	struct bundle b;

	(void)state;
	assert_int_equal(bundle_decode(V(BEGINS("\x82" FILE_ARTIFACT PHASE)), &b), ERR_OK);
	assert_true(b.extensions.is_start);
	assert_int_equal(b.extensions.artifact.form, BUNDLE_ARTIFACT_FILE);
	assert_memory_equal(b.extensions.artifact.digest.bytes, "0123456789abcdef", 16);
	assert_true(view_equal(bundle_chain_workload(b.workload), V("app")));
	expect(V(WITH_NEXT(NO_NEXT, "\x82" FILE_ARTIFACT PHASE)), ERR_MSG_RANGE);
	expect(V(BEGINS("\x81" CHALLENGE)), ERR_MSG_RANGE);
	expect(V(BEGINS("\x81" PHASE)), ERR_MSG_RANGE);
	expect(V(BEGINS("\x81" FILE_ARTIFACT)), ERR_MSG_RANGE);
	expect(V(BEGINS("\x82" PHASE FILE_ARTIFACT)), ERR_MSG_CANONICAL);
	expect(V(BEGINS_WITH(NONCE, NEXT, PARTS, "\x82" FILE_ARTIFACT PHASE)), ERR_MSG_RANGE);
	expect(
	    V(BEGINS_WITH(OFFLINE, NO_NEXT, PARTS, "\x83" FILE_ARTIFACT GAP PHASE)), ERR_MSG_RANGE);
	expect(V(BEGINS("\x83" FILE_ARTIFACT "\247leaving\247stopped" PHASE)), ERR_MSG_RANGE);
}

static void
the_digest_of_a_tree_is_that_of_its_files(void **state)
{
	(void)state;
	expect(V(BEGINS("\x82" TREE_ARTIFACT PHASE)), ERR_OK);
	expect(V(BEGINS("\x82" OTHER_TREE PHASE)), ERR_MSG_RANGE);
	expect(
	    V(BEGINS_WITH(NONCE, NO_NEXT, "\252components\x81" HOST, "\x82" TREE_ARTIFACT PHASE)),
	    ERR_MSG_RANGE);
}

static void
a_start_has_one_form(void **state)
{
	(void)state;
	expect(V(BEGINS("\x82" FILE_ARTIFACT "\245phase\x01")), ERR_MSG_TYPE);
	expect(V(BEGINS("\x82" FILE_ARTIFACT "\245phase\244stop")), ERR_MSG_RANGE);
	expect(V(BEGINS("\x82\250artifact\x01" PHASE)), ERR_MSG_TYPE);
	expect(V(BEGINS("\x82\250artifact\x91\244file" PHASE)), ERR_MSG_RANGE);
	expect(V(BEGINS("\x82\250artifact\x92\x01" D32 PHASE)), ERR_MSG_TYPE);
	expect(V(BEGINS("\x82\250artifact\x92\244disk" D32 PHASE)), ERR_MSG_RANGE);
	expect(V(BEGINS("\x82\250artifact\x92\244file\244file" PHASE)), ERR_MSG_TYPE);
	expect(V(BEGINS("\x82\250artifact\x92\244file\xc4\x01x" PHASE)), ERR_MSG_RANGE);
	assert_int_equal(bundle_chain_check(V("app")), ERR_OK);
	assert_int_equal(bundle_chain_check(V("app/start")), ERR_OK);
	assert_int_equal(bundle_chain_check(V("/start")), ERR_MSG_RANGE);
	assert_int_equal(bundle_chain_check(V("app/stop")), ERR_MSG_RANGE);
	assert_int_equal(bundle_chain_check(V("app/start/start")), ERR_MSG_RANGE);
	assert_int_equal(bundle_workload_check(V("app/start")), ERR_MSG_RANGE);
}

static void
extensions_have_one_spelling(void **state)
{
	(void)state;
	expect(V(WITH("\x80")), ERR_MSG_CANONICAL);
	expect(V(WITH("\xde\0\x01\241a\x01")), ERR_MSG_CANONICAL);
	expect(V(WITH("\x82\241b\x01\241a\x01")), ERR_MSG_CANONICAL);
	expect(V(WITH("\x81\241a\xcc\x01")), ERR_MSG_CANONICAL);
	expect(V(WITH("\x82\241a\x01\241a\x01")), ERR_MSG_DUPLICATE);
	expect(V("\x8a" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT EXT("\x81\241a\x01") PARTS),
	    ERR_MSG_CANONICAL);
	expect(V("\x8b" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT PARTS EXT("\x81\241a\x01")
		       EXT("\x81\241a\x01")),
	    ERR_MSG_DUPLICATE);
	expect(V(WITH("\x01")), ERR_MSG_TYPE);
	expect(V(WITH("\x90")), ERR_MSG_TYPE);
}

static void
what_is_known_is_written_as_it_is_read(void **state)
{
	struct bundle_extensions x = {.leaving = BUNDLE_MOVED}, read;
	struct buf bytes = BUF_INIT;

	(void)state;
	bundle_extensions_write(&(struct bundle_extensions){0}, &bytes);
	assert_int_equal(bytes.size, 0);
	x.moved_to = V("log.example/2");
	x.challenge = V("12345678");
	x.cached = (struct bundle_cached){98000, 100000, 1796000000};
	x.dropped = (struct bundle_dropped){1260, 1796000000};
	x.action_count = BUNDLE_ACTIONS_MAX;
	for (size_t i = 0; i < BUNDLE_ACTIONS_MAX; i++)
		x.action[i] = (struct bundle_action){V("abcdefghijklmnopqrstuv-_"),
		    BUNDLE_VERDICT_CONTRAINDICATED, BUNDLE_ACTION_LOST, i == 3, {{(uint8_t)i}}};
	x.has_configuration = x.has_program = x.has_workload_key = true;
	memset(&x.workload_key, 4, DIGEST_SIZE);
	memset(&x.configuration, 1, DIGEST_SIZE);
	memset(&x.program, 2, DIGEST_SIZE);
	bundle_extensions_write(&x, &bytes);
	assert_int_equal(bundle_extensions_read(buf_view(&bytes), &read), ERR_OK);
	assert_true(view_equal(read.bytes, buf_view(&bytes)));
	assert_int_equal(read.leaving, BUNDLE_MOVED);
	assert_true(view_equal(read.moved_to, x.moved_to));
	assert_memory_equal(&read.cached, &x.cached, sizeof(x.cached));
	assert_memory_equal(&read.dropped, &x.dropped, sizeof(x.dropped));
	assert_true(view_equal(read.challenge, x.challenge));
	assert_int_equal(read.action_count, BUNDLE_ACTIONS_MAX);
	assert_true(view_equal(read.action[3].hook, x.action[3].hook));
	assert_int_equal(read.action[3].verdict, BUNDLE_VERDICT_CONTRAINDICATED);
	assert_int_equal(read.action[3].result, BUNDLE_ACTION_LOST);
	assert_true(read.action[3].is_act && !read.action[2].is_act);
	assert_true(digest_equal(&read.action[3].granted, &x.action[3].granted));
	assert_true(read.has_configuration && digest_equal(&read.configuration, &x.configuration));
	assert_true(read.has_program && digest_equal(&read.program, &x.program));
	assert_true(read.has_workload_key && digest_equal(&read.workload_key, &x.workload_key));
	assert_false(read.has_unknown);
	x.is_start = true;
	x.artifact.form = BUNDLE_ARTIFACT_IMAGE;
	memset(&x.artifact.digest, 3, DIGEST_SIZE);
	buf_clear(&bytes);
	bundle_extensions_write(&x, &bytes);
	assert_int_equal(bundle_extensions_read(buf_view(&bytes), &read), ERR_OK);
	assert_true(view_equal(read.bytes, buf_view(&bytes)));
	assert_true(read.is_start);
	assert_int_equal(read.artifact.form, BUNDLE_ARTIFACT_IMAGE);
	assert_true(digest_equal(&read.artifact.digest, &x.artifact.digest));
	assert_string_equal(bundle_artifact_word(read.artifact.form), "image");
	buf_append_byte(&bytes, 0);
	assert_int_equal(bundle_extensions_read(buf_view(&bytes), &read), ERR_MSG_TRAILING);
	assert_int_equal(bundle_extensions_read(V("\x80"), &read), ERR_MSG_CANONICAL);
	assert_int_equal(bundle_extensions_read(V(""), &read), ERR_MSG_COUNT);
	assert_int_equal(
	    bundle_extensions_read(V("\x81\241a\xcd\0\x01"), &read), ERR_MSG_CANONICAL);
	buf_free(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(vectors_with_extensions_are_read_and_made_again),
	    cmocka_unit_test(extensions_are_read),
	    cmocka_unit_test(known_extensions_of_another_kind_are_refused),
	    cmocka_unit_test(extensions_that_do_not_fit_the_rest_are_refused),
	    cmocka_unit_test(what_is_measured_before_a_start_says_so_twice),
	    cmocka_unit_test(the_digest_of_a_tree_is_that_of_its_files),
	    cmocka_unit_test(a_start_has_one_form),
	    cmocka_unit_test(extensions_have_one_spelling),
	    cmocka_unit_test(what_is_known_is_written_as_it_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
