#include "pkcs11/serve/jws.h"

#include "pkcs11/token/certificate.h"
#include "proto/digest.h"
#include "proto/encoding.h"
#include "trust/jwk.h"

static enum err append_key(const STACK_OF(X509) * chain, const char *alg, struct buf *to);
static enum err append_thumbprint(EVP_PKEY *key, struct buf *to);

enum err
jws_append_header(EVP_PKEY *key, const char *alg, struct buf *to)
{
	struct buf header = BUF_INIT;
	enum err e;

	buf_append_format(&header, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"", alg);
	if ((e = append_thumbprint(key, &header)) == ERR_OK) {
		buf_append_string(&header, "\"}");
		base64url_append(to, buf_view(&header));
		buf_append_byte(to, '.');
		e = buf_status(&header) == ERR_OK ? buf_status(to) : ERR_MEMORY;
	}
	buf_free(&header);
	return e;
}

void
jws_append_payload(struct view payload, struct buf *to)
{
	base64url_append(to, payload);
}

void
jws_append_signature(struct view signature, struct buf *to)
{
	buf_append_byte(to, '.');
	base64url_append(to, signature);
}

enum err
jws_append_key_set(const struct jws_key *keys, size_t count, struct buf *to)
{
	enum err e = ERR_OK;

	buf_append_string(to, "{\"keys\":[");
	for (size_t i = 0; i < count && e == ERR_OK; i++) {
		buf_append_string(to, i > 0 ? "," : "");
		e = append_key(keys[i].chain, keys[i].alg, to);
	}
	buf_append_string(to, "]}\n");
	return e == ERR_OK ? buf_status(to) : e;
}

static enum err
append_key(const STACK_OF(X509) * chain, const char *alg, struct buf *to)
{
	EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(chain, 0));
	struct buf der = BUF_INIT;
	enum err e;

	buf_append_byte(to, '{');
	if ((e = jwk_append_members(key, to)) != ERR_OK)
		return e;
	buf_append_format(to, ",\"alg\":\"%s\",\"use\":\"sig\",\"kid\":\"", alg);
	if ((e = append_thumbprint(key, to)) != ERR_OK)
		return e;
	buf_append_string(to, "\",\"x5c\":[");
	for (int i = 0; i < sk_X509_num(chain) && e == ERR_OK; i++) {
		buf_clear(&der);
		e = certificate_append_der(sk_X509_value(chain, i), &der);
		buf_append_string(to, i == 0 ? "\"" : ",\"");
		base64_append(to, buf_view(&der));
		buf_append_byte(to, '"');
	}
	buf_append_string(to, "]}");
	buf_free(&der);
	return e;
}

static enum err
append_thumbprint(EVP_PKEY *key, struct buf *to)
{
	struct digest digest;
	const enum err e = jwk_thumbprint(key, &digest);

	if (e == ERR_OK)
		base64url_append(to, (struct view){digest.bytes, DIGEST_SIZE});
	return e;
}
