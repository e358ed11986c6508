/*
 * The PKCS#11 module's own functions, for what libp11 has no call for. The module has been loaded
 * and initialised by libp11; login is per application, so sessions opened here are logged in too.
 */
#ifndef HALLMARK_PKCS11_MODULE_H
#define HALLMARK_PKCS11_MODULE_H

#define CRYPTOKI_GNU 1
#include <p11-kit/pkcs11.h>

#include "proto/err.h"

enum err module_functions(const char *path, struct ck_function_list **out) MUST_USE;

/* The slot whose token has this serial number and label. ERR_NOT_FOUND. */
enum err module_slot(struct ck_function_list *f, const char *serial, const char *label,
    unsigned long *slot) MUST_USE;

#endif
