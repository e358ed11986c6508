/* Bundles: one valid spelling, and a fitting error for every other. */
#include "proto/digest.h"
#include "proto/evidence/extension_map.h"
#include "tests/unit/bundle_fixture.h"

static void
example(struct bundle *b)
{
	memset(b, 0, sizeof(*b));
	b->workload = V("trading-app");
	b->seq = 1;
	b->time_ms = 1795514400000;
	for (unsigned i = 0; i < NONCE_SIZE; i++)
		b->nonce[i] = (uint8_t)i;
	for (unsigned i = 0; i < BOOT_ID_SIZE; i++)
		b->boot_id[i] = (uint8_t)(0xa0 + i);
}

/* Digest and size from the component's vector. */
static void
set_component(struct bundle *b, enum component_kind kind, const char *vector, uint64_t count)
{
	struct buf bytes = BUF_INIT;

	vector_wire(vector, &bytes);
	b->component[kind].present = true;
	b->component[kind].count = count;
	b->component[kind].size = bytes.size;
	digest_of(bytes.data, bytes.size, &b->component[kind].digest);
	buf_free(&bytes);
}

static void
expect_vector(const struct bundle *b, const char *vector)
{
	struct buf expected = BUF_INIT, made = BUF_INIT;
	struct bundle decoded;

	vector_wire(vector, &expected);
	bundle_encode(b, &made);
	assert_int_equal(buf_status(&made), ERR_OK);
	assert_true(view_equal(buf_view(&made), buf_view(&expected)));
	assert_int_equal(bundle_decode(buf_view(&expected), &decoded), ERR_OK);
	assert_true(view_equal(decoded.workload, b->workload));
	assert_true(view_equal(decoded.extensions.bytes, b->extensions.bytes));
	decoded.workload = b->workload;
	decoded.extensions.bytes = b->extensions.bytes;
	assert_memory_equal(&decoded, b, sizeof(decoded));
	buf_free(&expected);
	buf_free(&made);
}

static void
vectors_are_made_and_read(void **state)
{
	struct bundle b;
	struct buf first = BUF_INIT;

	(void)state;
	example(&b);
	set_component(&b, COMPONENT_EXECUTABLE, "component-executable", 1);
	set_component(&b, COMPONENT_FILES, "component-files", 3);
	set_component(&b, COMPONENT_RUNTIME, "component-runtime", 5);
	expect_vector(&b, "bundle-1");

	vector_wire("bundle-1", &first);
	digest_of(first.data, first.size, &b.prev);
	buf_free(&first);
	b.seq = 2;
	b.time_ms -= 60000;
	b.offline = true;
	b.extensions.has_gap = true;
	b.extensions.bytes = V("\x81\xa3gap\0");
	memset(b.nonce, 0, NONCE_SIZE);
	expect_vector(&b, "bundle-2-offline");
}

static void
the_pieces_are_good(void **state)
{
	struct bundle b;

	(void)state;
	assert_int_equal(bundle_decode(V(GOOD), &b), ERR_OK);
	assert_true(view_equal(b.workload, V("app")));
	assert_int_equal(b.seq, 7);
	assert_int_equal(b.time_ms, 1000);
	assert_false(b.offline);
	assert_true(b.component[COMPONENT_FILES].present);
	assert_int_equal(b.component[COMPONENT_FILES].count, 5);
	assert_int_equal(b.component[COMPONENT_FILES].size, 100);
	assert_int_equal(b.component[COMPONENT_HOST].size, 1);
	assert_false(b.component[COMPONENT_RUNTIME].present);
}

