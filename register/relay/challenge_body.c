#include "register/relay/challenge_body.h"

#include <jansson.h>
#include <string.h>

#include "proto/encoding.h"
#include "proto/evidence/identity.h"

enum key { KEY_ALIAS, KEY_LOG, KEY_COLLECTOR, KEY_WORKLOAD, KEY_NONCE, KEY_NONCE_HEX, KEYS };

static const char *const keys[KEYS] = {
    "alias", "log", "collector", "workload", "nonce", "nonce_hex"};

static const char *take_strings(const json_t *object, struct view value[KEYS]);
static const char *take_nonce(const struct view value[KEYS], struct challenge_body *out);
static const char *take_names(const struct view value[KEYS], struct challenge_body *out);

const char *
challenge_body_parse(struct view json, struct challenge_body *out)
{
	json_t *whole =
	    json_loadb((const char *)json.data, json.size, JSON_REJECT_DUPLICATES, NULL);
	struct view value[KEYS] = {{NULL, 0}};
	const char *wrong;

	*out = (struct challenge_body){.names = BUF_INIT};
	if (!json_is_object(whole))
		wrong = "expected one object of JSON, each key once";
	else if ((wrong = take_strings(whole, value)) == NULL &&
		 (wrong = take_nonce(value, out)) == NULL)
		wrong = take_names(value, out);
	json_decref(whole);
	return wrong;
}

void
challenge_body_free(struct challenge_body *b)
{
	buf_free(&b->names);
}

static const char *
take_strings(const json_t *object, struct view value[KEYS])
{
	const char *name;
	json_t *one;

	json_object_foreach((json_t *)(uintptr_t)object, name, one)
	{
		size_t k = 0;

		while (k < KEYS && strcmp(keys[k], name) != 0)
			k++;
		if (k == KEYS || !json_is_string(one))
			return "expected strings under alias, or log, collector and workload, and "
			       "under nonce or nonce_hex; nothing else";
		value[k] =
		    (struct view){(const uint8_t *)json_string_value(one), json_string_length(one)};
	}
	return NULL;
}

static const char *
take_nonce(const struct view value[KEYS], struct challenge_body *out)
{
	struct buf bytes = BUF_INIT;
	const bool hex = value[KEY_NONCE_HEX].data != NULL;
	bool good = hex != (value[KEY_NONCE].data != NULL) &&
		    (hex ? hex_decode(value[KEY_NONCE_HEX], &bytes)
			 : base64url_decode(value[KEY_NONCE], &bytes)) == ERR_OK;

	good = good && bytes.size >= BUNDLE_CHALLENGE_MIN && bytes.size <= BUNDLE_CHALLENGE_MAX;
	if (good) {
		memcpy(out->nonce, bytes.data, bytes.size);
		out->nonce_size = bytes.size;
	}
	buf_free(&bytes);
	return good ? NULL
		    : "expected 8 to 64 bytes of your own: nonce in base64url without padding, or "
		      "nonce_hex in lower-case hexadecimal";
}

/* Copied behind one another; the room is reserved before, so that nothing moves. */
static const char *
take_names(const struct view value[KEYS], struct challenge_body *out)
{
	static const char either[] = "expected alias, or log, collector and workload";
	struct view *const to[] = {&out->alias, &out->log, &out->collector, &out->workload};
	const bool alias = value[KEY_ALIAS].size > 0;
	char identity[IDENTITY_SIZE_MAX + 1];

	if (buf_reserve(&out->names, CHALLENGE_BODY_MAX) == NULL)
		return "expected less: out of memory";
	for (size_t k = KEY_ALIAS; k <= KEY_WORKLOAD; k++) {
		if ((value[k].size > 0) != ((k == KEY_ALIAS) == alias) ||
		    (value[k].data != NULL && value[k].size == 0) ||
		    value[k].size > CHALLENGE_BODY_MAX - out->names.size)
			return either;
		*to[k] = (struct view){out->names.data + out->names.size, value[k].size};
		buf_append_view(&out->names, value[k]);
	}
	if (alias)
		return NULL;
	if (identity_of_name(out->collector, identity) != ERR_OK ||
	    !view_equal(out->collector, view_of_string(identity)))
		return "expected a collector's identity, as in its reports";
	return bundle_workload_check(out->workload) == ERR_OK ? NULL : "expected a workload's name";
}
