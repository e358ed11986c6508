/*
 * The auditor reads files from anyone: it needs neither network nor programs nor privileges.
 */
#ifndef HALLMARK_AUDITOR_SANDBOX_H
#define HALLMARK_AUDITOR_SANDBOX_H

#include "proto/err.h"

/* Before the first file is opened. Explained on stderr. */
enum err audit_sandbox(void) MUST_USE;

#endif
