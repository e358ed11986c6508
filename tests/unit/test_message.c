/* Messages: every type written as the vectors have it, every fault given its code. */
#include "tests/unit/message_fixture.h"

/* Writes a message again, of any type. */
static void
write_again(const struct message *m, struct buf *to)
{
	switch (m->type) {
	case MESSAGE_HELLO:
		message_write_hello(to, &m->body.hello);
		break;
	case MESSAGE_WELCOME:
		message_write_welcome(to, &m->body.welcome);
		break;
	case MESSAGE_BUNDLE:
		message_write_bundle(to, &m->body.bundle);
		break;
	case MESSAGE_WANT:
		message_write_want(to, &m->body.want);
		break;
	case MESSAGE_PART:
		message_write_part(to, &m->body.part);
		break;
	case MESSAGE_RECEIPT:
		message_write_receipt(to, &m->body.receipt);
		break;
	case MESSAGE_REFUSAL:
		message_write_refusal(to, &m->body.refusal);
		break;
	case MESSAGE_MEASURE:
		message_write_measure(to, &m->body.measure);
		break;
	case MESSAGE_CHALLENGE:
		message_write_challenge(to, &m->body.challenge);
		break;
	case MESSAGE_CHALLENGED:
		message_write_challenged(to, &m->body.challenged);
		break;
	case MESSAGE_STATEMENT:
		message_write_statement(to, &m->body.statement);
		break;
	case MESSAGE_NOTED:
		message_write_noted(to, &m->body.noted);
		break;
	}
}

static const char *const message_vectors[] = {"hello", "hello-two-versions", "welcome",
    "bundle-message", "bundle-message-signed", "want", "want-segments", "part", "part-last",
    "receipt", "receipt-tokens", "refusal-connection", "refusal-sequence", "refusal-request",
    "measure", "challenge", "challenged", "statement", "noted"};
#define VECTOR_COUNT (sizeof(message_vectors) / sizeof(message_vectors[0]))

static void
vectors_are_read_and_written_the_same(void **state)
{
	struct buf frame = BUF_INIT, again = BUF_INIT;
	struct message m;

	(void)state;
	for (size_t i = 0; i < VECTOR_COUNT; i++) {
		vector_decode(message_vectors[i], &frame, &m);
		buf_clear(&again);
		write_again(&m, &again);
		assert_int_equal(buf_status(&again), ERR_OK);
		assert_true(view_equal(buf_view(&again), buf_view(&frame)));
	}
	buf_free(&frame);
	buf_free(&again);
}

static void
vectors_cut_or_extended_are_refused(void **state)
{
	struct buf frame = BUF_INIT;
	struct message m;

	(void)state;
	for (size_t i = 0; i < VECTOR_COUNT; i++) {
		vector_decode(message_vectors[i], &frame, &m);
		for (size_t size = 0; size < frame.size - FRAME_HEADER_SIZE; size++)
			expect((struct view){frame.data + FRAME_HEADER_SIZE, size}, ERR_MSG_COUNT);
		buf_append_byte(&frame, 0xc0);
		expect(
		    (struct view){frame.data + FRAME_HEADER_SIZE, frame.size - FRAME_HEADER_SIZE},
		    ERR_MSG_TRAILING);
	}
	buf_free(&frame);
}

static void
hello_and_welcome_values(void **state)
{
	struct buf frame = BUF_INIT;
	struct message m;

	(void)state;
	vector_decode("hello-two-versions", &frame, &m);
	assert_int_equal(m.type, MESSAGE_HELLO);
	assert_int_equal(m.body.hello.version_count, 2);
	assert_int_equal(m.body.hello.versions[1], 2);
	assert_true(view_equal(m.body.hello.agent, V("x")));
	vector_decode("welcome", &frame, &m);
	assert_int_equal(m.type, MESSAGE_WELCOME);
	assert_int_equal(m.body.welcome.version, 1);
	assert_true(view_equal(m.body.welcome.log, V("hallmark.example/prod-1")));
	assert_int_equal(m.body.welcome.nonce[31], 31);
	assert_int_equal(m.body.welcome.time_ms, 1795514399995);
	assert_int_equal(m.body.welcome.part_max, 131072);
	assert_int_equal(m.body.welcome.component_max, 16777216);
	assert_int_equal(m.body.welcome.in_flight_max, 64);
	buf_free(&frame);
}

