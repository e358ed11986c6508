/*
 * What is told, made of what is heard: entry by entry of each log, which verdict is another than
 * the workload's before, who fell silent, who is back.
 *
 * Only what was checked counts: a report whose verdict was made again, to the byte. What was
 * measured in the past (gap records) and what is measured before a start change nobody's verdict.
 *
 * Events and what they follow from are committed together, at each state of a log: so after an end
 * at whatever moment nothing is missing and nothing stands twice. What cannot be committed waits;
 * where too much does, the program ends, and begins again from what is committed.
 */
#ifndef HALLMARK_REGISTER_TELL_CHANGES_H
#define HALLMARK_REGISTER_TELL_CHANGES_H

#include "config/register_config.h"
#include "proto/err.h"
#include "register/follow/followed.h"

struct changes;

/*
 * Opens the events in the state directory. `committed`, if not NULL, is called behind each commit
 * that has a new event, from the thread that follows the log; it must be quick. The configuration
 * must outlive it.
 */
enum err changes_open(const struct register_config *config, void (*committed)(void *context),
    void *context, struct changes **out) MUST_USE;
void changes_free(struct changes **c);

/* From here on nobody is called. */
void changes_let_go(struct changes *c);

struct followed_listener changes_listener(struct changes *c);

#endif
