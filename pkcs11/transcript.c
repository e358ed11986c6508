#include "pkcs11/transcript.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/ground/small_file.h"
#include "pkcs11/new_file.h"
#include "pkcs11/operator_key.h"
#include "pkcs11/serve/guard.h"
#include "pkcs11/token/certificate.h"
#include "proto/encoding.h"
#include "proto/text.h"
#include "proto/tlog/note.h"
#include "proto/utc.h"

#define ATTESTATION_MAX 65536               /* bytes: a chain of certificates has some 10,000 */
#define MODULE_MAX      (256 * 1024 * 1024) /* bytes; vendors' have up to some 50 MB */
#define TEXT_MAX        4096                /* bytes of a value: paths, and URIs of keys */

struct transcript {
	const struct transcript_request *request;
	struct statement_key *key[TRANSCRIPT_PRESENT_MAX];
	struct buf attestation[TRANSCRIPT_ATTESTATIONS_MAX];
	struct new_file file;
};

static enum err gather(struct transcript *t);
static enum err gather_present(struct transcript *t, size_t i);
static enum err check_free(const char *path);
static enum err append_payload(const struct transcript *t, const struct hsm_config *c,
    struct token *token, const bool made[TOKEN_KEYS], struct buf *to);
static void append_time(struct buf *to);
static enum err append_module(const struct hsm_config *c, struct token *token, struct buf *to);
static enum err append_mechanisms(struct token *token, struct buf *to);
static enum err append_key(const struct hsm_config *c, struct token *token, enum token_which which,
    bool made, struct buf *to);
static void append_told(
    struct buf *to, const char *name, bool value, const struct token_key_attributes *a, unsigned v);
static enum err append_guard(const struct hsm_config *c, struct token *token, struct buf *to);
static void append_present(const struct transcript *t, struct buf *to);
static void append_text(struct buf *to, const char *key, struct view text);
static void append(struct buf *to, const char *key, const char *text);

enum err
transcript_begin(const struct transcript_request *r, bool dry, struct transcript **out)
{
	struct transcript *t;
	enum err e;

	*out = NULL;
	if (r->path == NULL && r->present_count + r->attestation_count == 0)
		return ERR_OK;
	if (r->path == NULL || r->present_count == 0) {
		complain("expected --transcript FILE and --present NAME=FILE together: who was "
			 "there signs it");
		return ERR_CONFIG;
	}
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return ERR_MEMORY;
	t->request = r;
	t->file.fd = -1;
	if ((e = gather(t)) == ERR_OK)
		e = dry ? check_free(r->path) : new_file_make(r->path, "the transcript", &t->file);
	if (e == ERR_OK)
		*out = t;
	else
		transcript_free(&t);
	return e;
}

enum err
transcript_write(struct transcript *t, const struct hsm_config *c, struct token *token,
    const bool made[TOKEN_KEYS], bool say)
{
	struct buf payload = BUF_INIT;
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest digest;
	enum err e;

	if (t == NULL)
		return ERR_OK;
	if ((e = append_payload(t, c, token, made, &payload)) == ERR_OK &&
	    (e = new_file_write(&t->file, "the transcript", buf_view(&payload))) == ERR_OK && say) {
		digest_of(payload.data, payload.size, &digest);
		digest_to_hex(&digest, hex);
		printf("written  %s, sha256 %s\n"
		       "next     each of those present: hallmark-hsm transcript sign\n",
		    t->request->path, hex);
	}
	buf_free(&payload);
	return e;
}

void
transcript_free(struct transcript **t)
{
	if (*t == NULL)
		return;
	for (size_t i = 0; i < TRANSCRIPT_PRESENT_MAX; i++)
		statement_key_free(&(*t)->key[i]);
	for (size_t i = 0; i < TRANSCRIPT_ATTESTATIONS_MAX; i++)
		buf_free(&(*t)->attestation[i]);
	new_file_drop(&(*t)->file);
	free(*t);
	*t = NULL;
}

static enum err
gather(struct transcript *t)
{
	const struct transcript_request *r = t->request;
	enum err e = ERR_OK;

	for (size_t i = 0; i < r->present_count && e == ERR_OK; i++)
		e = gather_present(t, i);
	for (size_t i = 0; i < r->attestation_count && e == ERR_OK; i++)
		e = small_file_read(r->attestation[i], ATTESTATION_MAX, &t->attestation[i]);
	return e;
}

