/*
 * What the commands say of things in hand that cannot all be true (log/history.h), and the proof
 * that they leave.
 */
#ifndef HALLMARK_AUDITOR_FORK_H
#define HALLMARK_AUDITOR_FORK_H

#include <stdio.h>

#include "auditor/tell/display.h"
#include "log/history.h"
#include "log/outcome.h"

/*
 * Bad where there is a fork, whose proof is written to `proof` if that is not NULL; else good. The
 * member "fork" of an open object.
 */
enum outcome fork_tell(
    const struct history *h, const struct display *d, struct json *j, FILE *proof) MUST_USE;

/*
 * Where there is none: a line if what is in hand cannot tell whether all of it is of one history.
 * The member "one_history", of `file_count` files, also those that did not come into the history;
 * `is_proved`: one of them is the proof of a fork.
 */
void fork_tell_history(const struct history *h, size_t file_count, bool is_proved,
    const struct display *d, struct json *j);

#endif