static void
the_largest_bundle_fits(void **state)
{
	char name[BUNDLE_WORKLOAD_MAX];
	uint8_t map[EXTENSION_MAP_SIZE_MAX];
	struct buf bytes = BUF_INIT;
	struct bundle b, decoded;

	(void)state;
	memset(name, 'w', sizeof(name));
	memset(&b, 0xff, sizeof(b));
	b.workload = (struct view){(const uint8_t *)name, sizeof(name)};
	b.seq = BUNDLE_SEQ_MAX;
	b.offline = false;
	b.time_ms = BUNDLE_TIME_MS_MAX;
	b.next_s = BUNDLE_NEXT_S_MAX;
	memset(map, 0, sizeof(map));
	memcpy(map, "\x81\241a\xc5\x03\xfa", 6);
	b.extensions.bytes = (struct view){map, sizeof(map)};
	for (size_t k = 0; k < COMPONENT_KIND_COUNT; k++) {
		b.component[k].present = true;
		b.component[k].count = COMPONENT_ITEMS_MAX;
		b.component[k].size = COMPONENT_SIZE_MAX;
	}
	bundle_encode(&b, &bytes);
	assert_in_range(bytes.size, 1600, BUNDLE_SIZE_MAX);
	assert_int_equal(bundle_decode(buf_view(&bytes), &decoded), ERR_OK);
	assert_int_equal(decoded.component[COMPONENT_RUNTIME].size, COMPONENT_SIZE_MAX);
	buf_free(&bytes);
}

static void
every_cut_is_refused(void **state)
{
	const struct view whole = V(GOOD);

	(void)state;
	for (size_t size = 0; size < whole.size; size++)
		expect((struct view){whole.data, size}, ERR_MSG_COUNT);
}

static void
bytes_behind_are_refused(void **state)
{
	(void)state;
	expect(V(GOOD "\0"), ERR_MSG_TRAILING);
	expect(V(GOOD GOOD), ERR_MSG_TRAILING);
}

static void
every_changed_byte_decodes_to_itself_or_not_at_all(void **state)
{
	const struct view whole = V(GOOD);
	uint8_t bytes[sizeof(GOOD) - 1];
	struct buf again = BUF_INIT;
	struct bundle b;

	(void)state;
	for (size_t i = 0; i < whole.size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(bytes, whole.data, whole.size);
			bytes[i] ^= (uint8_t)(1U << bit);
			if (bundle_decode((struct view){bytes, whole.size}, &b) != ERR_OK)
				continue;
			buf_clear(&again);
			bundle_encode(&b, &again);
			assert_true(view_equal(buf_view(&again), (struct view){bytes, whole.size}));
		}
	}
	buf_free(&again);
}

static void
keys_out_of_order_are_not_canonical(void **state)
{
	(void)state;
	expect(V("\x89" WORKLOAD VERSION SEQ PREV NONCE BOOT TIME NEXT PARTS), ERR_MSG_CANONICAL);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT NEXT PARTS TIME), ERR_MSG_CANONICAL);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT
		 "\252components\x82" HOST FILES),
	    ERR_MSG_CANONICAL);
}

static void
longer_forms_are_not_canonical(void **state)
{
	(void)state;
	expect(V("\xde\0\x09" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT PARTS),
	    ERR_MSG_CANONICAL);
	expect(V("\xdf\0\0\0\x09" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT PARTS),
	    ERR_MSG_CANONICAL);
	expect(
	    V("\x89\xd9\x01v\x01" WORKLOAD SEQ PREV NONCE BOOT TIME NEXT PARTS), ERR_MSG_CANONICAL);
	expect(V("\x89" VERSION "\xa8workload\xd9\003app" SEQ PREV NONCE BOOT TIME NEXT PARTS),
	    ERR_MSG_CANONICAL);
	expect(V("\x89" VERSION WORKLOAD "\xa3seq\xcc\x07" PREV NONCE BOOT TIME NEXT PARTS),
	    ERR_MSG_CANONICAL);
	expect(V("\x89" VERSION WORKLOAD "\xa3seq\xd0\x07" PREV NONCE BOOT TIME NEXT PARTS),
	    ERR_MSG_CANONICAL);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE
		 "\244boot\xc5\0\0200123456789abcdef" TIME NEXT PARTS),
	    ERR_MSG_CANONICAL);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT "\xa4time\xce\0\0\x03\xe8" NEXT PARTS),
	    ERR_MSG_CANONICAL);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT
		 "\252components\x81\xa4host\xdc\0\x03" D32 "\x00\x01"),
	    ERR_MSG_CANONICAL);
}

static void
duplicates_are_refused(void **state)
{
	(void)state;
	expect(
	    V("\x8a" VERSION WORKLOAD SEQ SEQ PREV NONCE BOOT TIME NEXT PARTS), ERR_MSG_DUPLICATE);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT TIME), ERR_MSG_DUPLICATE);
	expect(
	    V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT "\252components\x82" HOST HOST),
	    ERR_MSG_DUPLICATE);
}

