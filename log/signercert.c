#include "log/signercert.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/pass_phrase.h"
#include "log/inputfile.h"
#include "proto/encoding.h"
#include "proto/tlog/checkpoint.h"
#include "proto/utc.h"

struct signercert {
	X509 *x509;             /* NULL: the key alone */
	STACK_OF(X509) * chain; /* the same, and what stood behind it; NULL with it */
	EVP_PKEY *key;
	struct note_verifier *named; /* of a verifier key line; else NULL */
	char *path;
	char *description;
	struct digest key_digest;
};

static enum err read_any(struct view bytes, const char *path, struct signercert **out);
static enum err make(X509 *x509, EVP_PKEY *key, struct note_verifier *named, const char *path,
    struct signercert **out);
static bool digest_key(EVP_PKEY *key, struct digest *out);
static X509 *parse_certificate(struct view bytes);
static enum err read_chain(struct view bytes, struct signercert *c);
static EVP_PKEY *parse_key(struct view bytes);
static char *describe(const struct signercert *c);
static void describe_certificate(X509 *x509, struct buf *to);
static bool uri_is(const ASN1_STRING *uri, const char *origin);
static bool name_is(const ASN1_STRING *name, const char *origin);
static enum err try_lines(const struct signercerts *all, const struct note *n, struct view origin,
    bool named, bool beside, const struct signercert **by, size_t *line,
    struct note_verifier **out);
static enum err try_line(
    const struct signercert *c, const struct note_signature *s, struct note_verifier **out);

enum outcome
signercert_load(const char *path, const struct findings *f, struct signercert **out)
{
	struct buf text = BUF_INIT;
	enum err e;

	*out = NULL;
	if ((e = inputfile_read(AT_FDCWD, path, SIGNERCERT_SIZE_MAX, &text)) != ERR_OK)
		(void)findings_step(
		    f, "certificate", OUTCOME_UNKNOWN, "%s: %s", path, inputfile_reason(e));
	else if ((e = read_any(buf_view(&text), path, out)) == ERR_FORMAT)
		(void)findings_step(f, "certificate", OUTCOME_UNKNOWN,
		    "%s: expected a certificate or a public key, in PEM (-----BEGIN "
		    "CERTIFICATE-----) or DER, or a verifier key (NAME+HASH+KEY)",
		    path);
	else if (e != ERR_OK)
		(void)findings_step(f, "certificate", OUTCOME_UNKNOWN,
		    "%s: expected a key of Ed25519, on P-256 or P-384, or of RSA with 2048 bits or "
		    "more: %s",
		    path, err_text(e));
	buf_free(&text);
	return *out != NULL ? OUTCOME_GOOD : OUTCOME_UNKNOWN;
}

/* ERR_FORMAT where it is none of them; other errors are of what it is. */
static enum err
read_any(struct view bytes, const char *path, struct signercert **out)
{
	X509 *x509 = parse_certificate(bytes);
	EVP_PKEY *key = x509 == NULL ? parse_key(bytes) : NULL;
	struct note_verifier *named = NULL;
	enum err e;

	if (x509 != NULL) {
		if ((e = signercert_from_x509(x509, path, out)) == ERR_OK &&
		    (e = read_chain(bytes, *out)) != ERR_OK)
			signercert_free(out);
	} else if (key != NULL) {
		e = signercert_from_key(key, path, out);
	} else {
		if (bytes.size > 0 && bytes.data[bytes.size - 1] == '\n')
			bytes.size--;
		if ((e = note_verifier_read(bytes, &named)) == ERR_OK)
			e = make(NULL, note_verifier_key(named), named, path, out);
		else if (e == ERR_FORMAT_BASE64)
			e = ERR_FORMAT;
		if (*out == NULL)
			note_verifier_free(&named);
	}
	X509_free(x509);
	EVP_PKEY_free(key);
	return e;
}

enum outcome
signercerts_load(
    const char *const *paths, size_t count, const struct findings *f, struct signercerts *out)
{
	*out = (struct signercerts){.count = 0};
	if (count > SIGNERCERTS_MAX)
		return findings_step(f, "certificate", OUTCOME_UNKNOWN,
		    "expected at most %d certificates, found %zu", SIGNERCERTS_MAX, count);
	for (size_t i = 0; i < count; i++) {
		if (signercert_load(paths[i], f, &out->certificate[i]) != OUTCOME_GOOD)
			return OUTCOME_UNKNOWN;
		out->count++;
	}
	return OUTCOME_GOOD;
}

