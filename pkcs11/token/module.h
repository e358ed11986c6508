/*
 * The PKCS#11 module itself. All of it is raw Cryptoki: libp11 keeps its list of functions to
 * itself, and modules such as p11-kit's give another list, not initialised, to each who asks. So it
 * is asked for once, here, initialised, and every call of this room goes through it.
 */
#ifndef HALLMARK_PKCS11_TOKEN_MODULE_H
#define HALLMARK_PKCS11_TOKEN_MODULE_H

#include "pkcs11/token/cryptoki.h"
#include "proto/err.h"

/*
 * Loads the module, never to be unloaded (some crash in that), and asks it for its functions.
 * ERR_TOKEN, explained.
 */
enum err module_load(const char *path, struct ck_function_list **out) MUST_USE;

/* C_Initialize, for several threads. ERR_TOKEN, explained. */
enum err module_initialize(const char *path, struct ck_function_list *functions) MUST_USE;

#endif
