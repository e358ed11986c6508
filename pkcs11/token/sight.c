/*
 * What can be seen of the token while it is in use (serve/watch.h). Raw Cryptoki: libp11 reads the
 * flags once, and lists objects only by reading all of each.
 */
#include <stdio.h>
#include <string.h>

#include "pkcs11/token/token_state.h"

#define OBJECTS_AT_ONCE 256

static void take(struct token_sight *to, const struct token_texts *texts, ck_flags_t flags);
static void take_text(char *to, const char *from);
static void take_word(char *to, size_t size, const char *from);

void
token_sight_before(const struct token *t, struct token_sight *out)
{
	memset(out, 0, sizeof(*out));
	take(out, &t->texts, t->flags);
}

enum err
token_sight_now(const struct token *t, ck_session_handle_t session, struct token_sight *out)
{
	ck_object_handle_t found[OBJECTS_AT_ONCE];
	struct ck_token_info info;
	struct token_texts texts;
	unsigned long count = 1;
	const char *called = "C_GetTokenInfo";
	ck_rv_t rv = TOKEN_CALL(t, C_GetTokenInfo, t->slot_id, &info);

	memset(out, 0, sizeof(*out));
	if (rv == CKR_OK) {
		token_take_text(texts.label, info.label, sizeof(info.label));
		token_take_text(
		    texts.manufacturer, info.manufacturer_id, sizeof(info.manufacturer_id));
		token_take_text(texts.model, info.model, sizeof(info.model));
		token_take_text(texts.serial, info.serial_number, sizeof(info.serial_number));
		token_take_version(texts.firmware, &info.firmware_version);
		take(out, &texts, info.flags);
		called = "C_FindObjectsInit";
		rv = TOKEN_CALL(t, C_FindObjectsInit, session, NULL, 0);
	}
	if (rv == CKR_OK) {
		called = "C_FindObjects";
		while (rv == CKR_OK && count > 0 && out->objects < TOKEN_OBJECTS_MAX) {
			count = 0;
			rv = TOKEN_CALL(t, C_FindObjects, session, found, OBJECTS_AT_ONCE, &count);
			out->objects += count;
		}
		(void)TOKEN_CALL(t, C_FindObjectsFinal, session);
	}
	return rv == CKR_OK
		   ? ERR_OK
		   : token_refuse_call(t, FAILURE_READ, "cannot be watched any more", called, rv);
}

static void
take(struct token_sight *to, const struct token_texts *texts, ck_flags_t flags)
{
	static const struct {
		ck_flags_t flag;
		enum token_sign_of bit;
	} known[] = {{CKF_USER_PIN_COUNT_LOW, TOKEN_USER_LOW},
	    {CKF_USER_PIN_FINAL_TRY, TOKEN_USER_FINAL}, {CKF_USER_PIN_LOCKED, TOKEN_USER_LOCKED},
	    {CKF_SO_PIN_COUNT_LOW, TOKEN_SO_LOW}, {CKF_SO_PIN_FINAL_TRY, TOKEN_SO_FINAL},
	    {CKF_SO_PIN_LOCKED, TOKEN_SO_LOCKED}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((flags & known[i].flag) != 0)
			to->signs |= known[i].bit;
	take_text(to->label, texts->label);
	take_text(to->manufacturer, texts->manufacturer);
	take_text(to->model, texts->model);
	take_word(to->serial, sizeof(to->serial), texts->serial);
	take_word(to->firmware, sizeof(to->firmware), texts->firmware);
}

/* One line; `to` is as large as `from`. */
static void
take_text(char *to, const char *from)
{
	size_t i;

	for (i = 0; from[i] != '\0'; i++)
		to[i] = from[i] >= ' ' && from[i] < 0x7f ? from[i] : '?';
	to[i] = '\0';
}

/* One line that is never empty, whatever the token says. */
static void
take_word(char *to, size_t size, const char *from)
{
	size_t i;

	for (i = 0; from[i] != '\0' && i + 1 < size; i++)
		to[i] = from[i] > ' ' && from[i] < 0x7f ? from[i] : '?';
	if (i == 0)
		to[i++] = '-';
	memset(to + i, 0, size - i);
}