/* Nobody is there twice, under whatever name. */
static enum err
gather_present(struct transcript *t, size_t i)
{
	const char *text = t->request->present[i], *equals = strchr(text, '=');
	const struct view name = {
	    (const uint8_t *)text, equals != NULL ? (size_t)(equals - text) : 0};
	enum err e;

	if (name.size == 0 || name.size > TRANSCRIPT_NAME_MAX || !text_is_printable(name, true)) {
		complain(
		    "--present: expected a name of 1 to %d bytes, and behind \"=\" the file of "
		    "a public key in PEM, found \"%s\"",
		    TRANSCRIPT_NAME_MAX, text);
		return ERR_CONFIG;
	}
	if ((e = operator_key_of_file(equals + 1, &t->key[i])) != ERR_OK)
		return e;
	for (size_t k = 0; k < i; k++) {
		if (!digest_equal(statement_key_id(t->key[k]), statement_key_id(t->key[i])) &&
		    strncmp(t->request->present[k], text, name.size + 1) != 0)
			continue;
		complain("--present: \"%s\" and \"%s\" have one key or one name: expected one of "
			 "each for everybody",
		    t->request->present[k], text);
		return ERR_CONFIG;
	}
	return ERR_OK;
}

static enum err
check_free(const char *path)
{
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return ERR_OK;
	complain("%s: expected a new file for the transcript", path);
	return ERR_IO;
}

static enum err
append_payload(const struct transcript *t, const struct hsm_config *c, struct token *token,
    const bool made[TOKEN_KEYS], struct buf *to)
{
	const struct token_info *info = token_info(token);
	enum err e;

	append(to, TRANSCRIPT_BEGIN, c->origin);
	append_time(to);
	append(to, ",\"program\":", "hallmark-hsm/" HALLMARK_VERSION);
	if ((e = append_module(c, token, to)) != ERR_OK)
		return e;
	append(to, ",\"token\":{\"label\":", info->label);
	append(to, ",\"manufacturer\":", info->manufacturer);
	append(to, ",\"model\":", info->model);
	append(to, ",\"serial\":", info->serial);
	append(to, ",\"hardware\":", info->hardware);
	append(to, ",\"firmware\":", info->firmware);
	if ((e = append_mechanisms(token, to)) != ERR_OK)
		return e;
	buf_append_string(to, ",\"keys\":[");
	if ((e = append_key(c, token, TOKEN_FIRST, made[TOKEN_FIRST], to)) != ERR_OK)
		return e;
	if (c->ed25519_label != NULL) {
		buf_append_byte(to, ',');
		if ((e = append_key(c, token, TOKEN_ED25519, made[TOKEN_ED25519], to)) != ERR_OK)
			return e;
	}
	buf_append_byte(to, ']');
	if ((e = append_guard(c, token, to)) != ERR_OK)
		return e;
	append_present(t, to);
	return buf_status(to);
}

static void
append_time(struct buf *to)
{
	char text[UTC_TEXT_SIZE];

	append(to, ",\"time\":", utc_text((uint64_t)time(NULL), text));
}

/* The file's digest tells whether it is the one that the vendor has given out. */
static enum err
append_module(const struct hsm_config *c, struct token *token, struct buf *to)
{
	struct token_module module;
	struct buf file = BUF_INIT;
	char hex[DIGEST_HEX_SIZE + 1];
	struct digest digest;
	enum err e = token_read_module(token, &module);

	if (e == ERR_OK && (e = small_file_read(c->module, MODULE_MAX, &file)) == ERR_OK) {
		digest_of(file.data, file.size, &digest);
		digest_to_hex(&digest, hex);
		append(to, ",\"module\":{\"file\":", c->module);
		append(to, ",\"sha256\":", hex);
		append(to, ",\"description\":", module.description);
		append(to, ",\"manufacturer\":", module.manufacturer);
		append(to, ",\"version\":", module.version);
		append(to, ",\"cryptoki\":", module.cryptoki);
		buf_append_byte(to, '}');
	}
	buf_free(&file);
	return e;
}

/* By number: names are each vendor's own beyond the standard's. Ends what is said of the token. */
static enum err
append_mechanisms(struct token *token, struct buf *to)
{
	unsigned long list[TOKEN_MECHANISMS_MAX];
	size_t count;
	enum err e = token_list_mechanisms(token, list, &count);

	buf_append_string(to, ",\"mechanisms\":[");
	for (size_t i = 0; i < count; i++)
		buf_append_format(to, "%s\"0x%lx\"", i > 0 ? "," : "", list[i]);
	buf_append_string(to, "]}");
	return e;
}

static enum err
append_key(const struct hsm_config *c, struct token *token, enum token_which which, bool made,
    struct buf *to)
{
	const struct algorithm *algorithm =
	    which == TOKEN_FIRST ? algorithm_of(c->algorithm) : algorithm_ed25519();
	EVP_PKEY *public = token_public_key(token, which);
	struct note_verifier *verifier = NULL;
	struct buf id = BUF_INIT, spki = BUF_INIT, base64 = BUF_INIT, line = BUF_INIT;
	struct token_key_attributes a;
	enum err e;

