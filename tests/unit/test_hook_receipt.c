/* What who acts believes of a receipt, and what of one that a hijacked reporter has made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "collector/act/hook_receipt.h"
#include "tests/lib/vectors.h"

/* Of the vector. */
#define COLLECTOR "spiffe://example/collector/host-1"
#define ISSUED_S  1795514401
#define EXPIRES_S 1795518001

struct bench {
	struct hook_keys keys;
	struct buf receipt;
	struct hook_said said;
};

static EVP_PKEY *
key_of(const char *vector)
{
	struct buf pem = BUF_INIT;
	EVP_PKEY *key;
	BIO *bio;

	vector_file(vector, &pem);
	bio = BIO_new_mem_buf(pem.data, (int)pem.size);
	key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	assert_non_null(key);
	BIO_free(bio);
	buf_free(&pem);
	return key;
}

static int
begin(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	assert_non_null(b->keys.key = calloc(1, sizeof(*b->keys.key)));
	b->keys.key[0] = key_of("wire-signer.pem");
	b->keys.count = 1;
	memcpy(b->keys.collector, COLLECTOR, sizeof(COLLECTOR));
	vector_file("wire-receipt.tlog-proof", &b->receipt);
	*state = b;
	return 0;
}

static int
end(void **state)
{
	struct bench *b = *state;

	hook_keys_free(&b->keys);
	buf_free(&b->receipt);
	buf_free(&b->said.members);
	free(b);
	return 0;
}

static enum err
take(struct bench *b, const char *workload, uint64_t now_s)
{
	struct trouble t = TROUBLE_INIT;

	return hook_receipt_take(&b->keys, buf_view(&b->receipt), workload, now_s, &b->said, &t);
}

static void
the_vector_is_believed(void **state)
{
	struct bench *b = *state;

	assert_int_equal(take(b, "trading-app", ISSUED_S), ERR_OK);
	assert_true(b->said.any);
	assert_false(digest_is_zero(&b->said.leaf));
	assert_int_equal(b->said.verdict, BUNDLE_VERDICT_AFFIRMING);
	assert_int_equal(b->said.index, 1);
	assert_string_equal(b->said.log, "hallmark.example/prod-1");
	buf_append_byte(&b->said.members, '\0');
	assert_non_null(strstr((const char *)b->said.members.data,
	    ",\"receipt\":{\"index\":1,\"log\":\"hallmark.example/prod-1\",\"issued\":"));
	assert_non_null(strstr((const char *)b->said.members.data,
	    "\"status\":\"affirming\",\"tier\":2},\"collector\":"));
	assert_non_null(
	    strstr((const char *)b->said.members.data, ",\"finding_count\":0,\"findings\":[]"));
	b->said.members.size--;
	assert_int_equal(take(b, "trading-app", ISSUED_S), ERR_OK); /* it may be told twice */
}

static void
of_another_workload_or_time_it_is_not(void **state)
{
	struct bench *b = *state;

	assert_int_equal(take(b, "trading", ISSUED_S), ERR_MISMATCH);
	b->keys.collector[0] = 'S';
	assert_int_equal(take(b, "trading-app", ISSUED_S), ERR_MISMATCH);
	b->keys.collector[0] = '\0';
	assert_int_equal(take(b, "trading-app", ISSUED_S), ERR_MISMATCH);
	b->keys.collector[0] = 's';
	assert_int_equal(take(b, "trading-app", EXPIRES_S), ERR_EVIDENCE_TIME);
	assert_int_equal(take(b, "trading-app", EXPIRES_S - 1), ERR_OK);
	b->said.index = 2;
	assert_int_equal(take(b, "trading-app", ISSUED_S), ERR_EVIDENCE_TIME);
	memcpy(b->said.log, "other", sizeof("other"));
	assert_int_equal(take(b, "trading-app", ISSUED_S), ERR_OK);
	memcpy(b->said.log, "other", sizeof("other"));
	b->said.issued_s = ISSUED_S + 1;
	assert_int_equal(take(b, "trading-app", ISSUED_S), ERR_EVIDENCE_TIME);
}

static void
by_another_key_it_is_not(void **state)
{
	struct bench *b = *state;

	EVP_PKEY_free(b->keys.key[0]);
	b->keys.key[0] = key_of("wire-collector.pem");
	assert_int_not_equal(take(b, "trading-app", ISSUED_S), ERR_OK);
	EVP_PKEY_free(b->keys.key[0]);
	b->keys.count = 0;
	assert_int_equal(take(b, "trading-app", ISSUED_S), ERR_UNKNOWN_KEY);
	assert_false(b->said.any);
}

/* Every byte of it counts. */
static void
altered_it_is_not(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < b->receipt.size; i++) {
		b->receipt.data[i] ^= 1;
		assert_int_not_equal(take(b, "trading-app", ISSUED_S), ERR_OK);
		b->receipt.data[i] ^= 1;
	}
	assert_false(b->said.any);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_vector_is_believed, begin, end),
	    cmocka_unit_test_setup_teardown(of_another_workload_or_time_it_is_not, begin, end),
	    cmocka_unit_test_setup_teardown(by_another_key_it_is_not, begin, end),
	    cmocka_unit_test_setup_teardown(altered_it_is_not, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
