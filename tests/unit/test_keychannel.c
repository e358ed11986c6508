/* The channel to the key process: fixed layouts, found piece by piece, one spelling each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "proto/wire/keychannel.h"
#include "tests/lib/vectors.h"

#define V(s) VIEW_LITERAL(s)

static struct keychannel_request
make_checkpoint(size_t hashes)
{
	struct keychannel_request r = {
	    .type = KEYCHANNEL_CHECKPOINT, .id = 0x0102030405060708, .size = 77};

	memset(r.root.bytes, 0xaa, DIGEST_SIZE);
	r.proof.count = hashes;
	for (size_t i = 0; i < hashes; i++)
		memset(r.proof.hash[i].bytes, (int)(i + 1), DIGEST_SIZE);
	return r;
}

static struct keychannel_request
make_token(size_t hashes, struct view report)
{
	struct keychannel_request r = make_checkpoint(hashes);

	r.type = KEYCHANNEL_TOKEN;
	r.size = 78;
	memset(r.root.bytes, 0, DIGEST_SIZE);
	r.index = 76;
	r.profile = V("profile");
	r.audience = V("audience");
	r.lifetime_s = 0x00010203;
	r.report = report;
	return r;
}

static struct keychannel_request
make_observe(size_t hashes, struct view note)
{
	struct keychannel_request r = make_checkpoint(hashes);

	r.type = KEYCHANNEL_OBSERVE;
	r.note = note;
	return r;
}

static struct keychannel_request
make_close(size_t hashes, struct view notice)
{
	struct keychannel_request r = make_checkpoint(hashes);

	r.type = KEYCHANNEL_CLOSE;
	r.report = notice;
	r.inclusion.count = 2;
	memset(r.inclusion.hash[0].bytes, 0x71, DIGEST_SIZE);
	memset(r.inclusion.hash[1].bytes, 0x72, DIGEST_SIZE);
	return r;
}

static void
expect_request_back(const struct keychannel_request *r)
{
	struct keychannel_request out;
	struct buf bytes = BUF_INIT;
	size_t used, whole;

	keychannel_write_request(&bytes, r);
	whole = bytes.size;
	buf_append_string(&bytes, "the next one");
	assert_int_equal(keychannel_next_request(buf_view(&bytes), &out, &used), ERR_OK);
	assert_int_equal(used, whole);
	assert_int_equal(out.type, r->type);
	assert_true(out.id == r->id && out.size == r->size && out.index == r->index);
	assert_true(digest_equal(&out.root, &r->root));
	assert_int_equal(out.proof.count, r->proof.count);
	for (size_t i = 0; i < r->proof.count; i++)
		assert_true(digest_equal(&out.proof.hash[i], &r->proof.hash[i]));
	assert_int_equal(out.inclusion.count, r->inclusion.count);
	for (size_t i = 0; i < r->inclusion.count; i++)
		assert_true(digest_equal(&out.inclusion.hash[i], &r->inclusion.hash[i]));
	assert_true(view_equal(out.profile, r->profile));
	assert_true(view_equal(out.audience, r->audience));
	assert_int_equal(out.lifetime_s, r->lifetime_s);
	assert_true(view_equal(out.report, r->report));
	assert_true(view_equal(out.note, r->note));
	buf_free(&bytes);
}

static void
requests_go_there_and_back(void **state)
{
	static uint8_t largest[KEYCHANNEL_NOTE_MAX];

	(void)state;
	for (size_t hashes = 0; hashes <= MERKLE_CONSISTENCY_MAX; hashes++) {
		struct keychannel_request r = make_checkpoint(hashes);

		expect_request_back(&r);
		r = make_token(hashes, V("report"));
		expect_request_back(&r);
		r = make_token(hashes, (struct view){largest, KEYCHANNEL_REPORT_MAX});
		r.profile = (struct view){largest, KEYCHANNEL_PROFILE_MAX};
		r.audience = (struct view){largest, KEYCHANNEL_AUDIENCE_MAX};
		r.lifetime_s = KEYCHANNEL_LIFETIME_MAX_S;
		expect_request_back(&r);
		r.audience.size = r.lifetime_s = 0;
		expect_request_back(&r);
		r = make_observe(hashes, V("note"));
		expect_request_back(&r);
		r = make_observe(hashes, (struct view){largest, KEYCHANNEL_NOTE_MAX});
		expect_request_back(&r);
		r = make_close(hashes, V("notice"));
		expect_request_back(&r);
		r = make_close(hashes, (struct view){largest, KEYCHANNEL_REPORT_MAX});
		r.inclusion.count = hashes < MERKLE_PROOF_MAX ? hashes : MERKLE_PROOF_MAX;
		for (size_t i = 0; i < r.inclusion.count; i++)
			memset(r.inclusion.hash[i].bytes, (int)(0x80 + i), DIGEST_SIZE);
		expect_request_back(&r);
	}
}

static void
requests_are_laid_out_as_said(void **state)
{
	struct keychannel_request r = make_checkpoint(2);
	struct buf b = BUF_INIT;

	(void)state;
	keychannel_write_request(&b, &r);
	assert_int_equal(b.size, KEYCHANNEL_CHECKPOINT_SIZE);
	assert_int_equal(b.size, 2136);
	assert_memory_equal(b.data, "HKQ3\1\2\0\0\1\2\3\4\5\6\7\10\0\0\0\0\0\0\0\x4d\xaa", 25);
	assert_memory_equal(b.data + 55, "\xaa\1\1", 3);
	assert_memory_equal(b.data + 87, "\1\2", 2);
	assert_memory_equal(b.data + 119, "\2\0", 2);
	buf_clear(&b);
	r = make_token(1, V("report"));
	keychannel_write_request(&b, &r);
	assert_int_equal(b.size, KEYCHANNEL_TOKEN_SIZE + 8 + 7 + 6);
	assert_int_equal(b.size, 2124 + 8 + 7 + 6);
	assert_memory_equal(b.data,
	    "HKQ3\2\1\7\0\1\2\3\4\5\6\7\10\0\0\0\0\0\0\0\x4c\0\0\0\0\0\0\0\x4e\0\0\0\6"
	    "\0\1\2\3\0\10\0\0\1",
	    45);
	assert_memory_equal(b.data + 2123, "\0profileaudiencereport", 22);
	buf_clear(&b);
	r = make_observe(2, V("note"));
	keychannel_write_request(&b, &r);
	assert_int_equal(b.size, KEYCHANNEL_OBSERVE_SIZE + 4);
	assert_int_equal(b.size, 2140 + 4);
	assert_memory_equal(b.data, "HKQ3\3\2\0\0\1\2\3\4\5\6\7\10\0\0\0\0\0\0\0\x4d\xaa", 25);
	assert_memory_equal(b.data + 87, "\1\2", 2);
	assert_memory_equal(b.data + 2135, "\0\0\0\0\4note", 9);
	buf_clear(&b);
	r = make_close(2, V("notice"));
	keychannel_write_request(&b, &r);
	assert_int_equal(b.size, KEYCHANNEL_CLOSE_SIZE + 6);
	assert_int_equal(b.size, 2140 + 2080 + 6);
	assert_memory_equal(b.data, "HKQ3\5\2\2\0\1\2\3\4\5\6\7\10\0\0\0\0\0\0\0\x4d\xaa", 25);
	assert_memory_equal(b.data + 87, "\1\2", 2);
	assert_memory_equal(b.data + 2135, "\0\0\0\0\6\x71", 6);
	assert_memory_equal(b.data + 2171, "\x71\x72", 2);
	assert_memory_equal(b.data + 2203, "\x72\0", 2);
	assert_memory_equal(b.data + 4219, "\0notice", 7);
	buf_free(&b);
}

static void
every_cut_of_a_request_waits(void **state)
{
	const struct keychannel_request r[] = {make_checkpoint(3),
	    make_token(3, V("a report of some bytes")), make_observe(3, V("a note of some bytes")),
	    make_close(3, V("a notice of some bytes"))};
	struct keychannel_request out;
	struct buf b = BUF_INIT;
	size_t used;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		buf_clear(&b);
		keychannel_write_request(&b, &r[i]);
		for (size_t size = 0; size < b.size; size++) {
			used = 99;
			assert_int_equal(
			    keychannel_next_request((struct view){b.data, size}, &out, &used),
			    ERR_OK);
			assert_int_equal(used, 0);
		}
	}
	buf_free(&b);
}

static void
expect_request_refused(const struct keychannel_request *r, size_t at, uint8_t byte)
{
	struct keychannel_request out;
	struct buf b = BUF_INIT;
	size_t used;

	keychannel_write_request(&b, r);
	b.data[at] = byte;
	assert_int_equal(keychannel_next_request(buf_view(&b), &out, &used), ERR_FORMAT);
	assert_int_equal(used, 0);
	/* What the header shows to be wrong is refused by the header alone. */
	if (at < KEYCHANNEL_REQUEST_HEADER_SIZE && !(at == 5 && byte < r->proof.count) &&
	    !(at == 6 && byte < r->inclusion.count)) {
		b.size = KEYCHANNEL_REQUEST_HEADER_SIZE;
		assert_int_equal(keychannel_next_request(buf_view(&b), &out, &used), ERR_FORMAT);
	}
	buf_free(&b);
}

