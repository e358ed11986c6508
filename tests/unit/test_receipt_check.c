/* One receipt, of the vectors, and everything that differs from it by a bit, a byte or a line. */
#include "tests/unit/audit_fixture.h"

#include "log/receipt_check.h"
#include "proto/encoding.h"

#define ORIGIN "hallmark.example/prod-1"

struct bench {
	struct signercert *certificate;
	struct buf good;
	uint64_t tried;
};

static void
bench_open(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	b->certificate = fixture_certificate(ORIGIN);
	vector_file("wire-receipt.tlog-proof", &b->good);
}

static void
bench_close(struct bench *b)
{
	signercert_free(&b->certificate);
	buf_free(&b->good);
}

static enum outcome
check(struct bench *b, const char *origin, struct view bytes, const struct findings *f)
{
	const struct seal_wanted wanted = {{1, {b->certificate}}, origin};
	struct receipt_check c;
	enum outcome o = receipt_check_run(&wanted, bytes, NULL, f, &c);

	receipt_check_free(&c);
	b->tried++;
	return o;
}

/* On the heap and exactly as long, so that a sanitizer sees every byte read beyond. */
static void
refused(struct bench *b, const uint8_t *data, size_t size)
{
	const struct findings quiet = {.tell = NULL};
	uint8_t *copy = malloc(size > 0 ? size : 1);

	assert_non_null(copy);
	if (size > 0)
		memcpy(copy, data, size);
	if (check(b, NULL, (struct view){copy, size}, &quiet) == OUTCOME_GOOD)
		fail_msg("verifies: %.*s", (int)size, (const char *)data);
	free(copy);
}

static void
test_the_receipt_verifies(void **state)
{
	struct fixture *f = *state;
	struct bench b;

	bench_open(&b);
	assert_int_equal(check(&b, NULL, buf_view(&b.good), &f->findings), OUTCOME_GOOD);
	fixture_says(f, "origin         ok    " ORIGIN ", and the certificate names it");
	assert_int_equal(check(&b, ORIGIN, buf_view(&b.good), &f->findings), OUTCOME_GOOD);
	fixture_says(f, "leaf 1 of 2, by 1 hash to root");
	bench_close(&b);
}

static void
test_another_origin_is_refused(void **state)
{
	struct fixture *f = *state;
	struct bench b;

	bench_open(&b);
	assert_int_equal(check(&b, "other", buf_view(&b.good), &f->findings), OUTCOME_BAD);
	fixture_says(f, "expected the log other, found " ORIGIN);
	bench_close(&b);
}

