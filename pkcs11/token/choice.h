/*
 * Which token and which key the configuration means: by their labels, or by a PKCS#11 URI (RFC
 * 7512). p11-kit's library reads the URI and compares.
 *
 * Of a URI count, of the token: token, serial, manufacturer, model, slot-id, slot-description,
 * slot-manufacturer, library-*; of the key: object, id, and type, which may only be `private`. What
 * says where module and PIN are is refused, as the configuration does: module-name, module-path,
 * pin-source, pin-value. So is what RFC 7512 does not know.
 */
#ifndef HALLMARK_PKCS11_TOKEN_CHOICE_H
#define HALLMARK_PKCS11_TOKEN_CHOICE_H

#include <stdbool.h>

#include "config/hsm_config.h"
#include "pkcs11/token/cryptoki.h"
#include "proto/err.h"

struct choice;

/* ERR_CONFIG, explained: a URI that is none, or says too much or too little. ERR_MEMORY. */
enum err choice_new(const struct hsm_config *config, struct choice **out) MUST_USE;
void choice_free(struct choice **c);

/* Whether nothing but the slot is left to be told: its info, and that of the module, are needed. */
bool choice_needs_slot(const struct choice *c);

/* `slot_info` and `module_info` may be NULL where choice_needs_slot is false. */
bool choice_is_token(const struct choice *c, ck_slot_id_t slot, const struct ck_token_info *token,
    const struct ck_slot_info *slot_info, const struct ck_info *module_info);

/* Appends the attributes by which the key is found, one or two: CKA_LABEL, CKA_ID. Views of the
 * choice. */
#define CHOICE_ATTRIBUTES_MAX 2
unsigned long choice_key(const struct choice *c, struct ck_attribute *to);

/* One of them; NULL where the choice does not say it. */
const struct ck_attribute *choice_attribute(const struct choice *c, ck_attribute_type_t type);

#endif