static void
bundle_want_and_part_values(void **state)
{
	struct buf frame = BUF_INIT, bytes = BUF_INIT;
	struct message m;

	(void)state;
	vector_decode("bundle-message", &frame, &m);
	vector_wire("bundle-1", &bytes);
	assert_true(view_equal(m.body.bundle.bundle, buf_view(&bytes)));
	assert_int_equal(m.body.bundle.signature.size, 0);
	vector_decode("bundle-message-signed", &frame, &m);
	buf_clear(&bytes);
	vector_wire("bundle-2-signature", &bytes);
	assert_true(view_equal(m.body.bundle.signature, buf_view(&bytes)));
	vector_decode("want", &frame, &m);
	assert_true(view_equal(m.body.want.workload, V("trading-app")));
	assert_int_equal(m.body.want.digest_count, 2);
	vector_decode("part-last", &frame, &m);
	assert_int_equal(m.body.part.offset, 100);
	assert_int_equal(m.body.part.data.size, 235);
	buf_free(&frame);
	buf_free(&bytes);
}

static void
receipt_and_refusal_values(void **state)
{
	struct buf frame = BUF_INIT;
	struct message m;

	(void)state;
	vector_decode("receipt", &frame, &m);
	assert_int_equal(m.body.receipt.seq, 1);
	assert_int_equal(m.body.receipt.index, 1);
	assert_int_equal(m.body.receipt.proof.count, 1);
	assert_int_equal(m.body.receipt.token_count, 0);
	vector_decode("receipt-tokens", &frame, &m);
	assert_int_equal(m.body.receipt.token_count, 1);
	assert_true(m.body.receipt.token[0].size > 0);
	vector_decode("refusal-connection", &frame, &m);
	assert_int_equal(m.body.refusal.code, ERR_VERSION);
	assert_true(view_equal(m.body.refusal.name, V("no-common-version")));
	assert_true(view_equal(m.body.refusal.text, view_of_string(err_text(ERR_VERSION))));
	assert_int_equal(m.body.refusal.workload.size, 0);
	assert_false(m.body.refusal.has_last);
	assert_false(m.body.refusal.has_nonce);
	vector_decode("refusal-sequence", &frame, &m);
	assert_int_equal(m.body.refusal.code, ERR_SEQUENCE);
	assert_true(view_equal(m.body.refusal.text, view_of_string(err_text(ERR_SEQUENCE))));
	assert_int_equal(m.body.refusal.seq, 1);
	assert_true(m.body.refusal.has_last);
	assert_int_equal(m.body.refusal.last_seq, 2);
	assert_true(m.body.refusal.has_nonce);
	assert_int_equal(m.body.refusal.nonce[0], 32);
	buf_free(&frame);
}

static void
any_spelling_and_order_is_read(void **state)
{
	struct message m;

	(void)state;
	assert_int_equal(decode(V("\xdc\0\2\xcd\0\1\xdf\0\0\0\2\xd9\5"
				  "agent\xda\0\1x"
				  "\xa8versions\xdd\0\0\0\1\xd3\0\0\0\0\0\0\0\1"),
			     &m),
	    ERR_OK);
	assert_int_equal(m.body.hello.versions[0], 1);
}

static void
structure_faults(void **state)
{
	(void)state;
	expect(V(""), ERR_MSG_COUNT);
	expect(V("\xc1"), ERR_MSG_SYNTAX);
	expect(V("\x92\x01\xc1"), ERR_MSG_SYNTAX);
	expect(V("\xdd\xff\xff\xff\xff"), ERR_MSG_COUNT);
	expect(V("\xdf\xff\xff\xff\xff"), ERR_MSG_COUNT);
	expect(V("\xdf\x80\0\0\0"), ERR_MSG_COUNT);
	expect(V("\xdb\xff\xff\xff\xff"), ERR_MSG_COUNT);
	expect(V("\xc6\xff\xff\xff\xff"), ERR_MSG_COUNT);
	expect(V("\xc9\xff\xff\xff\xff\0"), ERR_MSG_COUNT);
	expect(V("\xc9\xff\xff\xff"), ERR_MSG_COUNT);
	expect(V("\xd8\0" B16 "."), ERR_MSG_TRAILING);
	expect(V("\x01\x01"), ERR_MSG_TRAILING);
	expect(V("\x91\x91\x91\x91\x01"), ERR_MSG_RANGE);
	expect(V("\x91\x91\x91\x91\x91\x01"), ERR_MSG_DEPTH);
	expect(V("\x91\x91\x91\x91\x90"), ERR_MSG_DEPTH);
}

