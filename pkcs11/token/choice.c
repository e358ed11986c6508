#include "pkcs11/token/choice.h"

#include <p11-kit/uri.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/ground/complain.h"

struct choice {
	P11KitUri *uri; /* also of labels */
	bool needs_slot;
};

static enum err take_token(struct choice *c, const struct hsm_config *config);
static enum err take_key(struct choice *c, const struct hsm_config *config);
static enum err check(const P11KitUri *parsed, const char *uri);
static bool says_slot(P11KitUri *uri);
static enum err refuse(const char *uri, const char *what);

enum err
choice_new(const struct hsm_config *config, struct choice **out)
{
	struct choice *c = calloc(1, sizeof(*c));
	enum err e = ERR_MEMORY;

	*out = NULL;
	if (c != NULL && (e = take_token(c, config)) == ERR_OK &&
	    (e = take_key(c, config)) == ERR_OK) {
		c->needs_slot = says_slot(c->uri);
		*out = c;
	} else {
		choice_free(&c);
	}
	return e;
}

void
choice_free(struct choice **c)
{
	if (*c == NULL)
		return;
	p11_kit_uri_free((*c)->uri);
	free(*c);
	*c = NULL;
}

bool
choice_needs_slot(const struct choice *c)
{
	return c->needs_slot;
}

bool
choice_is_token(const struct choice *c, ck_slot_id_t slot, const struct ck_token_info *token,
    const struct ck_slot_info *slot_info, const struct ck_info *module_info)
{
	const ck_slot_id_t id = p11_kit_uri_get_slot_id(c->uri);

	if (p11_kit_uri_match_token_info(c->uri, (struct ck_token_info *)token) != 1)
		return false;
	return !c->needs_slot ||
	       ((id == (ck_slot_id_t)-1 || id == slot) &&
		   p11_kit_uri_match_slot_info(c->uri, (struct ck_slot_info *)slot_info) == 1 &&
		   p11_kit_uri_match_module_info(c->uri, (struct ck_info *)module_info) == 1);
}

unsigned long
choice_key(const struct choice *c, struct ck_attribute *to)
{
	static const ck_attribute_type_t types[CHOICE_ATTRIBUTES_MAX] = {CKA_LABEL, CKA_ID};
	unsigned long count = 0;

	for (unsigned i = 0; i < CHOICE_ATTRIBUTES_MAX; i++) {
		const struct ck_attribute *attribute = choice_attribute(c, types[i]);

		if (attribute != NULL)
			to[count++] = *attribute;
	}
	return count;
}

const struct ck_attribute *
choice_attribute(const struct choice *c, ck_attribute_type_t type)
{
	return p11_kit_uri_get_attribute(c->uri, type);
}

static enum err
take_token(struct choice *c, const struct hsm_config *config)
{
	const char *label = config->token_label;
	struct ck_token_info *info;
	int result;

	if ((c->uri = p11_kit_uri_new()) == NULL)
		return ERR_MEMORY;
	if (config->token_uri == NULL) {
		/* Padded with blanks, as the token has it. */
		info = p11_kit_uri_get_token_info(c->uri);
		memset(info->label, ' ', sizeof(info->label));
		memcpy(info->label, label, strnlen(label, sizeof(info->label)));
		return ERR_OK;
	}
	result = p11_kit_uri_parse(config->token_uri, P11_KIT_URI_FOR_ANY, c->uri);
	if (result != P11_KIT_URI_OK)
		return refuse(config->token_uri, p11_kit_uri_message(result));
	return check(c->uri, config->token_uri);
}

/* An operator's key on the log's token has a label of its own. */
static enum err
take_key(struct choice *c, const struct hsm_config *config)
{
	struct ck_attribute label = {
	    CKA_LABEL, (void *)config->key_label, strlen(config->key_label)};

	if (config->key_uri == NULL) {
		p11_kit_uri_clear_attributes(c->uri);
		return p11_kit_uri_set_attribute(c->uri, &label) == P11_KIT_URI_OK ? ERR_OK
										   : ERR_MEMORY;
	}
	if (choice_attribute(c, CKA_LABEL) != NULL || choice_attribute(c, CKA_ID) != NULL)
		return ERR_OK;
	return refuse(config->key_uri, "it names no key: add object=, id= or both");
}

static enum err
check(const P11KitUri *parsed, const char *uri)
{
	P11KitUri *u = (P11KitUri *)parsed; /* the library takes no constant; it changes nothing */
	const struct ck_attribute *class = p11_kit_uri_get_attribute(u, CKA_CLASS);
	unsigned long type = CKO_PRIVATE_KEY;

	if (p11_kit_uri_any_unrecognized(u) != 0)
		return refuse(uri, "it has an attribute that is not known");
	if (p11_kit_uri_get_pin_value(u) != NULL || p11_kit_uri_get_pin_source(u) != NULL)
		return refuse(
		    uri, "it says where the PIN is: \"pin_file\" or \"pin_credential\" does");
	if (p11_kit_uri_get_module_name(u) != NULL || p11_kit_uri_get_module_path(u) != NULL)
		return refuse(uri, "it names a module: \"module\" does");
	if (class != NULL && class->value_len == sizeof(type))
		memcpy(&type, class->value, sizeof(type));
	if (type != CKO_PRIVATE_KEY)
		return refuse(uri, "it is not of a key: expected type=private, or no type");
	return ERR_OK;
}

static bool
says_slot(P11KitUri *uri)
{
	static const struct ck_slot_info no_slot;
	static const struct ck_info no_module;

	/* Unset is what matches nothing at all. */
	return p11_kit_uri_get_slot_id(uri) != (ck_slot_id_t)-1 ||
	       p11_kit_uri_match_slot_info(uri, (struct ck_slot_info *)&no_slot) != 1 ||
	       p11_kit_uri_match_module_info(uri, (struct ck_info *)&no_module) != 1;
}

/* Without what is behind a "?": that may be a PIN. */
static enum err
refuse(const char *uri, const char *what)
{
	complain(
	    "\"uri\": expected a PKCS#11 URI such as pkcs11:token=NAME;serial=NUMBER;object=KEY, "
	    "found %.*s: %s",
	    (int)strcspn(uri, "?"), uri, what);
	return ERR_CONFIG;
}