void
signercerts_free(struct signercerts *all)
{
	for (size_t i = 0; i < all->count; i++)
		signercert_free(&all->certificate[i]);
	all->count = 0;
}

enum err
signercert_from_x509(X509 *x509, const char *path, struct signercert **out)
{
	EVP_PKEY *key = X509_get0_pubkey(x509);

	*out = NULL;
	if (key == NULL) {
		ERR_clear_error();
		return ERR_UNSUPPORTED;
	}
	return make(x509, key, NULL, path, out);
}

enum err
signercert_from_key(EVP_PKEY *key, const char *path, struct signercert **out)
{
	return make(NULL, key, NULL, path, out);
}

void
signercert_free(struct signercert **c)
{
	if (*c == NULL)
		return;
	note_verifier_free(&(*c)->named);
	sk_X509_pop_free((*c)->chain, X509_free);
	EVP_PKEY_free((*c)->key);
	free((*c)->path);
	free((*c)->description);
	free(*c);
	*c = NULL;
}

const char *
signercert_path(const struct signercert *c)
{
	return c->path;
}

EVP_PKEY *
signercert_key(const struct signercert *c)
{
	return c->key;
}

const struct digest *
signercert_key_digest(const struct signercert *c)
{
	return &c->key_digest;
}

bool
signercert_is_key_alone(const struct signercert *c)
{
	return c->x509 == NULL;
}

STACK_OF(X509) * signercert_chain(const struct signercert *c)
{
	return c->chain;
}

const char *
signercert_log(const struct signercert *c)
{
	return c->named != NULL ? note_verifier_name(c->named) : NULL;
}

const char *
signercert_description(const struct signercert *c)
{
	return c->description;
}

bool
signercert_names_origin(const struct signercert *c, const char *origin)
{
	const X509_NAME *subject;
	GENERAL_NAMES *names;
	bool found = false;

	if (c->x509 == NULL)
		return c->named != NULL && strcmp(signercert_log(c), origin) == 0;
	subject = X509_get_subject_name(c->x509);
	names = X509_get_ext_d2i(c->x509, NID_subject_alt_name, NULL, NULL);
	for (int at = -1;
	     !found && (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;)
		found = name_is(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), origin);
	for (int i = 0; !found && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_URI)
			found = uri_is(name->d.ia5, origin);
		else if (name->type == GEN_DNS)
			found = name_is(name->d.ia5, origin);
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
	return found;
}

bool
signercert_valid_at(const struct signercert *c, uint64_t seconds)
{
	time_t time = (time_t)seconds;

	return c->x509 == NULL || (X509_cmp_time(X509_get0_notBefore(c->x509), &time) < 0 &&
				      X509_cmp_time(X509_get0_notAfter(c->x509), &time) > 0);
}

const struct signercert *
signercerts_valid_at(const struct signercerts *all, const struct signercert *c, uint64_t seconds)
{
	if (signercert_valid_at(c, seconds))
		return c;
	for (size_t i = 0; i < all->count; i++)
		if (digest_equal(&all->certificate[i]->key_digest, &c->key_digest) &&
		    !signercert_is_key_alone(all->certificate[i]) &&
		    signercert_valid_at(all->certificate[i], seconds))
			return all->certificate[i];
	return c;
}

enum err
signercerts_verifier(const struct signercerts *all, const struct note *n,
    const struct signercert **by, size_t *line, struct note_verifier **out)
{
	const struct signercert *whose = NULL;
	struct view rest = n->text, origin;
	size_t at = 0;
	enum err e = line_next(&rest, &origin);

	*out = NULL;
	if (e != ERR_OK)
		return e;
	e = ERR_UNKNOWN_KEY;
	for (unsigned i = 0; i < 4 && e == ERR_UNKNOWN_KEY; i++)
		e = try_lines(all, n, origin, i < 2, i % 2 == 1, &whose, &at, out);
	if (e == ERR_OK && line != NULL)
		*line = at;
	if (e == ERR_OK && by != NULL)
		*by = whose;
	return e;
}