static void
unknown_keys_are_refused(void **state)
{
	(void)state;
	expect(V("\x8a" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT PARTS "\xa1x\x01"),
	    ERR_MSG_KEY);
	expect(
	    V("\x89" VERSION "\xa8Workload\xa1x" SEQ PREV NONCE BOOT TIME NEXT PARTS), ERR_MSG_KEY);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT
		 "\252components\x81\xa3tpm\x93" D32 "\x00\x01"),
	    ERR_MSG_KEY);
}

static void
missing_keys_are_refused(void **state)
{
	(void)state;
	expect(V("\x80"), ERR_MSG_MISSING);
	expect(V("\x88" WORKLOAD SEQ PREV NONCE BOOT TIME NEXT PARTS), ERR_MSG_MISSING);
	expect(V("\x88" VERSION WORKLOAD SEQ PREV BOOT TIME NEXT PARTS), ERR_MSG_MISSING);
	expect(V("\x88" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT), ERR_MSG_MISSING);
	expect(V("\x88" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME PARTS), ERR_MSG_MISSING);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME PARTS EXT("\x81\241a\x01")),
	    ERR_MSG_MISSING);
}

static void
wrong_types_are_refused(void **state)
{
	(void)state;
	expect(V("\x90"), ERR_MSG_TYPE);
	expect(V("\xc0"), ERR_MSG_TYPE);
	expect(V("\x81\x01\x01"), ERR_MSG_TYPE);
	expect(V("\x81\xc4\x01v\x01"), ERR_MSG_TYPE);
	expect(V("\x89" VERSION "\xa8workload\xc4\003app" SEQ PREV NONCE BOOT TIME NEXT PARTS),
	    ERR_MSG_TYPE);
	expect(
	    V("\x89" VERSION WORKLOAD "\xa3seq\xff" PREV NONCE BOOT TIME NEXT PARTS), ERR_MSG_TYPE);
	expect(
	    V("\x89" VERSION WORKLOAD "\xa3seq\xc3" PREV NONCE BOOT TIME NEXT PARTS), ERR_MSG_TYPE);
	expect(V("\x89" VERSION WORKLOAD "\xa3seq\xca\0\0\0\0" PREV NONCE BOOT TIME NEXT PARTS),
	    ERR_MSG_TYPE);
	expect(V("\x89" VERSION WORKLOAD "\xa3seq\xd4\0\0" PREV NONCE BOOT TIME NEXT PARTS),
	    ERR_MSG_TYPE);
	expect(
	    V("\x89" VERSION WORKLOAD SEQ PREV "\xa5nonce\xc0" BOOT TIME NEXT PARTS), ERR_MSG_TYPE);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT "\252components\x90"),
	    ERR_MSG_TYPE);
}

static void
the_value_at_fault_is_named(void **state)
{
	(void)state;
	expect_fault(V("\x89\xa1v\x02" WORKLOAD SEQ PREV NONCE BOOT TIME NEXT PARTS), "v");
	expect_fault(
	    V("\x89" VERSION "\xa8workload\xa1/" SEQ PREV NONCE BOOT TIME NEXT PARTS), "workload");
	expect_fault(V("\x89" VERSION WORKLOAD
		       "\xa3seq\xcf\0\x20\0\0\0\0\0\0" PREV NONCE BOOT TIME NEXT PARTS),
	    "seq");
	expect_fault(
	    V("\x89" VERSION WORKLOAD SEQ PREV "\xa5nonce\xc0" BOOT TIME NEXT PARTS), "nonce");
	expect_fault(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT "\252components\x80"),
	    "components");
	expect_fault(V("\x89" VERSION VERSION SEQ PREV NONCE BOOT TIME NEXT PARTS), "v");
	/* At none of them: good, or wrong as a whole. */
	expect_fault(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT PARTS), "");
	expect_fault(V("\x89" WORKLOAD VERSION SEQ PREV NONCE BOOT TIME NEXT PARTS), "");
	expect_fault(V("\x88" VERSION WORKLOAD SEQ PREV BOOT TIME NEXT PARTS), "");
	expect_fault(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT "\xa4none\x01" NEXT PARTS), "");
	expect_fault(V("\x90"), "");
	expect_fault(V("not MessagePack"), "");
}

