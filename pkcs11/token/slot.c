/*
 * Choosing the token among those that the module shows. Raw Cryptoki, for the module is asked for
 * its functions once (module.h).
 */
#include <stdio.h>
#include <string.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/failure.h"
#include "pkcs11/token/token_state.h"

#define SLOTS_MAX 1024 /* a partitioned network HSM shows some hundred */
#define TOLD_MAX  16   /* tokens that a sentence names */

/* What is looked at, and what a sentence says of it. */
struct search {
	struct ck_info module;
	unsigned long found, meant;
	struct buf found_text, meant_text;
};

static enum err list_slots(struct token *t, ck_slot_id_t *slot, unsigned long *count);
static void look(struct token *t, struct search *s, ck_slot_id_t slot);
static void pad(unsigned char *text, size_t size);
static void take(struct token *t, ck_slot_id_t slot, const struct ck_token_info *info);
static void tell(struct buf *to, ck_slot_id_t slot, const struct ck_token_info *info);
static enum err refuse_none(const struct token *t, const struct search *s);

enum err
token_find_slot(struct token *t)
{
	struct search s = {.found_text = BUF_INIT, .meant_text = BUF_INIT};
	ck_slot_id_t slot[SLOTS_MAX];
	unsigned long count;
	enum err e = list_slots(t, slot, &count);

	if (e == ERR_OK && choice_needs_slot(t->choice))
		(void)TOKEN_CALL(t, C_GetInfo, &s.module);
	for (unsigned long i = 0; i < count; i++)
		look(t, &s, slot[i]);
	if (e == ERR_OK && s.meant == 0) {
		e = refuse_none(t, &s);
	} else if (s.meant > 1) {
		complain(
		    "several tokens are %s '%s':%.*s; name one by \"uri\", best with its serial",
		    t->config->token_uri != NULL ? "meant by" : "labelled", t->config->token_label,
		    (int)s.meant_text.size, (const char *)s.meant_text.data);
		e = ERR_MISMATCH;
	} else if (e == ERR_OK && (t->flags & CKF_TOKEN_INITIALIZED) == 0) {
		complain(
		    "%s: the token of %s is not initialised; make it with the vendor's tool: "
		    "softhsm2-util --init-token, or pkcs11-tool --init-token and then --init-pin",
		    t->config->module, t->config->token_label);
		e = ERR_NOT_FOUND;
	}
	buf_free(&s.found_text);
	buf_free(&s.meant_text);
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
	return failure_error(FAILURE_START, rv);
}

/* One that is just being taken out, or that the module does not know, is none. */
static void
look(struct token *t, struct search *s, ck_slot_id_t slot)
{
	struct ck_token_info token;
	struct ck_slot_info info = {0};
	bool meant;

	if (TOKEN_CALL(t, C_GetTokenInfo, slot, &token) != CKR_OK)
		return;
	pad(token.label, sizeof(token.label));
	pad(token.manufacturer_id, sizeof(token.manufacturer_id));
	pad(token.model, sizeof(token.model));
	pad(token.serial_number, sizeof(token.serial_number));
	if (choice_needs_slot(t->choice) && TOKEN_CALL(t, C_GetSlotInfo, slot, &info) != CKR_OK)
		return;
	meant = choice_is_token(t->choice, slot, &token, &info, &s->module);
	if (meant && s->meant++ == 0)
		take(t, slot, &token);
	if (meant && s->meant <= TOLD_MAX)
		tell(&s->meant_text, slot, &token);
	if (s->found++ < TOLD_MAX)
		tell(&s->found_text, slot, &token);
}

/* With blanks, says PKCS#11; some modules put a NUL before them. */
static void
pad(unsigned char *text, size_t size)
{
	const size_t used = strnlen((const char *)text, size);

	memset(text + used, ' ', size - used);
}

static void
take(struct token *t, ck_slot_id_t slot, const struct ck_token_info *info)
{
	struct token_texts *texts = &t->texts;

	t->slot_id = slot;
	t->flags = info->flags;
	token_take_text(texts->label, info->label, sizeof(info->label));
	token_take_text(texts->manufacturer, info->manufacturer_id, sizeof(info->manufacturer_id));
	token_take_text(texts->model, info->model, sizeof(info->model));
	token_take_text(texts->serial, info->serial_number, sizeof(info->serial_number));
	token_take_version(texts->hardware, &info->hardware_version);
	token_take_version(texts->firmware, &info->firmware_version);
	t->info = (struct token_info){texts->label, texts->manufacturer, texts->model,
	    texts->serial, texts->label[0] != '\0' ? texts->label : t->config->token_label,
	    texts->hardware, texts->firmware};
}

void
token_take_text(char *to, const unsigned char *from, size_t size)
{
	while (size > 0 && from[size - 1] == ' ')
		size--;
	memcpy(to, from, size);
	to[size] = '\0';
}

void
token_take_version(char to[8], const struct ck_version *version)
{
	snprintf(to, 8, "%u.%u", version->major, version->minor);
}

static void
tell(struct buf *to, ck_slot_id_t slot, const struct ck_token_info *info)
{
	char label[sizeof(info->label) + 1], serial[sizeof(info->serial_number) + 1];
	const char *comma = to->size > 0 ? "," : "";

	token_take_text(label, info->label, sizeof(info->label));
	token_take_text(serial, info->serial_number, sizeof(info->serial_number));
	if ((info->flags & CKF_TOKEN_INITIALIZED) == 0)
		buf_append_format(to, "%s one that is not initialised (slot-id=%lu)", comma, slot);
	else
		buf_append_format(
		    to, "%s '%s' (serial=%s;slot-id=%lu)", comma, label, serial, slot);
}

static enum err
refuse_none(const struct token *t, const struct search *s)
{
	const char *label = t->config->token_label;
	struct view found = s->found > 0 ? buf_view(&s->found_text) : VIEW_LITERAL(" none at all");

	if (t->config->token_uri != NULL)
		complain("%s: expected the token of %s, found%.*s; write into \"uri\" what is so "
			 "of the one that is meant",
		    t->config->module, label, (int)found.size, (const char *)found.data);
	else
		complain(
		    "%s: expected a token labelled '%s', found%.*s; write into \"token\" how the "
		    "one "
		    "that is meant is called, or make it with the vendor's tool: softhsm2-util "
		    "--init-token --free --label '%s', or "
		    "pkcs11-tool --module %s --init-token --slot-index N --label '%s' and then "
		    "--init-pin, where slot N is empty: a token that is in it is erased",
		    t->config->module, label, (int)found.size, (const char *)found.data, label,
		    t->config->module, label);
	return ERR_NOT_FOUND;
}