enum err
signercerts_check_others(const struct signercerts *all, const struct note *n, const char *name,
    size_t line, size_t *known)
{
	struct note_verifier *v = NULL;
	enum err e = ERR_OK;

	*known = 1;
	for (size_t i = 0; i < n->signature_count && e == ERR_OK; i++) {
		if (i == line || !view_equal(n->signature[i].name, view_of_string(name)))
			continue;
		e = ERR_UNKNOWN_KEY;
		for (size_t k = 0; k < all->count && e == ERR_UNKNOWN_KEY; k++)
			e = try_line(all->certificate[k], &n->signature[i], &v);
		if (e == ERR_OK) {
			e = note_verify(n, v);
			(*known)++;
		} else if (e == ERR_UNKNOWN_KEY) {
			e = ERR_OK;
		}
		note_verifier_free(&v);
	}
	return e;
}

/*
 * Of the lines under the origin's name, or of all others; by Ed25519 keys, which may be beside the
 * one that the log's key notices are about, or by all others.
 */
static enum err
try_lines(const struct signercerts *all, const struct note *n, struct view origin, bool named,
    bool beside, const struct signercert **by, size_t *line, struct note_verifier **out)
{
	enum err e = ERR_UNKNOWN_KEY;

	for (size_t i = 0; i < n->signature_count && e == ERR_UNKNOWN_KEY; i++) {
		*line = i;
		if (view_equal(n->signature[i].name, origin) != named)
			continue;
		for (size_t k = 0; k < all->count && e == ERR_UNKNOWN_KEY; k++) {
			*by = all->certificate[k];
			if ((EVP_PKEY_get_base_id((*by)->key) == EVP_PKEY_ED25519) == beside)
				e = try_line(*by, &n->signature[i], out);
		}
	}
	return e;
}

/* ERR_UNKNOWN_KEY unless name and ID are those of the certificate's key under that name. */
static enum err
try_line(const struct signercert *c, const struct note_signature *s, struct note_verifier **out)
{
	char name[CHECKPOINT_ORIGIN_MAX + 1];
	enum note_scheme scheme;
	enum err e;

	/* A key's name is its log's origin, and no origin is longer. */
	if (s->name.size > CHECKPOINT_ORIGIN_MAX)
		return ERR_UNKNOWN_KEY;
	memcpy(name, s->name.data, s->name.size);
	name[s->name.size] = '\0';
	if (c->named != NULL && (!note_verifier_scheme(c->named, s->key_id, &scheme) ||
				    strcmp(signercert_log(c), name) != 0))
		return ERR_UNKNOWN_KEY;
	if (c->named != NULL)
		return note_verifier_new_of(name, signercert_key(c), scheme, out);
	if ((e = note_verifier_new(name, signercert_key(c), out)) != ERR_OK)
		return e;
	if (note_verifier_scheme(*out, s->key_id, &scheme))
		return ERR_OK;
	note_verifier_free(out);
	return ERR_UNKNOWN_KEY;
}

static enum err
make(X509 *x509, EVP_PKEY *key, struct note_verifier *named, const char *path,
    struct signercert **out)
{
	struct note_verifier *any = NULL;
	struct signercert *c;
	enum err e;

	*out = NULL;
	/* Any name will do to learn whether notes can be checked with this key. */
	if ((e = note_verifier_new("x", key, &any)) != ERR_OK)
		return e;
	note_verifier_free(&any);
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return ERR_MEMORY;
	EVP_PKEY_up_ref(key);
	c->key = key;
	if (x509 != NULL && (c->chain = sk_X509_new_null()) != NULL && X509_up_ref(x509) == 1 &&
	    sk_X509_push(c->chain, x509) > 0)
		c->x509 = x509;
	c->path = strdup(path);
	c->named = named;
	c->description = describe(c);
	if (c->x509 != x509 || c->path == NULL || c->description == NULL ||
	    !digest_key(key, &c->key_digest)) {
		c->named = NULL; /* stays the caller's */
		signercert_free(&c);
		return ERR_MEMORY;
	}
	*out = c;
	return ERR_OK;
}

static bool
digest_key(EVP_PKEY *key, struct digest *out)
{
	unsigned char *spki = NULL;
	const int size = i2d_PUBKEY(key, &spki);

	if (size > 0)
		digest_of(spki, (size_t)size, out);
	OPENSSL_free(spki);
	return size > 0;
}

