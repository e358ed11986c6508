#include "proto/tlog/note.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "proto/digest.h"
#include "proto/encoding.h"
#include "proto/text.h"

#define TYPE_ECDSA    0x02
#define TYPE_OWN      0xff
#define RSA_BITS_MIN  2048
#define RAW_HALF_SIZE 32 /* bytes of r, and of s */

static const char rsa_identifier[] = "hallmark-rsa-pkcs1-sha256/1";

/* U+2014 and a space, with which a signature line begins. */
static const uint8_t line_start[] = {0xe2, 0x80, 0x94, ' '};

/* Half the order of P-256, rounded down (SEC 2, 2.4.2): an s above it has a lower twin. */
static const uint8_t half_order[RAW_HALF_SIZE] = {0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00,
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42,
    0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8};

static const uint8_t order[RAW_HALF_SIZE] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3,
    0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

struct note_verifier {
	char *name;
	EVP_PKEY *key;
	bool ecdsa;
	uint8_t key_id[NOTE_KEY_ID_SIZE];
};

static enum err append_key(const struct note_verifier *v, struct buf *to);
static enum err make_key_id(struct note_verifier *v);
static enum err text_check(struct view text);
static enum err name_check(struct view name);
static enum err parse_line(struct view line, struct note_signature *out);
static enum err verify_one(const struct note_verifier *v, struct view text, struct view signature);
static bool ecdsa_is_canonical(struct view der);

enum err
note_verifier_new(const char *name, EVP_PKEY *key, struct note_verifier **out)
{
	struct note_verifier *v;
	char group[64] = "";
	bool ecdsa = EVP_PKEY_is_a(key, "EC") == 1;
	enum err e;

	*out = NULL;
	if (ecdsa)
		EVP_PKEY_get_utf8_string_param(
		    key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL);
	if (!(ecdsa && strcmp(group, "prime256v1") == 0) &&
	    !(EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN))
		return ERR_UNSUPPORTED;
	if ((e = name_check(view_of_string(name))) != ERR_OK)
		return e;
	if ((v = calloc(1, sizeof(*v))) == NULL || (v->name = strdup(name)) == NULL) {
		free(v);
		return ERR_MEMORY;
	}
	v->ecdsa = ecdsa;
	EVP_PKEY_up_ref(key);
	v->key = key;
	if ((e = make_key_id(v)) != ERR_OK) {
		note_verifier_free(&v);
		return e;
	}
	*out = v;
	return ERR_OK;
}

void
note_verifier_free(struct note_verifier **v)
{
	if (*v == NULL)
		return;
	EVP_PKEY_free((*v)->key);
	free((*v)->name);
	free(*v);
	*v = NULL;
}

const uint8_t *
note_verifier_key_id(const struct note_verifier *v)
{
	return v->key_id;
}

EVP_PKEY *
note_verifier_key(const struct note_verifier *v)
{
	return v->key;
}

const char *
note_verifier_name(const struct note_verifier *v)
{
	return v->name;
}

enum err
note_verifier_write(const struct note_verifier *v, struct buf *to)
{
	struct buf key = BUF_INIT;
	enum err e = append_key(v, &key);

	if (e == ERR_OK) {
		buf_append_string(to, v->name);
		buf_append_byte(to, '+');
		hex_append(to, (struct view){v->key_id, NOTE_KEY_ID_SIZE});
		buf_append_byte(to, '+');
		base64_append(to, buf_view(&key));
		e = buf_status(to);
	}
	buf_free(&key);
	return e;
}

enum err
note_parse(struct view bytes, struct note *out)
{
	struct view rest, line;
	size_t split = 0;
	enum err e;

	memset(out, 0, sizeof(*out));
	if (bytes.size > NOTE_SIZE_MAX)
		return ERR_FORMAT_SIZE;
	/* The last empty line separates: signature lines are never empty, texts may have some. */
	for (size_t i = 1; i < bytes.size; i++)
		if (bytes.data[i] == '\n' && bytes.data[i - 1] == '\n')
			split = i;
	if (split == 0)
		return ERR_FORMAT;
	out->text = (struct view){bytes.data, split};
	rest = (struct view){bytes.data + split + 1, bytes.size - split - 1};
	if (rest.size == 0 || text_check(out->text) != ERR_OK)
		return ERR_FORMAT;
	while (rest.size > 0) {
		if (out->signature_count == NOTE_SIGNATURES_MAX)
			return ERR_FORMAT_SIZE;
		if ((e = line_next(&rest, &line)) != ERR_OK ||
		    (e = parse_line(line, &out->signature[out->signature_count])) != ERR_OK)
			return e;
		out->signature_count++;
	}
	return ERR_OK;
}