static void
a_nesting_of_hundreds_is_only_too_deep(void **state)
{
	uint8_t deep[1000];

	(void)state;
	memset(deep, 0x91, sizeof(deep));
	for (size_t size = 6; size < sizeof(deep); size++)
		expect((struct view){deep, size}, ERR_MSG_DEPTH);
}

static void
more_elements_than_any_message_has(void **state)
{
	static uint8_t many[100000];

	(void)state;
	memset(many, 0x01, sizeof(many));
	memcpy(many, "\xdd\0\1\x86\x9b", 5);
	expect((struct view){many, sizeof(many)}, ERR_MSG_RANGE);
	memset(many, 0x91, 3);
	memcpy(many + 3, "\xdc\0\x40", 3);
	expect((struct view){many, 6 + 64}, ERR_MSG_RANGE);
}

static void
envelope_faults(void **state)
{
	(void)state;
	expect(V("\x80"), ERR_MSG_TYPE);
	expect(V("\xc0"), ERR_MSG_TYPE);
	expect(V("\x07"), ERR_MSG_TYPE);
	expect(V("\xd8\0" B16), ERR_MSG_TYPE);
	expect(V("\x90"), ERR_MSG_RANGE);
	expect(V("\x91\x01"), ERR_MSG_RANGE);
	expect(V("\x93\x01\x80\x80"), ERR_MSG_RANGE);
	expect(V("\x92\xa1x\x80"), ERR_MSG_TYPE);
	expect(V("\x92\xff\x80"), ERR_MSG_TYPE);
	expect(V("\x92\x01\x90"), ERR_MSG_TYPE);
	expect(V("\x92\x00\x80"), ERR_MSG_UNKNOWN);
	expect(V("\x92\x0d\x80"), ERR_MSG_UNKNOWN);
	expect(V("\x92\xcf\xff\xff\xff\xff\xff\xff\xff\xff\x80"), ERR_MSG_UNKNOWN);
}

static void
key_faults(void **state)
{
	(void)state;
	expect(V("\x92\x01\x80"), ERR_MSG_MISSING);
	expect(V("\x92\x01\x81\xa8versions\x91\x01"), ERR_MSG_MISSING);
	expect(V("\x92\x01\x83\xa8versions\x91\x01\245agent\xa1x\xa1y\x01"), ERR_MSG_KEY);
	expect(V("\x92\x01\x82\xa8versions\x91\x01\245Agent\xa1x"), ERR_MSG_KEY);
	expect(V("\x92\x01\x82\xa8versions\x91\x01\245agent\xc0"), ERR_MSG_TYPE);
	expect(V("\x92\x01\x82\xa8versions\x91\x01\x01\xa1x"), ERR_MSG_TYPE);
	expect(V("\x92\x01\x82\xa8versions\x91\x01\xc4\005agent\xa1x"), ERR_MSG_TYPE);
	expect(
	    V("\x92\x01\x83\xa8versions\x91\x01\245agent\xa1x\245agent\xa1x"), ERR_MSG_DUPLICATE);
	expect(V("\x92\x03\x83\246bundle\xc4\x01x\xa9signature\xc4\x01x\xa9signature\xc4\x01x"),
	    ERR_MSG_DUPLICATE);
	expect(V("\x92\x03\x81\xa0\x01"), ERR_MSG_KEY);
}

