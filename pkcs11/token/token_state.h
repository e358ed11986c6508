/*
 * A token's insides, shared by the files of this room. Nobody else includes this.
 */
#ifndef HALLMARK_PKCS11_TOKEN_TOKEN_STATE_H
#define HALLMARK_PKCS11_TOKEN_TOKEN_STATE_H

#include "pkcs11/token/choice.h"
#include "pkcs11/token/failure.h"
#include "pkcs11/token/module.h"
#include "pkcs11/token/token.h"

#define TOKEN_KEY_ID_MAX 256 /* bytes of CKA_ID; those in use have 1 to 64 */

/* Texts of CK_TOKEN_INFO without the blanks behind them. */
struct token_texts {
	char label[32 + 1], manufacturer[32 + 1], model[16 + 1], serial[16 + 1];
	char hardware[8], firmware[8]; /* CK_VERSION, "255.255" at most */
};

struct token_key {
	const char *label;                 /* as the configuration has it; NULL: it names none */
	const struct choice *choice;       /* by which it is found; NULL: by the label alone */
	const struct algorithm *algorithm; /* the configured one; of an operator's key what it is */
	EVP_PKEY *public;                  /* NULL before it was found */
	ck_object_handle_t private;
	unsigned long type; /* CKK_... */
	unsigned char id[TOKEN_KEY_ID_MAX];
	size_t id_size; /* 0: none */
};

struct token {
	const struct hsm_config *config;
	enum token_use use;
	struct choice *choice;
	struct ck_function_list *functions; /* NULL: the module is not initialised */
	unsigned long slot_id;
	ck_flags_t flags; /* of the token */
	struct token_texts texts;
	struct token_info info;
	/* Of the setup; then the first signer's. The login lasts as long as any session. */
	ck_session_handle_t session;
	bool session_open;
	bool setup_done;
	struct token_key key[TOKEN_KEYS];
	struct token_shelf *shelf; /* shelf.c: libp11's view of the token, or NULL */
};

/* A call into the module, within its own deadline. */
#define TOKEN_CALL(t, function, ...)                                                               \
	token_called((token_call_begin(t), (t)->functions->function(__VA_ARGS__)))

static inline ck_rv_t
token_called(ck_rv_t rv)
{
	token_call_end();
	return rv;
}

/*
 * Explains that the token `what` ("does not sign"), because `function` gave `rv`. ERR_TOKEN, or
 * ERR_TOKEN_UNFIT where an operator has to act.
 */
enum err token_refuse_call(const struct token *t, enum failure_call call, const char *what,
    const char *function, ck_rv_t rv) MUST_USE;

/* Objects with these attributes: how many (up to `count_max`), and which. ERR_TOKEN, explained. */
enum err token_find_objects(struct token *t, struct ck_attribute *template,
    unsigned long template_count, ck_object_handle_t *out, unsigned long count_max,
    unsigned long *count) MUST_USE;

/* Objects of a class that are named as the configuration names the key. */
enum err token_find_key_objects(struct token *t, const struct token_key *key,
    ck_object_class_t class, ck_object_handle_t *out, unsigned long count_max,
    unsigned long *count) MUST_USE;

/* The token that the configuration means: t->slot_id, flags, texts. Explained: ERR_NOT_FOUND if
 * there is none, ERR_MISMATCH if there are several, ERR_TOKEN. */
enum err token_find_slot(struct token *t) MUST_USE;

/* Text of PKCS#11, without the blanks behind it; `to` has room for a NUL more. */
void token_take_text(char *to, const unsigned char *from, size_t size);

/* "2.6" */
void token_take_version(char to[8], const struct ck_version *version);

/* token_look, in this session. */
enum err token_sight_now(
    const struct token *t, ck_session_handle_t session, struct token_sight *out) MUST_USE;

/* C_OpenSession: for reading, or also for writing. ERR_TOKEN, explained. */
enum err token_open_session(struct token *t, bool write, ck_session_handle_t *out) MUST_USE;

/*
 * The public half of the key that was found. ERR_NOT_FOUND, explained, if there is none with its
 * id; ERR_MISMATCH if that is no public key, of another type, or if there are several that differ.
 * Of which key it is shows in what it verifies: token_check_halves.
 */
enum err token_read_public_half(
    struct token *t, const struct token_key *key, EVP_PKEY **out) MUST_USE;

/* Takes NULL. */
void token_shelf_free(struct token_shelf **shelf);

/* Signals for the deadline and for crashes, before the first call. */
void token_deadline_prepare(void);

/* What is said when the deadline of the next calls is over; NULL: TOKEN_DEADLINE_TEXT again. */
void token_deadline_say(const char *what);

#endif
