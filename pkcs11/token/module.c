#include "pkcs11/token/module.h"

#include <dlfcn.h>
#include <stddef.h>

#include "pkcs11/ground/complain.h"

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

const char *
module_error_text(ck_rv_t rv)
{
	switch (rv) {
	case CKR_PIN_INCORRECT:
		return "the PIN is wrong; too many tries lock the token";
	case CKR_PIN_INVALID:
		return "the PIN has characters that the token does not take";
	case CKR_PIN_EXPIRED:
		return "the PIN has expired; set a new one with the vendor's tool";
	case CKR_PIN_LOCKED:
		return "the PIN is locked; the security officer must set a new one";
	case CKR_PIN_LEN_RANGE:
		return "the PIN has a length that the token does not take";
	case CKR_USER_PIN_NOT_INITIALIZED:
		return "the token has no user PIN yet; the security officer must set one";
	case CKR_SESSION_COUNT:
		return "all sessions of the token are in use";
	case CKR_TOKEN_WRITE_PROTECTED:
	case CKR_SESSION_READ_ONLY:
		return "the token is write-protected";
	case CKR_MECHANISM_INVALID:
		return "the token does not know this algorithm";
	case CKR_ATTRIBUTE_TYPE_INVALID:
	case CKR_ATTRIBUTE_VALUE_INVALID:
	case CKR_TEMPLATE_INCONSISTENT:
		return "the token does not make a key with these attributes";
	case CKR_DEVICE_MEMORY:
		return "the token is full";
	case CKR_DEVICE_ERROR:
	case CKR_DEVICE_REMOVED:
	case CKR_TOKEN_NOT_PRESENT:
		return "the token is gone or broken";
	default:
		return "see PKCS#11 for the number";
	}
}
