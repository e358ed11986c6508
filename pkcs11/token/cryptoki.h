/*
 * Cryptoki's types, constants and attributes, by the names of p11-kit's header.
 */
#ifndef HALLMARK_PKCS11_TOKEN_CRYPTOKI_H
#define HALLMARK_PKCS11_TOKEN_CRYPTOKI_H

#define CRYPTOKI_GNU 1
#include <p11-kit/pkcs11.h>

#endif