enum err
note_verify(const struct note *n, const struct note_verifier *v)
{
	struct buf bytes = BUF_INIT;
	enum err e, result = ERR_UNKNOWN_KEY;

	for (size_t i = 0; i < n->signature_count; i++) {
		const struct note_signature *s = &n->signature[i];

		if (memcmp(s->key_id, v->key_id, NOTE_KEY_ID_SIZE) != 0 ||
		    !view_equal(s->name, view_of_string(v->name)))
			continue;
		buf_clear(&bytes);
		if ((e = base64_decode(s->base64, &bytes)) == ERR_OK)
			e = verify_one(v, n->text,
			    (struct view){
				bytes.data + NOTE_KEY_ID_SIZE, bytes.size - NOTE_KEY_ID_SIZE});
		/* One that claims to be ours and is wrong spoils the note; so does a second one. */
		if (e != ERR_OK || result == ERR_OK) {
			result = e == ERR_OK ? ERR_FORMAT : e;
			break;
		}
		result = ERR_OK;
	}
	buf_free(&bytes);
	return result;
}

enum err
note_write(struct view text, const struct note_verifier *v, struct view signature, struct buf *to)
{
	struct buf bytes = BUF_INIT;
	enum err e;

	if ((e = text_check(text)) != ERR_OK)
		return e;
	buf_append(&bytes, v->key_id, NOTE_KEY_ID_SIZE);
	buf_append_view(&bytes, signature);
	if ((e = buf_status(&bytes)) == ERR_OK) {
		buf_append_view(to, text);
		buf_append_byte(to, '\n');
		buf_append(to, line_start, sizeof(line_start));
		buf_append_string(to, v->name);
		buf_append_byte(to, ' ');
		base64_append(to, buf_view(&bytes));
		buf_append_byte(to, '\n');
		e = buf_status(to);
	}
	buf_free(&bytes);
	return e;
}

enum err
note_ecdsa_from_raw(const uint8_t raw[64], struct buf *to)
{
	BIGNUM *r = BN_bin2bn(raw, RAW_HALF_SIZE, NULL);
	BIGNUM *s = BN_bin2bn(raw + RAW_HALF_SIZE, RAW_HALF_SIZE, NULL);
	BIGNUM *n = BN_bin2bn(order, RAW_HALF_SIZE, NULL);
	BIGNUM *half = BN_bin2bn(half_order, RAW_HALF_SIZE, NULL);
	ECDSA_SIG *signature = ECDSA_SIG_new();
	unsigned char *der = NULL;
	enum err e = ERR_MEMORY;
	int size;

	if (r == NULL || s == NULL || n == NULL || half == NULL || signature == NULL)
		goto out;
	e = ERR_SIGNATURE;
	if (BN_is_zero(r) || BN_is_zero(s) || BN_cmp(r, n) >= 0 || BN_cmp(s, n) >= 0)
		goto out;
	e = ERR_CRYPTO;
	if (BN_cmp(s, half) > 0 && BN_sub(s, n, s) != 1)
		goto out;
	if (ECDSA_SIG_set0(signature, r, s) != 1)
		goto out;
	r = NULL; /* moved */
	s = NULL; /* moved */
	if ((size = i2d_ECDSA_SIG(signature, &der)) <= 0)
		goto out;
	buf_append(to, der, (size_t)size);
	e = buf_status(to);
out:
	OPENSSL_free(der);
	ECDSA_SIG_free(signature);
	BN_free(r);
	BN_free(s);
	BN_free(n);
	BN_free(half);
	return e;
}