	if ((e = token_key_attributes(token, which, &a)) == ERR_OK &&
	    (e = certificate_append_spki(public, &spki)) == ERR_OK &&
	    (e = note_verifier_new_of(c->origin, public, algorithm->scheme, &verifier)) == ERR_OK &&
	    (e = note_verifier_write(verifier, &line)) == ERR_OK) {
		hex_append(&id, token_key_id(token, which));
		base64_append(&base64, buf_view(&spki));
		append(to, "{\"label\":", which == TOKEN_FIRST ? c->key_label : c->ed25519_label);
		append(to, ",\"came\":", made ? "made in this ceremony" : "found on the token");
		append_text(to, ",\"id\":", buf_view(&id));
		append(to, ",\"type\":", algorithm->type);
		append(to, ",\"mechanism\":", algorithm->mechanism);
		append_told(to, ",\"attributes\":{\"CKA_SENSITIVE\":", a.sensitive, &a, 0);
		append_told(
		    to, ",\"CKA_ALWAYS_SENSITIVE\":", a.always_sensitive, &a, HSM_ALWAYS_SENSITIVE);
		append_told(to, ",\"CKA_EXTRACTABLE\":", a.extractable, &a, 0);
		append_told(to, ",\"CKA_NEVER_EXTRACTABLE\":", a.never_extractable, &a,
		    HSM_NEVER_EXTRACTABLE);
		append_told(to, ",\"CKA_LOCAL\":", a.local, &a, HSM_LOCAL);
		append_text(to, "},\"public\":", buf_view(&base64));
		append_text(to, ",\"verifier\":", buf_view(&line));
		buf_append_byte(to, '}');
	}
	note_verifier_free(&verifier);
	buf_free(&id);
	buf_free(&spki);
	buf_free(&base64);
	buf_free(&line);
	return e;
}

/* Who says it: the token, or the operator where the token does not. */
static void
append_told(
    struct buf *to, const char *name, bool value, const struct token_key_attributes *a, unsigned v)
{
	append(to, name, (a->vouched & v) != 0 ? "vouched for" : value ? "true" : "false");
}

static enum err
append_guard(const struct hsm_config *c, struct token *token, struct buf *to)
{
	struct guard_state state;
	struct buf spki = BUF_INIT;
	char hex[DIGEST_HEX_SIZE + 1];
	enum err e = certificate_append_spki(token_public_key(token, TOKEN_FIRST), &spki);

	if (e == ERR_OK &&
	    (e = guard_read(c->guard_directory, c->origin, buf_view(&spki), &state)) == ERR_OK) {
		digest_to_hex(&state.root, hex);
		buf_append_format(to, ",\"guard\":{\"size\":%llu", (unsigned long long)state.size);
		append(to, ",\"root\":", hex);
		buf_append_byte(to, '}');
	}
	buf_free(&spki);
	return e;
}

/* Those who sign it, and what the vendor has to say of the key. */
static void
append_present(const struct transcript *t, struct buf *to)
{
	const struct transcript_request *r = t->request;

	buf_append_string(to, ",\"attestations\":[");
	for (size_t i = 0; i < r->attestation_count; i++) {
		struct buf base64 = BUF_INIT;

		base64_append(&base64, buf_view(&t->attestation[i]));
		append(to, i > 0 ? ",{\"file\":" : "{\"file\":", r->attestation[i]);
		append_text(to, ",\"content\":", buf_view(&base64));
		buf_append_byte(to, '}');
		buf_free(&base64);
	}
	buf_append_string(to, "],\"present\":[");
	for (size_t i = 0; i < r->present_count; i++) {
		struct buf base64 = BUF_INIT;

		base64_append(&base64, statement_key_spki(t->key[i]));
		append_text(to, i > 0 ? ",{\"name\":" : "{\"name\":",
		    (struct view){(const uint8_t *)r->present[i], strcspn(r->present[i], "=")});
		append_text(to, ",\"key\":", buf_view(&base64));
		buf_append_byte(to, '}');
		buf_free(&base64);
	}
	buf_append_string(to, "]}");
}

static void
append_text(struct buf *to, const char *key, struct view text)
{
	buf_append_string(to, key);
	json_append_string(to, text);
}

/* What tokens and their modules say is anything. */
static void
append(struct buf *to, const char *key, const char *text)
{
	struct buf printable = BUF_INIT;

	text_append_printable(&printable, view_of_string(text), TEXT_MAX);
	append_text(to, key, buf_view(&printable));
	buf_free(&printable);
}