static void
requests_in_another_form_are_refused(void **state)
{
	const struct keychannel_request r[] = {make_checkpoint(3), make_token(3, V("report")),
	    make_observe(3, V("note")), make_close(3, V("notice"))};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (size_t at = 0; at < 4; at++)
			expect_request_refused(&r[i], at, 'x');
		expect_request_refused(&r[i], 4, 0);
		expect_request_refused(&r[i], 4, 4); /* reserved for certificates */
		expect_request_refused(&r[i], 4, 255);
		expect_request_refused(&r[i], 5, 66);
		expect_request_refused(&r[i], 5, 255);
		if (r[i].type != KEYCHANNEL_CLOSE)
			expect_request_refused(&r[i], 6, r[i].type == KEYCHANNEL_TOKEN ? 0 : 1);
		expect_request_refused(&r[i], 6, 65);
		expect_request_refused(&r[i], 6, 255);
		expect_request_refused(&r[i], 7, 1);
	}
}

/* A count below the hashes that are there, or a byte in the unused room, is another spelling. */
static void
unused_hashes_must_be_zero(void **state)
{
	const struct keychannel_request c = make_checkpoint(3), t = make_token(3, V("report")),
					o = make_observe(3, V("note")),
					e = make_close(3, V("notice"));

	(void)state;
	expect_request_refused(&e, 5, 2);
	expect_request_refused(&e, 6, 1);
	expect_request_refused(&e, 56 + 3 * DIGEST_SIZE, 1);
	expect_request_refused(&e, KEYCHANNEL_OBSERVE_SIZE - 5, 1);
	expect_request_refused(&e, KEYCHANNEL_OBSERVE_SIZE + 2 * DIGEST_SIZE, 1);
	expect_request_refused(&e, KEYCHANNEL_CLOSE_SIZE - 1, 1);
	expect_request_refused(&c, 5, 2);
	expect_request_refused(&t, 5, 2);
	expect_request_refused(&c, 56 + 3 * DIGEST_SIZE, 1);
	expect_request_refused(&c, KEYCHANNEL_CHECKPOINT_SIZE - 1, 1);
	expect_request_refused(&t, 44 + 3 * DIGEST_SIZE, 1);
	expect_request_refused(&t, 42, 1);
	expect_request_refused(&t, 43, 1);
	expect_request_refused(&t, KEYCHANNEL_TOKEN_SIZE - 1, 1);
	expect_request_refused(&o, 5, 2);
	expect_request_refused(&o, 56 + 3 * DIGEST_SIZE, 1);
	expect_request_refused(&o, KEYCHANNEL_OBSERVE_SIZE - 5, 1);
}

