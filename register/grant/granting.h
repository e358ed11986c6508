/*
 * `hallmark-register grant`: grants acts. When a workload falls to `contraindicated`, by a verdict
 * that `run` has made again itself, its host may do what a rule of the configuration says: never to
 * more than a share of those that are alike within an interval, nor to more than so many in all:
 * who is alike, and how many, is what a policy and a signer say. So a signer in other hands cannot
 * have a whole floor stopped.
 *
 * A process of its own, which speaks to nobody: it reads the events and the views that `run`
 * writes, and writes statements that hosts read (PROTOCOL.md, "On hosts"), one file each, below a
 * directory for each host. How they get there is for others.
 *
 *   an event -> is it new, of a log without an alarm, still so, and is there a share left?
 *            -> counted, on the disk -> signed, written
 *
 * An end in between has the grant counted and not given: it is never the other way.
 */
#ifndef HALLMARK_REGISTER_GRANT_GRANTING_H
#define HALLMARK_REGISTER_GRANT_GRANTING_H

/* An event that is older is for nothing: whoever falls is acted on at once, or by people. */
#define GRANTING_LATE_S 300

/* Until SIGTERM or SIGINT; the exit status. What is wrong is said on stderr. */
int granting_run(const char *config_path);

#endif