static void
hello_faults(void **state)
{
#define HELLO(versions, agent) "\x92\x01\x82\xa8versions" versions "\245agent" agent
	(void)state;
	expect(V(HELLO("\x91\x01", "\xa1x")), ERR_OK);
	expect(V(HELLO("\x91\xcd\xff\xff", "\xa1x")), ERR_OK);
	expect(V(HELLO("\x90", "\xa1x")), ERR_MSG_RANGE);
	expect(V(HELLO("\x01", "\xa1x")), ERR_MSG_TYPE);
	expect(V(HELLO("\x91\2411", "\xa1x")), ERR_MSG_TYPE);
	expect(V(HELLO("\x91\xff", "\xa1x")), ERR_MSG_TYPE);
	expect(V(HELLO("\x91\x90", "\xa1x")), ERR_MSG_TYPE);
	expect(V(HELLO("\x91\x00", "\xa1x")), ERR_MSG_RANGE);
	expect(V(HELLO("\x91\xce\0\1\0\0", "\xa1x")), ERR_MSG_RANGE);
	expect(V(HELLO("\x92\x01\x01", "\xa1x")), ERR_MSG_RANGE);
	expect(V(HELLO("\x92\x02\x01", "\xa1x")), ERR_MSG_RANGE);
	expect(
	    V(HELLO("\xdc\0\x11\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11", "\xa1x")),
	    ERR_MSG_RANGE);
	expect(V(HELLO("\x91\x01", "\xa0")), ERR_MSG_RANGE);
	expect(V(HELLO("\x91\x01", "\xa2x\n")), ERR_MSG_RANGE);
	expect(V(HELLO("\x91\x01", "\xa1\xff")), ERR_MSG_RANGE);
	expect(V(HELLO("\x91\x01", "\xc4\x01x")), ERR_MSG_TYPE);
	expect(V(HELLO("\x91\x01", "\xd9\x81" B16 B16 B16 B16 B16 B16 B16 B16 "x")), ERR_MSG_RANGE);
}

static void
welcome_faults(void **state)
{
#define WELCOME(version, log, nonce, time, part, component, flight)                                \
	"\x92\x02\x87\xa7version" version "\xa3log" log "\xa5nonce" nonce "\xa4time" time          \
	"\xa8part_max" part "\255component_max" component "\255in_flight_max" flight
	(void)state;
	expect(V(WELCOME("\1", "\xa1l", D32, "\1", "\1", "\1", "\1")), ERR_OK);
	expect(V(WELCOME("\0", "\xa1l", D32, "\1", "\1", "\1", "\1")), ERR_MSG_RANGE);
	expect(V(WELCOME("\1", "\xa0", D32, "\1", "\1", "\1", "\1")), ERR_MSG_RANGE);
	expect(V(WELCOME("\1", "\xa3l x", D32, "\1", "\1", "\1", "\1")), ERR_MSG_RANGE);
	expect(V(WELCOME("\1", "\xa1l", "\xc4\0", "\1", "\1", "\1", "\1")), ERR_MSG_RANGE);
	expect(V(WELCOME("\1", "\xa1l", D32, "\xcf\0\0\xe6\x77\xd2\x1f\xdc\0", "\1", "\1", "\1")),
	    ERR_MSG_RANGE);
	expect(V(WELCOME("\1", "\xa1l", D32, "\1", "\0", "\1", "\1")), ERR_MSG_RANGE);
	expect(V(WELCOME("\1", "\xa1l", D32, "\1", "\xce\0\2\0\1", "\1", "\1")), ERR_MSG_RANGE);
	expect(V(WELCOME("\1", "\xa1l", D32, "\1", "\1", "\0", "\1")), ERR_MSG_RANGE);
	expect(V(WELCOME("\1", "\xa1l", D32, "\1", "\1", "\xce\1\0\0\1", "\1")), ERR_MSG_RANGE);
	expect(V(WELCOME("\1", "\xa1l", D32, "\1", "\1", "\1", "\0")), ERR_MSG_RANGE);
	expect(V(WELCOME("\1", "\xa1l", D32, "\1", "\1", "\1", "\xce\0\1\0\0")), ERR_MSG_RANGE);
	expect(V(WELCOME("\1", "\xa1l", D32, "\1", "\1", "\1", "\xca\0\0\0\0")), ERR_MSG_TYPE);
}