/* With another size at this place of the request. */
static void
expect_size(const struct keychannel_request *r, size_t at, uint32_t size, enum err expected)
{
	struct keychannel_request out;
	struct buf b = BUF_INIT;
	size_t used;

	keychannel_write_request(&b, r);
	be32_put(b.data + at, size);
	assert_int_equal(keychannel_next_request(buf_view(&b), &out, &used), expected);
	buf_free(&b);
}

static void
reports_and_notes_of_no_size_or_too_large_are_refused(void **state)
{
	const struct keychannel_request t = make_token(0, V("report")),
					o = make_observe(0, V("note")),
					e = make_close(0, V("notice"));

	(void)state;
	expect_size(&e, KEYCHANNEL_OBSERVE_SIZE - 4, 6, ERR_OK);
	expect_size(&e, KEYCHANNEL_OBSERVE_SIZE - 4, KEYCHANNEL_REPORT_MAX, ERR_OK);
	expect_size(&e, KEYCHANNEL_OBSERVE_SIZE - 4, 0, ERR_FORMAT);
	expect_size(&e, KEYCHANNEL_OBSERVE_SIZE - 4, KEYCHANNEL_REPORT_MAX + 1, ERR_FORMAT);
	expect_size(&e, KEYCHANNEL_OBSERVE_SIZE - 4, UINT32_MAX, ERR_FORMAT);
	expect_size(&t, 32, 6, ERR_OK);
	expect_size(&t, 32, KEYCHANNEL_REPORT_MAX, ERR_OK);
	expect_size(&t, 32, 0, ERR_FORMAT);
	expect_size(&t, 32, KEYCHANNEL_REPORT_MAX + 1, ERR_FORMAT);
	expect_size(&t, 32, UINT32_MAX, ERR_FORMAT);
	expect_size(&t, 36, 0, ERR_OK);
	expect_size(&t, 36, KEYCHANNEL_LIFETIME_MAX_S, ERR_OK);
	expect_size(&t, 36, KEYCHANNEL_LIFETIME_MAX_S + 1, ERR_FORMAT);
	expect_size(&t, 36, UINT32_MAX, ERR_FORMAT);
	/* The size has 16 bits, and two bytes of zero behind it. */
	expect_size(&t, 40, 8 << 16, ERR_OK);
	expect_size(&t, 40, (KEYCHANNEL_AUDIENCE_MAX + 1) << 16, ERR_FORMAT);
	expect_size(&t, 40, UINT32_MAX & 0xffff0000, ERR_FORMAT);
	expect_size(&o, KEYCHANNEL_OBSERVE_SIZE - 4, 4, ERR_OK);
	expect_size(&o, KEYCHANNEL_OBSERVE_SIZE - 4, KEYCHANNEL_NOTE_MAX, ERR_OK);
	expect_size(&o, KEYCHANNEL_OBSERVE_SIZE - 4, 0, ERR_FORMAT);
	expect_size(&o, KEYCHANNEL_OBSERVE_SIZE - 4, KEYCHANNEL_NOTE_MAX + 1, ERR_FORMAT);
	expect_size(&o, KEYCHANNEL_OBSERVE_SIZE - 4, UINT32_MAX, ERR_FORMAT);
}

