#include "proto/tlog/cosignature.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "proto/digest.h"
#include "proto/encoding.h"

#define KEY_SIZE       32 /* bytes of an Ed25519 key */
#define TIME_SIZE      8
#define SIGNATURE_SIZE 64
#define LINE_SIZE      (NOTE_KEY_ID_SIZE + TIME_SIZE + SIGNATURE_SIZE)
#define HEX_ID_SIZE    (2 * NOTE_KEY_ID_SIZE)

struct cosigner {
	char *name;
	EVP_PKEY *key;
	uint8_t bytes[1 + KEY_SIZE]; /* type and key */
	uint8_t id[NOTE_KEY_ID_SIZE];
	bool may_sign; /* `key` has its private half */
};

static enum err make(struct view name, struct view bytes, struct cosigner **out);
static enum err make_id(struct cosigner *c);
static enum err check_line(const struct cosigner *c, struct view line);
static enum err write_signed_text(struct view text, uint64_t time_s, struct buf *to);
static enum err sign(const struct cosigner *c, struct view signed_text, uint8_t *signature);
static enum err check_cosignature(
    const struct cosigner *c, struct view text, const struct note_signature *s, uint64_t *time_s);
static enum err verify(const struct cosigner *c, struct view signed_text, const uint8_t *signature);

enum err
cosigner_read(struct view line, struct cosigner **out)
{
	const uint8_t *plus = line.size > 0 ? memchr(line.data, '+', line.size) : NULL;
	const size_t name_size = plus != NULL ? (size_t)(plus - line.data) : 0;
	const size_t before = name_size + 1 + HEX_ID_SIZE + 1;
	struct buf bytes = BUF_INIT;
	enum err e;

	*out = NULL;
	if (plus == NULL || line.size > NOTE_KEY_LINE_MAX || line.size <= before ||
	    line.data[before - 1] != '+')
		return ERR_FORMAT;
	if ((e = note_name_check((struct view){line.data, name_size})) == ERR_OK &&
	    (e = base64_decode((struct view){line.data + before, line.size - before}, &bytes)) ==
		ERR_OK &&
	    (e = make((struct view){line.data, name_size}, buf_view(&bytes), out)) == ERR_OK &&
	    (e = check_line(*out, line)) != ERR_OK)
		cosigner_free(out);
	buf_free(&bytes);
	return e;
}

enum err
cosigner_new(const char *name, EVP_PKEY *key, struct cosigner **out)
{
	uint8_t bytes[1 + KEY_SIZE] = {COSIGNATURE_TYPE}, private_half[KEY_SIZE];
	size_t size = KEY_SIZE, private_size = sizeof(private_half);
	enum err e;

	*out = NULL;
	if ((e = note_name_check(view_of_string(name))) != ERR_OK)
		return e;
	if (EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 ||
	    EVP_PKEY_get_raw_private_key(key, private_half, &private_size) != 1 ||
	    EVP_PKEY_get_raw_public_key(key, bytes + 1, &size) != 1)
		e = ERR_UNSUPPORTED;
	OPENSSL_cleanse(private_half, sizeof(private_half));
	ERR_clear_error();
	if (e == ERR_OK)
		e = make(view_of_string(name), (struct view){bytes, sizeof(bytes)}, out);
	if (e == ERR_OK && EVP_PKEY_up_ref(key) != 1) {
		cosigner_free(out);
		e = ERR_CRYPTO;
	}
	if (e == ERR_OK) {
		EVP_PKEY_free((*out)->key);
		(*out)->key = key;
		(*out)->may_sign = true;
	}
	return e;
}

void
cosigner_free(struct cosigner **c)
{
	if (*c == NULL)
		return;
	EVP_PKEY_free((*c)->key);
	free((*c)->name);
	free(*c);
	*c = NULL;
}

const char *
cosigner_name(const struct cosigner *c)
{
	return c->name;
}

enum err
cosigner_write(const struct cosigner *c, struct buf *to)
{
	buf_append_string(to, c->name);
	buf_append_byte(to, '+');
	hex_append(to, (struct view){c->id, NOTE_KEY_ID_SIZE});
	buf_append_byte(to, '+');
	base64_append(to, (struct view){c->bytes, sizeof(c->bytes)});
	return buf_status(to);
}

enum err
cosigner_check(const struct cosigner *c, const struct note *n, uint64_t *time_s)
{
	enum err e, result = ERR_UNKNOWN_KEY;
	uint64_t found_s;

	for (size_t i = 0; i < n->signature_count; i++) {
		const struct note_signature *s = &n->signature[i];

		if (memcmp(s->key_id, c->id, NOTE_KEY_ID_SIZE) != 0 ||
		    !view_equal(s->name, view_of_string(c->name)))
			continue;
		if ((e = check_cosignature(c, n->text, s, &found_s)) != ERR_OK)
			return e;
		if (result != ERR_OK || found_s < *time_s)
			*time_s = found_s;
		result = ERR_OK;
	}
	return result;
}

