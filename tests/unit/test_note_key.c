/* Keys of notes: which are known, how a token's signature becomes the one form that verifies. */
#include "tests/unit/note_fixture.h"

#define V(s)     VIEW_LITERAL(s)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct note_verifier *p256;

/* --- verifiers ----------------------------------------------------------------------------------
 */

static void
expect_unsupported(EVP_PKEY *key)
{
	struct note_verifier *v = (struct note_verifier *)1;

	assert_non_null(key);
	assert_int_equal(note_verifier_new("n", key, &v), ERR_UNSUPPORTED);
	assert_null(v);
	EVP_PKEY_free(key);
}

static void
other_keys_are_not_supported(void **state)
{
	(void)state;
	expect_unsupported(EVP_EC_gen("P-521"));
	expect_unsupported(EVP_EC_gen("secp256k1"));
	expect_unsupported(EVP_PKEY_Q_keygen(NULL, NULL, "ED448"));
	expect_unsupported(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"));
	expect_unsupported(EVP_RSA_gen(1024));
}

static void
a_key_signs_by_its_own_schemes_alone(void **state)
{
	static const enum note_scheme all[] = {
	    NOTE_ED25519, NOTE_ECDSA, NOTE_RSA_PKCS1, NOTE_RSA_PSS};
	struct note_verifier *v;

	(void)state;
	for (size_t kind = 0; kind < FIXTURE_KINDS; kind++) {
		const bool rsa = strncmp(fixture_kinds[kind].name, "rsa", 3) == 0;
		EVP_PKEY *key = fixture_key(fixture_file(kind, ".pem"));

		for (size_t i = 0; i < COUNT(all); i++) {
			const bool its = rsa ? all[i] == NOTE_RSA_PKCS1 || all[i] == NOTE_RSA_PSS
					     : all[i] == fixture_kinds[kind].scheme;

			assert_int_equal(note_verifier_new_of("n", key, all[i], &v),
			    its ? ERR_OK : ERR_UNSUPPORTED);
			assert_int_equal(v != NULL, its);
			note_verifier_free(&v);
		}
		EVP_PKEY_free(key);
	}
}

static void
key_lines_are_read_as_they_are_written(void **state)
{
	struct buf lines = BUF_INIT, again = BUF_INIT, note = BUF_INIT;
	struct note_verifier *v;
	struct view rest, line;
	size_t kind = 0;

	(void)state;
	vector_file("note-keys.txt", &lines);
	for (rest = buf_view(&lines); rest.size > 0; kind++) {
		assert_int_equal(line_next(&rest, &line), ERR_OK);
		assert_int_equal(note_verifier_read(line, &v), ERR_OK);
		buf_clear(&again);
		assert_int_equal(note_verifier_write(v, &again), ERR_OK);
		assert_true(view_equal(buf_view(&again), line));
		buf_clear(&note);
		vector_file(fixture_file(kind, ".note"), &note);
		assert_int_equal(fixture_verify(buf_view(&note), v), ERR_OK);
		note_verifier_free(&v);
	}
	assert_int_equal(kind, FIXTURE_KINDS);
	buf_free(&lines);
	buf_free(&again);
	buf_free(&note);
}

#define KEY "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW" /* of note-go.note */

static void
other_key_lines_are_refused(void **state)
{
	static const struct {
		const char *line;
		enum err e;
	} bad[] = {
	    {"", ERR_FORMAT},
	    {"PeterNeumann", ERR_FORMAT},
	    {"PeterNeumann+c74f20a3", ERR_FORMAT},
	    {"PeterNeumann+c74f20a3+", ERR_FORMAT},
	    {"PeterNeumann+c74f20a3 " KEY, ERR_FORMAT},
	    {"PeterNeumann+c74f20a30+" KEY, ERR_FORMAT},
	    {"PeterNeumann+c74f20a+" KEY, ERR_FORMAT},
	    {"PeterNeumann+c74f20a3+" KEY "\n", ERR_FORMAT_BASE64},
	    {"PeterNeumann+c74f20a3+" KEY "=", ERR_FORMAT_BASE64},
	    {"PeterNeumann+C74F20A3+" KEY, ERR_MISMATCH},
	    {"PeterNeumann+c74f20a4+" KEY, ERR_MISMATCH},
	    {"PeterNeumann+        +" KEY, ERR_MISMATCH},
	    {"PeterNeuman+c74f20a3+" KEY, ERR_MISMATCH},
	    {"+c74f20a3+" KEY, ERR_FORMAT},
	    {"Peter Neumann+c74f20a3+" KEY, ERR_FORMAT},
	    {"PeterNeumann+c74f20a3+AQ==", ERR_UNSUPPORTED},
	    {"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Q=", ERR_UNSUPPORTED},
	    /* The same key as a witness's, and as one of ML-DSA. */
	    {"PeterNeumann+c74f20a3+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", ERR_UNSUPPORTED},
	    {"PeterNeumann+c74f20a3+Bhpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", ERR_UNSUPPORTED},
	    /* An Ed25519 key as one of ECDSA. */
	    {"PeterNeumann+c74f20a3+AjAqMAUGAytlcAMhABpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		ERR_UNSUPPORTED},
	};
	struct note_verifier *v;

	(void)state;
	assert_int_equal(note_verifier_read(V("PeterNeumann+c74f20a3+" KEY), &v), ERR_OK);
	note_verifier_free(&v);
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(note_verifier_read(view_of_string(bad[i].line), &v), bad[i].e);
		assert_null(v);
	}
	assert_int_equal(note_verifier_read(V("Peter\0Neumann+c74f20a3+" KEY), &v), ERR_FORMAT);
}

static void
names_that_no_key_may_have_are_refused(void **state)
{
	static const char *const bad[] = {"", "a b", "a+b", "a\n", "a\t", "\xff", "a\xc2\xa0"};
	EVP_PKEY *key = fixture_key("note-p256.pem");
	struct note_verifier *v;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(note_verifier_new(bad[i], key, &v), ERR_FORMAT);
		assert_null(v);
	}
	EVP_PKEY_free(key);
}

