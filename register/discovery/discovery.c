#include "register/discovery/discovery.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "journal/logger.h"
#include "log/inputfile.h"

#define FILE_SIZE_MAX 262144 /* bytes: a few keys with the chains of their certificates */

/* Keys and their answer may be kept for so long: a new key signs later than it is shown. */
#define CACHE "public, max-age=300"

static json_t *read_keys(const struct discovery *d, struct buf *bytes);
static bool is_public(const json_t *key);
static json_t *describe(const struct discovery *d, const json_t *keys);
static void refuse(const struct discovery *d, struct response *out);

void
discovery_answer(void *discovery, const struct request *r, struct response *out)
{
	const struct discovery *d = discovery;
	struct buf bytes = BUF_INIT;
	json_t *keys = read_keys(d, &bytes), *about = keys != NULL ? describe(d, keys) : NULL;
	char *text = about != NULL ? json_dumps(about, JSON_COMPACT) : NULL;

	(void)r;
	if (text != NULL) {
		out->type = response_json;
		response_cache(out, CACHE);
		buf_append_string(&out->body, text);
	} else {
		refuse(d, out);
	}
	free(text);
	json_decref(about);
	json_decref(keys);
	buf_free(&bytes);
}

void
discovery_answer_keys(void *discovery, const struct request *r, struct response *out)
{
	const struct discovery *d = discovery;
	struct buf bytes = BUF_INIT;
	json_t *keys = read_keys(d, &bytes);

	(void)r;
	if (keys != NULL) {
		out->type = response_json;
		response_cache(out, CACHE);
		buf_append_view(&out->body, buf_view(&bytes));
	} else {
		refuse(d, out);
	}
	json_decref(keys);
	buf_free(&bytes);
}

/* The set, whose keys all are public and say by which algorithm; else NULL. */
static json_t *
read_keys(const struct discovery *d, struct buf *bytes)
{
	json_t *set = NULL, *keys, *key;
	size_t i;
	bool good = false;

	if (inputfile_read(AT_FDCWD, d->keys, FILE_SIZE_MAX, bytes) == ERR_OK)
		set = json_loadb(
		    (const char *)bytes->data, bytes->size, JSON_REJECT_DUPLICATES, NULL);
	keys = json_object_get(set, "keys");
	good = json_array_size(keys) > 0;
	json_array_foreach(keys, i, key) good = good && is_public(key);
	if (!good) {
		json_decref(set);
		return NULL;
	}
	return set;
}

/* RFC 7518, sections 6.2.2, 6.3.2 and 6.4: members that others must not have. */
static bool
is_public(const json_t *key)
{
	static const char *const secret[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
		if (json_object_get(key, secret[i]) != NULL)
			return false;
	return json_is_string(json_object_get(key, "kty")) &&
	       json_is_string(json_object_get(key, "kid")) &&
	       json_is_string(json_object_get(key, "alg"));
}

static json_t *
describe(const struct discovery *d, const json_t *set)
{
	json_t *algorithms = json_array(), *key, *known;
	size_t i, j;

	json_array_foreach(json_object_get(set, "keys"), i, key)
	{
		json_t *algorithm = json_object_get(key, "alg");
		bool is_there = false;

		json_array_foreach(algorithms, j, known) is_there =
		    is_there || json_equal(known, algorithm) != 0;
		if (!is_there)
			(void)json_array_append(algorithms, algorithm);
	}
	return json_pack("{s:s, s:s+, s:[s], s:[s], s:o}", "issuer", d->issuer, "jwks_uri",
	    d->issuer, "/jwks", "response_types_supported", "id_token", "subject_types_supported",
	    "public", "id_token_signing_alg_values_supported", algorithms);
}

static void
refuse(const struct discovery *d, struct response *out)
{
	logger_say(LOGGER_ERROR, "no-token-keys",
	    "%s: expected a set of public keys, as hallmark-hsm jwks prints it, each with kty, kid "
	    "and alg",
	    d->keys);
	response_refuse(out, 503, "the keys cannot be read");
}
