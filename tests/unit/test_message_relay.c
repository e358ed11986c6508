/* Messages of relays, what the signer asks and answers for them, and the refusal of a request. */
#include "tests/unit/message_fixture.h"

#include "proto/report/report.h"

static void
a_refusal_is_about_one_thing(void **state)
{
	struct buf frame = BUF_INIT;
	struct message m;

	(void)state;
	vector_decode("refusal-request", &frame, &m);
	assert_true(m.body.refusal.has_id);
	assert_int_equal(m.body.refusal.id, 7);
	assert_int_equal(m.body.refusal.code, ERR_UNANSWERED);
	assert_int_equal(m.body.refusal.workload.size, 0);
	expect(REFUSAL("\x84", BUSY, "\xa2id\0"), ERR_OK);
	expect(REFUSAL("\x84", BUSY, "\xa2id\xcf\0\x1f\xff\xff\xff\xff\xff\xff"), ERR_OK);
	expect(REFUSAL("\x84", BUSY, "\xa2id\xcf\0\x20\0\0\0\0\0\0"), ERR_MSG_RANGE);
	expect(REFUSAL("\x84", BUSY, "\xa2id\xa1x"), ERR_MSG_TYPE);
	expect(REFUSAL("\x86", BUSY, "\xa8workload\xa1w\xa3seq\x01\xa2id\x01"), ERR_MSG_RANGE);
	buf_free(&frame);
}

static void
values_of_relays_and_their_answers(void **state)
{
	struct report_document document = REPORT_DOCUMENT_INIT;
	struct buf frame = BUF_INIT;
	struct message m;

	(void)state;
	vector_decode("measure", &frame, &m);
	assert_true(view_equal(m.body.measure.workload, V("trading-app")));
	assert_true(view_equal(m.body.measure.challenge, V("a challenge")));
	vector_decode("challenge", &frame, &m);
	assert_int_equal(m.body.challenge.id, 7);
	assert_true(view_equal(m.body.challenge.collector, V("spiffe://example/collector/host-1")));
	assert_true(view_equal(m.body.challenge.workload, V("trading-app")));
	assert_true(view_equal(m.body.challenge.nonce, V("a challenge")));
	vector_decode("challenged", &frame, &m);
	assert_int_equal(m.body.challenged.id, 7);
	assert_true(
	    view_equal(m.body.challenged.collector, V("spiffe://example/collector/host-1")));
	assert_true(view_equal(m.body.challenged.workload, V("trading-app")));
	assert_int_equal(m.body.challenged.index, 1);
	assert_int_equal(m.body.challenged.proof.count, 1);
	assert_true(m.body.challenged.checkpoint.size > 0);
	assert_int_equal(report_parse(m.body.challenged.report, &document), ERR_OK);
	assert_true(view_equal(document.report.bundle.extensions.challenge, V("a challenge")));
	report_document_free(&document);
	vector_decode("statement", &frame, &m);
	assert_int_equal(m.body.statement.id, 8);
	assert_true(m.body.statement.envelope.size > 0);
	vector_decode("noted", &frame, &m);
	assert_int_equal(m.body.noted.id, 8);
	assert_int_equal(m.body.noted.index, 2);
	assert_false(digest_is_zero(&m.body.noted.sha256));
	buf_free(&frame);
}

#define B8 "01234567"

static void
measure_faults(void **state)
{
#define MEASURE(workload, challenge) "\x92\x08\x82\xa8workload" workload "\251challenge" challenge
	(void)state;
	expect(V(MEASURE("\241w", "\xc4\x08" B8)), ERR_OK);
	expect(V(MEASURE("\241w", "\xc4\x40" B16 B16 B16 B16)), ERR_OK);
	expect(V(MEASURE("\241w", "\xc4\0070123456")), ERR_MSG_RANGE);
	expect(V(MEASURE("\241w", "\xc4\x41" B16 B16 B16 B16 ".")), ERR_MSG_RANGE);
	expect(V(MEASURE("\241w", "\xa8" B8)), ERR_MSG_TYPE);
	expect(V(MEASURE("\242w ", "\xc4\x08" B8)), ERR_MSG_RANGE);
	expect(V("\x92\x08\x81\xa8workload\241w"), ERR_MSG_MISSING);
}

/* A collector's name of 512 bytes and of one more. */
static void
expect_longest_names(const char *start, size_t size)
{
	char longest[2048];

	memcpy(longest, start, size);
	memset(longest + size, 'c', 513);
	memcpy(longest + size + 513, "\xa8workload\xa1w\xa5nonce\xc4\x08" B8, 27);
	expect((struct view){(const uint8_t *)longest, size + 513 + 27}, ERR_MSG_RANGE);
	longest[size - 1] = 0; /* 512 */
	memmove(longest + size + 512, longest + size + 513, 27);
	expect((struct view){(const uint8_t *)longest, size + 512 + 27}, ERR_OK);
}

