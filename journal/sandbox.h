/*
 * What a service gives up before it touches anything from outside. What the kernel refuses is said
 * in the journal, and ends it.
 */
#ifndef HALLMARK_JOURNAL_SANDBOX_H
#define HALLMARK_JOURNAL_SANDBOX_H

#include <stdbool.h>

/*
 * No new privileges, no core dumps, not dumpable, no capabilities, and a filter against the system
 * calls of which only an attacker has use (tracing, modules, mounts, keys, other processes'
 * memory), in all threads. Programs and processes can be started only if `starts_programs`: where
 * a signer's key process is its own to start again; one behind a socket is systemd's.
 */
void sandbox_enter(bool starts_programs);

#endif
