/*
 * The verification of a receipt as commands of a shell, coreutils, sed and openssl, to be pasted in
 * an empty directory: nobody has to take this program's word.
 */
#ifndef HALLMARK_AUDITOR_EXPLAIN_H
#define HALLMARK_AUDITOR_EXPLAIN_H

#include "proto/tlogproof.h"

/* Prints them. The paths are quoted for the shell. */
void explain_receipt(const char *receipt, const char *certificate, const struct tlogproof *p);

#endif