/* --- writing, and the form of ECDSA signatures
 * ----------------------------------------------------- */

static void
expect_raw_verifies(const char *curve)
{
	EVP_PKEY *key = EVP_EC_gen(curve);
	struct note_verifier *v;
	struct buf bytes = BUF_INIT;

	assert_non_null(key);
	assert_int_equal(note_verifier_new("log.example", key, &v), ERR_OK);
	assert_ptr_equal(note_verifier_key(v), key);
	/* Often enough that high and low s, and short r and s, all come. */
	for (unsigned i = 0; i < 600; i++) {
		buf_clear(&bytes);
		fixture_note(key, v, V("text\nof two lines\n"), &bytes);
		assert_int_equal(fixture_verify(buf_view(&bytes), v), ERR_OK);
	}
	note_verifier_free(&v);
	EVP_PKEY_free(key);
	buf_free(&bytes);
}

static void
what_a_token_signs_verifies_as_a_note(void **state)
{
	(void)state;
	expect_raw_verifies("P-256");
	expect_raw_verifies("P-384");
}

static void
texts_that_no_note_may_have_are_not_written(void **state)
{
	struct buf bytes = BUF_INIT;

	(void)state;
	assert_int_equal(note_write(V(""), p256, V("s"), &bytes), ERR_FORMAT);
	assert_int_equal(note_write(V("no newline"), p256, V("s"), &bytes), ERR_FORMAT);
	assert_int_equal(note_write(V("a\tb\n"), p256, V("s"), &bytes), ERR_FORMAT);
	assert_int_equal(note_write(V("\xff\n"), p256, V("s"), &bytes), ERR_FORMAT);
	assert_int_equal(bytes.size, 0);
	buf_free(&bytes);
}