static void
values_out_of_range_are_refused(void **state)
{
	(void)state;
	expect(V("\x89\xa1v\x02" WORKLOAD SEQ PREV NONCE BOOT TIME NEXT PARTS), ERR_MSG_RANGE);
	expect(V("\x89\xa1v\x00" WORKLOAD SEQ PREV NONCE BOOT TIME NEXT PARTS), ERR_MSG_RANGE);
	expect(V("\x89" VERSION WORKLOAD "\xa3seq\x00" PREV NONCE BOOT TIME NEXT PARTS),
	    ERR_MSG_RANGE);
	expect(V("\x89" VERSION WORKLOAD
		 "\xa3seq\xcf\0\x20\0\0\0\0\0\0" PREV NONCE BOOT TIME NEXT PARTS),
	    ERR_MSG_RANGE);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME
		 "\246next_s\xce\x01\xe1\x33\x81" PARTS),
	    ERR_MSG_RANGE);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT
		 "\xa4time\xcf\0\0\xe6\x77\xd2\x1f\xdc\0" NEXT PARTS),
	    ERR_MSG_RANGE);
	expect(V("\x89" VERSION WORKLOAD SEQ "\xa4prev\xc4\0" NONCE BOOT TIME NEXT PARTS),
	    ERR_MSG_RANGE);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV "\xa5nonce\xc4\x01x" BOOT TIME NEXT PARTS),
	    ERR_MSG_RANGE);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE "\244boot\xc4\0" TIME NEXT PARTS),
	    ERR_MSG_RANGE);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT "\252components\x80"),
	    ERR_MSG_RANGE);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT
		 "\252components\x81\xa4host\x92" D32 "\x00"),
	    ERR_MSG_RANGE);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT
		 "\252components\x81\xa4host\x93" D32 "\xce\0\x0f\x42\x41\x01"),
	    ERR_MSG_RANGE);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT
		 "\252components\x81\xa4host\x93" D32 "\x01\x00"),
	    ERR_MSG_RANGE);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT
		 "\252components\x81\xa4host\x93" D32 "\x01\xce\x01\0\0\x01"),
	    ERR_MSG_RANGE);
}

static void
checking_values_is_what_decoding_does(void **state)
{
	struct bundle good, b;

	(void)state;
	assert_int_equal(bundle_decode(V(GOOD), &good), ERR_OK);
	assert_int_equal(bundle_check(&good), ERR_OK);
#define BAD(change)                                                                                \
	do {                                                                                       \
		b = good;                                                                          \
		change;                                                                            \
		assert_int_equal(bundle_check(&b), ERR_MSG_RANGE);                                 \
	} while (0)
	BAD(b.workload = V("a/b"));
	BAD(b.seq = 0);
	BAD(b.seq = BUNDLE_SEQ_MAX + 1);
	BAD(b.time_ms = BUNDLE_TIME_MS_MAX + 1);
	BAD(b.next_s = BUNDLE_NEXT_S_MAX + 1);
	BAD(b.extensions.leaving = BUNDLE_STOPPED);
	BAD(b.component[COMPONENT_HOST].size = 0);
	BAD(b.component[COMPONENT_HOST].count = COMPONENT_ITEMS_MAX + 1);
	BAD(memset(b.component, 0, sizeof(b.component)));
	BAD(b.offline = true);
	BAD(b.extensions.has_gap = true);
	b = good;
	b.offline = b.extensions.has_gap = true;
	b.extensions.gap_after = b.seq - 1;
	assert_int_equal(bundle_check(&b), ERR_OK);
	good = b;
	BAD(b.extensions.gap_after = b.seq);
	BAD(b.extensions.challenge = V("12345678"));
	BAD(b.extensions.leaving = BUNDLE_STOPPED; b.next_s = 0);
#undef BAD
}