static void
challenge_faults(void **state)
{
#define CHALLENGE(id, collector, workload, nonce)                                                  \
	"\x92\x09\x84\xa2id" id "\251collector" collector "\xa8workload" workload "\xa5nonc"       \
	"e" nonce
#define N8 "\xc4\x08" B8
	static const char long_name[] = CHALLENGE("\1", "\xda\2\1", "", "");

	(void)state;
	expect(V(CHALLENGE("\0", "\241c", "\241w", N8)), ERR_OK);
	expect(V(CHALLENGE("\xcf\0\x20\0\0\0\0\0\0", "\241c", "\241w", N8)), ERR_MSG_RANGE);
	expect(V(CHALLENGE("\xff", "\241c", "\241w", N8)), ERR_MSG_TYPE);
	expect(V(CHALLENGE("\1", "\241C", "\241w", N8)), ERR_MSG_RANGE);
	expect(V(CHALLENGE("\1", "\242c:", "\241w", N8)), ERR_MSG_RANGE);
	expect(V(CHALLENGE("\1", "\240", "\241w", N8)), ERR_MSG_RANGE);
	expect(V(CHALLENGE("\1", "\242c ", "\241w", N8)), ERR_MSG_RANGE);
	expect(V(CHALLENGE("\1", "\242\303\251", "\241w", N8)), ERR_MSG_RANGE);
	expect(V(CHALLENGE("\1", "\241c", "\241/", N8)), ERR_MSG_RANGE);
	expect(V(CHALLENGE("\1", "\241c", "\241w", "\xc4\0070123456")), ERR_MSG_RANGE);
	expect(V(CHALLENGE("\1", "\241c", "\241w", "\xc4\x41" B16 B16 B16 B16 ".")), ERR_MSG_RANGE);
	expect_longest_names(long_name, sizeof(long_name) - 1 - strlen("\xa8workload\xa5nonce"));
}

static void
challenged_statement_and_noted_faults(void **state)
{
#define CHALLENGED(collector, index, report, proof, checkpoint)                                    \
	V("\x92\x0a\x87\xa2id\1\251collector" collector "\xa8workload\xa1w\xa5index" index         \
	  "\xa6report" report "\xa5proof" proof "\252checkpoint" checkpoint)
	static uint8_t envelope[MESSAGE_ENVELOPE_MAX + 64];
	const size_t size = 20;

	(void)state;
	expect(CHALLENGED("\xa1"
			  "c",
		   "\0", X, "\xc4\0", X),
	    ERR_OK);
	expect(CHALLENGED("\xa1"
			  "c",
		   "\0", X, D32, X),
	    ERR_OK);
	expect(CHALLENGED("\xa1\n", "\0", X, "\xc4\0", X), ERR_MSG_RANGE);
	expect(CHALLENGED("\xa1"
			  "c",
		   "\xcf\x80\0\0\0\0\0\0\0", X, "\xc4\0", X),
	    ERR_MSG_RANGE);
	expect(CHALLENGED("\xa1"
			  "c",
		   "\0", "\xc4\0", "\xc4\0", X),
	    ERR_MSG_RANGE);
	expect(CHALLENGED("\xa1"
			  "c",
		   "\0", X, "\xc4\x01x", X),
	    ERR_MSG_RANGE);
	expect(CHALLENGED("\xa1"
			  "c",
		   "\0", X, "\xc4\0", "\xc4\0"),
	    ERR_MSG_RANGE);
	expect(V("\x92\x0b\x82\xa2id\1\250envelope\xc4\0"), ERR_MSG_RANGE);
	expect(V("\x92\x0b\x82\xa2id\1\250envelope\xa1x"), ERR_MSG_TYPE);
	expect(V("\x92\x0b\x81\250envelope" X), ERR_MSG_MISSING);
	memcpy(envelope, "\x92\x0b\x82\xa2id\1\250envelope\xc5\x40\0", size - 1);
	expect((struct view){envelope, size - 1 + MESSAGE_ENVELOPE_MAX}, ERR_OK);
	envelope[size - 2] = 1;
	expect((struct view){envelope, size - 1 + MESSAGE_ENVELOPE_MAX + 1}, ERR_MSG_RANGE);
	expect(V("\x92\x0c\x83\xa2id\1\xa6sha256" D32 "\xa5index\0"), ERR_OK);
	expect(V("\x92\x0c\x83\xa2id\1\xa6sha256" X "\xa5index\0"), ERR_MSG_RANGE);
	expect(V("\x92\x0c\x83\xa2id\1\xa6sha256" D32 "\xa5index\xcf\x80\0\0\0\0\0\0\0"),
	    ERR_MSG_RANGE);
	expect(V("\x92\x0c\x82\xa2id\1\xa6sha256" D32), ERR_MSG_MISSING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_refusal_is_about_one_thing),
	    cmocka_unit_test(values_of_relays_and_their_answers),
	    cmocka_unit_test(measure_faults),
	    cmocka_unit_test(challenge_faults),
	    cmocka_unit_test(challenged_statement_and_noted_faults),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