/* --- answers
 * -------------------------------------------------------------------------------------- */

static struct keychannel_answer
make_answer(enum keychannel_type type, enum err result, struct view body)
{
	struct keychannel_answer a = {
	    .type = type, .result = result, .id = 0x0102030405060708, .size = 77, .body = body};

	memset(a.root.bytes, 0xaa, DIGEST_SIZE);
	return a;
}

static void
expect_answer_back(const struct keychannel_answer *a)
{
	struct keychannel_answer out;
	struct buf bytes = BUF_INIT;
	size_t used, whole;

	keychannel_write_answer(&bytes, a);
	whole = bytes.size;
	buf_append_string(&bytes, "the next one");
	assert_int_equal(keychannel_next_answer(buf_view(&bytes), &out, &used), ERR_OK);
	assert_int_equal(used, whole);
	assert_int_equal(out.type, a->type);
	assert_int_equal(out.result, a->result);
	assert_true(out.id == a->id && out.size == a->size);
	assert_true(digest_equal(&out.root, &a->root));
	assert_true(view_equal(out.body, a->body));
	buf_free(&bytes);
}

static void
answers_go_there_and_back(void **state)
{
	static const enum err results[] = {ERR_OK, ERR_GUARD_ROLLBACK, ERR_GUARD_FORK,
	    ERR_GUARD_UNLOGGED, ERR_TOKEN_PROFILE, ERR_TOKEN, ERR_IO};
	static uint8_t largest[KEYCHANNEL_BODY_MAX];

	(void)state;
	for (int type = KEYCHANNEL_STATE; type <= KEYCHANNEL_OBSERVE; type++) {
		for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
			struct keychannel_answer a =
			    make_answer((enum keychannel_type)type, results[i], V("body"));

			expect_answer_back(&a);
			a.body = V("");
			expect_answer_back(&a);
			a.body = (struct view){largest, sizeof(largest)};
			expect_answer_back(&a);
		}
	}
}