static X509 *
parse_certificate(struct view bytes)
{
	const unsigned char *p = bytes.data;
	BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.size);
	X509 *x509 = bio != NULL ? PEM_read_bio_X509(bio, NULL, pass_phrase_refuse, NULL) : NULL;

	if (x509 == NULL && bytes.size > 0 &&
	    (x509 = d2i_X509(NULL, &p, (long)bytes.size)) != NULL && p != bytes.data + bytes.size) {
		X509_free(x509);
		x509 = NULL;
	}
	BIO_free(bio);
	ERR_clear_error();
	return x509;
}

/* What is behind the first in PEM: certificates, up to the end or to one that is cut off. */
static enum err
read_chain(struct view bytes, struct signercert *c)
{
	BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.size);
	bool first = true, good = bio != NULL;
	X509 *x;

	while (good && (x = PEM_read_bio_X509(bio, NULL, pass_phrase_refuse, NULL)) != NULL) {
		good = first || sk_X509_push(c->chain, x) > 0;
		if (first || !good)
			X509_free(x);
		first = false;
	}
	BIO_free(bio);
	ERR_clear_error();
	return good ? ERR_OK : ERR_MEMORY;
}

static EVP_PKEY *
parse_key(struct view bytes)
{
	const unsigned char *p = bytes.data;
	BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.size);
	EVP_PKEY *key =
	    bio != NULL ? PEM_read_bio_PUBKEY(bio, NULL, pass_phrase_refuse, NULL) : NULL;

	if (key == NULL && bytes.size > 0 &&
	    (key = d2i_PUBKEY(NULL, &p, (long)bytes.size)) != NULL &&
	    p != bytes.data + bytes.size) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	BIO_free(bio);
	ERR_clear_error();
	return key;
}

static char *
describe(const struct signercert *c)
{
	EVP_PKEY *key = c->key;
	struct buf text = BUF_INIT;
	char *result = NULL;

	if (EVP_PKEY_is_a(key, "ED25519"))
		buf_append_string(&text, "Ed25519, ");
	else if (EVP_PKEY_is_a(key, "EC"))
		buf_append_format(&text, "EC P-%d, ", EVP_PKEY_get_bits(key));
	else
		buf_append_format(&text, "RSA of %d bits, ", EVP_PKEY_get_bits(key));
	if (c->x509 != NULL)
		describe_certificate(c->x509, &text);
	else
		buf_append_string(&text, c->named != NULL ? "a verifier key, which has no dates"
							  : "a public key without name and dates");
	buf_append_byte(&text, '\0');
	if (buf_status(&text) == ERR_OK)
		result = strdup((const char *)text.data);
	buf_free(&text);
	ERR_clear_error();
	return result;
}

static void
describe_certificate(X509 *x509, struct buf *to)
{
	BIO *name = BIO_new(BIO_s_mem());
	char *bytes = NULL, date[UTC_TEXT_SIZE];
	long size = 0;

	if (name != NULL && X509_NAME_print_ex(name, X509_get_subject_name(x509), 0,
				XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		size = BIO_get_mem_data(name, &bytes);
	buf_append(to, bytes, (size_t)size);
	buf_append_string(to, ", valid from ");
	buf_append_string(to, utc_text_asn1(X509_get0_notBefore(x509), date));
	buf_append_string(to, " to ");
	buf_append_string(to, utc_text_asn1(X509_get0_notAfter(x509), date));
	BIO_free(name);
}

static bool
uri_is(const ASN1_STRING *uri, const char *origin)
{
	static const struct view scheme = VIEW_LITERAL("https://");
	struct view v = {ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri)};

	if (name_is(uri, origin))
		return true;
	if (v.size < scheme.size || memcmp(v.data, scheme.data, scheme.size) != 0)
		return false;
	v = (struct view){v.data + scheme.size, v.size - scheme.size};
	return view_equal(v, view_of_string(origin));
}

static bool
name_is(const ASN1_STRING *name, const char *origin)
{
	const struct view v = {ASN1_STRING_get0_data(name), (size_t)ASN1_STRING_length(name)};

	return view_equal(v, view_of_string(origin));
}
