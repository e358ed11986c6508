/*
 * The one who writes a log's view: told of each entry in the follower's thread, it keeps a head for
 * each workload in memory (heads.h) and touches rows where something changed.
 *
 *   1. entries below `taken_to` are passed over: a follower that begins earlier tells them again
 *   2. an entry changes heads, and rows within the open transaction
 *   3. at a state, once VIEW_COMMIT_MS or VIEW_COMMIT_BEHIND_MS have passed since the last commit,
 * the rows of all heads that moved are written with the log's, and the transaction is committed. At
 * an alarm, at once
 *
 * So what is committed is the view of exactly the entries below view_writer_committed(). The
 * walk is frozen where all of it is committed: the view may be ahead of the frozen walk, and is
 * never behind it.
 *
 * What SQLite refuses (no room on the disk) is final for this process: the writer takes nothing any
 * more, view_writer_failed() says so, and the file stays as it was committed. Whoever answers from
 * it says how far it goes; a next start goes on from there. A view whose log turns out to be
 * another one (its first entry is not the one that was taken) is set aside and begun anew.
 */
#ifndef HALLMARK_REGISTER_VIEW_VIEW_WRITER_H
#define HALLMARK_REGISTER_VIEW_VIEW_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/err.h"
#include "register/follow/followed.h"
#include "register/view/heads.h"

/* Who asks is behind by so much, and by what a look takes. */
#define VIEW_COMMIT_MS 250

/*
 * The same while the log is not followed to its end: each commit costs a row for every workload
 * that was heard of since the last one, which in a rebuild are all of them. A second is often
 * enough to be seen to move.
 */
#define VIEW_COMMIT_BEHIND_MS 1000

/* Of each look that finds the log followed to its end: what is told next waits so long at most. */
#define VIEW_LOOK_MS 50

struct view_writer;

/* `path`: of the file; `evidence`: directory of the packs, NULL: contents are not looked up.
 * ERR_IO, said in the log; ERR_MEMORY, ERR_CRYPTO. */
enum err view_writer_open(
    const char *path, const char *evidence, struct view_writer **out) MUST_USE;

/* Commits what there is. */
void view_writer_close(struct view_writer **w);

/* All entries below are in the view, durably as far as a process that ends goes. */
uint64_t view_writer_committed(const struct view_writer *w);

/* From any thread. */
bool view_writer_failed(const struct view_writer *w);

/* As followed_listener has them, of this one log; `w` is the context. */
void view_writer_entry(void *w, const struct followed_entry *entry);
void view_writer_state(void *w, const struct followed_state *state);
void view_writer_alarm(void *w, const struct followed_alarm *alarm);
void view_writer_acknowledged(void *w);
void view_writer_forget(void *w);

/* ERR_IO: it has failed. */
enum err view_writer_commit(struct view_writer *w) MUST_USE;

#endif