static void
answers_are_laid_out_as_said(void **state)
{
	const struct keychannel_answer a =
	    make_answer(KEYCHANNEL_CHECKPOINT, ERR_GUARD_FORK, V("body"));
	struct buf b = BUF_INIT;

	(void)state;
	keychannel_write_answer(&b, &a);
	assert_int_equal(b.size, KEYCHANNEL_ANSWER_HEADER_SIZE + 4);
	assert_int_equal(b.size, 60 + 4);
	/* 501 is 01f5. */
	assert_memory_equal(b.data, "HKA3\1\0\x01\xf5\1\2\3\4\5\6\7\10\0\0\0\0\0\0\0\x4d\xaa", 25);
	assert_memory_equal(b.data + 55, "\xaa\0\0\0\4body", 9);
	buf_free(&b);
}

static void
every_cut_of_an_answer_waits(void **state)
{
	const struct keychannel_answer a =
	    make_answer(KEYCHANNEL_TOKEN, ERR_OK, V("a body of some bytes"));
	struct keychannel_answer out;
	struct buf b = BUF_INIT;
	size_t used;

	(void)state;
	keychannel_write_answer(&b, &a);
	for (size_t size = 0; size < b.size; size++) {
		used = 99;
		assert_int_equal(
		    keychannel_next_answer((struct view){b.data, size}, &out, &used), ERR_OK);
		assert_int_equal(used, 0);
	}
	buf_free(&b);
}

static void
expect_answer_refused(size_t at, const char *bytes, size_t size)
{
	const struct keychannel_answer a = make_answer(KEYCHANNEL_TOKEN, ERR_OK, V("body"));
	struct keychannel_answer out;
	struct buf b = BUF_INIT;
	size_t used;

	keychannel_write_answer(&b, &a);
	memcpy(b.data + at, bytes, size);
	assert_int_equal(keychannel_next_answer(buf_view(&b), &out, &used), ERR_FORMAT);
	assert_int_equal(used, 0);
	b.size = KEYCHANNEL_ANSWER_HEADER_SIZE;
	assert_int_equal(keychannel_next_answer(buf_view(&b), &out, &used), ERR_FORMAT);
	buf_free(&b);
}

