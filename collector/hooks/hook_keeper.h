/*
 * One program of a hook, from its start to the end of all that it has started: by a process that
 * does nothing else.
 */
#ifndef HALLMARK_COLLECTOR_HOOKS_HOOK_KEEPER_H
#define HALLMARK_COLLECTOR_HOOKS_HOOK_KEEPER_H

#include "collector/hooks/hook_runner.h"
#include "proto/bytes.h"

/*
 * Runs it, with `input` on its stdin, and fills all of `done` but its number. `control`: a socket
 * whose other end is who wants it run; if that is gone, it is ended.
 */
void hook_keeper_run(
    const struct collector_hook *hook, struct view input, int control, struct hook_done *done);

#endif