static void
bundle_want_and_part_faults(void **state)
{
#define PART(digest, offset, data)                                                                 \
	"\x92\x05\x83\246digest" digest "\xa6offset" offset "\244data" data
#define WANT(workload, digests) "\x92\x04\x82\xa8workload" workload "\247digests" digests
	static uint8_t big[BUNDLE_SIZE_MAX + 64];
	uint8_t *p = big;

	(void)state;
	expect(V("\x92\x03\x81\246bundle\xc4\0"), ERR_MSG_RANGE);
	expect(V("\x92\x03\x81\246bundle\xa1x"), ERR_MSG_TYPE);
	expect(V("\x92\x03\x82\246bundle\xc4\x01x\xa9signature\xc4\0"), ERR_MSG_RANGE);
	expect(V("\x92\x03\x81\xa9signature\xc4\x01x"), ERR_MSG_MISSING);
	memcpy(p, "\x92\x03\x81\246bundle\xc5\x08\x01", 13);
	expect((struct view){big, 13 + BUNDLE_SIZE_MAX + 1}, ERR_MSG_RANGE);
	expect(V(WANT("\xa1w", "\x91" D32)), ERR_OK);
	expect(V(WANT("\xa1/", "\x91" D32)), ERR_MSG_RANGE);
	expect(V(WANT("\xa0", "\x91" D32)), ERR_MSG_RANGE);
	expect(V(WANT("\xa1w", "\x90")), ERR_MSG_RANGE);
	expect(V(WANT("\xa1w", "\x91\xc4\0")), ERR_MSG_RANGE);
	expect(V(WANT("\xa1w", "\x91\x01")), ERR_MSG_TYPE);
	expect(V(WANT("\xa1w", "\x9b" D32 D32 D32 D32 D32 D32 D32 D32 D32 D32 D32)), ERR_MSG_RANGE);
	expect(V("\x92\x04\x81\xa8workload\xa1w"), ERR_MSG_MISSING);
	expect(V(PART(D32, "\0", "\xc4\x01x")), ERR_OK);
	expect(V(PART(D32, "\xce\0\xff\xff\xff", "\xc4\x01x")), ERR_OK);
	expect(V(PART(D32, "\0", "\xc4\0")), ERR_MSG_RANGE);
	expect(V(PART("\xc4\x01x", "\0", "\xc4\x01x")), ERR_MSG_RANGE);
	expect(V(PART(D32, "\xce\1\0\0\0", "\xc4\x01x")), ERR_MSG_RANGE);
	expect(V(PART(D32, "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "\xc4\x01x")), ERR_MSG_RANGE);
	expect(V(PART(D32, "\0", "\xa1x")), ERR_MSG_TYPE);
}

static void
segments_are_wanted_by_bitmaps(void **state)
{
	struct buf frame = BUF_INIT;
	struct message m;

	(void)state;
	vector_decode("want-segments", &frame, &m);
	assert_int_equal(m.body.want.digest_count, 0);
	assert_int_equal(m.body.want.list_count, 1);
	assert_int_equal(m.body.want.lists[0].bitmap.size, 1);
	assert_int_equal(message_bitmap_check(m.body.want.lists[0].bitmap, 3), ERR_OK);
	assert_true(message_bitmap_has(m.body.want.lists[0].bitmap, 0));
	assert_false(message_bitmap_has(m.body.want.lists[0].bitmap, 1));
	assert_true(message_bitmap_has(m.body.want.lists[0].bitmap, 2));
	buf_free(&frame);
}

static void
wanted_segments_faults(void **state)
{
#define LISTS(lists) "\x92\x04\x82\xa8workload\241w\250segments" lists
#define ONE          "\x92" D32 "\xc4\x01\x80"
	uint8_t big[64 + MESSAGE_BITMAP_MAX + 1] = {0};
	size_t size;

	(void)state;
	expect(V(LISTS("\x91" ONE)), ERR_OK);
	expect(V(LISTS("\x91\x92" D32 "\xc4\x02\x00\x01")), ERR_OK);
	expect(
	    V("\x92\x04\x83\xa8workload\241w\250segments\x91" ONE "\247digests\x91" D32), ERR_OK);
	expect(V(LISTS("\x90")), ERR_MSG_RANGE);
	expect(
	    V("\x92\x04\x83\xa8workload\241w\250segments\x90\247digests\x91" D32), ERR_MSG_RANGE);
	expect(V("\x92\x04\x83\xa8workload\241w\250segments\x91" ONE "\247digests\x90"),
	    ERR_MSG_RANGE);
	expect(V(LISTS("\x9a" ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE)), ERR_OK);
	expect(V(LISTS("\x9b" ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE)), ERR_MSG_RANGE);
	expect(V(LISTS("\x80")), ERR_MSG_TYPE);
	expect(V(LISTS("\x91" D32)), ERR_MSG_TYPE);
	expect(V(LISTS("\x91\x91" D32)), ERR_MSG_RANGE);
	expect(V(LISTS("\x91\x93" D32 "\xc4\x01\x80\x01")), ERR_MSG_RANGE);
	expect(V(LISTS("\x91\x92" D32 "\xa1x")), ERR_MSG_TYPE);
	expect(V(LISTS("\x91\x92\x01\xc4\x01\x80")), ERR_MSG_TYPE);
	expect(V(LISTS("\x91\x92\xc4\x01x\xc4\x01\x80")), ERR_MSG_RANGE);
	expect(V(LISTS("\x91\x92" D32 "\xc4\0")), ERR_MSG_RANGE);
	expect(V(LISTS("\x91\x92" D32 "\xc4\x01\0")), ERR_MSG_RANGE);
	size = sizeof(LISTS("\x91\x92" D32 "\xc5\x20\x00")) - 1;
	memcpy(big, LISTS("\x91\x92" D32 "\xc5\x20\x00"), size);
	big[size] = 1;
	expect((struct view){big, size + MESSAGE_BITMAP_MAX}, ERR_OK);
	big[size - 1] = 1;
	expect((struct view){big, size + MESSAGE_BITMAP_MAX + 1}, ERR_MSG_RANGE);
}

static void
bitmaps_are_as_long_as_their_list(void **state)
{
	(void)state;
	assert_int_equal(message_bitmap_check(V("\xff"), 8), ERR_OK);
	assert_int_equal(message_bitmap_check(V("\xff"), 7), ERR_MSG_RANGE);
	assert_int_equal(message_bitmap_check(V("\xfe"), 7), ERR_OK);
	assert_int_equal(message_bitmap_check(V("\x80"), 1), ERR_OK);
	assert_int_equal(message_bitmap_check(V("\x40"), 1), ERR_MSG_RANGE);
	assert_int_equal(message_bitmap_check(V("\xff"), 9), ERR_MSG_RANGE);
	assert_int_equal(message_bitmap_check(V("\xff\x80"), 9), ERR_OK);
	assert_int_equal(message_bitmap_check(V("\xff\x40"), 9), ERR_MSG_RANGE);
	assert_int_equal(message_bitmap_check(V("\xff\x80"), 8), ERR_MSG_RANGE);
	assert_true(message_bitmap_has(V("\x01\x80"), 7));
	assert_true(message_bitmap_has(V("\x01\x80"), 8));
	assert_false(message_bitmap_has(V("\x01\x80"), 9));
}

static void
receipt_faults(void **state)
{
#define RECEIPT(count, workload, seq, index, report, proof, checkpoint, nonce, more)               \
	"\x92\x06" count "\xa8workload" workload "\xa3seq" seq "\xa5index" index                   \
	"\xa6report" report "\xa5proof" proof "\252checkpoint" checkpoint "\xa5nonce" nonce more
#define SEVEN(workload, seq, index, report, proof, checkpoint)                                     \
	V(RECEIPT("\x87", workload, seq, index, report, proof, checkpoint, D32, ""))
	(void)state;
	expect(SEVEN("\xa1w", "\1", "\0", X, "\xc4\0", X), ERR_OK);
	expect(SEVEN("\xa1w", "\1", "\0", X, D32, X), ERR_OK);
	expect(SEVEN("\xa1.", "\1", "\0", X, "\xc4\0", X), ERR_MSG_RANGE);
	expect(SEVEN("\xa1w", "\0", "\0", X, "\xc4\0", X), ERR_MSG_RANGE);
	expect(SEVEN("\xa1w", "\1", "\xcf\x80\0\0\0\0\0\0\0", X, "\xc4\0", X), ERR_MSG_RANGE);
	expect(SEVEN("\xa1w", "\1", "\0", "\xc4\0", "\xc4\0", X), ERR_MSG_RANGE);
	expect(SEVEN("\xa1w", "\1", "\0", X, "\xc4\x01x", X), ERR_MSG_RANGE);
	expect(SEVEN("\xa1w", "\1", "\0", X, "\xc4\x1f" B16 "123456789abcdef", X), ERR_MSG_RANGE);
	expect(SEVEN("\xa1w", "\1", "\0", X, "\xc4\0", "\xc4\0"), ERR_MSG_RANGE);
	expect(V(RECEIPT("\x88", "\xa1w", "\1", "\0", X, "\xc4\0", X, D32, "\xa6tokens\x91\xa1j")),
	    ERR_OK);
	expect(V(RECEIPT("\x88", "\xa1w", "\1", "\0", X, "\xc4\0", X, D32, "\xa6tokens\x91\xa0")),
	    ERR_MSG_RANGE);
	expect(V(RECEIPT("\x88", "\xa1w", "\1", "\0", X, "\xc4\0", X, D32, "\xa6tokens" X)),
	    ERR_MSG_TYPE);
}

static void
a_proof_of_65_hashes_is_refused(void **state)
{
	static struct message_receipt m;
	struct buf frame = BUF_INIT;

	(void)state;
	m.workload = V("w");
	m.seq = 1;
	m.report = m.checkpoint = V("x");
	m.proof.count = 64;
	message_write_receipt(&frame, &m);
	expect((struct view){frame.data + 4, frame.size - 4}, ERR_OK);
	buf_clear(&frame);
	m.proof.count = 65;
	message_write_receipt(&frame, &m);
	expect((struct view){frame.data + 4, frame.size - 4}, ERR_MSG_RANGE);
	buf_free(&frame);
}

static void
refusal_faults(void **state)
{
	(void)state;
	expect(REFUSAL("\x83", BUSY, ""), ERR_OK);
	expect(REFUSAL("\x83", CODE("\x00", "\xa2ok"), ""), ERR_MSG_RANGE);
	expect(REFUSAL("\x83", CODE("\xcc\xd2", "\244Busy"), ""), ERR_MSG_RANGE);
	expect(REFUSAL("\x83", CODE("\xcc\xd2", "\xa0"), ""), ERR_MSG_RANGE);
	expect(REFUSAL("\x83", CODE("\xce\0\1\0\0", "\xa1x"), ""), ERR_MSG_RANGE);
	expect(REFUSAL("\x85", BUSY, "\xa8workload\xa1w\xa3seq\x01"), ERR_OK);
	expect(REFUSAL("\x84", BUSY, "\xa8workload\xa1w"), ERR_MSG_MISSING);
	expect(REFUSAL("\x84", BUSY, "\xa3seq\x01"), ERR_MSG_MISSING);
	expect(REFUSAL("\x85", BUSY, "\xa8workload\xa1w\xa3seq\x00"), ERR_MSG_RANGE);
	expect(REFUSAL("\x85", BUSY, "\xa8last_seq\x01\xablast_bundle" D32), ERR_MSG_MISSING);
	expect(
	    REFUSAL("\x86", BUSY, "\xa8workload\xa1w\xa3seq\x01\xa8last_seq\x01"), ERR_MSG_MISSING);
	expect(REFUSAL(
		   "\x87", BUSY, "\xa8workload\xa1w\xa3seq\x01\xa8last_seq\x01\xablast_bundle" D32),
	    ERR_OK);
	expect(REFUSAL(
		   "\x87", BUSY, "\xa8workload\xa1w\xa3seq\x01\xa8last_seq\x00\xablast_bundle" D32),
	    ERR_MSG_RANGE);
	expect(REFUSAL("\x84", BUSY, "\xa5nonce\xc4\x01x"), ERR_MSG_RANGE);
	expect(REFUSAL("\x84", BUSY, "\xa5nonce" D32), ERR_OK);
	expect(V("\x92\x07\x83\244code\x64\xa4name\252frame-size\xa4text\xa2\x1bm"), ERR_MSG_RANGE);
}

static void
a_code_that_is_not_known_keeps_its_name(void **state)
{
	struct message m;

	(void)state;
	assert_int_equal(
	    decode(V("\x92\x07\x83\244code\xcd\x03\xe7\xa4name\xa5later\xa4text\xa0"), &m), ERR_OK);
	assert_int_equal(m.body.refusal.code, ERR_INVARIANT);
	assert_true(view_equal(m.body.refusal.name, V("later")));
}

static void
a_refusal_is_made_printable_and_cut(void **state)
{
	struct message_refusal m = {.code = ERR_MSG_KEY};
	char text[2 * MESSAGE_TEXT_MAX];
	struct buf frame = BUF_INIT;
	struct message out;

	(void)state;
	memset(text, '\n', sizeof(text));
	m.text = (struct view){(const uint8_t *)text, sizeof(text)};
	message_write_refusal(&frame, &m);
	assert_int_equal(decode((struct view){frame.data + 4, frame.size - 4}, &out), ERR_OK);
	assert_in_range(out.body.refusal.text.size, MESSAGE_TEXT_MAX - 4, MESSAGE_TEXT_MAX);
	assert_memory_equal(out.body.refusal.text.data, "\\x0a\\x0a", 8);
	buf_free(&frame);
}

static void
a_writer_appends_behind_other_frames(void **state)
{
	struct message_part m = {.offset = 5, .data = V("data")};
	struct buf frames = BUF_INIT;
	struct view payload;
	struct message out;
	size_t used;

	(void)state;
	message_write_part(&frames, &m);
	m.offset = 9;
	message_write_part(&frames, &m);
	assert_int_equal(frame_next(buf_view(&frames), &payload, &used), ERR_OK);
	buf_consume(&frames, used);
	assert_int_equal(frame_next(buf_view(&frames), &payload, &used), ERR_OK);
	assert_int_equal(used, frames.size);
	assert_int_equal(decode(payload, &out), ERR_OK);
	assert_int_equal(out.body.part.offset, 9);
	buf_free(&frames);
}

static void
a_failed_buffer_is_left_alone(void **state)
{
	struct message_hello m = {.version_count = 1, .versions = {1}, .agent = V("x")};
	struct buf frame = BUF_INIT;

	(void)state;
	frame.failed = true;
	message_write_hello(&frame, &m);
	assert_int_equal(buf_status(&frame), ERR_MEMORY);
	assert_int_equal(frame.size, 0);
	buf_free(&frame);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(vectors_are_read_and_written_the_same),
	    cmocka_unit_test(vectors_cut_or_extended_are_refused),
	    cmocka_unit_test(hello_and_welcome_values),
	    cmocka_unit_test(bundle_want_and_part_values),
	    cmocka_unit_test(receipt_and_refusal_values),
	    cmocka_unit_test(any_spelling_and_order_is_read),
	    cmocka_unit_test(structure_faults),
	    cmocka_unit_test(a_nesting_of_hundreds_is_only_too_deep),
	    cmocka_unit_test(more_elements_than_any_message_has),
	    cmocka_unit_test(envelope_faults),
	    cmocka_unit_test(key_faults),
	    cmocka_unit_test(hello_faults),
	    cmocka_unit_test(welcome_faults),
	    cmocka_unit_test(bundle_want_and_part_faults),
	    cmocka_unit_test(segments_are_wanted_by_bitmaps),
	    cmocka_unit_test(wanted_segments_faults),
	    cmocka_unit_test(bitmaps_are_as_long_as_their_list),
	    cmocka_unit_test(receipt_faults),
	    cmocka_unit_test(a_proof_of_65_hashes_is_refused),
	    cmocka_unit_test(refusal_faults),
	    cmocka_unit_test(a_code_that_is_not_known_keeps_its_name),
	    cmocka_unit_test(a_refusal_is_made_printable_and_cut),
	    cmocka_unit_test(a_writer_appends_behind_other_frames),
	    cmocka_unit_test(a_failed_buffer_is_left_alone),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
