#include "pkcs11/module.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "pkcs11/complain.h"

#define SLOTS_MAX 64 /* looked at; the largest network HSMs show some dozens */

static bool padded_equal(const unsigned char *padded, size_t size, const char *text);

enum err
module_functions(const char *path, struct ck_function_list **out)
{
	/* Loaded already: this only finds it again. Never closed, as libp11 holds it. */
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get;

	*out = NULL;
	if (module == NULL) {
		complain("%s: cannot load the PKCS#11 module: %s", path, dlerror());
		return ERR_TOKEN;
	}
	*(void **)&get = dlsym(module, "C_GetFunctionList");
	if (get == NULL || get(out) != CKR_OK) {
		complain("%s: expected a PKCS#11 module, found no C_GetFunctionList", path);
		return ERR_TOKEN;
	}
	return ERR_OK;
}

enum err
module_slot(struct ck_function_list *f, const char *serial, const char *label, unsigned long *slot)
{
	ck_slot_id_t slots[SLOTS_MAX];
	unsigned long count = SLOTS_MAX;
	struct ck_token_info info;

	if (f->C_GetSlotList(1, slots, &count) != CKR_OK)
		return ERR_TOKEN;
	for (unsigned long i = 0; i < count; i++) {
		if (f->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
		    padded_equal(info.serial_number, sizeof(info.serial_number), serial) &&
		    padded_equal(info.label, sizeof(info.label), label)) {
			*slot = slots[i];
			return ERR_OK;
		}
	}
	return ERR_NOT_FOUND;
}

/* Cryptoki pads its texts with blanks, without a NUL. */
static bool
padded_equal(const unsigned char *padded, size_t size, const char *text)
{
	size_t used = strlen(text);

	if (used > size || memcmp(padded, text, used) != 0)
		return false;
	for (size_t i = used; i < size; i++)
		if (padded[i] != ' ')
			return false;
	return true;
}