static void
answers_in_another_form_are_refused(void **state)
{
	(void)state;
	expect_answer_refused(0, "HKQ3", 4);
	expect_answer_refused(0, "HKA2", 4);
	expect_answer_refused(4, "\4", 1);
	expect_answer_refused(4, "\xff", 1);
	expect_answer_refused(5, "\1", 1);
	expect_answer_refused(6, "\0\1", 2);     /* no such error */
	expect_answer_refused(6, "\x03\x84", 2); /* 900, which nobody may send */
	expect_answer_refused(6, "\xff\xff", 2);
	expect_answer_refused(56, "\0\1\0\1", 4); /* 64 KiB and one */
	expect_answer_refused(56, "\xff\xff\xff\xff", 4);
}

static void
what_is_too_short_to_judge_waits(void **state)
{
	struct keychannel_request request;
	struct keychannel_answer answer;
	size_t used;

	(void)state;
	assert_int_equal(keychannel_next_request((struct view){NULL, 0}, &request, &used), ERR_OK);
	assert_int_equal(used, 0);
	assert_int_equal(keychannel_next_request(V("GET / HTTP/1.1"), &request, &used), ERR_OK);
	assert_int_equal(used, 0);
	assert_int_equal(keychannel_next_answer((struct view){NULL, 0}, &answer, &used), ERR_OK);
	assert_int_equal(used, 0);
}

static void
decisions_are_told_from_failures(void **state)
{
	(void)state;
	for (unsigned i = 0; i < err_count(); i++) {
		const enum err e = err_at(i);
		const bool moves = e == ERR_OK || e == ERR_GUARD_ROLLBACK || e == ERR_GUARD_FORK;

		assert_false(keychannel_is_decision(KEYCHANNEL_STATE, e));
		assert_int_equal(keychannel_is_decision(KEYCHANNEL_CHECKPOINT, e),
		    moves || e == ERR_GUARD_GROWTH || e == ERR_GUARD_KEY);
		assert_int_equal(keychannel_is_decision(KEYCHANNEL_TOKEN, e),
		    e == ERR_OK || e == ERR_GUARD_UNLOGGED || e == ERR_TOKEN_PROFILE);
		assert_int_equal(keychannel_is_decision(KEYCHANNEL_OBSERVE, e),
		    moves || e == ERR_FORMAT || e == ERR_FORMAT_BASE64 || e == ERR_FORMAT_NUMBER ||
			e == ERR_FORMAT_SIZE || e == ERR_UNSUPPORTED || e == ERR_UNKNOWN_KEY ||
			e == ERR_SIGNATURE || e == ERR_MISMATCH);
	}
}

/* Reads the request of this name, and makes the same bytes again. */
static void
expect_request_vector(const char *name, struct buf *bytes, struct keychannel_request *out)
{
	struct buf made = BUF_INIT;
	size_t used;

	buf_clear(bytes);
	vector_wire(name, bytes);
	assert_int_equal(keychannel_next_request(buf_view(bytes), out, &used), ERR_OK);
	assert_int_equal(used, bytes->size);
	keychannel_write_request(&made, out);
	assert_true(view_equal(buf_view(&made), buf_view(bytes)));
	buf_free(&made);
}

static void
expect_answer_vector(const char *name, struct buf *bytes, struct keychannel_answer *out)
{
	struct buf made = BUF_INIT;
	size_t used;

	buf_clear(bytes);
	vector_wire(name, bytes);
	assert_int_equal(keychannel_next_answer(buf_view(bytes), out, &used), ERR_OK);
	assert_int_equal(used, bytes->size);
	keychannel_write_answer(&made, out);
	assert_true(view_equal(buf_view(&made), buf_view(bytes)));
	buf_free(&made);
}