/* Type, identifier and SubjectPublicKeyInfo, as they stand in a verifier key line. */
static enum err
append_key(const struct note_verifier *v, struct buf *to)
{
	unsigned char *spki = NULL;
	int size = i2d_PUBKEY(v->key, &spki);

	if (size <= 0)
		return ERR_CRYPTO;
	buf_append_byte(to, v->ecdsa ? TYPE_ECDSA : TYPE_OWN);
	if (!v->ecdsa)
		buf_append_string(to, rsa_identifier);
	buf_append(to, spki, (size_t)size);
	OPENSSL_free(spki);
	return buf_status(to);
}

static enum err
make_key_id(struct note_verifier *v)
{
	struct buf bytes = BUF_INIT;
	struct digest digest;
	enum err e;

	if (!v->ecdsa) {
		buf_append_string(&bytes, v->name);
		buf_append_byte(&bytes, '\n');
	}
	if ((e = append_key(v, &bytes)) == ERR_OK) {
		/* Of an ECDSA key the SPKI alone, without the type byte. */
		size_t skip = v->ecdsa ? 1 : 0;

		digest_of(bytes.data + skip, bytes.size - skip, &digest);
		memcpy(v->key_id, digest.bytes, NOTE_KEY_ID_SIZE);
	}
	buf_free(&bytes);
	return e;
}

/* UTF-8 without control characters but newlines, and one of these at its end. */
static enum err
text_check(struct view text)
{
	uint32_t c;

	if (text.size == 0 || text.data[text.size - 1] != '\n')
		return ERR_FORMAT;
	while (text_next(&text, &c))
		if ((c < ' ' && c != '\n') || (c >= 0x7f && c <= 0x9f))
			return ERR_FORMAT;
	return text.size == 0 ? ERR_OK : ERR_FORMAT;
}

static enum err
name_check(struct view name)
{
	if (name.size == 0 || memchr(name.data, '+', name.size) != NULL ||
	    !text_is_printable(name, false))
		return ERR_FORMAT;
	return ERR_OK;
}

static enum err
parse_line(struct view line, struct note_signature *out)
{
	struct buf bytes = BUF_INIT;
	const uint8_t *space;
	enum err e;

	if (line.size < sizeof(line_start) ||
	    memcmp(line.data, line_start, sizeof(line_start)) != 0)
		return ERR_FORMAT;
	line.data += sizeof(line_start);
	line.size -= sizeof(line_start);
	if (line.size == 0 || (space = memchr(line.data, ' ', line.size)) == NULL)
		return ERR_FORMAT;
	out->name = (struct view){line.data, (size_t)(space - line.data)};
	out->base64 = (struct view){space + 1, line.size - out->name.size - 1};
	if ((e = name_check(out->name)) == ERR_OK &&
	    (e = base64_decode(out->base64, &bytes)) == ERR_OK) {
		if (bytes.size <= NOTE_KEY_ID_SIZE)
			e = ERR_FORMAT;
		else
			memcpy(out->key_id, bytes.data, NOTE_KEY_ID_SIZE);
	}
	buf_free(&bytes);
	return e;
}

static enum err
verify_one(const struct note_verifier *v, struct view text, struct view signature)
{
	EVP_MD_CTX *ctx;
	enum err e = ERR_SIGNATURE;

	if (v->ecdsa && !ecdsa_is_canonical(signature))
		return ERR_SIGNATURE;
	if ((ctx = EVP_MD_CTX_new()) == NULL)
		return ERR_MEMORY;
	if (EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, v->key) != 1)
		e = ERR_CRYPTO;
	else if (EVP_DigestVerify(ctx, signature.data, signature.size, text.data, text.size) == 1)
		e = ERR_OK;
	ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	return e;
}

/* In its one DER form, and with the lower s. */
static bool
ecdsa_is_canonical(struct view der)
{
	const unsigned char *bytes = der.data;
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &bytes, (long)der.size);
	BIGNUM *half = BN_bin2bn(half_order, RAW_HALF_SIZE, NULL);
	unsigned char *again = NULL;
	int size = signature != NULL ? i2d_ECDSA_SIG(signature, &again) : -1;
	bool canonical = size > 0 && half != NULL &&
			 view_equal(der, (struct view){again, (size_t)size}) &&
			 BN_cmp(ECDSA_SIG_get0_s(signature), half) <= 0;

	OPENSSL_free(again);
	ECDSA_SIG_free(signature);
	BN_free(half);
	ERR_clear_error();
	return canonical;
}
