#include "pkcs11/token/module.h"

#include <dlfcn.h>
#include <stddef.h>

#include "pkcs11/ground/complain.h"
#include "pkcs11/token/failure.h"

enum err
module_load(const char *path, struct ck_function_list **out)
{
	void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get;
	ck_rv_t rv;

	*out = NULL;
	if (module == NULL) {
		complain("%s: cannot load the PKCS#11 module: %s", path, dlerror());
		return ERR_TOKEN;
	}
	*(void **)&get = dlsym(module, "C_GetFunctionList");
	if (get == NULL) {
		complain("%s: expected a PKCS#11 module, found no C_GetFunctionList: name the file "
			 "that the vendor calls the PKCS#11 library",
		    path);
		return ERR_TOKEN;
	}
	if ((rv = get(out)) == CKR_OK && *out != NULL)
		return ERR_OK;
	complain("%s: gives no functions: PKCS#11 error 0x%lx (C_GetFunctionList), %s", path, rv,
	    failure_text(rv));
	*out = NULL;
	return failure_error(FAILURE_START, rv);
}

enum err
module_initialize(const char *path, struct ck_function_list *functions)
{
	struct ck_c_initialize_args arguments = {.flags = CKF_OS_LOCKING_OK};
	ck_rv_t rv = functions->C_Initialize(&arguments);

	if (rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED)
		return ERR_OK;
	complain("%s: does not start: PKCS#11 error 0x%lx (C_Initialize), %s", path, rv,
	    failure_text(rv));
	return failure_error(FAILURE_START, rv);
}
