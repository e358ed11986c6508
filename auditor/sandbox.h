/*
 * The auditor reads files from anyone: it needs neither network nor programs nor privileges, and
 * changes nothing.
 */
#ifndef HALLMARK_AUDITOR_SANDBOX_H
#define HALLMARK_AUDITOR_SANDBOX_H

#include "proto/err.h"

/*
 * Before the first file is opened: no new privileges, no capabilities, no core dump; from here on
 * no socket, no process, no file opened for writing. Explained on stderr.
 */
enum err audit_sandbox_enter(void) MUST_USE;

#endif