static void
structure_is_checked_first(void **state)
{
	(void)state;
	expect(V("\xc1"), ERR_MSG_SYNTAX);
	expect(V("\x89" VERSION WORKLOAD "\xa3seq\xc1" PREV NONCE BOOT TIME NEXT PARTS),
	    ERR_MSG_SYNTAX);
	expect(V("\xdd\xff\xff\xff\xff"), ERR_MSG_COUNT);
	expect(V("\xdf\x80\0\0\0"), ERR_MSG_COUNT);
	expect(V("\x91\x91\x91\x91\x91\x91\x91\x91\x91"), ERR_MSG_DEPTH);
	expect(V("\x89" VERSION WORKLOAD SEQ PREV NONCE BOOT TIME NEXT
		 "\252components\x81\xa4host\x93" D32 "\x01\x91\x91\x91\x90"),
	    ERR_MSG_DEPTH);
}

static void
oversize_is_refused(void **state)
{
	uint8_t big[BUNDLE_SIZE_MAX + 1];
	uint8_t many[3 + 2 * 600];

	(void)state;
	memset(big, 0x01, sizeof(big));
	expect((struct view){big, sizeof(big)}, ERR_MSG_RANGE);
	memset(many, 0x01, sizeof(many));
	memcpy(many, "\xde\x02\x58", 3);
	expect((struct view){many, sizeof(many)}, ERR_MSG_RANGE);
}

static void
workload_names(void **state)
{
	static const char *const bad[] = {"", ".", "..", ".hidden", "a/b", "/", "a b", "a\tb",
	    "a\n", "a\x7f", "caf\xe9", "a\xc2\xa0z", "\xe2\x80\xaegnp", "\xc2\x85"};
	static const char *const good[] = {"a", "trading-app", "caf\xc3\xa9", "a.b:c@d\"\\", "a.."};
	char name[BUNDLE_WORKLOAD_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(bundle_workload_check(view_of_string(bad[i])), ERR_MSG_RANGE);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(bundle_workload_check(view_of_string(good[i])), ERR_OK);
	assert_int_equal(bundle_workload_check(V("a\0b")), ERR_MSG_RANGE);
	memset(name, 'w', sizeof(name));
	assert_int_equal(
	    bundle_workload_check((struct view){(uint8_t *)name, BUNDLE_WORKLOAD_MAX}), ERR_OK);
	assert_int_equal(
	    bundle_workload_check((struct view){(uint8_t *)name, sizeof(name)}), ERR_MSG_RANGE);
	expect(V("\x89" VERSION "\xa8workload\243a/b" SEQ PREV NONCE BOOT TIME NEXT PARTS),
	    ERR_MSG_RANGE);
}

static void
signed_bytes_are_as_the_vector(void **state)
{
	struct buf bundle = BUF_INIT, made = BUF_INIT, expected = BUF_INIT;

	(void)state;
	vector_wire("bundle-2-offline", &bundle);
	vector_wire("bundle-2-signed-bytes", &expected);
	bundle_signed_bytes(buf_view(&bundle), &made);
	assert_true(view_equal(buf_view(&made), buf_view(&expected)));
	buf_free(&bundle);
	buf_free(&made);
	buf_free(&expected);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(vectors_are_made_and_read),
	    cmocka_unit_test(signed_bytes_are_as_the_vector),
	    cmocka_unit_test(the_pieces_are_good),
	    cmocka_unit_test(the_largest_bundle_fits),
	    cmocka_unit_test(every_cut_is_refused),
	    cmocka_unit_test(bytes_behind_are_refused),
	    cmocka_unit_test(every_changed_byte_decodes_to_itself_or_not_at_all),
	    cmocka_unit_test(keys_out_of_order_are_not_canonical),
	    cmocka_unit_test(longer_forms_are_not_canonical),
	    cmocka_unit_test(duplicates_are_refused),
	    cmocka_unit_test(unknown_keys_are_refused),
	    cmocka_unit_test(missing_keys_are_refused),
	    cmocka_unit_test(wrong_types_are_refused),
	    cmocka_unit_test(the_value_at_fault_is_named),
	    cmocka_unit_test(values_out_of_range_are_refused),
	    cmocka_unit_test(checking_values_is_what_decoding_does),
	    cmocka_unit_test(structure_is_checked_first),
	    cmocka_unit_test(oversize_is_refused),
	    cmocka_unit_test(workload_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
