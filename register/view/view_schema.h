/*
 * The tables of a view. Intervals, not rows: what does not change costs a number that moves.
 *
 *   log         one row: its name, where it stands, the checkpoint that it was followed to
 *   host        a collector's identity; n by first appearance in the log, as of all that have one
 *   workload    of a host, and what is told of it now: the open interval's end, its due, a silence,
 *               the places of its newest reports (places.h); `sum` guards it (a register that
 *               starts decides by these rows)
 *   state       what a report can say again and again: tier, policy, components, findings; each
 *               distinct one once, by the digest of what it says
 *   interval    a workload was in a state, from an entry on. Its end is in `workload` while it
 *               lasts. Gap records have intervals of their own: they say nothing of now
 *   cause       a finding: kind, code, subject; and `finding`: the intervals in which workloads
 *               had it
 *   silence     a workload was called absent, and until which report
 *   policy      a manifest came into force; `notice` has every notice's bytes
 *   image       one that was to be started, and its newest report: a register that starts admits by
 *               these rows; `sum` guards them
 *   turn        a workload was found on another boot than before, or has left (boot is empty then)
 *   place       where older reports of a workload stand, in pieces (places.h)
 *   tick        the time of every 256th entry: which entry was the newest at a time
 *   component   a digest that states name, and `state_component` which states
 *   unit        a plain component or a segment of one; `component_unit`: what a component is made
 * of artifact    a content by its SHA-256, `path` a name of one, `item` that a unit has it there
 *   alarm       what was wrong, by kind and entry; its times are this machine's
 */
#ifndef HALLMARK_REGISTER_VIEW_VIEW_SCHEMA_H
#define HALLMARK_REGISTER_VIEW_VIEW_SCHEMA_H

/* Rises when a table or the meaning of a column changes: a view of another version is made anew. */
#define VIEW_VERSION 4

extern const char view_schema_settings[]; /* of each connection that writes */
extern const char view_schema_tables[];   /* of an empty file, with its version */

#endif