static void
expect_high_s_refused(size_t kind)
{
	struct note_verifier *v = fixture_verifier_of(kind);
	struct buf bytes = BUF_INIT, der = BUF_INIT;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct note n;

	vector_file(fixture_file(kind, "-high-s.note"), &bytes);
	assert_int_equal(note_parse(buf_view(&bytes), &n), ERR_OK);
	assert_int_equal(note_verify(&n, v), ERR_SIGNATURE);
	/* Otherwise it is good, so that nothing but its s is the reason. */
	assert_int_equal(base64_decode(n.signature[0].base64, &der), ERR_OK);
	assert_int_equal(
	    EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, note_verifier_key(v)), 1);
	assert_int_equal(
	    EVP_DigestVerify(ctx, der.data + 4, der.size - 4, n.text.data, n.text.size), 1);
	EVP_MD_CTX_free(ctx);
	note_verifier_free(&v);
	buf_free(&bytes);
	buf_free(&der);
}

static void
a_high_s_is_refused_though_it_verifies(void **state)
{
	(void)state;
	for (size_t i = 0; i < FIXTURE_KINDS; i++)
		if (fixture_kinds[i].scheme == NOTE_ECDSA)
			expect_high_s_refused(i);
}

/* The twin of a good signature, and other encodings of the same two numbers. */
static void
other_forms_of_a_good_signature_are_refused(void **state)
{
	struct buf vector = BUF_INIT, good = BUF_INIT, bad = BUF_INIT, bytes = BUF_INIT;
	struct note n;
	size_t r_size;

	(void)state;
	vector_file("note-p256.note", &vector);
	assert_int_equal(note_parse(buf_view(&vector), &n), ERR_OK);
	assert_int_equal(base64_decode(n.signature[0].base64, &good), ERR_OK);
	buf_consume(&good, NOTE_KEY_ID_SIZE);
	r_size = good.data[3];
	for (unsigned form = 0; form < 6; form++) {
		buf_clear(&bad);
		buf_clear(&bytes);
		buf_append_view(&bad, buf_view(&good));
		if (form == 1) { /* a byte behind */
			buf_append_byte(&bad, 0);
		} else if (form == 2) { /* a byte behind, inside */
			buf_append_byte(&bad, 0);
			bad.data[1]++;
		} else if (form == 3) { /* long length: 30 81 xx */
			bad.size = 0;
			buf_append(&bad, (uint8_t[]){0x30, 0x81, good.data[1]}, 3);
			buf_append(&bad, good.data + 2, good.size - 2);
		} else if (form == 4) { /* r with a leading zero more */
			bad.size = 0;
			buf_append(&bad,
			    (uint8_t[]){
				0x30, (uint8_t)(good.data[1] + 1), 2, (uint8_t)(r_size + 1), 0},
			    5);
			buf_append(&bad, good.data + 4, good.size - 4);
		} else if (form == 5) { /* indefinite length */
			bad.data[1] = 0x80;
			buf_append(&bad, "\0\0", 2);
		}
		assert_int_equal(note_write(n.text, p256, buf_view(&bad), &bytes), ERR_OK);
		assert_int_equal(
		    fixture_verify(buf_view(&bytes), p256), form == 0 ? ERR_OK : ERR_SIGNATURE);
	}
	buf_free(&vector);
	buf_free(&good);
	buf_free(&bad);
	buf_free(&bytes);
}

static void
hex_bytes(const char *hex, uint8_t *to, size_t size)
{
	struct buf bytes = BUF_INIT;

	assert_int_equal(hex_decode(view_of_string(hex), &bytes), ERR_OK);
	assert_int_equal(bytes.size, size);
	memcpy(to, bytes.data, size);
	buf_free(&bytes);
}

#define ORDER      "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define HALF       "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8"
#define HALF_PLUS  "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a9"
#define ORDER_LESS "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"
#define ZERO       "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE        "0000000000000000000000000000000000000000000000000000000000000001"
#define ALL_ONES   "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static void
expect_der(const char *r_and_s, const char *expected)
{
	struct buf der = BUF_INIT, hex = BUF_INIT;
	uint8_t raw[64];

	hex_bytes(r_and_s, raw, sizeof(raw));
	assert_int_equal(note_ecdsa_from_raw((struct view){raw, sizeof(raw)}, &der), ERR_OK);
	hex_append(&hex, buf_view(&der));
	assert_true(view_equal(buf_view(&hex), view_of_string(expected)));
	buf_free(&der);
	buf_free(&hex);
}

