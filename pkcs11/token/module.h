/*
 * The PKCS#11 module's own functions, for what libp11 has no call for. The module has been loaded
 * and initialised by libp11; login is per application, so sessions opened here are logged in too.
 */
#ifndef HALLMARK_PKCS11_TOKEN_MODULE_H
#define HALLMARK_PKCS11_TOKEN_MODULE_H

#define CRYPTOKI_GNU 1
#include <p11-kit/pkcs11.h>

#include "proto/err.h"

enum err module_functions(const char *path, struct ck_function_list **out) MUST_USE;

/* What a PKCS#11 error means, for those that an operator meets; "see PKCS#11" for the others. */
const char *module_error_text(ck_rv_t rv);

#endif
