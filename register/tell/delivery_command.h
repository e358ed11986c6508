/*
 * An event given to a program: its JSON on stdin, with a line end. What ends with 0 has it.
 */
#ifndef HALLMARK_REGISTER_TELL_DELIVERY_COMMAND_H
#define HALLMARK_REGISTER_TELL_DELIVERY_COMMAND_H

#include <stdbool.h>

#include "config/teller_config.h"
#include "proto/err.h"
#include "register/tell/delivery_why.h"
#include "register/tell/event_store.h"

/*
 * Starts it in a process group of its own, without a shell, with nothing open but stdin and, for
 * both its outputs, /dev/null. It has `timeout_s`; at the end the group is killed. As
 * delivery_try.
 */
enum err delivery_command(const struct teller *whom, const struct event_row *event,
    bool (*cancelled)(void *context), void *context, char why[DELIVERY_WHY_SIZE]) MUST_USE;

#endif
