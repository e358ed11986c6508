/*
 * What the key process gives up. It holds the login to the token; whoever takes it over should find
 * a process that can do little else.
 */
#ifndef HALLMARK_PKCS11_GROUND_SANDBOX_H
#define HALLMARK_PKCS11_GROUND_SANDBOX_H

#include "proto/err.h"

/*
 * For every command, before it opens a file: descriptors 0 to 2 are open, so that none can take the
 * place of stdout or stderr and be written over; no core dumps, not dumpable. Explained on stderr.
 */
enum err hsm_sandbox_prepare(void) MUST_USE;

/*
 * Before the module is loaded: all that, and no new privileges, no capabilities, no descriptors
 * beyond `keep_fd`. Explained on stderr.
 */
enum err hsm_sandbox_begin(int keep_fd) MUST_USE;

/*
 * Once the module is loaded and logged in: starting programs or processes, tracing and the
 * calls that reach into other processes, mounts, kernel modules and keyrings are refused by the
 * kernel, in all threads that the module may have made. Threads, files and sockets stay: modules
 * talk to their device through them.
 */
enum err hsm_sandbox_end(void) MUST_USE;

#endif