enum err
cosigner_sign(const struct cosigner *c, struct view text, uint64_t time_s, struct buf *to)
{
	uint8_t line[LINE_SIZE];
	struct buf signed_text = BUF_INIT;
	enum err e = !c->may_sign  ? ERR_UNSUPPORTED
		     : time_s == 0 ? ERR_FORMAT_NUMBER
				   : write_signed_text(text, time_s, &signed_text);

	if (e == ERR_OK) {
		memcpy(line, c->id, NOTE_KEY_ID_SIZE);
		be64_put(line + NOTE_KEY_ID_SIZE, time_s);
		e = sign(c, buf_view(&signed_text), line + NOTE_KEY_ID_SIZE + TIME_SIZE);
	}
	buf_free(&signed_text);
	return e == ERR_OK ? note_add_line(c->name, (struct view){line, sizeof(line)}, to) : e;
}

static enum err
make(struct view name, struct view bytes, struct cosigner **out)
{
	struct cosigner *c;
	enum err e;

	if (bytes.size != sizeof(c->bytes) || bytes.data[0] != COSIGNATURE_TYPE)
		return ERR_UNSUPPORTED;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return ERR_MEMORY;
	memcpy(c->bytes, bytes.data, bytes.size);
	if ((c->name = calloc(1, name.size + 1)) != NULL)
		memcpy(c->name, name.data, name.size);
	c->key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, c->bytes + 1, KEY_SIZE);
	ERR_clear_error();
	e = c->name == NULL ? ERR_MEMORY : c->key == NULL ? ERR_CRYPTO : make_id(c);
	if (e != ERR_OK)
		cosigner_free(&c);
	*out = c;
	return e;
}

static enum err
make_id(struct cosigner *c)
{
	struct buf text = BUF_INIT;
	struct digest digest;
	enum err e;

	buf_append_string(&text, c->name);
	buf_append_byte(&text, '\n');
	buf_append(&text, c->bytes, sizeof(c->bytes));
	if ((e = buf_status(&text)) == ERR_OK) {
		digest_of(text.data, text.size, &digest);
		memcpy(c->id, digest.bytes, NOTE_KEY_ID_SIZE);
	}
	buf_free(&text);
	return e;
}

/* Written again it is the line, or another key's ID stands in it. */
static enum err
check_line(const struct cosigner *c, struct view line)
{
	struct buf again = BUF_INIT;
	enum err e = cosigner_write(c, &again);

	if (e == ERR_OK && !view_equal(buf_view(&again), line))
		e = ERR_MISMATCH;
	buf_free(&again);
	return e;
}

static enum err
check_cosignature(
    const struct cosigner *c, struct view text, const struct note_signature *s, uint64_t *time_s)
{
	struct buf line = BUF_INIT, signed_text = BUF_INIT;
	enum err e = base64_decode(s->base64, &line);

	if (e == ERR_OK && line.size != LINE_SIZE)
		e = ERR_FORMAT_SIZE;
	if (e == ERR_OK) {
		*time_s = be64_get(line.data + NOTE_KEY_ID_SIZE);
		e = write_signed_text(text, *time_s, &signed_text);
	}
	if (e == ERR_OK && *time_s == 0)
		e = ERR_FORMAT_NUMBER;
	if (e == ERR_OK)
		e = verify(c, buf_view(&signed_text), line.data + NOTE_KEY_ID_SIZE + TIME_SIZE);
	buf_free(&line);
	buf_free(&signed_text);
	return e;
}

static enum err
write_signed_text(struct view text, uint64_t time_s, struct buf *to)
{
	buf_append_string(to, "cosignature/v1\ntime ");
	buf_append_decimal(to, time_s);
	buf_append_byte(to, '\n');
	buf_append_view(to, text);
	return buf_status(to);
}

static enum err
sign(const struct cosigner *c, struct view signed_text, uint8_t *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t size = SIGNATURE_SIZE;
	enum err e = ERR_OK;

	if (ctx == NULL)
		return ERR_MEMORY;
	if (EVP_DigestSignInit(ctx, NULL, NULL, NULL, c->key) != 1 ||
	    EVP_DigestSign(ctx, signature, &size, signed_text.data, signed_text.size) != 1 ||
	    size != SIGNATURE_SIZE)
		e = ERR_CRYPTO;
	ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	return e;
}

static enum err
verify(const struct cosigner *c, struct view signed_text, const uint8_t *signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	enum err e = ERR_SIGNATURE;

	if (ctx == NULL)
		return ERR_MEMORY;
	if (EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, c->key) != 1)
		e = ERR_CRYPTO;
	else if (EVP_DigestVerify(
		     ctx, signature, SIGNATURE_SIZE, signed_text.data, signed_text.size) == 1)
		e = ERR_OK;
	ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	return e;
}
