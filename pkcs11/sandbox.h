/*
 * What the key process gives up. The PIN passes through this process's heap (libp11 keeps a copy).
 */
#ifndef HALLMARK_PKCS11_SANDBOX_H
#define HALLMARK_PKCS11_SANDBOX_H

#include "proto/err.h"

/*
 * Before the module is loaded: no core dumps, not dumpable, no new privileges, no capabilities, no
 * descriptors beyond `keep_fd`. Explained on stderr.
 */
enum err hsm_sandbox_begin(int keep_fd) MUST_USE;

/*
 * Once the module is loaded and logged in: starting programs or processes, tracing, other
 * processes' memory, mounts, kernel modules and keyrings are refused by the kernel. Files and
 * sockets stay: modules talk to their device through them.
 */
enum err hsm_sandbox_end(void) MUST_USE;

#endif
