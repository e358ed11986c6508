/*
 * What the signer gives up before it touches anything from outside.
 */
#ifndef HALLMARK_SIGNER_SANDBOX_H
#define HALLMARK_SIGNER_SANDBOX_H

/*
 * No new privileges, no core dumps, not dumpable, no capabilities, and a filter against the system
 * calls of which only an attacker has use (tracing, modules, mounts, keys, other processes'
 * memory). Spawning stays allowed: the key process is started again when it dies. Logged and ended
 * if the kernel refuses.
 */
void sandbox_enter(void);

#endif
