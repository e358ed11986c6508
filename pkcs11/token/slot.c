/*
 * Choosing the token among those that the module shows. Raw Cryptoki, for the module is asked for
 * its functions once (module.h).
 */
#include <string.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/failure.h"
#include "pkcs11/token/token_state.h"

#define SLOTS_MAX 1024 /* a partitioned network HSM shows some hundred */

static enum err list_slots(struct token *t, ck_slot_id_t *slot, unsigned long *count);
static bool is_meant(const struct token *t, const struct ck_token_info *info);
static void take(struct token *t, ck_slot_id_t slot, const struct ck_token_info *info);
static void take_text(char *to, const unsigned char *from, size_t size);
static enum err refuse_none(const struct token *t, struct view found);

enum err
token_find_slot(struct token *t)
{
	ck_slot_id_t slot[SLOTS_MAX];
	struct ck_token_info info;
	struct buf found = BUF_INIT;
	unsigned long count, meant = 0;
	enum err e = list_slots(t, slot, &count);

	for (unsigned long i = 0; i < count && e == ERR_OK; i++) {
		/* One that is just being taken out, or that the module does not know. */
		if (TOKEN_CALL(t, C_GetTokenInfo, slot[i], &info) != CKR_OK)
			continue;
		if (is_meant(t, &info)) {
			take(t, slot[i], &info);
			meant++;
		}
		if ((info.flags & CKF_TOKEN_INITIALIZED) != 0) {
			char label[sizeof(t->texts.label)];

			take_text(label, info.label, sizeof(info.label));
			buf_append_format(&found, " '%s'", label);
		}
	}
	if (e == ERR_OK && meant == 0) {
		e = refuse_none(t, buf_view(&found));
	} else if (meant > 1) {
		complain("several tokens are labelled '%s'; give them different labels",
		    t->config->token_label);
		e = ERR_MISMATCH;
	}
	buf_free(&found);
	return e;
}

static enum err
list_slots(struct token *t, ck_slot_id_t *slot, unsigned long *count)
{
	const unsigned char with_token = 1;
	ck_rv_t rv;

	*count = SLOTS_MAX;
	rv = TOKEN_CALL(t, C_GetSlotList, with_token, slot, count);
	if (rv == CKR_OK && *count <= SLOTS_MAX)
		return ERR_OK;
	*count = 0;
	complain("%s: cannot list its slots: PKCS#11 error 0x%lx (C_GetSlotList), %s",
	    t->config->module, rv, failure_text(rv));
	return ERR_TOKEN;
}

static bool
is_meant(const struct token *t, const struct ck_token_info *info)
{
	char label[sizeof(t->texts.label)];

	take_text(label, info->label, sizeof(info->label));
	return strcmp(label, t->config->token_label) == 0;
}

static void
take(struct token *t, ck_slot_id_t slot, const struct ck_token_info *info)
{
	struct token_texts *texts = &t->texts;

	t->slot_id = slot;
	t->flags = info->flags;
	take_text(texts->label, info->label, sizeof(info->label));
	take_text(texts->manufacturer, info->manufacturer_id, sizeof(info->manufacturer_id));
	take_text(texts->model, info->model, sizeof(info->model));
	take_text(texts->serial, info->serial_number, sizeof(info->serial_number));
	t->info =
	    (struct token_info){texts->label, texts->manufacturer, texts->model, texts->serial};
}

/* Padded with blanks, says PKCS#11; some modules put a NUL before them. */
static void
take_text(char *to, const unsigned char *from, size_t size)
{
	size = strnlen((const char *)from, size);
	while (size > 0 && from[size - 1] == ' ')
		size--;
	memcpy(to, from, size);
	to[size] = '\0';
}

static enum err
refuse_none(const struct token *t, struct view found)
{
	const char *label = t->config->token_label;

	complain("%s: expected a token labelled '%s', found%.*s; make it with the vendor's tool: "
		 "softhsm2-util --init-token --free --label '%s', or pkcs11-tool --module %s "
		 "--init-token --slot-index N --label '%s' and then --init-pin, where slot N is "
		 "empty: a token that is in it is erased",
	    t->config->module, label, found.size > 0 ? (int)found.size : 5,
	    found.size > 0 ? (const char *)found.data : " none", label, t->config->module, label);
	return ERR_NOT_FOUND;
}