static void
the_messages_of_the_document_are_read_and_made(void **state)
{
	struct keychannel_request request;
	struct keychannel_answer answer;
	struct buf bytes = BUF_INIT, notice = BUF_INIT;
	struct digest leaf;

	(void)state;
	expect_request_vector("key-checkpoint", &bytes, &request);
	assert_int_equal(request.type, KEYCHANNEL_CHECKPOINT);
	assert_int_equal(request.size, 1);
	assert_int_equal(request.proof.count, 0);
	expect_answer_vector("key-checkpoint-refused", &bytes, &answer);
	assert_int_equal(answer.result, ERR_GUARD_FORK);
	assert_int_equal(answer.size, 2);
	assert_true(view_equal(answer.body, V("text")));
	expect_request_vector("key-token", &bytes, &request);
	assert_int_equal(request.type, KEYCHANNEL_TOKEN);
	assert_int_equal(request.id, 8);
	assert_int_equal(request.index, 1);
	assert_int_equal(request.size, 2);
	assert_int_equal(request.proof.count, 1);
	assert_true(view_equal(request.profile, V("trading")));
	assert_true(view_equal(request.audience, V("https://vault.example")));
	assert_int_equal(request.lifetime_s, 120);
	assert_int_equal(request.report.data[0], '{');
	expect_answer_vector("key-token-given", &bytes, &answer);
	assert_int_equal(answer.type, KEYCHANNEL_TOKEN);
	assert_int_equal(answer.result, ERR_OK);
	assert_int_equal(answer.id, 8);
	assert_memory_equal(answer.body.data, "eyJ", 3);
	expect_request_vector("key-observe", &bytes, &request);
	assert_int_equal(request.type, KEYCHANNEL_OBSERVE);
	assert_int_equal(request.size, 2);
	assert_int_equal(request.proof.count, 1);
	assert_memory_equal(request.note.data, "hallmark.example/prod-1\n2\n", 26);
	expect_answer_vector("key-observed", &bytes, &answer);
	assert_int_equal(answer.type, KEYCHANNEL_OBSERVE);
	assert_int_equal(answer.result, ERR_OK);
	assert_int_equal(answer.size, 2);
	assert_int_equal(answer.body.size, 0);
	expect_request_vector("key-close", &bytes, &request);
	assert_int_equal(request.type, KEYCHANNEL_CLOSE);
	assert_int_equal(request.id, 10);
	assert_int_equal(request.size, 2);
	assert_int_equal(request.proof.count, 1);
	assert_int_equal(request.inclusion.count, 1);
	vector_file("notice-key.json", &notice);
	assert_true(view_equal(request.report, buf_view(&notice)));
	merkle_leaf(buf_view(&notice), &leaf);
	assert_true(digest_equal(&request.proof.hash[0], &leaf));
	assert_int_equal(
	    merkle_verify_inclusion(&leaf, 1, 2, &request.root, &request.inclusion), ERR_OK);
	buf_free(&notice);
	expect_answer_vector("key-token-refused", &bytes, &answer);
	assert_int_equal(answer.type, KEYCHANNEL_TOKEN);
	assert_int_equal(answer.result, ERR_TOKEN_PROFILE);
	buf_free(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(requests_go_there_and_back),
	    cmocka_unit_test(the_messages_of_the_document_are_read_and_made),
	    cmocka_unit_test(requests_are_laid_out_as_said),
	    cmocka_unit_test(every_cut_of_a_request_waits),
	    cmocka_unit_test(requests_in_another_form_are_refused),
	    cmocka_unit_test(unused_hashes_must_be_zero),
	    cmocka_unit_test(reports_and_notes_of_no_size_or_too_large_are_refused),
	    cmocka_unit_test(answers_go_there_and_back),
	    cmocka_unit_test(answers_are_laid_out_as_said),
	    cmocka_unit_test(every_cut_of_an_answer_waits),
	    cmocka_unit_test(answers_in_another_form_are_refused),
	    cmocka_unit_test(what_is_too_short_to_judge_waits),
	    cmocka_unit_test(decisions_are_told_from_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