static void
test_no_flipped_bit_verifies(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	for (size_t i = 0; i < b.good.size * 8; i++) {
		b.good.data[i / 8] ^= (uint8_t)(1 << i % 8);
		refused(&b, b.good.data, b.good.size);
		b.good.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_true(b.tried > 8000);
	bench_close(&b);
}

static void
test_no_prefix_or_shortened_receipt_verifies(void **state)
{
	struct buf changed = BUF_INIT;
	struct bench b;

	(void)state;
	bench_open(&b);
	for (size_t i = 0; i < b.good.size; i++) {
		refused(&b, b.good.data, i);
		refused(&b, b.good.data + i + 1, b.good.size - i - 1);
		/* Without byte i; of several equal ones in a row it is the same which one goes. */
		buf_clear(&changed);
		buf_append(&changed, b.good.data, i);
		buf_append(&changed, b.good.data + i + 1, b.good.size - i - 1);
		refused(&b, changed.data, changed.size);
	}
	buf_free(&changed);
	bench_close(&b);
}

static void
test_no_receipt_with_a_byte_more_verifies(void **state)
{
	static const uint8_t more[] = {'\n', ' ', '\0', '\r', '=', 'A', '0', 0xe2};
	struct buf changed = BUF_INIT;
	struct bench b;

	(void)state;
	bench_open(&b);
	for (size_t i = 0; i <= b.good.size; i++) {
		for (size_t j = 0; j <= sizeof(more); j++) {
			uint8_t byte = j < sizeof(more)  ? more[j]
				       : i < b.good.size ? b.good.data[i]
							 : '\t';

			buf_clear(&changed);
			buf_append(&changed, b.good.data, i);
			buf_append_byte(&changed, byte);
			buf_append(&changed, b.good.data + i, b.good.size - i);
			refused(&b, changed.data, changed.size);
		}
	}
	buf_free(&changed);
	bench_close(&b);
}

/* Lines of the receipt, with their newlines. */
static size_t
split(struct view text, struct view *lines, size_t max)
{
	struct view rest = text, line;
	size_t count = 0;

	while (rest.size > 0) {
		assert_true(count < max);
		assert_int_equal(line_next(&rest, &line), ERR_OK);
		lines[count++] = (struct view){line.data, line.size + 1};
	}
	return count;
}

static void
test_no_lost_doubled_or_exchanged_line_verifies(void **state)
{
	struct buf changed = BUF_INIT;
	struct view lines[32];
	struct bench b;
	size_t count;

	(void)state;
	bench_open(&b);
	count = split(buf_view(&b.good), lines, 32);
	assert_int_equal(count, 10);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			buf_clear(&changed);
			for (size_t k = 0; k < count; k++) {
				size_t from = k == i ? j : k == j ? i : k;

				/* i == j: this line twice, and below not at all. */
				buf_append_view(&changed, lines[from]);
				if (i == j && k == i)
					buf_append_view(&changed, lines[from]);
			}
			if (!view_equal(buf_view(&changed), buf_view(&b.good)))
				refused(&b, changed.data, changed.size);
		}
		buf_clear(&changed);
		for (size_t k = 0; k < count; k++)
			if (k != i)
				buf_append_view(&changed, lines[k]);
		refused(&b, changed.data, changed.size);
	}
	buf_free(&changed);
	bench_close(&b);
}

#define WITNESS "\xe2\x80\x94 witness.example AAAAAAE=\n"

/* Before and behind the log's own; but only as a whole line, and only there. */
static void
test_lines_of_other_keys_are_ignored(void **state)
{
	struct fixture *f = *state;
	struct buf changed = BUF_INIT;
	struct view lines[32];
	struct bench b;
	size_t count;

	bench_open(&b);
	count = split(buf_view(&b.good), lines, 32);
	for (size_t i = 0; i <= count; i++) {
		buf_clear(&changed);
		for (size_t k = 0; k <= count; k++) {
			if (k == i)
				buf_append_string(&changed, WITNESS);
			if (k < count)
				buf_append_view(&changed, lines[k]);
		}
		if (i < count - 1) {
			refused(&b, changed.data, changed.size);
			continue;
		}
		assert_int_equal(check(&b, ORIGIN, buf_view(&changed), &f->findings), OUTCOME_GOOD);
		fixture_says(f, "1 of other keys not looked at");
		changed.size--;
		refused(&b, changed.data, changed.size);
	}
	buf_free(&changed);
	bench_close(&b);
}

/* The log's key ID under another name, before its own line: nobody's signature, and no harm. */
static void
test_the_logs_line_is_found_behind_one_with_its_key_id(void **state)
{
	struct fixture *f = *state;
	struct buf changed = BUF_INIT;
	struct seal_wanted wanted;
	struct receipt_check c;
	struct view lines[32];
	struct bench b;
	size_t count;

	bench_open(&b);
	count = split(buf_view(&b.good), lines, 32);
	for (size_t k = 0; k < count; k++) {
		if (k == count - 1) {
			buf_append_string(&changed, "\xe2\x80\x94 evil.example ");
			buf_append(&changed, lines[k].data + 4 + strlen(ORIGIN) + 1,
			    lines[k].size - 4 - strlen(ORIGIN) - 1);
			buf_append_string(&changed, WITNESS);
		}
		buf_append_view(&changed, lines[k]);
	}
	wanted = (struct seal_wanted){{1, {b.certificate}}, ORIGIN};
	assert_int_equal(
	    receipt_check_run(&wanted, buf_view(&changed), NULL, &f->findings, &c), OUTCOME_GOOD);
	assert_int_equal(c.line, 2);
	receipt_check_free(&c);
	/* Without its own line it is under another name than the checkpoint's. */
	changed.size -= lines[count - 1].size;
	assert_int_equal(check(&b, NULL, buf_view(&changed), &f->findings), OUTCOME_BAD);
	fixture_says(f, "its signature line says evil.example");
	buf_free(&changed);
	bench_close(&b);
}