static void
raw_signatures_become_der_with_the_lower_s(void **state)
{
	(void)state;
	expect_der(ONE ONE, "3006020101020101");
	expect_der(ONE ORDER_LESS, "3006020101020101");
	expect_der(ONE HALF, "3025020101"
			     "0220" HALF);
	expect_der(ONE HALF_PLUS, "3025020101"
				  "0220" HALF);
	expect_der(ORDER_LESS ONE, "3026022100" ORDER_LESS "020101");
}

static void
expect_lower(const char *r_and_s, const char *expected)
{
	struct buf hex = BUF_INIT;
	uint8_t raw[64];

	hex_bytes(r_and_s, raw, sizeof(raw));
	assert_int_equal(note_ecdsa_lower(raw, sizeof(raw)), ERR_OK);
	hex_append(&hex, (struct view){raw, sizeof(raw)});
	assert_true(view_equal(buf_view(&hex), view_of_string(expected)));
	buf_free(&hex);
}

static void
raw_signatures_get_the_lower_s(void **state)
{
	(void)state;
	expect_lower(ONE ONE, ONE ONE);
	expect_lower(ONE ORDER_LESS, ONE ONE);
	expect_lower(ONE HALF, ONE HALF);
	expect_lower(ONE HALF_PLUS, ONE HALF);
	expect_lower(ORDER_LESS ONE, ORDER_LESS ONE);
}

static void
raw_numbers_out_of_range_are_refused(void **state)
{
	static const char *const bad[] = {
	    ZERO ONE, ONE ZERO, ZERO ZERO, ORDER ONE, ONE ORDER, ALL_ONES ONE, ONE ALL_ONES};
	const uint8_t longer[2 * NOTE_RAW_ECDSA_MAX] = {1};
	struct buf der = BUF_INIT;
	uint8_t raw[64];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		hex_bytes(bad[i], raw, sizeof(raw));
		assert_int_equal(
		    note_ecdsa_from_raw((struct view){raw, sizeof(raw)}, &der), ERR_SIGNATURE);
		assert_int_equal(der.size, 0);
		assert_int_equal(note_ecdsa_lower(raw, sizeof(raw)), ERR_SIGNATURE);
	}
	for (size_t size = 0; size < sizeof(raw); size++) {
		assert_int_equal(
		    note_ecdsa_from_raw((struct view){raw, size}, &der), ERR_SIGNATURE);
		assert_int_equal(note_ecdsa_lower(raw, size), ERR_SIGNATURE);
	}
	assert_int_equal(
	    note_ecdsa_from_raw((struct view){longer, sizeof(longer)}, &der), ERR_SIGNATURE);
	buf_free(&der);
}

static int
make_verifier(void **state)
{
	(void)state;
	p256 = fixture_verifier(FIXTURE_NAME, "note-p256.pem");
	return 0;
}

static int
free_verifier(void **state)
{
	(void)state;
	note_verifier_free(&p256);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(other_keys_are_not_supported),
	    cmocka_unit_test(a_key_signs_by_its_own_schemes_alone),
	    cmocka_unit_test(key_lines_are_read_as_they_are_written),
	    cmocka_unit_test(other_key_lines_are_refused),
	    cmocka_unit_test(names_that_no_key_may_have_are_refused),
	    cmocka_unit_test(what_a_token_signs_verifies_as_a_note),
	    cmocka_unit_test(texts_that_no_note_may_have_are_not_written),
	    cmocka_unit_test(a_high_s_is_refused_though_it_verifies),
	    cmocka_unit_test(other_forms_of_a_good_signature_are_refused),
	    cmocka_unit_test(raw_signatures_become_der_with_the_lower_s),
	    cmocka_unit_test(raw_signatures_get_the_lower_s),
	    cmocka_unit_test(raw_numbers_out_of_range_are_refused),
	};

	return cmocka_run_group_tests(tests, make_verifier, free_verifier);
}
