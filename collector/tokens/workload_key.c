#include "collector/tokens/workload_key.h"

#include <fcntl.h>
#include <jansson.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

#include "collector/ground/small_file.h"
#include "trust/jwk.h"

/* What a JWK of each kind has to have, in the order that its thumbprint takes (RFC 7638, 3.2). */
static const struct kind {
	const char *name;
	const char *members[4];
} kinds[] = {
    {"EC", {"crv", "kty", "x", "y"}},
    {"OKP", {"crv", "kty", "x", NULL}},
    {"RSA", {"e", "kty", "n", NULL}},
};

static enum err of_jwk(struct view text, struct digest *out);
static enum err of_members(const json_t *jwk, const struct kind *kind, struct digest *out);
static bool is_plain(const char *text);
static enum err of_pem(struct view text, struct digest *out);

enum err
workload_key_read(const char *path, struct digest *out, struct trouble *t)
{
	struct buf text = BUF_INIT;
	enum err e = small_file_read(AT_FDCWD, path, WORKLOAD_KEY_SIZE_MAX, &text);

	if (e == ERR_OK)
		e = workload_key_thumbprint(buf_view(&text), out);
	buf_free(&text);
	return e == ERR_OK ? e : trouble_set(t, e, "token.key %s: %s", path, err_text(e));
}

enum err
workload_key_thumbprint(struct view text, struct digest *out)
{
	static const char begin[] = "-----BEGIN PUBLIC KEY-----";

	if (text.size >= strlen(begin) && memcmp(text.data, begin, strlen(begin)) == 0)
		return of_pem(text, out);
	return of_jwk(text, out);
}

static enum err
of_jwk(struct view text, struct digest *out)
{
	json_t *jwk = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
	const char *kty = json_string_value(json_object_get(jwk, "kty"));
	enum err e = ERR_FORMAT;

	if (kty != NULL) {
		e = ERR_UNSUPPORTED;
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			if (strcmp(kty, kinds[i].name) == 0)
				e = of_members(jwk, &kinds[i], out);
	}
	json_decref(jwk);
	return e;
}

static enum err
of_members(const json_t *jwk, const struct kind *kind, struct digest *out)
{
	struct buf text = BUF_INIT;
	enum err e = ERR_OK;

	for (size_t i = 0; i < 4 && kind->members[i] != NULL && e == ERR_OK; i++) {
		const char *value = json_string_value(json_object_get(jwk, kind->members[i]));

		if (value == NULL || !is_plain(value))
			e = ERR_FORMAT;
		else
			buf_append_format(
			    &text, "%s\"%s\":\"%s\"", i == 0 ? "{" : ",", kind->members[i], value);
	}
	buf_append_byte(&text, '}');
	if (e == ERR_OK && (e = buf_status(&text)) == ERR_OK)
		digest_of(text.data, text.size, out);
	buf_free(&text);
	return e;
}

/* Base64url, and the names of curves: nothing that JSON would have to escape. */
static bool
is_plain(const char *text)
{
	return *text != '\0' &&
	       text[strspn(text,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0';
}

static enum err
of_pem(struct view text, struct digest *out)
{
	BIO *from = BIO_new_mem_buf(text.data, (int)text.size);
	EVP_PKEY *key = from != NULL ? PEM_read_bio_PUBKEY(from, NULL, NULL, NULL) : NULL;
	const enum err e = key != NULL ? jwk_thumbprint(key, out) : ERR_FORMAT;

	EVP_PKEY_free(key);
	BIO_free(from);
	return e;
}
