#include "policy/sources/envelope.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "config/yaml_check.h"
#include "policy/sources/json_text.h"
#include "proto/encoding.h"
#include "proto/statement/dsse.h"
#include "proto/statement/statement_key.h"

struct keys {
	size_t count;
	struct statement_key *key[SOURCE_TEXTS_MAX];
};

static enum err load_keys(const struct source_options *o, struct faults *faults, struct keys *out);
static enum err load_key(const char *file, struct faults *faults, struct statement_key **out);
static void free_keys(struct keys *k);
static bool is_signed(const json_t *signatures, struct view signed_bytes, const struct keys *k);
static bool decode(const json_t *object, const char *name, struct buf *to);
static enum err fail(const char *file, struct faults *faults, const char *what);

enum err
envelope_open(const char *file, const json_t *envelope, const char *payload_type,
    const struct source_options *o, struct faults *faults, struct buf *payload)
{
	const json_t *signatures = json_object_get(envelope, "signatures");
	struct buf signed_bytes = BUF_INIT, content = BUF_INIT;
	struct keys keys = {0};
	struct view type;
	enum err e;

	if (!json_text_member(envelope, "payloadType", &type) || !json_is_array(signatures) ||
	    json_array_size(signatures) > ENVELOPE_SIGNATURES_MAX ||
	    !decode(envelope, "payload", &content)) {
		e = fail(file, faults,
		    "is no DSSE envelope: expected payloadType, payload in base64 and at most 16 "
		    "signatures");
	} else if (!view_equal(type, view_of_string(payload_type))) {
		e = fail(file, faults,
		    "has a payload of another type than application/vnd.in-toto+json");
	} else if ((e = load_keys(o, faults, &keys)) == ERR_OK) {
		dsse_signed_bytes(type, buf_view(&content), &signed_bytes);
		if (!is_signed(signatures, buf_view(&signed_bytes), &keys))
			e = fail(file, faults,
			    "has no good signature of any of the keys: nothing of it counts");
	}
	if (e == ERR_OK)
		buf_append_view(payload, buf_view(&content));
	free_keys(&keys);
	buf_free(&signed_bytes);
	buf_free(&content);
	return e;
}

static enum err
load_keys(const struct source_options *o, struct faults *faults, struct keys *out)
{
	enum err e = ERR_OK;

	if (o->keys.count == 0) {
		faults_add(faults, "--key", 0,
		    "say whose signatures count: a file with a public key in PEM");
		return ERR_CONFIG;
	}
	for (size_t i = 0; i < o->keys.count && e == ERR_OK; i++) {
		e = load_key(o->keys.text[i], faults, &out->key[out->count]);
		out->count += e == ERR_OK;
	}
	return e;
}

static enum err
load_key(const char *file, struct faults *faults, struct statement_key **out)
{
	struct buf text = BUF_INIT;
	EVP_PKEY *key = NULL;
	BIO *from = NULL;
	enum err e;

	*out = NULL;
	e = yaml_read_file(file, 0, NULL, file, ENVELOPE_KEY_SIZE_MAX, faults, &text);
	if (e == ERR_OK && (from = BIO_new_mem_buf(text.data, (int)text.size)) != NULL)
		key = PEM_read_bio_PUBKEY(from, NULL, NULL, NULL);
	if (e == ERR_OK && (key == NULL || statement_key_from_held(key, out) != ERR_OK))
		e = fail(file, faults,
		    "must be a public key in PEM (\"BEGIN PUBLIC KEY\"): ECDSA on P-256 or P-384, "
		    "Ed25519, or RSA of 2,048 to 8,192 bits");
	ERR_clear_error();
	EVP_PKEY_free(key);
	BIO_free(from);
	buf_free(&text);
	return e;
}

static void
free_keys(struct keys *k)
{
	for (size_t i = 0; i < k->count; i++)
		statement_key_free(&k->key[i]);
}

static bool
is_signed(const json_t *signatures, struct view signed_bytes, const struct keys *k)
{
	struct buf signature = BUF_INIT;
	bool good = false;

	for (size_t i = 0; i < json_array_size(signatures) && !good; i++) {
		buf_clear(&signature);
		if (!decode(json_array_get(signatures, i), "sig", &signature))
			continue;
		for (size_t j = 0; j < k->count && !good; j++)
			good = statement_key_verify(
				   k->key[j], signed_bytes, buf_view(&signature)) == ERR_OK;
	}
	buf_free(&signature);
	return good;
}

/* Either alphabet; "=" at the end only in the first. */
static bool
decode(const json_t *object, const char *name, struct buf *to)
{
	struct view text;

	return json_text_member(object, name, &text) && text.size > 0 &&
	       (base64_decode(text, to) == ERR_OK || base64url_decode(text, to) == ERR_OK) &&
	       buf_status(to) == ERR_OK;
}

static enum err
fail(const char *file, struct faults *faults, const char *what)
{
	return source_fail(file, faults, what, (struct view){NULL, 0});
}