static void
test_a_receipt_without_its_report_needs_it(void **state)
{
	struct fixture *f = *state;
	struct buf bare = BUF_INIT, report = BUF_INIT;
	struct seal_wanted wanted;
	struct receipt_check c;
	struct view lines[32], given;
	struct bench b;
	size_t count;

	bench_open(&b);
	count = split(buf_view(&b.good), lines, 32);
	for (size_t k = 0; k < count; k++)
		if (k != 1)
			buf_append_view(&bare, lines[k]);
	assert_int_equal(base64_decode((struct view){lines[1].data + strlen("extra "),
					   lines[1].size - strlen("extra ") - 1},
			     &report),
	    ERR_OK);
	assert_int_equal(check(&b, NULL, buf_view(&bare), &f->findings), OUTCOME_UNKNOWN);
	fixture_says(f, "--report FILE");
	wanted = (struct seal_wanted){{1, {b.certificate}}, ORIGIN};
	given = buf_view(&report);
	assert_int_equal(
	    receipt_check_run(&wanted, buf_view(&bare), &given, &f->findings, &c), OUTCOME_GOOD);
	fixture_says(f, "bytes beside it, index 1");
	receipt_check_free(&c);
	/* It may be in both, if it is the same. */
	assert_int_equal(
	    receipt_check_run(&wanted, buf_view(&b.good), &given, &f->findings, &c), OUTCOME_GOOD);
	receipt_check_free(&c);
	buf_append_byte(&report, '\n');
	given = buf_view(&report);
	assert_int_equal(
	    receipt_check_run(&wanted, buf_view(&bare), &given, &f->findings, &c), OUTCOME_BAD);
	fixture_says(f, "ends in a line feed");
	receipt_check_free(&c);
	assert_int_equal(
	    receipt_check_run(&wanted, buf_view(&b.good), &given, &f->findings, &c), OUTCOME_BAD);
	fixture_says(f, "is another");
	receipt_check_free(&c);
	buf_free(&bare);
	buf_free(&report);
	bench_close(&b);
}

static void
test_other_versions_are_not_known(void **state)
{
	struct fixture *f = *state;
	struct bench b;
	char *version;

	bench_open(&b);
	version = (char *)b.good.data + strlen("c2sp.org/tlog-proof@v");
	*version = '2';
	assert_int_equal(check(&b, NULL, buf_view(&b.good), &f->findings), OUTCOME_UNKNOWN);
	*version = '0';
	assert_int_equal(check(&b, NULL, buf_view(&b.good), &f->findings), OUTCOME_BAD);
	*version = 'x';
	assert_int_equal(check(&b, NULL, buf_view(&b.good), &f->findings), OUTCOME_BAD);
	bench_close(&b);
}

static void
test_another_key_proves_nothing(void **state)
{
	struct fixture *f = *state;
	X509 *x509 = X509_new();
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	struct bench b;

	bench_open(&b);
	signercert_free(&b.certificate);
	assert_int_equal(X509_set_pubkey(x509, key), 1);
	assert_int_equal(signercert_from_x509(x509, "other.crt", &b.certificate), ERR_OK);
	assert_int_equal(check(&b, NULL, buf_view(&b.good), &f->findings), OUTCOME_UNKNOWN);
	fixture_says(f, "found a signature by \"" ORIGIN "\"");
	EVP_PKEY_free(key);
	X509_free(x509);
	bench_close(&b);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, fixture_open, fixture_close)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_the_receipt_verifies),
	    TEST(test_another_origin_is_refused),
	    TEST(test_no_flipped_bit_verifies),
	    TEST(test_no_prefix_or_shortened_receipt_verifies),
	    TEST(test_no_receipt_with_a_byte_more_verifies),
	    TEST(test_no_lost_doubled_or_exchanged_line_verifies),
	    TEST(test_lines_of_other_keys_are_ignored),
	    TEST(test_the_logs_line_is_found_behind_one_with_its_key_id),
	    TEST(test_a_receipt_without_its_report_needs_it),
	    TEST(test_other_versions_are_not_known),
	    TEST(test_another_key_proves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
