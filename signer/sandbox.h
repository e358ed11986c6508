/*
 * What the signer gives up before it touches anything from outside.
 */
#ifndef HALLMARK_SIGNER_SANDBOX_H
#define HALLMARK_SIGNER_SANDBOX_H

#include <stdbool.h>

/*
 * No new privileges, no core dumps, not dumpable, no capabilities, and a filter against the system
 * calls of which only an attacker has use (tracing, modules, mounts, keys, other processes'
 * memory), in all threads. Programs and processes can be started only if `starts_programs`: where
 * the key process is the signer's own to start again; one behind a socket is systemd's. Logged and
 * ended if the kernel refuses.
 */
void sandbox_enter(bool starts_programs);

#endif
